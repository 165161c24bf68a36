import { invariant } from '../core/diagnostics.ts'

/** Bins that a histogram has at most. */
export const maxBins = 2048
/** Below, the inverse of a bin's width is no float32. */
const minExponent = -126
const maxBin = 2 ** 30

export interface HistogramRecord {
  /** Smallest and largest number covered; Infinity and -Infinity when there is none. */
  readonly min: number
  readonly max: number
  /** Bins are `2 ** exponent` wide and aligned at 0. */
  readonly exponent: number
  /** Number of the first bin. */
  readonly first: number
  readonly counts: readonly number[]
}

/** Number of the bin of a finite `x`: bin `i >= 0` holds `[i, i + 1) * width`, bin `-1 - i` the same of negative numbers. */
export function binOf(x: number, exponent: number): number {
  return x < 0 ? Math.trunc(x * 2 ** -exponent) - 1 : Math.abs(Math.trunc(x * 2 ** -exponent))
}

/** Where a bin begins and ends, in the order of numbers. */
export function binEdges(bin: number, exponent: number): readonly [low: number, high: number] {
  return [bin * 2 ** exponent, (bin + 1) * 2 ** exponent]
}

/** Of the narrowest bins of which `maxBins` hold every number from `min` to `max`, and whose numbers fit in int32. */
export function exponentFor(min: number, max: number): number {
  const fits = (exponent: number): boolean =>
    Math.max(max, -min) * 2 ** -exponent < maxBin && binOf(max, exponent) - binOf(min, exponent) < maxBins
  let exponent = Math.max(minExponent, Math.floor(Math.log2((max - min) / maxBins)))
  while (exponent > minExponent && fits(exponent - 1)) exponent--
  while (!fits(exponent)) exponent++
  return exponent
}

/**
 * How often numbers of a range occur. Bins are powers of two wide, and where they are wide enough for all numbers so far, each holds two of
 * the narrower ones exactly: whatever order numbers come and histograms are merged in, the result is the same.
 */
export class Histogram {
  #min = Number.POSITIVE_INFINITY
  #max = Number.NEGATIVE_INFINITY
  #exponent = minExponent
  #first = 0
  #counts = new Float64Array(maxBins)

  get exponent(): number {
    return this.#exponent
  }

  /** Number of the bin that `counts` begins with. */
  get first(): number {
    return this.#first
  }

  /** For whoever counts; numbers outside the range that is covered have no bin here. */
  get counts(): Float64Array {
    return this.#counts
  }

  /** Whether every number from `min` to `max` has its bin. */
  covers(min: number, max: number): boolean {
    return min >= this.#min && max <= this.#max
  }

  /** Makes room for numbers from `min` to `max`, finite. */
  cover(min: number, max: number): void {
    if (this.covers(min, max)) return
    this.#min = Math.min(min, this.#min)
    this.#max = Math.max(max, this.#max)
    const exponent = exponentFor(this.#min, this.#max)
    const first = binOf(this.#min, exponent)
    const counts = new Float64Array(maxBins)
    const shift = exponent - this.#exponent
    this.#counts.forEach((n, i) => {
      if (n > 0) counts[Math.floor((this.#first + i) / 2 ** shift) - first]! += n
    })
    this.#exponent = exponent
    this.#first = first
    this.#counts = counts
  }

  /** Adds what another histogram counted. */
  merge({ min, max, exponent, first, counts }: HistogramRecord): void {
    if (min > max) return
    this.cover(min, max)
    const width = 2 ** (this.#exponent - exponent)
    for (let i = 0; i < counts.length; i++) {
      if (counts[i]! > 0) this.#counts[Math.floor((first + i) / width) - this.#first]! += counts[i]!
    }
  }

  /** The bins from the smallest to the largest number. */
  record(): HistogramRecord {
    const bins = this.#min > this.#max ? 0 : binOf(this.#max, this.#exponent) - this.#first + 1
    return {
      min: this.#min,
      max: this.#max,
      exponent: this.#exponent,
      first: this.#first,
      counts: Array.from(this.#counts.subarray(0, bins)),
    }
  }

  static of({ min, max, exponent, first, counts }: HistogramRecord): Histogram {
    const made = new Histogram()
    if (counts.length === 0) return made
    made.cover(min, max)
    invariant(made.#exponent === exponent && made.#first === first && counts.length <= maxBins, 'a histogram does not belong to its range')
    made.#counts.set(counts)
    return made
  }
}
