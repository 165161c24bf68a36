import type { DType } from '../../core/dtype.ts'
import { op as ops } from '../../ops/index.ts'
import { op, value } from '../pattern.ts'
import { hit, miss, other, rule } from '../rule.ts'

/** Types that hold every number of another. */
const wider: Partial<Record<DType, readonly DType[]>> = {
  bool: ['i8', 'u8', 'i16', 'i32', 'u32', 'i64', 'f16', 'f32', 'f64'],
  i8: ['i16', 'i32', 'i64', 'f16', 'f32', 'f64'],
  u8: ['i16', 'i32', 'u32', 'i64', 'f16', 'f32', 'f64'],
  i16: ['i32', 'i64', 'f32', 'f64'],
  i32: ['i64', 'f64'],
  u32: ['i64', 'f64'],
  f16: ['f32', 'f64'],
  f32: ['f64'],
}
const isFloat = (dtype: DType) => dtype.startsWith('f')

/** cast(cast(x, a), b), where a holds all numbers of x  =>  cast(x, b), or x when that is its type. */
export const mergeCasts = rule('merge-casts', {
  semantics: 'exact',
  pattern: op('cast', { as: 'root', inputs: [op('cast', { as: 'inner', inputs: [value('x')] })] }),
  check({ root, inner, x }) {
    const between = inner.attrs.to as DType
    const to = root.attrs.to as DType
    if (!wider[x.type.dtype]?.includes(between)) return miss(`${between} does not hold every ${x.type.dtype}`, inner)
    // From a float, integers out of range are cut off; from an integer they wrap.
    if (to !== x.type.dtype && isFloat(between) && !isFloat(to)) return other
    return hit({ to })
  },
  rewrite: ({ x }, { to }, b) => (to === x.type.dtype ? x : b.op(ops.cast, [x], { to })),
})
