import { member } from '../core/json.ts'
import { toFloat32 } from '../core/nd-array.ts'
import type { Dim } from '../core/shape.ts'
import type { SourceGraph } from '../import/source-graph.ts'
import type { Graph, Node, Value, ValueId } from '../ir/types.ts'

/** Lengths of sequences of which the size may be open. */
const lengthBound = 3

/** Ops that hand the elements of their first operand on. */
const carriers = new Set([
  'Cast',
  'Identity',
  'Reshape',
  'ExpandDims',
  'Squeeze',
  'StopGradient',
  'StridedSlice',
  'Transpose',
  'ConcatV2',
  'Tile',
])

/** For each input whose elements are indices, a number above all that are valid: rows of an embedding, classes of a one-hot. */
export function indexBounds(graph: SourceGraph): ReadonlyMap<string, number> {
  const bounds = new Map<string, number>()
  /** Which inputs the elements of a node come from. */
  const origins = new Map<number, ReadonlySet<string>>()
  for (const port of graph.inputs) origins.set(port.ref.node, new Set([port.name]))
  for (const [position, node] of graph.nodes.entries()) {
    const from = (i: number): Iterable<string> => (node.inputs[i] ? (origins.get(node.inputs[i].node) ?? []) : [])
    const constant = (i: number) => (node.inputs[i] ? graph.nodes[node.inputs[i].node]?.value : undefined)
    const bind = (names: Iterable<string>, bound: number | undefined): void => {
      for (const name of names) if (bound !== undefined && bound > 0) bounds.set(name, Math.min(bound, bounds.get(name) ?? bound))
    }
    const first = (value: ReturnType<typeof constant>): number | undefined =>
      value && value.dtype !== 'string' ? toFloat32({ dtype: value.dtype, shape: value.shape, bytes: value.data.bytes() })?.[0] : undefined
    if (carriers.has(node.op)) origins.set(position, new Set(node.inputs.flatMap((_, i) => [...from(i)])))
    else if (node.op === 'GatherV2' || node.op === 'Gather') {
      const axis = node.op === 'Gather' ? 0 : (first(constant(2)) ?? 0)
      bind(from(1), constant(0)?.shape.at(axis))
    } else if (node.op === 'OneHot') bind(from(0), first(constant(1)))
    else if (node.op === 'ReverseSequence') bind(from(1), lengthBound)
    else if (node.keras?.layer.className === 'Embedding') bind(from(0), node.keras.layer.weights.get('embeddings')?.shape[0])
    else if (node.keras) {
      const tokens = member(node.keras.layer.config, 'num_tokens')
      if (typeof tokens === 'number') bind(from(0), tokens)
    }
  }
  return bounds
}

const carrierOps = new Set(['cast', 'reshape', 'expand_dims', 'squeeze', 'strided_slice', 'transpose', 'concatenation', 'tile'])
interface Indexed {
  /** The operand that holds indices. */
  readonly operand: number
  /** What they are below. */
  readonly bound: (node: Node, value: (operand: number) => Value | undefined) => Dim | undefined
}
const indexed: Readonly<Record<string, Indexed>> = Object.assign(Object.create(null), {
  gather: { operand: 1, bound: ({ attrs }, value) => value(0)?.type.shape.at(attrs.axis as number) },
  embedding_lookup: { operand: 0, bound: (_, value) => value(1)?.type.shape[0] },
  one_hot: { operand: 0, bound: (_, value) => firstOf(value(1)) },
  reverse_sequence: { operand: 1, bound: () => lengthBound },
} satisfies Record<string, Indexed>)

/** The same for a graph of operators: a bound for each of its inputs whose elements are indices. */
export function graphIndexBounds(graph: Graph): ReadonlyMap<ValueId, number> {
  const bounds = new Map<ValueId, number>()
  const origins = new Map<ValueId, ReadonlySet<ValueId>>(graph.inputs.map((id) => [id, new Set([id])]))
  const from = (id: ValueId | null | undefined): readonly ValueId[] => (id == null ? [] : [...(origins.get(id) ?? [])])
  for (const node of graph.nodes) {
    if (carrierOps.has(node.op)) origins.set(node.outputs[0]!, new Set(node.inputs.flatMap(from)))
    const reads = indexed[node.op]
    const bound = reads?.bound(node, (i) => graph.values.get(node.inputs[i] ?? -1))
    if (!reads || typeof bound !== 'number' || bound <= 0) continue
    for (const id of from(node.inputs[reads.operand])) bounds.set(id, Math.min(bound, bounds.get(id) ?? bound))
  }
  return bounds
}

function firstOf(value: Value | undefined): number | undefined {
  return value?.data
    ? toFloat32({ dtype: value.type.dtype, shape: value.type.shape as number[], bytes: value.data.bytes() })?.[0]
    : undefined
}
