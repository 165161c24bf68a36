import { constFromBytes } from '../../core/bytes.ts'
import { bytesOf, typedView } from '../../core/dtype.ts'
import { GraphEditor, withGraphs } from '../../ir/graph.ts'
import { type Graph, type Model, mergeOrigins, type Node, type Value } from '../../ir/types.ts'
import { findSpec } from '../../ops/index.ts'
import { storedAs } from '../decide.ts'
import type { Means } from '../means.ts'
import { isFiniteConst } from '../static/constants.ts'
import { type StoredAs, storedValues } from '../stored-error.ts'
import type { Decision } from '../types.ts'
import { placesOf, type Weighted, weightedOf } from '../weighted.ts'

/** An op whose bias makes good for what its weights lose. */
export interface CorrectedBias {
  /** Source layer, or the name of the result where there is none. */
  readonly layer: string
  readonly op: string
  readonly channels: number
  /** Largest magnitude by which a channel of the bias was changed. */
  readonly shift: number
  /** The same as a share of the range of the op's result, where that is known. */
  readonly share?: number
  /** `shared`: of one that other ops have too it got a copy; `new`: it had none. */
  readonly bias: 'own' | 'shared' | 'new'
}

/** An op with weights whose bias is as it was, and why. */
export interface NotCorrected {
  readonly layer: string
  readonly op: string
  readonly reason: string
}

export interface BiasCorrection {
  readonly corrected: readonly CorrectedBias[]
  readonly others: readonly NotCorrected[]
}

/** What is known of a float model and of what quantizing it makes of its weights. */
export interface Observed {
  readonly decisions: readonly Decision[]
  readonly means: Means
  readonly range: (graph: number, value: Value) => readonly [min: number, max: number] | undefined
}

const rule = 'bias-correction'

/**
 * A float model with biases for weights that are stored with an error: of each op that multiplies what it reads with weights, with e what is
 * added to its weights where they are stored as `decisions` tell, channel o of its result moves by the sum of e[o] E[x] on average, over all
 * that it reads; this is taken from the bias. E[x] is the mean of each channel in the float model, over all samples and positions, so that each
 * element of a window has the same, but 0 where it is on padding. Integers of activations and biases have errors of their own, which
 * are not corrected.
 * @see Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction (2019), section 4.2, equation 17, with E[x] from
 * samples in place of what batch normalization tells
 */
export function correctBiases(model: Model, observed: Observed): BiasCorrection & { readonly model: Model } {
  const stored = new Map<unknown, { readonly decision: Decision; readonly as: StoredAs }[]>()
  for (const decision of observed.decisions) {
    const as = storedAs(decision)
    if (as) stored.set(as.float, [...(stored.get(as.float) ?? []), { decision, as }])
  }
  const storedFor: StoredFor = ({ node, weights }) => {
    const all =
      stored.get(weights.data)?.filter(({ decision }) => decision.op === node.op && decision.layer === node.origin.source[0]) ?? []
    const [first, ...more] = all.map(({ as }) => as)
    if (!first) return 'its weights are not stored as integers'
    return more.some((m) => m.data !== first.data) ? 'its weights are stored in several ways' : first
  }
  const results = model.graphs.map((graph, g) => correctGraph(graph, g, observed, storedFor))
  return {
    model: withGraphs(
      model,
      results.map((r) => r.graph),
    ),
    corrected: results.flatMap((r) => r.corrected),
    others: [...results.flatMap((r) => r.others), ...withoutBias(observed.decisions)],
  }
}

/** Ops that lose something by their weights, and have no such bias. */
function withoutBias(decisions: readonly Decision[]): NotCorrected[] {
  const found = new Map<string, NotCorrected>()
  for (const d of decisions) {
    const spec = findSpec(d.op)
    if (!storedAs(d) || !spec || placesOf(spec) || !spec.quant?.weights?.some((w) => w.operand === d.operand)) continue
    const layer = d.layer ?? d.tensor
    found.set(JSON.stringify([layer, d.op]), { layer, op: d.op, reason: `${spec.builtin} adds no bias to one product of its weights` })
  }
  return [...found.values()]
}

/** What the weights of an op became, or why that is not known. */
type StoredFor = (of: Weighted) => StoredAs | string

function correctGraph(
  graph: Graph,
  index: number,
  { means, range }: Observed,
  storedFor: StoredFor,
): { graph: Graph; corrected: CorrectedBias[]; others: NotCorrected[] } {
  const editor = new GraphEditor(graph)
  const corrected: CorrectedBias[] = []
  const others: NotCorrected[] = []
  const readers = new Map<number, number>()
  for (const id of graph.nodes.flatMap((n) => n.inputs)) if (id !== null) readers.set(id, (readers.get(id) ?? 0) + 1)
  for (const node of graph.nodes) {
    const of = weightedOf(editor, node)
    if (of === undefined) continue
    const result = graph.values.get(node.outputs[0]!)!
    const about = { layer: node.origin.source[0] ?? result.name, op: node.op }
    const shift = typeof of === 'string' ? of : shiftOf(of, storedFor(of), means.of(index, of.input, of.inputs))
    if (typeof of === 'string' || typeof shift === 'string') {
      others.push({ ...about, reason: shift as string })
      continue
    }
    const most = shift.reduce((a, s) => Math.max(a, Math.abs(s)), 0)
    const seen = range(index, result)
    const width = seen && seen[1] - seen[0]
    const bias = of.bias === undefined ? 'new' : readers.get(of.bias.id)! > 1 ? 'shared' : 'own'
    corrected.push({ ...about, channels: of.outputs, shift: most, ...(width && { share: most / width }), bias })
    const elements = of.bias && typedView('f32', of.bias.data!.bytes())
    const values = Float32Array.from(shift, (s, o) => (elements?.[o] ?? 0) - s)
    const { name, type } = of.bias ?? { name: `${result.name}/bias`, type: { dtype: 'f32', shape: [of.outputs] } as const }
    const made = editor.addConst(name, type, constFromBytes(bytesOf(values)))
    editor.updateNode(node, { inputs: withOperand(node, of.at.bias, made), origin: mergeOrigins([node.origin], rule) })
  }
  if (corrected.length > 0) editor.removeDead(() => true)
  return { graph: corrected.length > 0 ? editor.finish() : graph, corrected, others }
}

/** By how much each channel of the result moves, or why it is not corrected. */
function shiftOf(
  { bias, weights, at, node, outputs, shareOf, channelRead, each }: Weighted,
  stored: StoredAs | string,
  means: Float64Array | undefined,
) {
  if (typeof stored === 'string') return stored
  if (!means) return 'the means of what it reads are not known'
  if (!bias && !findSpec(node.op)!.operands[at.bias]!.optional) return 'it takes no bias'
  if (bias && !isFiniteConst(bias)) return 'its bias holds NaN or infinity'
  const float = typedView('f32', weights.data!.bytes())
  const value = storedValues(stored)
  const shift = new Float64Array(outputs)
  each((e, o, k) => {
    shift[o]! += (value(e) - float[e]!) * means[channelRead(o, k)]! * shareOf(e)
  })
  return shift
}

/** The operands of a node with another one at a position that may be behind their end. */
function withOperand({ inputs }: Node, at: number, value: Value): Node['inputs'] {
  return Array.from({ length: Math.max(inputs.length, at + 1) }, (_, i) => (i === at ? value.id : (inputs[i] ?? null)))
}
