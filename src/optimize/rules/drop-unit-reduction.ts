import { op as ops } from '../../ops/index.ts'
import { constAxes } from '../../ops/view.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, other, rule } from '../rule.ts'
import { keepsShape, resultOf } from '../weighted.ts'
import { reductionNames } from './keep-dims-of-reduction.ts'
import { shapeOperand } from './shape-operand.ts'

/** A reduction over no axes, or over axes of size 1  =>  its operand, or a reshape that drops those axes. */
export const dropUnitReduction = rule('drop-unit-reduction', {
  semantics: 'exact',
  pattern: op(reductionNames, { as: 'root', inputs: [value('x'), constant('axes')] }),
  check({ root, x, axes }, graph) {
    const { shape } = x.type
    if (!constAxes(axes, shape.length)!.every((a) => shape[a] === 1)) return other
    if (keepsShape(graph, root, x)) return hit<{ to: number[] | undefined }>({ to: undefined })
    const to = shapeOperand(resultOf(graph, root).type.shape)
    return to ? hit<{ to: number[] | undefined }>({ to }) : miss('more than one size of the result is unknown', root)
  },
  rewrite: ({ x }, { to }, b) => (to ? b.op(ops.reshape, [x, b.i32(to)]) : x),
})
