import type { Activation } from './activations.ts'
import { activationKey } from './activations.ts'
import type { CurvePoint, SkippedSample } from './calibration.ts'
import { Collector, type TensorState } from './collector.ts'
import type { Observed } from './observer.ts'
import type { TensorStatistics } from './statistics.ts'

/** Ranges after some of the samples, in the order of the activations. */
export interface Mark {
  readonly samples: number
  readonly ranges: readonly (readonly [number, number] | undefined)[]
}

/** All that is known after the first `next` samples of a data set, as plain data. */
export interface FoldState {
  readonly next: number
  readonly samples: number
  /** Digest of those samples, see `chained`. */
  readonly sha256: string
  readonly skipped: readonly SkippedSample[]
  readonly marks: readonly Mark[]
  readonly tensors: readonly TensorState[]
}

/** Some samples that follow each other, and what was seen in them. */
export interface Unit {
  /** Position in the data set behind the last of them. */
  readonly next: number
  readonly sha256: string
  readonly names: readonly string[]
  /** Position of each in the data set. */
  readonly positions: readonly number[]
  readonly skipped: readonly SkippedSample[]
}

/** Where the curve of the ranges has its points. */
const curveSteps = 10

/** Everything found so far, from units in the order of the data set. */
export class Fold {
  readonly #activations: readonly Activation[]
  readonly #collectors: readonly Collector[]
  readonly #total: number
  readonly #marks: Mark[]
  readonly #skipped: SkippedSample[]
  #next: number
  #samples: number
  #sha256: string
  #hessians: Float64Array[] = []

  /** `total` samples are to come; `state` is that of an earlier fold of as many. */
  constructor(activations: readonly Activation[], total: number, start: string | FoldState) {
    const state = typeof start === 'string' ? undefined : start
    this.#activations = activations
    this.#total = total
    this.#collectors = activations.map((_, i) => new Collector(state?.tensors[i]))
    this.#marks = [...(state?.marks ?? [])]
    this.#skipped = [...(state?.skipped ?? [])]
    this.#next = state?.next ?? 0
    this.#samples = state?.samples ?? 0
    this.#sha256 = typeof start === 'string' ? start : start.sha256
  }

  add(unit: Unit, observed: Observed): void {
    observed.samples.forEach((observations, s) => {
      observations.forEach((o, i) => {
        if (o) this.#collectors[i]!.add(o, unit.names[s]!)
      })
      this.#samples++
      this.#mark(unit.positions[s]! + 1)
    })
    observed.histograms.forEach((h, i) => {
      this.#collectors[i]!.histogram.merge(h)
    })
    this.#addHessians(observed.hessians)
    this.#skipped.push(...unit.skipped)
    this.#next = unit.next
    this.#sha256 = unit.sha256
  }

  #addHessians(terms: readonly Float64Array[]): void {
    if (this.#hessians.length === 0) this.#hessians = [...terms]
    else
      terms.forEach((term, i) => {
        const sum = this.#hessians[i]!
        for (let k = 0; k < term.length; k++) sum[k]! += term[k]!
      })
  }

  /** For each source of the observers, over all the samples. */
  get hessians(): readonly Float64Array[] {
    return this.#hessians
  }

  get samples(): number {
    return this.#samples
  }

  get skipped(): readonly SkippedSample[] {
    return this.#skipped
  }

  get sha256(): string {
    return this.#sha256
  }

  get state(): FoldState {
    return {
      next: this.#next,
      samples: this.#samples,
      sha256: this.#sha256,
      skipped: this.#skipped,
      marks: this.#marks,
      tensors: this.#collectors.map((c) => c.state),
    }
  }

  get tensors(): Map<string, TensorStatistics> {
    return new Map(this.#activations.map((a, i) => [activationKey(a), this.#collectors[i]!.statistics]))
  }

  /** How far the ranges had come at each tenth of the samples. */
  get curve(): CurvePoint[] {
    const last = this.#collectors.map((c) => c.range)
    return this.#marks.map(({ samples, ranges }) => {
      const shares = last.flatMap((end, i) => {
        const [at, width] = [ranges[i], end ? end[1] - end[0] : 0]
        return width > 0 ? [at ? (at[1] - at[0]) / width : 0] : []
      })
      return { samples, share: shares.length === 0 ? 1 : shares.reduce((a, b) => a + b, 0) / shares.length }
    })
  }

  /** The ranges at nine tenths of the samples, by key, and how many samples came after. */
  get late(): { readonly samples: number; readonly ranges: ReadonlyMap<string, readonly [number, number] | undefined> } | undefined {
    const mark = this.#marks.findLast((m) => m.samples <= this.#samples - Math.floor(this.#samples / curveSteps))
    if (!mark || mark.samples === this.#samples) return undefined
    return { samples: this.#samples - mark.samples, ranges: new Map(this.#activations.map((a, i) => [activationKey(a), mark.ranges[i]])) }
  }

  #mark(position: number): void {
    const step = (at: number): number => Math.floor((at * curveSteps) / this.#total)
    if (step(position) === step(position - 1)) return
    this.#marks.push({ samples: this.#samples, ranges: this.#collectors.map((c) => c.range) })
  }
}
