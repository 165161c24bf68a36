import type { DType } from '../../core/dtype.ts'
import type { Dim } from '../../core/shape.ts'
import { int, strings, types } from '../node-attrs.ts'
import type { SourceGraph, SourceNode, SourcePort, SourceRef } from '../source-graph.ts'
import type { Definitions } from './definitions.ts'
import type { GraphNode } from './graph-node.ts'
import { inputShapes } from './ports.ts'
import { behind, placeholder, placeOf, reached, type Stand, uniqueName } from './prune.ts'

/*
 * Signatures that take serialized `tf.Example`s, which LiteRT does not parse: what is parsed becomes the inputs.
 * @see https://www.tensorflow.org/api_docs/python/tf/raw_ops/ParseExampleV2
 */

const parsers = /^Parse(SingleExample|Example(V2)?)$/

/** Whether a file parses examples. */
export function parsesExamples(nodes: ReadonlyMap<string, GraphNode>, definitions: Definitions): boolean {
  const has = (of: ReadonlyMap<string, GraphNode>): boolean => [...of.values()].some((n) => parsers.test(n.op))
  return has(nodes) || definitions.functionNames().some((name) => has(definitions.function(name)!.nodes))
}

/** One tensor of those that a node parses. */
interface Feature {
  readonly key: string
  readonly kind: 'dense' | 'sparse' | 'ragged'
  readonly dtype: DType | undefined
  /** Behind the batch; undefined where the file does not state it. */
  readonly dims: readonly number[] | undefined
}

/** What an output of a parser is; undefined where the file does not say. */
function featureOf(nodes: readonly SourceNode[], node: SourceNode, output: number): Feature | undefined {
  const keysAt = (operand: number, count?: number): readonly (string | undefined)[] => {
    if (count !== undefined) return Array.from({ length: count }, (_, i) => keysAt(operand + i)[0])
    const ref = node.inputs[operand]
    const value = ref && nodes[ref.node]?.value
    return value?.dtype === 'string' ? value.strings.map((s) => new TextDecoder().decode(s)) : []
  }
  const isSingle = node.op === 'ParseSingleExample'
  const isFirst = node.op === 'ParseExample'
  const sparse = int(node, isFirst ? 'Nsparse' : 'num_sparse')
  const dense = types(node, 'Tdense')
  const at = output - 3 * sparse
  if (at < 0) {
    const keys = isSingle ? strings(node, 'sparse_keys') : keysAt(2, isFirst ? sparse : undefined)
    const key = keys[output % sparse]
    return key === undefined ? undefined : { key, kind: 'sparse', dtype: undefined, dims: undefined }
  }
  if (at < dense.length) {
    const keys = isSingle ? strings(node, 'dense_keys') : isFirst ? keysAt(2 + sparse, dense.length) : keysAt(3)
    const key = keys[at]
    const shapes = node.attrs.get('dense_shapes')
    return key === undefined
      ? undefined
      : { key, kind: 'dense', dtype: dense[at], dims: shapes?.kind === 'shapes' ? shapes.value[at] : undefined }
  }
  const ragged = types(node, 'ragged_value_types').length
  const key = ragged > 0 ? keysAt(4)[(at - dense.length) % ragged] : undefined
  return key === undefined ? undefined : { key, kind: 'ragged', dtype: undefined, dims: undefined }
}

function isNumber({ kind, dtype }: Feature): boolean {
  return kind === 'dense' && dtype !== undefined && dtype !== 'string'
}

/** Parsed tensors that something takes. */
function* taken(graph: SourceGraph): Generator<readonly [SourceRef, Feature]> {
  const isReached = reached(
    graph.nodes,
    graph.outputs.map((p) => p.ref.node),
  )
  const refs = graph.nodes.flatMap((n, i) => (isReached[i] ? n.inputs : []))
  for (const ref of [...refs, ...graph.outputs.map((p) => p.ref)]) {
    const node = graph.nodes[ref.node]!
    const feature = parsers.test(node.op) ? featureOf(graph.nodes, node, ref.output) : undefined
    if (feature) yield [ref, feature]
  }
}

