import { lazyConst } from '../../core/bytes.ts'
import { bytesOf, typedView } from '../../core/dtype.ts'
import { elementCount, sameShape } from '../../core/shape.ts'
import type { GraphEditor } from '../../ir/graph.ts'
import type { Value } from '../../ir/types.ts'
import { channelVector, floatsOf, isChannelShape, splatOf } from '../constants.ts'
import { constant, type Match, op, value } from '../pattern.ts'
import type { RewriteBuilder } from '../rewrite-builder.ts'
import { hit, miss, type Rule, rule } from '../rule.ts'
import { channelsOf, isReadOnce, operandAt, resultOf, weightedNames, weightedOp, withOperands } from '../weighted.ts'

type Operands = Match<'before' | 'root', 'x' | 'c'>

function check({ before, root, x, c }: Operands, graph: GraphEditor) {
  const at = weightedOp(root)
  const weights = operandAt(graph, root, at.weights)
  const bias = operandAt(graph, root, at.bias)
  const channels = channelsOf(graph, root)
  if (graph.producer(root.inputs[at.input] ?? -1) !== before) return miss('the shifted value is not the input', root)
  const isPointwise = root.op !== 'fully_connected' && weights?.type.shape.slice(1, -1).every((d) => d === 1)
  if (root.attrs.padding === 'same' && !isPointwise) return miss('SAME padding adds zeros that the offset does not reach', root)
  if (!weights?.data || weights.type.dtype !== 'f32' || c.type.dtype !== 'f32' || channels === undefined)
    return miss('the weights are not constant', root)
  if (bias && !floatsOf(bias)) return miss('the bias is not constant', root)
  // The last axis of the weights is the input's, but for conv_3d; a group, or a depth multiplier, has another size there.
  const inner = root.op === 'conv_3d' ? undefined : (weights.type.shape.at(-1) as number)
  const isOne = splatOf(c) !== undefined && c.data!.byteLength === 4
  const isPerInput = inner !== undefined && x.type.shape.at(-1) === inner && isChannelShape(c.type.shape, inner, x.type.shape.length)
  if (!isOne && !isPerInput) return miss('the constant is not one number, nor one per input channel', before)
  if (!sameShape(resultOf(graph, before).type.shape, x.type.shape)) return miss('the constant broadcasts the value', before)
  if (before.attrs.fusedActivation !== 'none') return miss('the op before applies an activation', before)
  if (!isReadOnce(graph, before)) return miss('the shifted value has other readers', before)
  return hit({ weights, bias, channels })
}

function rewrite(
  { before, root, x, c }: Operands,
  found: { weights: Value; bias: Value | null; channels: number },
  b: RewriteBuilder,
): Value {
  const at = weightedOp(root)
  const { weights, bias, channels } = found
  const sign = before.op === 'sub' ? -1 : 1
  const inner = elementCount(weights.type.shape.slice(at.axis + 1))!
  const offsets = channelVector(c, weights.type.shape.at(-1) as number)
  const compute = () => {
    const w = typedView('f32', weights.data!.bytes())
    const sums = new Float64Array(channels)
    for (let i = 0; i < w.length; i++) sums[Math.floor(i / inner) % channels]! += w[i]! * offsets[i % offsets.length]!
    const own = bias ? channelVector(bias, channels) : undefined
    return bytesOf(Float32Array.from(sums, (s, o) => (own?.[o] ?? 0) + sign * s))
  }
  const shifted = b.const(bias?.name ?? c.name, 'f32', [channels], lazyConst(4 * channels, compute))
  return b.like(root, { inputs: withOperands(b.graph, root, { [at.input]: x, [at.bias]: shifted }) })
}

/**
 * add c | sub c  ->  conv | depthwise (VALID) | fc   =>  the op with bias + sum of weights * c, summed in f64 and rounded once;
 * c is one number, or one per input channel.
 */
export const foldOffsetBefore: readonly Rule[] = [
  rule('fold-offset-before', {
    semantics: 'reassociating',
    pattern: op(weightedNames, { as: 'root', inputs: [op('add', { as: 'before', anyOrder: true, inputs: [value('x'), constant('c')] })] }),
    check,
    rewrite,
  }),
  rule('fold-offset-before', {
    semantics: 'reassociating',
    pattern: op(weightedNames, { as: 'root', inputs: [op('sub', { as: 'before', inputs: [value('x'), constant('c')] })] }),
    check,
    rewrite,
  }),
]
