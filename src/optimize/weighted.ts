import { sameShape } from '../core/shape.ts'
import type { GraphEditor } from '../ir/graph.ts'
import type { Node, Value } from '../ir/types.ts'
import { allSpecs, findSpec } from '../ops/index.ts'
import { operandIndex } from '../ops/spec.ts'

/** Operand positions of an op that is linear in its weights: y = act(x * weights + bias). */
export interface WeightedOp {
  readonly input: number
  readonly weights: number
  readonly bias: number
  /** Axis of the output channels in the weights. */
  readonly axis: number
}

const weightedOps = new Map<string, WeightedOp>()
for (const spec of allSpecs()) {
  const weights = spec.quant?.weights?.[0]
  const bias = spec.quant?.biases?.[0]
  if (!weights || weights.axis === null || !bias || !('fusedActivation' in spec.attrs)) continue
  const at = (name: string) => operandIndex(spec, name)
  weightedOps.set(spec.name, { input: at('input'), weights: at(weights.operand), bias: at(bias.operand), axis: weights.axis })
}

// It has no integer kernel, and so no quantization traits that would tell.
weightedOps.set('conv_3d', { input: 0, weights: 1, bias: 2, axis: 4 })

/** Ops with constant weights along output channels, a bias and a fused activation: the convolutions and fully_connected. */
export const weightedNames: readonly string[] = [...weightedOps.keys()]

export function weightedOp(node: Pick<Node, 'op'>): WeightedOp {
  return weightedOps.get(node.op)!
}

export function operandAt(graph: GraphEditor, node: Node, i: number): Value | null {
  const id = node.inputs[i] ?? null
  return id === null ? null : graph.value(id)
}

/** Number of output channels: the last dim of the result. */
export function channelsOf(graph: GraphEditor, node: Node): number | undefined {
  const last = graph.value(node.outputs[0]!).type.shape.at(-1)
  return typeof last === 'number' ? last : undefined
}

/** Operands with some positions exchanged; absent ones in between become null. */
export function withOperands(graph: GraphEditor, node: Node, change: Readonly<Record<number, Value | null>>): (Value | null)[] {
  const operands = graph.operands(node)
  const last = Math.max(operands.length - 1, ...Object.keys(change).map(Number))
  return Array.from({ length: last + 1 }, (_, i) => (i in change ? change[i]! : (operands[i] ?? null)))
}

/** The result of a node with one. */
export function resultOf(graph: GraphEditor, node: Node): Value {
  return graph.value(node.outputs[0]!)
}

/** The node's result has the shape of `x`: nothing that it reads besides broadcasts it. */
export function keepsShape(graph: GraphEditor, node: Node, x: Value): boolean {
  return sameShape(resultOf(graph, node).type.shape, x.type.shape)
}

/** Nobody but the matched node reads this node's result. */
export function isReadOnce(graph: GraphEditor, node: Node): boolean {
  return graph.useCount(node.outputs[0]!) === 1
}

/** Ops that can apply relu, relu6 or relu_n1_to_1 to their own result. */
export const fusableNames: readonly string[] = [
  'conv_2d',
  'depthwise_conv_2d',
  'transpose_conv',
  'conv_3d',
  'fully_connected',
  'average_pool_2d',
  'max_pool_2d',
  'add',
  'sub',
  'mul',
  'div',
].filter((name) => findSpec(name) !== undefined)
