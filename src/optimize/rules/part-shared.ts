import { bitsOf, type DType } from '../../core/dtype.ts'
import { op as ops } from '../../ops/index.ts'
import { op, value } from '../pattern.ts'
import { hit, miss, other, type Rule, rule } from '../rule.ts'
import { isReadOnce } from '../weighted.ts'

/*
 * RESHAPE and BITCAST give the memory that they take. Of two in a row LiteRT lets the reader of the second write over it though the first
 * has other readers, as it counts those of what the first takes. So both begin at the same value, which then has several readers.
 */

const elementBits = (dtype: unknown): number => bitsOf(dtype as DType)

/** bitcast(reshape(x)), the reshape with other readers  =>  reshape(bitcast(x)); the same for reshape(bitcast(x)). */
export const partShared: readonly Rule[] = [
  rule('part-shared', {
    semantics: 'exact',
    pattern: op('bitcast', { as: 'root', inputs: [op('reshape', { as: 'inner', inputs: [value('x'), value('shape')] })] }),
    check({ root, inner, x }, graph) {
      if (isReadOnce(graph, inner)) return other
      return elementBits(root.attrs.to) === elementBits(x.type.dtype) ? hit() : miss('its elements have another size', root)
    },
    rewrite: ({ root, x, shape }, _, b) => b.op(ops.reshape, [b.op(ops.bitcast, [x], { to: root.attrs.to as DType }), shape]),
  }),
  rule('part-shared', {
    semantics: 'exact',
    pattern: op('reshape', { as: 'root', inputs: [op('bitcast', { as: 'inner', inputs: [value('x')] }), value('shape')] }),
    check({ inner, x }, graph) {
      if (isReadOnce(graph, inner)) return other
      return elementBits(inner.attrs.to) === elementBits(x.type.dtype) ? hit() : miss('its elements have another size', inner)
    },
    rewrite: ({ inner, x, shape }, _, b) => b.op(ops.bitcast, [b.op(ops.reshape, [x, shape])], { to: inner.attrs.to as DType }),
  }),
]
