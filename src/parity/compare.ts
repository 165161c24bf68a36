import { isInteger, isViewable, typedView } from '../core/dtype.ts'
import { type NdArray, toFloat32 } from '../core/nd-array.ts'
import type { Graph } from '../ir/types.ts'
import { roundingDeviation, unitRoundoff } from '../ops/rounding.ts'
import type { Noise } from './noise.ts'

export interface Difference {
  /** Largest difference of two elements; infinite where one is not a number. */
  readonly largest: number
  /** The same as a share of what is allowed for that element. */
  readonly share: number
  /** Elements beyond their tolerance. */
  readonly beyond: number
  /** The element with the largest share. */
  readonly worst?: { readonly index: number; readonly found: number; readonly expected: number; readonly allowed: number }
}

/** What two arrays differ in besides their elements; undefined when they can be compared. Integer types of any width are one kind. */
export function differentKind(found: NdArray, expected: NdArray): string | undefined {
  const kind = ({ dtype }: NdArray) => (isInteger(dtype) ? 'integer' : dtype)
  if (kind(found) === kind(expected) && String(found.shape) === String(expected.shape)) return undefined
  return `is ${found.dtype}[${found.shape}], not ${expected.dtype}[${expected.shape}]`
}

/** A difference that is allowed, and how many elements only for the noise. */
export type Verdict = Pick<Difference, 'largest' | 'share'> & { readonly excused: number }

export interface Allowance {
  /** Rows of the first axis whose magnitudes are apart, when it has as many. Default 1. */
  readonly rows?: number
  /** What rounding does to the elements. */
  readonly noise?: Noise | undefined
}

/**
 * Of the largest magnitude in a row of an output. Both the model and its source round on the way, each as its longest chain of operators
 * says; kernels approximate exponentials and the like within a few units, for which there are 128 in any case.
 */
export function relativeTolerance(graph: Graph): number {
  return Math.max(128 * unitRoundoff, 2 * roundingDeviation(graph))
}

/** Times the noise found: some trials do not see all of it. */
const noiseFactor = 4

/**
 * Element by element. Floats may differ by `relative` times the largest expected magnitude of their row and by four times the noise of the
 * element; integers and booleans not at all, unless rounding decides what they are. Where the expected number is not finite, any such number will do, as kernels differ
 * in which one they give.
 */
export function differenceOf(found: NdArray, expected: NdArray, relative: number, { rows = 1, noise }: Allowance): Difference {
  const [a, b] = [numbersOf(found), numbersOf(expected)]
  const isFloat = /^(f|bf|c)/.test(expected.dtype)
  const rowLength = rows > 1 && expected.shape[0] === rows ? b.length / rows : b.length
  let [largest, share, beyond, base] = [0, 0, 0, 0]
  let worst: Difference['worst']
  for (let i = 0; i < b.length; i++) {
    // The smallest normal number: below it some kernels give zero.
    if (isFloat && i % rowLength === 0) base = relative * largestMagnitude(b, i, i + rowLength) + 2 ** -126
    const [x, y] = [a[i]!, b[i]!]
    if (x === y || !Number.isFinite(y)) continue
    if (noise && (Number.isFinite(x) ? !isFloat && noise.distance[i]! > 0 : noise.lost[i] === 1)) continue
    const error = Number.isFinite(x) ? Math.abs(x - y) : Number.POSITIVE_INFINITY
    const allowed = base + noiseFactor * (noise?.distance[i] ?? 0)
    const part = error / allowed
    largest = Math.max(largest, error)
    if (part > 1) beyond++
    if (part > share) {
      share = part
      worst = { index: i, found: x, expected: y, allowed }
    }
  }
  return { largest, share, beyond, ...(worst ? { worst } : {}) }
}

/** Root of the mean square of the finite elements. */
export function sizeOf(array: NdArray): number {
  const values = numbersOf(array)
  let [sum, count] = [0, 0]
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]!)) continue
    sum += values[i]! ** 2
    count++
  }
  return count === 0 ? 0 : Math.sqrt(sum / count)
}

/** Root of the mean square of the errors, where a finite element is expected, as a share of `size`; 0 where that is 0. */
export function errorRatio(found: NdArray, expected: NdArray, size: number): number {
  const [a, b] = [numbersOf(found), numbersOf(expected)]
  let [errors, count] = [0, 0]
  for (let i = 0; i < b.length; i++) {
    if (!Number.isFinite(b[i]!)) continue
    errors += Number.isFinite(a[i]!) ? (a[i]! - b[i]!) ** 2 : Number.POSITIVE_INFINITY
    count++
  }
  return errors === 0 || size === 0 ? 0 : Math.sqrt(errors / count) / size
}

/** Elements of any number type; real and imaginary parts one behind the other. */
export function numbersOf(array: NdArray): ArrayLike<number> {
  const { dtype, bytes } = array
  if (dtype === 'i64' || dtype === 'u64') return Float64Array.from(typedView(dtype, bytes) as BigInt64Array, Number)
  if (dtype === 'f16' || dtype === 'bf16') return toFloat32(array)!
  return isViewable(dtype) ? (typedView(dtype, bytes) as Float32Array) : bytes
}

function largestMagnitude(values: ArrayLike<number>, from: number, to: number): number {
  let largest = 0
  for (let i = from; i < to; i++) {
    const x = Math.abs(values[i]!)
    if (x > largest && x < Number.POSITIVE_INFINITY) largest = x
  }
  return largest
}