/** Those that become inputs, each once, in the order of the file. */
function numbersTaken(graph: SourceGraph): (readonly [SourceRef, Feature & { readonly dtype: DType }])[] {
  const found = new Map<string, readonly [SourceRef, Feature & { readonly dtype: DType }]>()
  for (const [ref, feature] of taken(graph)) {
    const { dtype } = feature
    if (isNumber(feature) && dtype !== undefined) found.set(placeOf(ref), [ref, { ...feature, dtype }])
  }
  return [...found.values()].sort(([x], [y]) => x.node - y.node || x.output - y.output)
}

const isString = (p: SourcePort): boolean => p.dtype === 'string'

/**
 * The graph with dense features of numbers as inputs called by their keys, in place of strings that are read no more; with the names of
 * these. The same graph where nothing is parsed, or no string is read less.
 */
export function withParsedFeatures(graph: SourceGraph): {
  readonly graph: SourceGraph
  readonly strings: readonly string[]
  readonly features: readonly string[]
} {
  const none = { graph, strings: [], features: [] }
  if (!graph.inputs.some(isString)) return none
  const names = new Set(graph.nodes.map((n) => n.name))
  const ports = new Set(graph.inputs.filter((p) => !isString(p)).map((p) => p.name))
  const before: Stand[] = []
  const parsedPorts: {
    readonly name: string
    readonly dtype: DType
    readonly dims: readonly number[] | undefined
    readonly batch: Dim | undefined
  }[] = []
  for (const [ref, { key, dtype, dims: inner }] of numbersTaken(graph)) {
    const name = uniqueName(key, ports)
    const batch = batchOf(graph, graph.nodes[ref.node]!)
    const dims = inner && [...(batch === undefined ? [] : [typeof batch === 'number' ? batch : -1]), ...inner]
    before.push({ of: ref, node: placeholder(uniqueName(name, names), name, dtype, dims) })
    parsedPorts.push({ name, dtype, dims, batch })
  }
  if (before.length === 0) return none
  const cut = behind(graph, before)
  const isRead = reached(
    cut.nodes,
    cut.nodes.flatMap((n, i) => (n.hasEffect || cut.outputs.some((p) => p.ref.node === i) ? [i] : [])),
  )
  const strings = cut.inputs.filter((p) => isString(p) && !isRead[p.ref.node])
  if (strings.length === 0) return none
  // Beside others of an open size none is called as if it were the only one.
  const shapes = inputShapes([...parsedPorts, ...['', ''].map((name) => ({ name, dims: [-1] }))], false)
  const parsed = parsedPorts.map(({ name, dtype, batch }, i): SourcePort => {
    const shape = batch === undefined ? shapes[i] : shapes[i] && [batch, ...shapes[i].slice(1)]
    return { name, tensorName: name, ref: { node: i, output: 0 }, dtype, shape }
  })
  return {
    graph: { ...cut, inputs: [...cut.inputs.filter((p) => !strings.includes(p)), ...parsed] },
    strings: strings.map((p) => p.name),
    features: parsed.map((p) => p.name),
  }
}

/** The size that everything parsed leads with: that of the strings; undefined for a single one. */
function batchOf(graph: SourceGraph, node: SourceNode): Dim | undefined {
  if (node.op === 'ParseSingleExample') return undefined
  let [source] = node.inputs
  for (let at = source && graph.nodes[source.node]; at?.op === 'Identity'; at = source && graph.nodes[source.node]) [source] = at.inputs
  const port = graph.inputs.find((p) => p.ref.node === source?.node)
  if (port?.shape) return port.shape[0]
  return graph.inputs.some((p) => p.shape?.includes('N')) ? 'examples' : 'N'
}

/** What graphs parse that are no dense numbers: `"city" (strings)`. */
export function unparsedFeatures(graph: SourceGraph): readonly string[] {
  const words = [...taken(graph)].flatMap(([, f]) =>
    isNumber(f) ? [] : [`${JSON.stringify(f.key)} (${f.kind === 'dense' ? 'strings' : f.kind})`],
  )
  return [...new Set(words)]
}
