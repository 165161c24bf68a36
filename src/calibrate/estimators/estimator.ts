import type { TensorStatistics } from '../statistics.ts'

/** Statistics of an activation that held at least one finite value. */
export type SeenStatistics = TensorStatistics & { readonly range: readonly [min: number, max: number] }

/** Which range an activation is given, of what was seen of it. Ranges never reach beyond the values seen. */
export interface Estimator {
  readonly name: string
  estimate(statistics: SeenStatistics): readonly [min: number, max: number]
}

/** A bin with values in it, by the number in its middle. */
export interface Bin {
  readonly middle: number
  readonly count: number
}

/** The bins in the order of numbers, those without values left out. */
export function binsOf({ histogram: { exponent, first, counts } }: SeenStatistics): Bin[] {
  const width = 2 ** exponent
  return counts.flatMap((count, i) => (count > 0 ? [{ middle: (first + i + 0.5) * width, count }] : []))
}

/** `range` cut to magnitudes of at most `limit`. */
export function clipped([min, max]: readonly [number, number], limit: number): readonly [number, number] {
  return [Math.max(min, -limit), Math.min(max, limit)]
}
