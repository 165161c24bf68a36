import { op as ops } from '../../ops/index.ts'
import { constAxes, constInts } from '../../ops/view.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, rule } from '../rule.ts'
import { isReadOnce } from '../weighted.ts'
import { reductionNames } from './keep-dims-of-reduction.ts'

/** transpose -> reduction   =>  the reduction over the dims as they were, then a transpose of what is left (none, when it is in order). */
export const sinkTransposeThroughReduction = rule('sink-transpose-through-reduction', {
  semantics: 'reassociating',
  pattern: op(reductionNames, {
    as: 'root',
    inputs: [op('transpose', { as: 'transpose', inputs: [value('x'), constant('perm')] }), constant('axes')],
  }),
  check({ transpose, perm, axes }, graph) {
    if (!isReadOnce(graph, transpose)) return miss('the transposed value has other readers', transpose)
    const order = constInts(perm)!
    const reduced = constAxes(axes, order.length)!
    return hit({ order, reduced })
  },
  rewrite({ root, x }, { order, reduced }, b) {
    const over = reduced.map((a) => order[a]!)
    const y = b.like(root, { inputs: [x, b.i32(over)] })
    const left = root.attrs.keepDims ? order : order.filter((_, i) => !reduced.includes(i))
    const rank = [...left].sort((p, q) => p - q)
    const perm = left.map((d) => rank.indexOf(d))
    return perm.every((p, i) => p === i) ? y : b.op(ops.transpose, [y, b.i32(perm)])
  },
})
