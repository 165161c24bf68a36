import { bytesOf, type DType, typedView } from '../core/dtype.ts'
import { encodeElements } from '../core/elements.ts'
import { type NdArray, sizeOf, toFloat32 } from '../core/nd-array.ts'
import { seededRandom } from '../ir/synthetic.ts'
import { findSpec } from '../ops/index.ts'
import type { Disturbance } from '../ops/interpret.ts'
import { rounds, unitRoundoff } from '../ops/rounding.ts'
import type { NodeEvaluator } from './node-evaluator.ts'

/*
 * How far rounding may take a model is measured: in an evaluation where each op that rounds is given operands, and gives results, that are
 * some roundings off. Where a difference of near equals is divided by, a tie is broken or a sum cancels, that moves the outputs far.
 */

/** Of an element. Kernels approximate exponentials and the like within a few units. */
const step = 4 * unitRoundoff

/** Below it some kernels give zero: the smallest normal number of float32, with room for what it is scaled by. */
const tiny = 2 ** -122

/** The array with each float32 element moved by up to `amount` of itself, tiny ones to zero as often as not; other types as they are. */
export function moved(array: NdArray, amount: number, next: () => number): NdArray {
  if (array.dtype !== 'f32') return array
  const values = typedView('f32', array.bytes)
  const to = new Float32Array(values.length)
  for (let i = 0; i < to.length; i++) {
    const x = values[i]!
    to[i] = Math.abs(x) < tiny && next() < 0.5 ? 0 : x * (1 + amount * (2 * next() - 1))
  }
  return { ...array, bytes: bytesOf(to) }
}

/** What an op reads and gives, with as many roundings off as sums have on the way: the square root of their terms, a random walk. */
interface Roundings {
  operands(op: string, operands: readonly NdArray[]): readonly NdArray[]
  operands(op: string, operands: readonly (NdArray | null)[]): readonly (NdArray | null)[]
  result(op: string, operands: readonly (NdArray | null)[], result: NdArray): NdArray
}

function roundingsOf(seed: number): Roundings {
  const next = seededRandom(seed)
  const by = <T extends NdArray | null>(array: T, terms: number): T => (array && moved(array, step * Math.sqrt(terms), next)) as T
  return {
    operands<T extends NdArray | null>(op: string, operands: readonly T[]): readonly T[] {
      // Numbers computed in two ways are equal by chance, which moving them apart never shows.
      if (equality.test(op)) return next() < 0.5 ? operands.map((o) => o && coarse(o)) : operands
      return operands.map((o) => by(o, productTerms(op, operands)))
    },
    result(op, operands, result) {
      const relative = by(result, Math.max(productTerms(op, operands), reducedTerms(operands, result)))
      return aroundOne.test(op) ? shifted(relative, step, next) : relative
    },
  }
}

const equality = /^(not_?)?equal$/i

/** Ops that files have as formulas of numbers about 1, off by its roundings however small the result. */
const aroundOne = /^(Acos|Acosh|Asin|Asinh|Atan|Atanh|Erf|Erfc|Expm1|Log1p|Sinh|Softplus|Tan)$/

/** The array with each float32 element moved by up to `amount`. */
function shifted(array: NdArray, amount: number, next: () => number): NdArray {
  if (array.dtype !== 'f32') return array
  return { ...array, bytes: bytesOf(typedView('f32', array.bytes).map((x) => x + amount * (2 * next() - 1))) }
}

/** The array with the last bits of each float32 element cleared, so that most that are near are equal. */
function coarse<T extends NdArray>(array: T): T {
  if (array.dtype !== 'f32') return array
  const bits = typedView('i32', array.bytes).map((b) => (b + (1 << (coarseBits - 1))) & -(1 << coarseBits))
  return { ...array, bytes: bytesOf(bits) }
}
const coarseBits = 10

/** Products that are summed into an element of the result. */
function productTerms(op: string, [x, w]: readonly (NdArray | null)[]): number {
  if (!x || !w || !/conv|mat_?mul|einsum|fully_connected/i.test(op)) return 1
  const last = x.shape.at(-1) ?? 1
  if (/depthwise/i.test(op)) return Math.max(1, sizeOf(w) / last)
  return Math.max(1, /conv/i.test(op) ? sizeOf(w) / Math.max(w.shape[0] ?? 1, w.shape.at(-1) ?? 1) : last)
}

