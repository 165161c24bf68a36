import type { Groups } from './groups.ts'
import type { Block, DampedHessian, Hessian } from './hessian.ts'
import type { Parameters } from './parameters.ts'
import { roundHalfEven } from './round-half-even.ts'

/** A row of a layer's weights on its way to integers. */
export interface Row {
  readonly weights: Float32Array
  /** Of each element. */
  readonly scales: Float32Array
  /** Each element divided by its scale, rounded. */
  readonly nearest: Int8Array
  readonly low: number
  readonly high: number
}

/** Where elements of a row lie: the first, how far apart, and how many. */
export interface Place {
  readonly start: number
  readonly step: number
  readonly columns: number
}

/** Where those of a block lie in row `index`. */
export function placeOf(
  elements: number,
  { columns, isTransposed }: Layout,
  index: number,
  block: Pick<Block, 'first' | 'columns'>,
): Place {
  const step = isTransposed ? elements / columns : 1
  return { start: (isTransposed ? index : index * columns) + block.first * step, step, columns: block.columns }
}
type Layout = Pick<Hessian, 'columns' | 'isTransposed'>

/** Elements of weights. */
export function rowOf(all: Float32Array, { start, step, columns }: Place, groups: Groups, parameters: Parameters): Row {
  const { low, high } = parameters
  const weights = Float32Array.from({ length: columns }, (_, i) => all[start + i * step]!)
  const scales = new Float32Array(columns)
  for (let i = 0; i < columns; i++) scales[i] = parameters.scales[Math.floor((start + i * step) / groups.run) % groups.count]!
  const nearest = Int8Array.from(weights, (w, i) => nearestCode(w, scales[i]!, low, high))
  return { weights, scales, nearest, low, high }
}

/** The nearest of the integers that there are, halves to even, of a quotient in float32. */
export function nearestCode(x: number, scale: number, low: number, high: number): number {
  return clamped(roundHalfEven(Math.fround(x / scale)), low, high)
}

export const clamped = (q: number, low: number, high: number): number => (q < low ? low : q > high ? high : q)

/** Squared error of a layer's results where e is lost of a row of its weights. */
export interface SquaredError {
  /** |L e|^2, see `DampedHessian`. */
  readonly damped: number
  /** e^T H e. */
  readonly plain: number
}

/** Of each of up to four vectors e. */
export function squaredErrors(hessian: DampedHessian, rows: readonly ArrayLike<number>[]): SquaredError[] {
  const { columns, added } = hessian
  const vectors = hessian.vectors()
  const parts = new Float64Array(vectors.length)
  const damped = rows.map(() => 0)
  rows.forEach((e, r) => {
    vectors[r]!.set(e)
  })
  for (let k = 0; k < columns; k++) {
    hessian.parts(k, parts)
    for (let r = 0; r < rows.length; r++) damped[r]! += parts[r]! ** 2
  }
  return damped.map((error, r) => {
    const norm = vectors[r]!.reduce((sum, x) => sum + x * x, 0)
    // The difference of two equal numbers would tell that nothing is lost.
    return { damped: error, plain: Math.max(error - added * norm, Number.EPSILON * error) }
  })
}

/** What is lost of each element. */
export function lostOf({ weights, scales }: Row, codes: Int8Array): Float64Array {
  return Float64Array.from(codes, (q, k) => weights[k]! - scales[k]! * q)
}
