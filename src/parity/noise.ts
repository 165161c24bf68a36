import type { NdArray } from '../core/nd-array.ts'
import type { CheckedSignature } from './checked-signature.ts'
import { numbersOf } from './compare.ts'
import { isUnknown, type Unknown } from './evaluate-source.ts'
import type { Reference } from './reference.ts'

/** How far rounding moves an output, by element. */
export interface Noise {
  /** The largest distance seen. */
  readonly distance: Float64Array
  /** 1 where the element was no finite number once. */
  readonly lost: Uint8Array
}

/** What cancels wholly in one evaluation of 20 is missed by as many with a chance of 1 in 25, a tie that goes either way never. */
export const idleTrials = 64
/** At a reduced size: what these leave is judged at the model's own. */
export const idleTrialsWhenReduced = 4
const mostTrials = 256

/** What roundings do to one sample's outputs, as found by evaluating the source with other ones. */
export class NoiseTrials {
  /** By output; undefined for those that are not known. */
  readonly noise: readonly (Noise | undefined)[]
  readonly #expected: readonly (NdArray | Unknown)[]
  readonly #evaluate: (seed: number) => Promise<readonly (NdArray | Unknown)[]>
  readonly #clock: () => number
  readonly #end: number
  #trials = 0

  /** No trial begins after `limitSeconds`. */
  constructor(
    reference: Reference,
    signature: CheckedSignature,
    sample: { readonly inputs: readonly NdArray[]; readonly expected: readonly (NdArray | Unknown)[] },
    { limitSeconds, clock }: { readonly limitSeconds: number; readonly clock: () => number },
  ) {
    this.#expected = sample.expected
    this.#evaluate = (seed) => reference.evaluate(signature, sample.inputs, { seed })
    this.#clock = clock
    this.#end = clock() + limitSeconds
    this.noise = sample.expected.map((e) => {
      if (isUnknown(e)) return undefined
      const { length } = numbersOf(e)
      return { distance: new Float64Array(length), lost: new Uint8Array(length) }
    })
  }

  /** Makes another trial; false when there were enough. */
  async more(): Promise<boolean> {
    if (this.#trials >= mostTrials || this.#clock() > this.#end) return false
    const results = await this.#evaluate(1000 * this.#trials++)
    for (const [o, result] of results.entries()) {
      const [noise, base] = [this.noise[o], this.#expected[o]]
      if (!noise || !base || isUnknown(base) || isUnknown(result) || String(result.shape) !== String(base.shape)) continue
      const [a, b] = [numbersOf(result), numbersOf(base)]
      for (let i = 0; i < b.length; i++) {
        const d = Math.abs(a[i]! - b[i]!)
        if (!Number.isFinite(a[i]!)) noise.lost[i] = 1
        else if (d > noise.distance[i]!) noise.distance[i] = d
      }
    }
    return true
  }
}
