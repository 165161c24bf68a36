import { type Shape, sameShape } from '../../core/shape.ts'
import { constAxes } from '../../ops/view.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, rule } from '../rule.ts'
import { isReadOnce, resultOf } from '../weighted.ts'

export const reductionNames = ['mean', 'sum', 'reduce_max', 'reduce_min', 'reduce_prod', 'reduce_any', 'reduce_all']

/** The shape that a reduction of these axes gives with keepDims. */
export const keptDims = (shape: Shape, reduced: readonly number[]): Shape => shape.map((d, i) => (reduced.includes(i) ? 1 : d))

/** reduction -> reshape that adds, or drops, the reduced dims as 1   =>  the reduction with, or without, keepDims. */
export const keepDimsOfReduction = rule('keep-dims-of-reduction', {
  semantics: 'exact',
  pattern: op('reshape', { as: 'reshape', inputs: [op(reductionNames, { as: 'reduction', inputs: [value('x'), constant('axes')] })] }),
  check({ reshape, reduction, x, axes }, graph) {
    const reduced = constAxes(axes, x.type.shape.length)!
    const target = resultOf(graph, reshape).type.shape
    const dropped = x.type.shape.filter((_, i) => !reduced.includes(i))
    const keepDims = sameShape(target, keptDims(x.type.shape, reduced))
    if (!keepDims && !sameShape(target, dropped)) return miss('the reshape does more than adding or dropping the reduced dims', reshape)
    if (!isReadOnce(graph, reduction)) return miss('the result of the reduction has other readers', reduction)
    return hit({ keepDims })
  },
  rewrite: ({ reduction }, found, b) => b.like(reduction, { attrs: found }),
})
