import { isJsonObject, type Json, type JsonObject, member } from '../../core/json.ts'
import type { KerasCall, SourceGraph, SourceNode, SourceRef } from '../../import/source-graph.ts'

/*
 * Keras hands masks from layer to layer beside the tensors. Here they become tensors of the graph: nodes that compute them, and
 * arguments of the layers that use them, as if the user had passed them.
 * @see https://keras.io/guides/understanding_masking_and_padding
 */

/** Nodes that compute masks; their inputs are those of the layer, in `Merge.mask` and `Concatenate.mask` masks beside them. */
export type MaskOp = 'Embedding.mask' | 'Masking.mask' | 'Merge.mask' | 'Concatenate.mask'

const passes: ReadonlySet<string> = new Set(
  [
    ['Activation', 'ReLU', 'LeakyReLU', 'PReLU', 'ELU', 'Softmax', 'ThresholdedReLU', 'Dense', 'Identity', 'ActivityRegularization'],
    ['Dropout', 'SpatialDropout1D', 'SpatialDropout2D', 'SpatialDropout3D', 'GaussianNoise', 'GaussianDropout', 'AlphaDropout'],
    ['BatchNormalization', 'SyncBatchNormalization', 'LayerNormalization', 'GroupNormalization', 'UnitNormalization'],
    ['Attention', 'AdditiveAttention', 'MultiHeadAttention', 'GroupQueryAttention', 'GroupedQueryAttention'],
    ['TimeDistributed.unfold'],
  ].flat(),
)
/** These pass masks in Keras 3 alone. */
const passesIn3: ReadonlySet<string> = new Set(['Rescaling', 'Normalization'])
const recurrent: ReadonlySet<string> = new Set([
  'LSTM',
  'GRU',
  'SimpleRNN',
  'RNN',
  'Bidirectional',
  'ConvLSTM1D',
  'ConvLSTM2D',
  'ConvLSTM3D',
])
const merges: ReadonlySet<string> = new Set(['Add', 'Subtract', 'Multiply', 'Average', 'Maximum', 'Minimum'])
/** In Keras 3 elements that a mask hides do not count in these. */
const mergesMasked: ReadonlySet<string> = new Set(['Multiply', 'Maximum', 'Minimum'])
/** Layers that take one mask for their tensor, or a list of masks for a list. */
const takesMask: ReadonlySet<string> = new Set(['GlobalAveragePooling1D', 'Softmax', 'Attention', 'AdditiveAttention', ...recurrent])
/** Layers that take a mask by the name of each tensor, in the order of their arguments. */
const takesNamed: ReadonlyMap<string, readonly string[]> = new Map(
  ['MultiHeadAttention', 'GroupQueryAttention', 'GroupedQueryAttention'].map((name) => [name, ['query', 'value', 'key']]),
)

type Maker = () => SourceRef

/** The same graph with masks as tensors; the graph itself when there are none. */
export function withMasks(graph: SourceGraph): SourceGraph {
  if (!graph.nodes.some(startsMask)) return graph
  const nodes: SourceNode[] = []
  const moved: number[] = []
  const masks = new Map<string, Maker>()
  const at = (ref: SourceRef): SourceRef => ({ node: moved[ref.node]!, output: ref.output })
  const same = new Map<string, string>()
  const keyOf = (ref: SourceRef): string => same.get(`${ref.node}:${ref.output}`) ?? `${ref.node}:${ref.output}`

  /** A mask made when something asks for it, once. */
  const make = (op: MaskOp, from: SourceNode, inputs: readonly SourceRef[], given: readonly (Maker | undefined)[] = []): Maker => {
    let made: SourceRef | undefined
    return () => {
      if (made) return made
      const refs = [...inputs]
      const mask = given.map((m): Json => (m ? { input: refs.push(m()) - 1 } : null))
      const args: Json[] = op === 'Merge.mask' || op === 'Concatenate.mask' ? [inputs.map((_, i) => ({ input: i }))] : [{ input: 0 }]
      nodes.push({ ...from, name: `${from.name}/mask`, op, inputs: refs, keras: { ...from.keras!, args, kwargs: { mask } } })
      made = { node: nodes.length - 1, output: 0 }
      return made
    }
  }

  for (const i of asRun(graph)) {
    const node = graph.nodes[i]!
    const inputs = node.inputs.map(at)
    const found = inputs.map((ref) => masks.get(keyOf(ref)))
    const call = node.keras && found.some(Boolean) ? withArguments(node.op, node.keras, found, inputs) : undefined
    nodes.push(call ? { ...node, inputs: call.inputs, keras: call.keras } : { ...node, inputs })
    moved[i] = nodes.length - 1
    if (!node.keras) continue
    const result = resultMask(nodes[moved[i]]!, inputs, found, make)
    if (forgets(node)) for (const ref of inputs) masks.delete(keyOf(ref))
    if (givesBack.has(node.op) && node.keras.layer.version === 3 && inputs[0] && found[0] === result) {
      same.set(`${moved[i]}:0`, keyOf(inputs[0]))
    }
    if (result) masks.set(keyOf({ node: moved[i], output: 0 }), result)
  }
  const ports = <P extends { readonly ref: SourceRef }>(list: readonly P[]): P[] => list.map((p) => ({ ...p, ref: at(p.ref) }))
  return { ...graph, nodes, inputs: ports(graph.inputs), outputs: ports(graph.outputs) }
}

