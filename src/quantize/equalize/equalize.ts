import { type ConstData, constFromBytes, lazyConst } from '../../core/bytes.ts'
import { bytesOf, typedView } from '../../core/dtype.ts'
import { GraphEditor, withGraphs } from '../../ir/graph.ts'
import { type Graph, type Model, mergeOrigins, type Value } from '../../ir/types.ts'
import { hasEffect } from '../../ops/bodies.ts'
import { isFiniteConst } from '../static/constants.ts'
import { type Weighted, weightedOf } from '../weighted.ts'
import { type Partner, partnerOf } from './partner.ts'

/** Two ops whose weights now share their ranges. */
export interface EqualizedPair {
  /** Source layers, or names of the results where there are none. */
  readonly layers: readonly [string, string]
  readonly channels: number
  /** Smallest and largest number by which a channel between the two was divided. */
  readonly factors: readonly [number, number]
}

/** An op with weights whose result is as it was, and why. */
export interface NotEqualized {
  readonly layer: string
  readonly op: string
  readonly reason: string
}

export interface Equalization {
  readonly model: Model
  readonly pairs: readonly EqualizedPair[]
  readonly others: readonly NotEqualized[]
}

const rule = 'equalize'
/** Sweeps over the pairs end when no factor changes by more, or after so many. */
const settled = 1e-3
const maxSweeps = 40

/**
 * Cross-layer equalization of a float model: where one op with weights feeds another through what lets factors of channels pass (no
 * activation, RELU and its like), channel c between them is divided by s[c] = sqrt(r1[c] r2[c]) / r2[c], with r the largest magnitude of its
 * weights in each of the two, so that both become sqrt(r1[c] r2[c]); weights and bias of the first are divided by s, weights of the second
 * multiplied. The model computes what it did, but for the rounding of each weight to float32. RELU6 and other bounds are not crossed: they
 * would cut elsewhere. Stated ranges of what lies between are dropped.
 * @see Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction (2019), section 4.1, equation 11
 */
export function equalize(model: Model): Equalization {
  const results = model.graphs.map(equalizeGraph)
  return {
    model: withGraphs(
      model,
      results.map((r) => r.graph),
    ),
    pairs: results.flatMap((r) => r.pairs),
    others: results.flatMap((r) => r.others),
  }
}

/** An op with weights, and by what its channels are multiplied so far. */
interface Scaling {
  readonly of: Weighted
  /** Largest magnitude of the weights for each channel of the result and each that it reads, as they now are. */
  readonly peaks: Float64Array
  readonly given: Float64Array
  readonly read: Float64Array
}

interface Pair {
  readonly first: Scaling
  readonly second: Scaling
}

function equalizeGraph(graph: Graph): { graph: Graph; pairs: EqualizedPair[]; others: NotEqualized[] } {
  const editor = new GraphEditor(graph)
  const others: NotEqualized[] = []
  const scalings = new Map<number, Scaling>()
  const scalingOf = (of: Weighted): Scaling => {
    const made = scalings.get(of.node.id) ?? { of, peaks: peaksOf(of), given: ones(of.outputs), read: ones(of.inputs) }
    scalings.set(of.node.id, made)
    return made
  }
  const found: (Partner & { readonly first: Weighted })[] = []
  for (const node of graph.nodes) {
    const first = weightedOf(editor, node)
    if (first === undefined) continue
    const reason = typeof first === 'string' ? first : unfit(editor, first)
    const partner = reason ?? partnerOf(editor, first as Weighted, (w) => unfit(editor, w))
    if (typeof partner === 'string') others.push({ layer: layerOf(editor, node), op: node.op, reason: partner })
    else found.push({ ...partner, first: first as Weighted })
  }
  if (found.length === 0) return { graph, pairs: [], others }
  const pairs = found.map(({ first, second }): Pair => ({ first: scalingOf(first), second: scalingOf(second) }))
  for (let sweep = 0, change = 1; sweep < maxSweeps && change > settled; sweep++) change = Math.max(...pairs.map(level))
  for (const { between } of found) {
    for (const { id, type } of between) editor.updateValue(id, { type: { ...type, range: undefined } })
  }
  for (const scaling of scalings.values()) apply(editor, scaling)
  editor.removeDead((n) => n.kept !== undefined || hasEffect(n))
  const told = pairs.map(
    ({ first, second }): EqualizedPair => ({
      layers: [layerOf(editor, first.of.node), layerOf(editor, second.of.node)],
      channels: first.of.outputs,
      factors: [1 / first.given.reduce((a, b) => Math.max(a, b)), 1 / first.given.reduce((a, b) => Math.min(a, b))],
    }),
  )
  return { graph: editor.finish(), pairs: told, others }
}

