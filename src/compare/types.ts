import type { Diagnostic } from '../core/diagnostics.ts'
import type { Latency } from '../run/bench.ts'
import type { Ranked } from '../run/top-k.ts'

/*
 * What came out of a comparison, as plain data: survives JSON unchanged, absent is null. Sizes are in bytes, times in milliseconds.
 */

export const comparisonVersion = 1

export interface Comparison {
  readonly kind: 'downcast/comparison'
  /** Raised when a field changes its meaning; added fields do not raise it. */
  readonly version: typeof comparisonVersion
  readonly data: DataInfo
  /** What ran the models: `LiteRT.js 2.5.3 (relaxed SIMD)`. */
  readonly runtime: string
  /** As `parsePreprocess` takes it. */
  readonly preprocess: string
  /** The output that holds class scores; null when none does. */
  readonly classOutput: string | null
  /** The first is the reference. */
  readonly models: readonly ModelResult[]
  readonly diagnostics: readonly Diagnostic[]
}

export interface DataInfo {
  readonly name: string
  /** Samples that were run. */
  readonly samples: number
  /** Those of them that have a label. */
  readonly labeled: number
  /** Names of the classes by number, where the data set has them. */
  readonly classNames: Readonly<Record<string, string>>
}

export interface Share {
  readonly count: number
  readonly of: number
  /** count / of */
  readonly share: number
}

export interface ModelResult {
  readonly name: string
  readonly sizeBytes: number
  /** Reference's size divided by this one's; above 1 is smaller. */
  readonly sizeRatio: number
  /** null when it was not measured. */
  readonly latency: LatencyInfo | null
  /** Of labeled samples; null without labels or class scores. */
  readonly accuracy: Share | null
  /** Against the reference; null for the reference itself. */
  readonly difference: Difference | null
  /** Outputs that held NaN or infinity, in values. */
  readonly nonFiniteValues: number
}

export interface LatencyInfo extends Omit<Latency, 'name' | 'timesMs'> {
  /** Reference's time divided by this one's, the median over pairs of runs side by side; above 1 is faster. */
  readonly ratio: number
  /** Where that median lies with a confidence of 95 %. */
  readonly ratioRange: readonly [low: number, high: number]
  /** Whether 1 lies outside of that range; else neither is faster. */
  readonly isClear: boolean
}

export interface Difference {
  /** Samples with the same best class; null without class scores. */
  readonly agreement: Share | null
  readonly outputs: readonly OutputDifference[]
  /** Right in the reference and wrong here, by number; null without labels. */
  readonly lost: number | null
  /** Wrong in the reference and right here. */
  readonly gained: number | null
  /** Another best class, neither lost nor gained. */
  readonly changed: number | null
  /** The first of each kind, in the order of the samples. */
  readonly flips: readonly Flip[]
}

/** How far one output is from the reference's, over every value of every sample; as real numbers. */
export interface OutputDifference {
  readonly name: string
  readonly values: number
  readonly maxAbsError: number
  readonly meanAbsError: number
  readonly rootMeanSquareError: number
  /** Of all values as one vector; null when one of them is all zero. */
  readonly cosine: number | null
  /** The sample with the largest error. */
  readonly worstSample: string
}

export type FlipKind = 'lost' | 'gained' | 'changed'
export const flipKinds: readonly FlipKind[] = ['lost', 'gained', 'changed']

/** A sample whose best class differs from the reference's. */
export interface Flip {
  readonly kind: FlipKind
  /** Number of the sample in the data set, from 0. */
  readonly index: number
  readonly name: string
  readonly label: number | null
  /** The three best classes with their scores. */
  readonly reference: readonly Ranked[]
  readonly candidate: readonly Ranked[]
}
