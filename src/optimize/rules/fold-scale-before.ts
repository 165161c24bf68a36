import { sameShape } from '../../core/shape.ts'
import type { GraphEditor } from '../../ir/graph.ts'
import type { Value } from '../../ir/types.ts'
import { channelVector, isChannelShape, scaledAlong, splatOf } from '../constants.ts'
import { constant, type Match, type OpPattern, op, value } from '../pattern.ts'
import type { RewriteBuilder } from '../rewrite-builder.ts'
import { hit, miss, type Rule, rule } from '../rule.ts'
import { isReadOnce, operandAt, resultOf, weightedNames, weightedOp, withOperands } from '../weighted.ts'

type Operands = Match<'before' | 'root', 'x' | 'c'>

function check({ before, root, x, c }: Operands, graph: GraphEditor) {
  const at = weightedOp(root)
  const weights = operandAt(graph, root, at.weights)
  if (graph.producer(root.inputs[at.input] ?? -1) !== before) return miss('the scaled value is not the input', root)
  if (!weights?.data || weights.type.dtype !== 'f32' || c.type.dtype !== 'f32') return miss('the weights are not constant', root)
  // The last axis of the weights is the input's, but for conv_3d; a group, or a depth multiplier, has another size there.
  const inner = root.op === 'conv_3d' ? undefined : (weights.type.shape.at(-1) as number)
  const isOne = splatOf(c) !== undefined && c.data!.byteLength === 4
  const isPerInput = inner !== undefined && x.type.shape.at(-1) === inner && isChannelShape(c.type.shape, inner, x.type.shape.length)
  if (!isOne && !isPerInput) return miss('the constant is not one number, nor one per input channel', before)
  if (!sameShape(resultOf(graph, before).type.shape, x.type.shape)) return miss('the constant broadcasts the value', before)
  if (before.attrs.fusedActivation !== 'none') return miss('the op before applies an activation', before)
  if (!isReadOnce(graph, before)) return miss('the scaled value has other readers', before)
  if (graph.useCount(weights.id) > 1) return miss('the weights have other readers', root)
  return hit({ weights })
}

function rewrite({ before, root, x, c }: Operands, { weights }: { weights: Value }, b: RewriteBuilder): Value {
  const at = weightedOp(root)
  const how = before.op === 'div' ? 'div' : 'mul'
  // One number may go along any axis.
  const axis = weights.type.shape.length - 1
  const factors = channelVector(c, weights.type.shape[axis] as number)
  return b.like(root, { inputs: withOperands(b.graph, root, { [at.input]: x, [at.weights]: scaledAlong(b, weights, axis, factors, how) }) })
}

const withInputAt = (at: number) => weightedNames.filter((name) => weightedOp({ op: name }).input === at)
const [inputFirst, inputThird] = [withInputAt(0), withInputAt(2)]

const behind = (before: OpPattern<'before', 'x' | 'c'>): Rule[] =>
  [op(inputFirst, { as: 'root', inputs: [before] }), op(inputThird, { as: 'root', inputs: [value(), value(), before] })].map(
    (pattern: OpPattern<'before' | 'root', 'x' | 'c'>) =>
      rule('fold-scale-before', { semantics: 'reassociating', pattern, check, rewrite }),
  )

/**
 * mul c | div c  ->  conv | depthwise | transpose_conv | fc   =>  the op with weights multiplied (divided) by c; c is one number, or one per
 * input channel.
 */
export const foldScaleBefore: readonly Rule[] = [
  ...behind(op('mul', { as: 'before', anyOrder: true, inputs: [value('x'), constant('c')] })),
  ...behind(op('div', { as: 'before', inputs: [value('x'), constant('c')] })),
]