/** Why the weights of an op must stay as they are, beyond what `weightedOf` says. */
function unfit(editor: GraphEditor, { weights, bias }: Weighted): string | undefined {
  if (editor.useCount(weights.id) > 1) return 'its weights have other readers'
  if (!isFiniteConst(weights) || (bias && !isFiniteConst(bias))) return 'its weights hold NaN or infinity'
  return undefined
}

const layerOf = (editor: GraphEditor, node: Weighted['node']): string => node.origin.source[0] ?? editor.value(node.outputs[0]!).name

const ones = (count: number): Float64Array => new Float64Array(count).fill(1)

function peaksOf({ weights, outputs, fanIn, each }: Weighted): Float64Array {
  const elements = typedView('f32', weights.data!.bytes())
  const peaks = new Float64Array(outputs * fanIn)
  each((e, o, k) => {
    const magnitude = Math.abs(elements[e]!)
    if (magnitude > peaks[o * fanIn + k]!) peaks[o * fanIn + k] = magnitude
  })
  return peaks
}

/** One step of equation 11; gives by how much it changed the channel that changed most: 0 when none did. */
function level({ first, second }: Pair): number {
  const channels = first.of.outputs
  const [r1, r2] = [new Float64Array(channels), new Float64Array(channels)]
  first.peaks.forEach((peak, i) => {
    const c = Math.floor(i / first.of.fanIn)
    if (peak > r1[c]!) r1[c] = peak
  })
  const { fanIn, channelRead } = second.of
  const channelAt = (i: number) => channelRead(Math.floor(i / fanIn), i % fanIn)
  second.peaks.forEach((peak, i) => {
    const c = channelAt(i) % channels
    if (peak > r2[c]!) r2[c] = peak
  })
  // A channel that one of the two does not use has nothing to share.
  const s = r1.map((r, c) => (r > 0 && r2[c]! > 0 ? Math.sqrt(r * r2[c]!) / r2[c]! : 1))
  for (let i = 0; i < first.peaks.length; i++) first.peaks[i]! /= s[Math.floor(i / first.of.fanIn)]!
  for (let i = 0; i < second.peaks.length; i++) second.peaks[i]! *= s[channelAt(i) % channels]!
  for (let c = 0; c < channels; c++) first.given[c]! /= s[c]!
  for (let c = 0; c < second.read.length; c++) second.read[c]! *= s[c % channels]!
  return s.reduce((most, x) => Math.max(most, Math.abs(Math.log(x))), 0)
}

function apply(editor: GraphEditor, { of, given, read }: Scaling): void {
  const { node, at, weights, bias } = of
  const inputs = [...node.inputs]
  const exchange = (i: number, value: Value, data: ConstData): void => {
    inputs[i] = editor.addConst(value.name, value.type, data).id
  }
  exchange(at.weights, weights, scaledWeights(of, given, read))
  if (bias) {
    const elements = typedView('f32', bias.data!.bytes())
    const scaled = given.map((factor, o) => elements[o]! * factor)
    exchange(at.bias, bias, constFromBytes(bytesOf(Float32Array.from(scaled))))
  }
  editor.updateNode(editor.current(node.id)!, { inputs, origin: mergeOrigins([node.origin], rule) })
}

/** Each weight rounded to float32 once; computed when it is asked for. */
function scaledWeights({ weights, channelRead, each }: Weighted, given: Float64Array, read: Float64Array): ConstData {
  const { data } = weights
  return lazyConst(data!.byteLength, () => {
    const from = typedView('f32', data!.bytes())
    const to = new Float32Array(from.length)
    each((e, o, k) => {
      to[e] = from[e]! * given[o]! * read[channelRead(o, k)]!
    })
    return bytesOf(to)
  })
}