/** In Keras 3 this layer takes the masks off its tensors, so that layers run after it see none. */
const forgets = ({ op, keras }: SourceNode): boolean => op === 'MultiHeadAttention' && keras?.layer.version === 3

/** These give back the tensor itself, with the mask on it. */
const givesBack: ReadonlySet<string> = new Set([
  'Dropout',
  'SpatialDropout1D',
  'SpatialDropout2D',
  'SpatialDropout3D',
  'GaussianNoise',
  'GaussianDropout',
  'AlphaDropout',
  'Identity',
  'ActivityRegularization',
])

/** Nodes in the order that Keras 3 runs them, those furthest from the outputs first, where that tells. @see keras Function */
function asRun(graph: SourceGraph): readonly number[] {
  const order = graph.nodes.map((_, i) => i)
  if (!graph.nodes.some(forgets)) return order
  const depth = order.map(() => 0)
  for (let i = order.length - 1; i >= 0; i--)
    for (const { node } of graph.nodes[i]!.inputs) depth[node] = Math.max(depth[node]!, depth[i]! + 1)
  return order.sort((i, j) => depth[j]! - depth[i]! || j - i)
}

function startsMask(node: SourceNode): boolean {
  if (node.op === 'Masking') return true
  const isTable = node.op === 'Embedding' || (node.op === 'ReversibleEmbedding' && !isReversed(node))
  return isTable && member(node.keras?.layer.config ?? {}, 'mask_zero') === true
}

/** Whether a table is asked for likelihoods, not for rows. */
const isReversed = ({ keras }: SourceNode): boolean => (keras?.args[1] ?? member(keras?.kwargs ?? {}, 'reverse')) === true

/** The mask of a node's result, as its class computes it. */
function resultMask(
  node: SourceNode,
  inputs: readonly SourceRef[],
  found: readonly (Maker | undefined)[],
  make: (op: MaskOp, from: SourceNode, inputs: readonly SourceRef[], given?: readonly (Maker | undefined)[]) => Maker,
): Maker | undefined {
  const { op, keras } = node
  if (startsMask(node)) return make(op === 'Masking' ? 'Masking.mask' : 'Embedding.mask', node, inputs)
  if (op === 'TimeDistributed.unfold') return found[1]
  if (passes.has(op) || (passesIn3.has(op) && keras!.layer.version === 3)) return explicitMask(node) ?? found[0]
  if (recurrent.has(op)) return returnsSequences(keras!.layer.config) ? (explicitMask(node) ?? found[0]) : undefined
  if (merges.has(op)) {
    // Keras 2 takes a missing mask for true, Keras 3 for no mask at all.
    const isMasked = keras!.layer.version === 2 ? found.some(Boolean) : found.every(Boolean)
    return found.length > 0 && isMasked ? make('Merge.mask', node, inputs, found) : undefined
  }
  if (op === 'Concatenate') return found.some(Boolean) ? make('Concatenate.mask', node, inputs, found) : undefined
  return undefined
}

/** A mask that the call states itself is the one that goes on. */
function explicitMask(node: SourceNode): Maker | undefined {
  const stated = member(node.keras!.kwargs, 'mask')
  const first = Array.isArray(stated) ? (stated as readonly Json[])[0] : stated
  const i = first !== undefined && isJsonObject(first) ? member(first, 'input') : undefined
  const ref = typeof i === 'number' ? node.inputs[i] : undefined
  return ref && (() => ref)
}

function returnsSequences(config: JsonObject): boolean {
  const inner = member(config, 'layer')
  const own = inner !== undefined && isJsonObject(inner) ? member(inner, 'config') : config
  return own !== undefined && isJsonObject(own) && member(own, 'return_sequences') === true
}

/** The call with masks among its keyword arguments, unless it states them; undefined for a layer that takes none. */
function withArguments(
  op: string,
  call: KerasCall,
  found: readonly (Maker | undefined)[],
  inputs: readonly SourceRef[],
): { readonly keras: KerasCall; readonly inputs: readonly SourceRef[] } | undefined {
  const refs = [...inputs]
  const add = (m: Maker | undefined): Json => (m ? { input: refs.push(m()) - 1 } : null)
  const stated = (name: string): boolean => {
    const v = member(call.kwargs, name)
    return v !== undefined && v !== null
  }
  const maskAt = (v: Json | undefined): Maker | undefined => {
    const i = v !== undefined && isJsonObject(v!) ? member(v, 'input') : undefined
    return typeof i === 'number' ? found[i] : undefined
  }
  const names = takesNamed.get(op)
  if (names) {
    const kwargs: { [name: string]: Json } = { ...call.kwargs }
    for (const [position, name] of names.entries()) {
      const mask = maskAt(call.args[position] ?? member(call.kwargs, name))
      if (mask && !stated(`${name}_mask`)) kwargs[`${name}_mask`] = add(mask)
    }
    return { keras: { ...call, kwargs }, inputs: refs }
  }
  const isMerged = mergesMasked.has(op) && call.layer.version === 3
  const takes = takesMask.has(op) || isMerged
  if (!takes || stated('mask') || (call.args[1] ?? null) !== null) return undefined
  const [first] = call.args
  const mask =
    Array.isArray(first) && (op.endsWith('Attention') || isMerged)
      ? first.map((a) => add(maskAt(a as Json)))
      : add(maskAt(Array.isArray(first) ? (first[0] as Json) : first))
  return { keras: { ...call, kwargs: { ...call.kwargs, mask } }, inputs: refs }
}
