import { normalizeAxis } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import { op as ops } from '../../ops/index.ts'
import { op } from '../pattern.ts'
import { hit, miss, other, type Rule, rule } from '../rule.ts'
import { resultOf } from '../weighted.ts'
import { partsOf } from './parts.ts'
import { shapeOperand } from './shape-operand.ts'

interface Found {
  readonly x: Value
  /** undefined: x as it is. */
  readonly shape: number[] | undefined
}

/**
 * concatenation of all results of a split along the same axis, pack of all results of an unpack, in their order  =>  the value
 * that was taken apart;  concatenation of all results of an unpack along its axis  =>  a reshape of it.
 */
export const joinParts: Rule = rule('join-parts', {
  semantics: 'exact',
  pattern: op(['concatenation', 'pack'], { as: 'root' }),
  check({ root }, graph) {
    const node = graph.producer(root.inputs[0] ?? -1)
    const parts = node && partsOf(graph, node)
    if (!node || !parts || (root.attrs.fusedActivation ?? 'none') !== 'none') return other
    const isUnpack = node.op === 'unpack'
    if (root.op === 'pack' && !isUnpack) return other
    if (node.outputs.length !== root.inputs.length || !node.outputs.every((id, i) => id === root.inputs[i]))
      return miss('they are not all the parts in their order', root)
    const result = resultOf(graph, root).type.shape
    const axis = normalizeAxis(root.attrs.axis as number, result.length)
    if (axis !== parts.axis) return miss('the axes differ', root)
    if (root.op === 'pack' || !isUnpack) return hit<Found>({ x: parts.x, shape: undefined })
    const shape = shapeOperand(result)
    return shape ? hit<Found>({ x: parts.x, shape }) : miss('more than one size of the result is unknown', root)
  },
  rewrite: (_, { x, shape }, b) => (shape ? b.op(ops.reshape, [x, b.i32(shape)]) : x),
})
