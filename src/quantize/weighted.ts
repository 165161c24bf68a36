import type { GraphEditor } from '../ir/graph.ts'
import type { Node, Value } from '../ir/types.ts'
import { findSpec } from '../ops/index.ts'
import { type OpSpec, operandIndex } from '../ops/spec.ts'
import { stepsOf } from '../ops/steps.ts'

/** An op with constant float weights, y = act(x * weights + bias), seen by the channels of what it reads and gives. */
export interface Weighted {
  readonly node: Node
  /** Positions among the operands. */
  readonly at: { readonly input: number; readonly weights: number; readonly bias: number }
  readonly input: Value
  readonly weights: Value
  /** Undefined when the op has none. */
  readonly bias: Value | undefined
  /** Channels of the result, and of the input. */
  readonly outputs: number
  readonly inputs: number
  /** How many channels of the input a channel of the result reads. */
  readonly fanIn: number
  /** To which part of the positions of the result an element of the weights adds something of the input; all where sizes are open. */
  shareOf(element: number): number
  /** Which channel of the input the `k`-th of those is that channel `o` of the result reads. */
  channelRead(o: number, k: number): number
  /** Every element of the weights in its order, with the channel of the result and the number `k` of the one it reads. */
  each(visit: (element: number, o: number, k: number) => void): void
}

/** Positions among the operands of an op that multiplies what it reads with weights and adds a bias; undefined for others. */
export function placesOf(spec: OpSpec) {
  const trait = spec.quant?.weights?.find((w) => w.reads)
  const bias = spec.quant?.biases?.[0]
  if (!trait?.reads || trait.axis === null || !bias) return undefined
  const position = (name: string) => operandIndex(spec, name)
  return {
    trait: { ...trait, axis: trait.axis, reads: trait.reads },
    input: position(bias.scaleFrom.find((name) => name !== trait.operand)!),
    weights: position(trait.operand),
    bias: position(bias.operand),
  }
}

/** The op as `Weighted`; undefined when it has no weights, a reason when they cannot be changed. */
export function weightedOf(graph: GraphEditor, node: Node): Weighted | string | undefined {
  const spec = findSpec(node.op)
  const places = spec && placesOf(spec)
  if (!places) return undefined
  const { trait, ...at } = places
  const operand = (i: number): Value | undefined => {
    const id = node.inputs[i]
    return id == null ? undefined : graph.value(id)
  }
  const [input, weights, bias] = [operand(at.input), operand(at.weights), operand(at.bias)]
  if (!input || !weights) return undefined
  if (weights.fixed !== undefined) return weights.fixed
  if (!weights.data) return 'its weights are computed'
  if (weights.type.dtype !== 'f32' || input.type.dtype !== 'f32') return `its weights are ${weights.type.dtype}`
  if (bias && (!bias.data || bias.type.dtype !== 'f32')) return 'its bias is computed'
  if (stepsOf(weights.data)) return 'its weights were trained on steps of their own'
  const shape = weights.type.shape as readonly number[]
  const { axis: outAxis, reads } = trait
  const outputs = shape[outAxis]!
  const last = input.type.shape.at(-1)
  const inputs = reads.channels === 'all' ? shape[reads.axis]! : last
  if (typeof inputs !== 'number') return 'the number of its channels is not known'
  const fanIn = reads.channels === 'one' ? 1 : shape[reads.axis]!
  const perGroup = outputs / (inputs / fanIn)
  const inner = (axis: number) => shape.slice(axis + 1).reduce((a, b) => a * b, 1)
  const shares = reads.shares?.(node.attrs, shape, input.type.shape, graph.value(node.outputs[0]!).type.shape)
  const behindWindow = inner(2)
  const [outStride, inStride] = [inner(outAxis), inner(reads.axis)]
  return {
    node,
    at,
    input,
    weights,
    bias,
    outputs,
    inputs,
    fanIn,
    shareOf: (element) => (shares ? shares[Math.floor(element / behindWindow) % shares.length]! : 1),
    channelRead: (o, k) => Math.floor(o / perGroup) * fanIn + k,
    each(visit) {
      const count = shape.reduce((a, b) => a * b, 1)
      for (let e = 0; e < count; e++) visit(e, Math.floor(e / outStride) % outputs, fanIn === 1 ? 0 : Math.floor(e / inStride) % fanIn)
    },
  }
}
