import { normalizeAxis } from '../../core/shape.ts'
import { op as ops } from '../../ops/index.ts'
import { constInts } from '../../ops/view.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, other, rule } from '../rule.ts'

/** gather at constant indices k, k+1, k+2 ..  =>  slice, or the operand when that is all of it. */
export const sliceFromGather = rule('slice-from-gather', {
  semantics: 'exact',
  pattern: op('gather', { as: 'root', attrs: { batchDims: 0 }, inputs: [value('x'), constant('indices')] }),
  check({ root, x, indices }) {
    const at = constInts(indices)
    if (x.data || !at || at.length === 0 || indices.type.shape.length !== 1) return other
    const { shape } = x.type
    const axis = normalizeAxis(root.attrs.axis as number, shape.length)!
    const size = shape[axis]!
    const first = at[0]!
    if (!at.every((k, i) => k === first + i)) return miss('the indices do not ascend one by one', root)
    if (typeof size !== 'number' || first < 0 || first + at.length > size)
      return miss('an index is out of range, or the size unknown', root)
    return hit({ axis, first, count: at.length, isAll: at.length === size })
  },
  rewrite({ x }, { axis, first, count, isAll }, b) {
    if (isAll) return x
    const { shape } = x.type
    return b.op(ops.slice, [x, b.i32(shape.map((_, i) => (i === axis ? first : 0))), b.i32(shape.map((_, i) => (i === axis ? count : -1)))])
  },
})
