/** Terms are rounded to multiples of this; float64 numbers of 2^-8 and more are such. */
const step = 2 ** -60
const perStep = 2 ** 60

/**
 * Sums of float64 numbers, many side by side, each as two numbers of which the second is what the first lacks. They are exact, and so do not
 * depend on the order, but for the rounding of terms to multiples of 2^-60 and as long as they stay below 2^44.
 * @see Knuth, The Art of Computer Programming, volume 2, 4.2.2, theorem B: a sum of two numbers and what it lacks
 */
export class ColumnSums {
  readonly #sums: Float64Array
  readonly #lacking: Float64Array

  constructor(state: ColumnState) {
    this.#sums = Float64Array.from(state.sums)
    this.#lacking = Float64Array.from(state.lacking)
  }

  /** `terms` are as many as the sums. */
  add(terms: Float64Array): void {
    const [sums, lacking] = [this.#sums, this.#lacking]
    for (let c = 0; c < terms.length; c++) {
      const term = Math.round(terms[c]! * perStep) * step
      const before = sums[c]!
      const sum = before + term
      const taken = sum - before
      const rest = lacking[c]! + (before - (sum - taken) + (term - taken))
      sums[c] = sum + rest
      lacking[c] = rest - (sums[c]! - sum)
    }
  }

  /** What makes the same sums again. */
  get state(): ColumnState {
    return { sums: [...this.#sums], lacking: [...this.#lacking] }
  }

  /** The float64 numbers nearest to the sums. */
  get values(): readonly number[] {
    return [...this.#sums]
  }
}

export interface ColumnState {
  readonly sums: readonly number[]
  readonly lacking: readonly number[]
}

export function noColumnSums(columns: number): ColumnSums {
  const zeros = new Array<number>(columns).fill(0)
  return new ColumnSums({ sums: zeros, lacking: zeros })
}
