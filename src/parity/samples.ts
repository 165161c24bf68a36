import type { DType } from '../core/dtype.ts'
import { toHalf } from '../core/half.ts'
import { member } from '../core/json.ts'
import { type NdArray, toFloat32 } from '../core/nd-array.ts'
import type { SourceGraph, SourcePort } from '../import/source-graph.ts'
import { encodeElements, fnv1a, seededRandom } from '../ir/synthetic.ts'
import type { SampleKind } from './types.ts'

/*
 * Inputs to compare on, the same for the same model: random ones, and values at which ops change their ways.
 */

/** Zeros of both signs, halves that round to even and away from it, knees of activations, large and small magnitudes. */
const edges = [0, -0, 1, -1, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 3, -3, 6, -6, 6.5, -7, 1e-6, -1e-6, 64, -64] as const

/**
 * Values for an input, one kind for each row of the first axis where there are several; undefined for types that are not plain numbers.
 * `bound` is above every index the input may hold.
 */
export function sampleOf(
  port: SourcePort,
  shape: readonly number[],
  kinds: readonly SampleKind[],
  bound: number | undefined,
): NdArray | undefined {
  const { dtype } = port
  if (!dtype) return undefined
  const count = shape.reduce((n, d) => n * d, 1) / kinds.length
  const values: number[] = []
  for (const kind of kinds) {
    const draw = drawOf(dtype, kind, seededRandom(fnv1a(`${port.name} ${kind}`)), bound)
    if (!draw) return undefined
    for (let i = 0; i < count; i++) values.push(draw(i))
  }
  if (dtype === 'f16') return { dtype, shape, bytes: new Uint8Array(toHalf(Float32Array.from(values)).buffer) }
  return { dtype, shape, bytes: encodeElements(dtype, values) }
}

function drawOf(dtype: DType, kind: SampleKind, next: () => number, bound: number | undefined): ((i: number) => number) | undefined {
  const between = (low: number, high: number) => () => low + Math.floor(next() * (high - low + 1))
  if (kind === 'zero') return () => 0
  // Indices may come as floats.
  if (bound !== undefined && dtype !== 'bool') return kind === 'edge' ? (i) => (i % 2 === 0 ? bound - 1 : 0) : between(0, bound - 1)
  switch (dtype) {
    case 'f32':
    case 'f16':
    case 'f64':
      if (kind === 'edge') return (i) => edges[i % edges.length]!
      return kind === 'uniform' ? next : () => normal(next)
    case 'bool':
      return () => (next() < 0.5 ? 0 : 1)
    case 'u8':
    case 'u16':
    case 'u32':
    case 'i8':
    case 'i16':
    case 'i32':
    case 'i64': {
      if (kind === 'uniform') return between(1, 2)
      const isSigned = dtype.startsWith('i')
      if (dtype === 'u8' || dtype === 'i8') return isSigned ? between(-128, 127) : between(0, 255)
      return kind === 'edge' ? (i) => [1, 0, 2, isSigned ? -1 : 3][i % 4]! : between(isSigned ? -8 : 0, 8)
    }
    default:
      return undefined
  }
}

/** @see Box and Muller, A Note on the Generation of Random Normal Deviates (1958) */
function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
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
    // Lengths of sequences of which the size may be open.
    else if (node.op === 'ReverseSequence') bind(from(1), 3)
    else if (node.keras?.layer.className === 'Embedding') bind(from(0), node.keras.layer.weights.get('embeddings')?.shape[0])
    else if (node.keras) {
      const tokens = member(node.keras.layer.config, 'num_tokens')
      if (typeof tokens === 'number') bind(from(0), tokens)
    }
  }
  return bounds
}
