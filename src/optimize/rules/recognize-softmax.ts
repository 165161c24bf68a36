import type { GraphEditor } from '../../ir/graph.ts'
import type { Node, Value } from '../../ir/types.ts'
import { op as ops } from '../../ops/index.ts'
import { constAxes } from '../../ops/view.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, type Rule, rule } from '../rule.ts'
import { operandAt } from '../weighted.ts'

/** The node reduces the last axis, and keeps it as 1. */
function isOverLast(graph: GraphEditor, node: Node): boolean {
  const [x, axes] = graph.operands(node)
  const rank = x!.type.shape.length
  const reduced = constAxes(axes, rank)
  return node.attrs.keepDims === true && reduced?.length === 1 && reduced[0] === rank - 1
}

/** x, for x - max(x) over the last axis: softmax is the same for both. Also for x itself. */
function unshifted(graph: GraphEditor, x: Value): { x: Value; nodes: readonly Node[] } {
  const shift = graph.producer(x.id)
  const max = shift?.op === 'sub' && shift.attrs.fusedActivation === 'none' ? graph.producer(shift.inputs[1]!) : undefined
  const fits = max?.op === 'reduce_max' && max.inputs[0] === shift!.inputs[0] && isOverLast(graph, max)
  return fits ? { x: operandAt(graph, shift!, 0)!, nodes: [shift!, max] } : { x, nodes: [] }
}

const exponential = op('exp', { as: 'exp', inputs: [value('shifted')] })
const total = op('sum', { as: 'sum', inputs: [exponential, constant('axes')] })
const logOfTotal = op('log', { inputs: [total] })

/** exp(x) / sum(exp(x)) over the last axis  =>  softmax(x);  x - log(sum(exp(x)))  =>  log_softmax(x); with or without max(x) subtracted first. */
export const recognizeSoftmax: readonly Rule[] = [
  rule('recognize-softmax', {
    semantics: 'reassociating',
    pattern: op('div', {
      as: 'root',
      attrs: { fusedActivation: 'none' },
      inputs: [value('numerator'), total],
    }),
    check({ root, numerator, sum, exp, shifted }, graph) {
      if (shifted.type.dtype !== 'f32' || graph.producer(numerator.id) !== exp)
        return miss('it divides something else than what was summed', root)
      if (!isOverLast(graph, sum)) return miss('the sum is not over the last axis alone', sum)
      const { x, nodes } = unshifted(graph, shifted)
      return hit({ x }, nodes)
    },
    rewrite: (_, { x }, b) => b.op(ops.softmax, [x], { beta: 1 }),
  }),
  rule('recognize-softmax', {
    semantics: 'reassociating',
    pattern: op('sub', {
      as: 'root',
      attrs: { fusedActivation: 'none' },
      inputs: [value('shifted'), logOfTotal],
    }),
    check({ sum, shifted }, graph) {
      if (!isOverLast(graph, sum)) return miss('the sum is not over the last axis alone', sum)
      const { x, nodes } = unshifted(graph, shifted)
      return hit({ x }, nodes)
    },
    rewrite: (_, { x }, b) => b.op(ops.logSoftmax, [x]),
  }),
]
