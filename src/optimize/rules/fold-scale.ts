import type { GraphEditor } from '../../ir/graph.ts'
import type { Value } from '../../ir/types.ts'
import { channelVector, floatsOf, isChannelShape, scaledAlong, vector } from '../constants.ts'
import { constant, type Match, op } from '../pattern.ts'
import type { RewriteBuilder } from '../rewrite-builder.ts'
import { hit, miss, type Rule, rule } from '../rule.ts'
import { channelsOf, isReadOnce, operandAt, resultOf, weightedNames, weightedOp, withOperands } from '../weighted.ts'

type Operands = Match<'outer' | 'root', 'c'>

function check({ outer, root, c }: Operands, graph: GraphEditor) {
  const at = weightedOp(root)
  const channels = channelsOf(graph, root)
  const bias = operandAt(graph, root, at.bias)
  const weights = operandAt(graph, root, at.weights)
  if (channels === undefined) return miss('the number of channels is unknown', root)
  if (c.type.dtype !== 'f32' || !isChannelShape(c.type.shape, channels, resultOf(graph, root).type.shape.length))
    return miss('the constant is not one number, nor one per channel', outer)
  if (!weights?.data || weights.type.dtype !== 'f32') return miss('the weights are not constant', root)
  if (bias && !floatsOf(bias)) return miss('the bias is not constant', root)
  if (root.attrs.fusedActivation !== 'none') return miss('the op applies an activation before', root)
  if (!isReadOnce(graph, root)) return miss('the result before the scaling has other readers', root)
  if (graph.useCount(weights.id) > 1) return miss('the weights have other readers', root)
  return hit({ channels, bias, weights })
}

function rewrite({ outer, root, c }: Operands, found: { channels: number; bias: Value | null; weights: Value }, b: RewriteBuilder) {
  const at = weightedOp(root)
  const { channels, bias, weights } = found
  const how = outer.op === 'div' ? 'div' : 'mul'
  const factors = channelVector(c, channels)
  const scaledBias =
    bias &&
    vector(
      b,
      bias.name,
      channelVector(bias, channels).map((x, i) => (how === 'mul' ? x * factors[i]! : x / factors[i]!)),
    )
  const inputs = withOperands(b.graph, root, {
    [at.weights]: scaledAlong(b, weights, at.axis, factors, how),
    ...(scaledBias ? { [at.bias]: scaledBias } : {}),
  })
  return b.like(root, { inputs, attrs: { fusedActivation: outer.attrs.fusedActivation! } })
}

/**
 * conv | depthwise | fc  ->  mul c | div c   =>  the op with weights and bias multiplied (divided) by c, each step rounded
 * to f32; c is one number or one per output channel. With fuse-bias this is the folding of batch normalization.
 */
export const foldScale: readonly Rule[] = [
  rule('fold-scale', {
    semantics: 'reassociating',
    pattern: op('mul', { as: 'outer', anyOrder: true, inputs: [op(weightedNames, { as: 'root' }), constant('c')] }),
    check,
    rewrite,
  }),
  rule('fold-scale', {
    semantics: 'reassociating',
    pattern: op('div', { as: 'outer', inputs: [op(weightedNames, { as: 'root' }), constant('c')] }),
    check,
    rewrite,
  }),
]
