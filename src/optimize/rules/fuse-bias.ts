import type { GraphEditor } from '../../ir/graph.ts'
import { channelVector, floatsOf, isChannelShape, isSplat, vector } from '../constants.ts'
import { constant, type Match, op } from '../pattern.ts'
import type { RewriteBuilder } from '../rewrite-builder.ts'
import { hit, miss, type Rule, rule } from '../rule.ts'
import { channelsOf, isReadOnce, operandAt, resultOf, weightedNames, weightedOp, withOperands } from '../weighted.ts'

type Operands = Match<'outer' | 'root', 'c'>

function check({ outer, root, c }: Operands, graph: GraphEditor) {
  const channels = channelsOf(graph, root)
  const bias = operandAt(graph, root, weightedOp(root).bias)
  if (channels === undefined) return miss('the number of channels is unknown', root)
  if (c.type.dtype !== 'f32' || !isChannelShape(c.type.shape, channels, resultOf(graph, root).type.shape.length))
    return miss('the constant is not one number, nor one per channel', outer)
  if (root.attrs.fusedActivation !== 'none') return miss('the op applies an activation before', root)
  if (!isReadOnce(graph, root)) return miss('the result before the addition has other readers', root)
  if (bias && !floatsOf(bias)) return miss('the bias is not constant', root)
  return hit({ channels, bias })
}

function rewrite({ outer, root, c }: Operands, channels: number, bias: ReturnType<typeof operandAt>, b: RewriteBuilder) {
  const at = weightedOp(root).bias
  const negative = outer.op === 'sub'
  const attrs = { fusedActivation: outer.attrs.fusedActivation! }
  const isBare = !bias || isSplat(bias, 0)
  const isVector = c.data!.byteLength === 4 * channels
  if (isBare && isVector && !negative) {
    const sameBytes = c.type.shape.length === 1 ? c : b.const(c.name, 'f32', [channels], c.data!)
    return b.like(root, { inputs: withOperands(b.graph, root, { [at]: sameBytes }), attrs })
  }
  const sum = bias ? Float32Array.from(channelVector(bias, channels)) : new Float32Array(channels)
  const added = channelVector(c, channels)
  for (let i = 0; i < channels; i++) sum[i] = negative ? sum[i]! - added[i]! : sum[i]! + added[i]!
  return b.like(root, { inputs: withOperands(b.graph, root, { [at]: vector(b, isBare ? c.name : bias.name, sum) }), attrs })
}

/**
 * conv | depthwise | fc  ->  add c | sub c   =>  the op with bias + c or bias - c; c is one number or one per output channel.
 * An op without bias, or with one of zeros, takes the constant itself.
 */
export const fuseBias: readonly Rule[] = [
  rule('fuse-bias', {
    semantics: 'reassociating',
    pattern: op('add', { as: 'outer', anyOrder: true, inputs: [op(weightedNames, { as: 'root' }), constant('c')] }),
    check,
    rewrite: (match, { channels, bias }, b) => rewrite(match, channels, bias, b),
  }),
  rule('fuse-bias', {
    semantics: 'reassociating',
    pattern: op('sub', { as: 'outer', inputs: [op(weightedNames, { as: 'root' }), constant('c')] }),
    check,
    rewrite: (match, { channels, bias }, b) => rewrite(match, channels, bias, b),
  }),
]
