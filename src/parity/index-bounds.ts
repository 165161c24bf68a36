import { member } from '../core/json.ts'
import { toFloat32 } from '../core/nd-array.ts'
import type { Dim } from '../core/shape.ts'
import type { SourceGraph, SourceNode } from '../import/source-graph.ts'
import type { Graph, Node, Value, ValueId } from '../ir/types.ts'
import { followInputs, type Walk, walkOf } from './follow-inputs.ts'

/** Lengths of sequences of which the size may be open. */
const lengthBound = 3

/** An operand that holds indices, and what they are below. */
interface Indexed {
  readonly operand: number
  readonly bound: Dim | undefined
}

/** For each input of a walk whose elements are indices, a number above all that are valid: rows of an embedding, classes of a one-hot. */
function boundsOf<Node, Value, Input>(
  walk: Pick<Walk<Node, Value, Input>, 'inputs' | 'nodes' | 'handsOn'>,
  indexed: (node: Node) => Indexed | undefined,
): ReadonlyMap<Input, number> {
  const bounds = new Map<Input, number>()
  followInputs({
    ...walk,
    read(node, operand, from) {
      const of = indexed(node)
      if (of?.operand !== operand || typeof of.bound !== 'number' || of.bound <= 0) return
      for (const input of from) bounds.set(input, Math.min(of.bound, bounds.get(input) ?? of.bound))
    },
  })
  return bounds
}

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

/** Of a source graph, by the names of its inputs. */
export function indexBounds(graph: SourceGraph): ReadonlyMap<string, number> {
  return boundsOf({ ...walkOf(graph), handsOn: ({ op }) => carriers.has(op) }, (node) => indexedBy(graph, node))
}

function indexedBy({ nodes }: SourceGraph, { op, inputs, keras }: SourceNode): Indexed | undefined {
  const constant = (i: number) => (inputs[i] ? nodes[inputs[i].node]?.value : undefined)
  const first = (i: number): number | undefined => {
    const value = constant(i)
    return value && value.dtype !== 'string'
      ? toFloat32({ dtype: value.dtype, shape: value.shape, bytes: value.data.bytes() })?.[0]
      : undefined
  }
  switch (op) {
    case 'Gather':
      return { operand: 1, bound: constant(0)?.shape[0] }
    case 'GatherV2':
      return { operand: 1, bound: constant(0)?.shape.at(first(2) ?? 0) }
    case 'OneHot':
      return { operand: 0, bound: first(1) }
    case 'ReverseSequence':
      return { operand: 1, bound: lengthBound }
  }
  if (!keras) return undefined
  if (keras.layer.className === 'Embedding') return { operand: 0, bound: keras.layer.weights.get('embeddings')?.shape[0] }
  const tokens = member(keras.layer.config, 'num_tokens')
  return typeof tokens === 'number' ? { operand: 0, bound: tokens } : undefined
}

const carrierOps = new Set(['cast', 'reshape', 'expand_dims', 'squeeze', 'strided_slice', 'transpose', 'concatenation', 'tile'])
type Bound = (node: Node, value: (operand: number) => Value | undefined) => Dim | undefined
const indexed: Readonly<Record<string, readonly [operand: number, Bound]>> = Object.assign(Object.create(null), {
  gather: [1, ({ attrs }, value) => value(0)?.type.shape.at(attrs.axis as number)],
  embedding_lookup: [0, (_, value) => value(1)?.type.shape[0]],
  one_hot: [0, (_, value) => firstOf(value(1))],
  reverse_sequence: [1, () => lengthBound],
} satisfies Record<string, readonly [number, Bound]>)

/** Of a graph of operators. */
export function graphIndexBounds(graph: Graph): ReadonlyMap<ValueId, number> {
  const nodes = graph.nodes.map((node) => [node, node.inputs.map((id) => id ?? undefined), node.outputs[0]!] as const)
  return boundsOf({ inputs: graph.inputs.map((id) => [id, id] as const), nodes, handsOn: ({ op }: Node) => carrierOps.has(op) }, (node) => {
    const [operand, bound] = indexed[node.op] ?? []
    return operand === undefined ? undefined : { operand, bound: bound!(node, (i) => graph.values.get(node.inputs[i] ?? -1)) }
  })
}

function firstOf(value: Value | undefined): number | undefined {
  return value?.data
    ? toFloat32({ dtype: value.type.dtype, shape: value.type.shape as number[], bytes: value.data.bytes() })?.[0]
    : undefined
}
