import { constInts } from '../../ops/view.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, other, rule } from '../rule.ts'
import { isReadOnce } from '../weighted.ts'

/** transpose of the last two dims of x y  =>  y' x', the operands transposed by the product itself. */
export const swapTransposedMatmul = rule('swap-transposed-matmul', {
  semantics: 'exact',
  pattern: op('transpose', { inputs: [op('batch_matmul', { as: 'matmul', inputs: [value('x'), value('y')] }), constant('perm')] }),
  check({ matmul, perm }, graph) {
    const order = constInts(perm)!
    const last = order.length - 1
    if (!order.every((p, i) => p === (i === last ? last - 1 : i === last - 1 ? last : i))) return other
    return isReadOnce(graph, matmul) ? hit() : miss('the product has other readers', matmul)
  },
  rewrite: ({ matmul, x, y }, _, b) => b.like(matmul, { inputs: [y, x], attrs: { adjX: !matmul.attrs.adjY, adjY: !matmul.attrs.adjX } }),
})
