import type { Feeds } from '../run/runner.ts'
import type { HistogramRecord } from './histogram.ts'
import { joinedMasks } from './masks.ts'
import type { Observation } from './reducer.ts'

/** One sample in the types and shapes of the signatures that it is run with. */
export interface PreparedSample {
  readonly runs: readonly { readonly signature: string; readonly feeds: Feeds }[]
}

/** What some samples showed. */
export interface Observed {
  /** For each sample, what each activation held; undefined for those that were not computed. */
  readonly samples: readonly (readonly (Observation | undefined)[])[]
  /** For each activation, over all the samples. */
  readonly histograms: readonly HistogramRecord[]
  /** For each source, see `HessianSums`. */
  readonly hessians: readonly Float64Array<ArrayBuffer>[]
}

/** `litert`: LiteRT.js; `interpreter`: downcast's own reference kernels. */
export type CalibrationMethod = 'litert' | 'interpreter'

/** Runs samples and looks at every activation; each looks alike, whatever it looked at before. */
export interface Observer {
  readonly method: CalibrationMethod
  /** Fewer at a time cost much more each. */
  readonly samplesAtLeast: number
  /** Exactly so many at a time make sums that are equal for any number of observers; undefined where any number does. */
  readonly samplesAtOnce: number | undefined
  observe(samples: readonly PreparedSample[]): Promise<Observed>
  dispose(): Promise<void>
}

/** How many samples make one term of a Hessian. */
export const samplesOfTerm = 16

/** What two looks at one activation show together. */
export function joined(a: Observation | undefined, b: Observation): Observation {
  if (!a) return b
  return {
    elements: a.elements + b.elements,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    sum: a.sum + b.sum,
    squares: a.squares + b.squares,
    nan: a.nan + b.nan,
    infinite: a.infinite + b.infinite,
    ...((a.masks || b.masks) && { masks: joinedMasks(a.masks, b.masks) }),
    columns: a.columns && b.columns && Float64Array.from(a.columns, (sum, c) => sum + b.columns![c]!),
  }
}
