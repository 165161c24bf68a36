import { elementCount, type Shape, sameShape } from '../../core/shape.ts'
import type { GraphEditor } from '../../ir/graph.ts'
import type { Value } from '../../ir/types.ts'
import * as binary from '../../ops/elementwise/binary.ts'
import * as unary from '../../ops/elementwise/unary.ts'
import { op as ops } from '../../ops/index.ts'
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
 * reshapes together. The other operand may be one number, or one per channel when the reshape
 * keeps the channels or splits them (the heads of an attention layer).
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
      { as: 'root', anyOrder: true, inputs: [op('reshape', { as: 'reshape', inputs: [value('x')] }), constant('c')] },
    ),
    check(match, graph) {
      const shape = beforeReshape(match.c.type.shape, match.x.type.shape, resultOf(graph, match.reshape).type.shape)
      if (!shape) return miss('the constant is not one number, nor one per channel that the reshape keeps or splits', match.root)
      const found = check(match, graph)
      return found.kind === 'hit' ? hit({ ...found.facts, constantShape: shape }) : found
    },
    rewrite: (match, { shape, constantShape }, b) => {
      const { c } = match
      const aligned = sameShape(c.type.shape, constantShape) ? c : b.const(c.name, c.type.dtype, constantShape, c.data!)
      const inputs = b.graph.operands(match.root).map((v) => (v?.data ? aligned : match.x))
      return rewrite(match, inputs, shape, b)
    },
  }),
]

/**
 * The shape in which a constant that broadcasts to `to` broadcasts alike to `from`, before the reshape: [] or [1] for one
 * number, [C] for one per channel, where the trailing dims of `to` that the constant covers are the channels of `from`.
 */
function beforeReshape(constant: Shape, from: Shape, to: Shape): Shape | undefined {
  if (constant.length > to.length) return undefined
  if (elementCount(constant) === 1) return constant.length === 0 ? constant : [1]
  const covered = constant.slice(constant.findIndex((d) => d !== 1))
  const trailing = to.slice(to.length - covered.length)
  const channels = from.at(-1)
  return sameShape(covered, trailing) && channels === elementCount(covered) ? [channels!] : undefined
}
