import type { OutputDifference } from './types.ts'

/** Sums up how far one output of a model is from the reference's, value by value; memory does not grow. */
export class OutputErrors {
  readonly #name: string
  #values = 0
  #maxAbsError = 0
  #worstSample = ''
  #absSum = 0
  #squareSum = 0
  #dot = 0
  #referenceSquares = 0
  #candidateSquares = 0

  constructor(name: string) {
    this.#name = name
  }

  /** Adds one sample; places where either is not finite are left out. Both have the same length. */
  add(sample: string, reference: Float32Array, candidate: Float32Array): void {
    for (let i = 0; i < reference.length; i++) {
      const a = reference[i]!
      const b = candidate[i]!
      const error = Math.abs(a - b)
      if (!Number.isFinite(error)) continue
      this.#values++
      this.#absSum += error
      this.#squareSum += error * error
      this.#dot += a * b
      this.#referenceSquares += a * a
      this.#candidateSquares += b * b
      if (error > this.#maxAbsError || this.#worstSample === '') {
        this.#maxAbsError = error
        this.#worstSample = sample
      }
    }
  }

  result(): OutputDifference {
    const n = Math.max(this.#values, 1)
    const norm = Math.sqrt(this.#referenceSquares) * Math.sqrt(this.#candidateSquares)
    return {
      name: this.#name,
      values: this.#values,
      maxAbsError: this.#maxAbsError,
      meanAbsError: this.#absSum / n,
      rootMeanSquareError: Math.sqrt(this.#squareSum / n),
      // Rounding may carry the quotient just beyond 1.
      cosine: norm > 0 ? Math.max(-1, Math.min(1, this.#dot / norm)) : null,
      worstSample: this.#worstSample,
    }
  }
}
