import { type ColumnState, ColumnSums, noColumnSums } from './column-sums.ts'
import { ExactSum } from './exact-sum.ts'
import { Histogram, type HistogramRecord } from './histogram.ts'
import { joinedMasks } from './masks.ts'
import type { Observation } from './reducer.ts'
import type { TensorStatistics } from './statistics.ts'

/** Weight of what was seen before in the moving average. @see litert_quantizer/utils/qsv_utils.py, moving_average_update */
const smoothing = 0.95
const keep = Math.fround(smoothing)
const take = Math.fround(1 - smoothing)

/** All that is known of one activation, as plain data; `Collector` goes on from it. */
export interface TensorState extends Omit<TensorStatistics, 'sum' | 'squares' | 'histogram' | 'columnSums'> {
  readonly sums: readonly number[]
  readonly squares: readonly number[]
  readonly histogram: HistogramRecord
  readonly columnSums?: ColumnState | undefined
}

/** Folds what samples showed of one activation: observations in the order of the samples, histograms in any. */
export class Collector {
  readonly histogram: Histogram
  readonly #sum: ExactSum
  readonly #squares: ExactSum
  #columnSums: ColumnSums | undefined
  #state: Pick<TensorState, 'elements' | 'samples' | 'range' | 'average' | 'nan' | 'infinite' | 'notFiniteIn' | 'masks'>

  constructor(state?: TensorState) {
    this.histogram = state ? Histogram.of(state.histogram) : new Histogram()
    this.#sum = new ExactSum(state?.sums)
    this.#squares = new ExactSum(state?.squares)
    this.#columnSums = state?.columnSums && new ColumnSums(state.columnSums)
    const { elements = 0, samples = 0, range, average, nan = 0, infinite = 0, notFiniteIn, masks } = state ?? {}
    this.#state = { elements, samples, range, average, nan, infinite, notFiniteIn, ...(masks && { masks }) }
  }

  get range(): readonly [number, number] | undefined {
    return this.#state.range
  }

  /** `sample` names it. */
  add({ elements, min, max, sum, squares, nan, infinite, masks, columns }: Observation, sample: string): void {
    const s = this.#state
    this.#sum.add(sum)
    this.#squares.add(squares)
    if (columns) {
      this.#columnSums ??= noColumnSums(columns.length)
      this.#columnSums.add(columns)
    }
    const isSeen = min <= max
    this.#state = {
      elements: s.elements + elements,
      samples: s.samples + 1,
      range: !isSeen ? s.range : s.range ? [Math.min(s.range[0], min), Math.max(s.range[1], max)] : [min, max],
      average: !isSeen ? s.average : s.average ? [moved(s.average[0], min), moved(s.average[1], max)] : [min, max],
      nan: s.nan + nan,
      infinite: s.infinite + infinite,
      notFiniteIn: s.notFiniteIn ?? (nan + infinite > 0 ? sample : undefined),
      ...((s.masks || masks) && { masks: joinedMasks(s.masks, masks) }),
    }
  }

  get state(): TensorState {
    const columnSums = this.#columnSums?.state
    return { ...this.#state, sums: [...this.#sum.parts], squares: [...this.#squares.parts], histogram: this.histogram.record(), columnSums }
  }

  get statistics(): TensorStatistics {
    const columnSums = this.#columnSums?.values
    return { ...this.#state, sum: this.#sum.value, squares: this.#squares.value, histogram: this.histogram.record(), columnSums }
  }
}

/** In float32, as numpy computes it on float32 arrays. */
function moved(average: number, x: number): number {
  return Math.fround(Math.fround(keep * average) + Math.fround(take * x))
}
