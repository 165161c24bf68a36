import { tensorNames } from '../export/model-record.ts'
import type { Model, Value } from '../ir/types.ts'
import type { Means } from '../quantize/means.ts'
import type { Ranges } from '../quantize/ranges.ts'
import { activationKey } from './activations.ts'
import { noMeansInside } from './diagnostics.ts'
import type { Estimator } from './estimators/estimator.ts'
import { minMax } from './estimators/min-max.ts'
import { type Masks, standApart } from './masks.ts'
import type { CalibrationMethod } from './observer.ts'
import type { TensorStatistics } from './statistics.ts'

/** How far the ranges had come after some of the samples. */
export interface CurvePoint {
  readonly samples: number
  /** Mean over the activations of the width of the range so far, as a share of the width in the end. */
  readonly share: number
}

export interface SkippedSample {
  readonly name: string
  readonly reason: string
}

/** What one pass over samples found, as plain data. */
export interface CalibrationRecord {
  readonly model: { readonly name: string; readonly sha256: string }
  readonly data: {
    readonly name: string
    /** Of every sample in its order, its preprocessing included. */
    readonly sha256: string
    readonly samples: number
    readonly skipped: readonly SkippedSample[]
  }
  /** By input name, as `parsePreprocess` takes it; `''` stands for inputs that are not named. */
  readonly preprocess: Readonly<Record<string, string>>
  readonly method: CalibrationMethod
  /** Signatures that were run. */
  readonly signatures: readonly string[]
  readonly curve: readonly CurvePoint[]
  /** Whether sums of columns were made; files before version 2 have none. */
  readonly hasColumnSums: boolean
  /** By `<graph>/<tensor name>`, see `activationKey`. */
  readonly tensors: ReadonlyMap<string, TensorStatistics>
}

/** A calibration of one model, whatever is made of it. */
export class Calibration {
  readonly record: CalibrationRecord
  /** What messages call it: its file, or the model that it was made of. */
  readonly name: string

  constructor(record: CalibrationRecord, name = record.model.name) {
    this.record = record
    this.name = name
  }

  /**
   * Ranges of the values of `model`, which is the float model that was calibrated. An activation that was never computed, or never finite,
   * has none. Default estimator: min-max, as TensorFlow.
   */
  ranges(model: Model, estimator: Estimator = minMax): Ranges {
    const keyOf = keysIn(model)
    const found = new Map<string, readonly [number, number] | undefined>()
    const estimated = (key: string): readonly [number, number] | undefined => {
      if (found.has(key)) return found.get(key)
      const statistics = this.record.tensors.get(key)
      const range = statistics?.range && withLargeOnes(estimator.estimate({ ...statistics, range: statistics.range }), statistics)
      found.set(key, range)
      return range
    }
    return {
      of(graph, value) {
        const key = keyOf(graph, value)
        return key === undefined ? undefined : estimated(key)
      },
      masks: (graph, value) => masksIn(this.record.tensors.get(keyOf(graph, value) ?? '')),
    }
  }

  /** Means of what the ops of `model` with weights read, which is the float model that was calibrated. Throws calibrate/no-means-inside. */
  means(model: Model): Means {
    if (!this.record.hasColumnSums) throw noMeansInside(this.name)
    const keyOf = keysIn(model)
    return {
      of: (graph, value, channels) => {
        const { columnSums, elements = 0 } = this.record.tensors.get(keyOf(graph, value) ?? '') ?? {}
        if (!columnSums || columnSums.length % channels !== 0) return undefined
        const means = new Float64Array(channels)
        columnSums.forEach((sum, c) => {
          means[c % channels]! += sum / (elements / channels)
        })
        return means
      },
    }
  }
}

/** Masks of an activation that are no large numbers among others. */
export function masksIn(statistics: TensorStatistics | undefined): Masks | undefined {
  const { masks, range = [0, 0] } = statistics ?? {}
  return masks && standApart(masks, range) ? masks : undefined
}

function withLargeOnes(range: readonly [number, number], statistics: TensorStatistics): readonly [number, number] {
  const { finite } = statistics.masks ?? {}
  return !finite || masksIn(statistics) ? range : [Math.min(range[0], finite[0]), Math.max(range[1], finite[1])]
}

function keysIn(model: Model): (graph: number, value: Value) => string | undefined {
  const names = model.graphs.map(tensorNames)
  return (graph, value) => {
    const name = names[graph]?.get(value.id)
    return name === undefined ? undefined : activationKey({ graph, name })
  }
}
