import { elementCount } from '../../core/shape.ts'
import type { GraphEditor } from '../../ir/graph.ts'
import type { Value } from '../../ir/types.ts'
import * as binary from '../../ops/elementwise/binary.ts'
import * as unary from '../../ops/elementwise/unary.ts'
import { op as ops } from '../../ops/index.ts'
import { isChannelShape } from '../constants.ts'
import { constant, type Match, op, value } from '../pattern.ts'
import type { RewriteBuilder } from '../rewrite-builder.ts'
import { hit, miss, other, type Rule, rule } from '../rule.ts'
import { fusableNames, isReadOnce, resultOf } from '../weighted.ts'
import { shapeOperand } from './shape-operand.ts'

type Operands = Match<'root' | 'reshape', 'x'>

function check({ root, reshape, x }: Operands, graph: GraphEditor) {
  const before = graph.producer(x.id)
  const readers = graph.users(root.outputs[0]!)
  const pays = (before && fusableNames.includes(before.op)) || (readers.length === 1 && readers[0]!.op === 'reshape')
  if (!pays) return other
  const shape = shapeOperand(resultOf(graph, root).type.shape)
  if (!shape) return miss('more than one size of the result is unknown', reshape)
  if (!isReadOnce(graph, reshape)) return miss('the reshaped value has other readers', reshape)
  return hit({ shape })
}

function rewrite({ root }: Operands, inputs: readonly (Value | null)[], shape: readonly number[], b: RewriteBuilder): Value {
  return b.op(ops.reshape, [b.like(root, { inputs }), b.i32(shape)])
}

/**
 * reshape -> elementwise op   =>  the op, then the reshape, where that brings the op to one it can be fused into or two
 * reshapes together. The other operand may be one number, or one per channel when the reshape keeps the channels.
 */
export const sinkReshape: readonly Rule[] = [
  rule('sink-reshape', {
    semantics: 'exact',
    pattern: op(
      Object.values(unary).map((s) => s.name),
      { as: 'root', inputs: [op('reshape', { as: 'reshape', inputs: [value('x')] })] },
    ),
    check,
    rewrite: (match, { shape }, b) => rewrite(match, [match.x], shape, b),
  }),
  rule('sink-reshape', {
    semantics: 'exact',
    pattern: op(
      Object.values(binary).map((s) => s.name),
      { as: 'root', inputs: [op('reshape', { as: 'reshape', inputs: [value('x')] }), constant('c')] },
    ),
    check(match, graph) {
      const { x, c, root, reshape } = match
      const to = resultOf(graph, reshape).type.shape
      const channels = to.at(-1)
      const keepsChannels =
        typeof channels === 'number' && x.type.shape.at(-1) === channels && isChannelShape(c.type.shape, channels, to.length)
      const isOne = elementCount(c.type.shape) === 1 && c.type.shape.length <= to.length
      if (!keepsChannels && !isOne) return miss('the constant is not one number, nor one per channel that the reshape keeps', root)
      return check(match, graph)
    },
    rewrite: (match, { shape }, b) => {
      const { c } = match
      const last = c.type.shape.at(-1)
      const flat = c.type.shape.length > 1 ? b.const(c.name, c.type.dtype, [last!], c.data!) : c
      return rewrite(match, [match.x, flat], shape, b)
    },
  }),
]