/** Elements that are summed into one, where the result has fewer than the operand. */
function reducedTerms([x]: readonly (NdArray | null)[], result: NdArray): number {
  return x ? Math.max(1, sizeOf(x) / Math.max(1, sizeOf(result))) : 1
}

const isHalf = ({ dtype }: NdArray): boolean => dtype === 'f16' || dtype === 'bf16'

const widened = (array: NdArray): NdArray =>
  isHalf(array) ? { dtype: 'f32', shape: array.shape, bytes: bytesOf(toFloat32(array)!) } : array

const narrowed = ({ shape, bytes }: NdArray, dtype: DType): NdArray => ({
  dtype,
  shape,
  bytes: encodeElements(dtype, Array.from(typedView('f32', bytes))),
})

/**
 * The evaluator on nodes of TensorFlow's that round, drawn by `seed`. Halves are computed in float32 and rounded, as files do it: what is
 * near the middle of two goes either way.
 */
export function roundingEvaluator(inner: NodeEvaluator, seed: number): NodeEvaluator {
  const roundings = roundingsOf(seed)
  return {
    name: inner.name,
    async evaluate(node, operands, outputs) {
      const { op } = node
      const half = operands.find(isHalf)?.dtype
      if (exact.has(op) || !(half || operands.some((o) => o.dtype === 'f32'))) return inner.evaluate(node, operands, outputs)
      const wide = half ? operands.map(widened) : operands
      const results = await inner.evaluate(node, roundings.operands(op, wide), outputs)
      if (!results) return half && inner.evaluate(node, operands, outputs)
      const rounded = (r: NdArray): NdArray => roundings.result(op, wide, r)
      return new Map(Array.from(results, ([i, r]) => [i, half && r.dtype === 'f32' ? narrowed(rounded(r), half) : rounded(r)]))
    },
  }
}

/** The same for the operators of a graph. */
export function roundingDisturbance(seed: number): Disturbance {
  const roundings = roundingsOf(seed)
  return {
    operands: ({ op }, operands) => (rounds(findSpec(op)) || equality.test(op) ? roundings.operands(op, operands) : operands),
    results: ({ op }, operands, results) => (rounds(findSpec(op)) ? results.map((r) => roundings.result(op, operands, r)) : results),
  }
}

/** TensorFlow's ops that move, choose or compare elements, or give integers and halves that float32 has. */
const exact: ReadonlySet<string> = new Set(
  `Abs All Any ArgMax ArgMin BatchToSpaceND Bitcast BroadcastArgs BroadcastTo Cast Ceil ClipByValue Complex Concat ConcatV2 Const Cummax
  DepthToSpace DynamicPartition DynamicStitch Empty EnsureShape ExpandDims Fill Floor Gather GatherNd GatherV2 Greater GreaterEqual Imag
  IsFinite IsInf IsNan Less LessEqual LinSpace LogicalAnd LogicalNot LogicalOr LowerBound MatrixBandPart MatrixDiag MatrixDiagPart
  MatrixDiagPartV2 MatrixDiagPartV3 MatrixDiagV2 MatrixDiagV3 MatrixSetDiag MatrixSetDiagV2 MatrixSetDiagV3 Max MaxPool MaxPoolV2
  MaxPoolWithArgmax Maximum Min Minimum MirrorPad Neg OneHot OnesLike Pack Pad PadV2 ParallelDynamicStitch Range Rank Real Relu
  Relu6 Reshape ResizeNearestNeighbor Reverse ReverseSequence ReverseV2 Rint Roll Round ScatterNd Select SelectV2 Shape ShapeN Sign Size
  Slice SpaceToBatchND SpaceToDepth Split SplitV Squeeze StridedSlice TensorScatterMax TensorScatterMin TensorScatterUpdate Tile TopK TopKV2
  Transpose Unique UniqueV2 UniqueWithCounts UniqueWithCountsV2 Unpack UpperBound Where ZerosLike`.split(/\s+/),
)
