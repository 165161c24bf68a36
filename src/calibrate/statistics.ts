import type { HistogramRecord } from './histogram.ts'
import type { Masks } from './masks.ts'

/** What a calibration found of one activation, over all samples. */
export interface TensorStatistics {
  /** Values seen, NaN and infinities included. */
  readonly elements: number
  /** Samples in which it was computed; fewer than all where it lies in a branch. */
  readonly samples: number
  /** Smallest and largest finite value, exact float32; undefined when there was none. */
  readonly range?: readonly [min: number, max: number] | undefined
  /** Moving averages of the smallest and largest value of each sample, in the order of the samples. */
  readonly average?: readonly [min: number, max: number] | undefined
  /** Sum of the finite values, and of their squares. */
  readonly sum: number
  readonly squares: number
  readonly nan: number
  readonly infinite: number
  /** Name of the first sample that held one of the two. */
  readonly notFiniteIn?: string | undefined
  /** Elements that say "nothing" to the softmax that reads them: they are in none of the other numbers but `elements`. Absent when there were none. */
  readonly masks?: Masks | undefined
  readonly histogram: HistogramRecord
  /** Where ops with weights read it: for each element of the rows they read, the sum over all rows. */
  readonly columnSums?: readonly number[] | undefined
}
