import { tensorNames } from '../export/model-record.ts'
import type { Model } from '../ir/types.ts'
import type { Ranges } from '../quantize/ranges.ts'
import { activationKey } from './activations.ts'
import type { Estimator } from './estimators/estimator.ts'
import { minMax } from './estimators/min-max.ts'
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
  /** By `<graph>/<tensor name>`, see `activationKey`. */
  readonly tensors: ReadonlyMap<string, TensorStatistics>
}

/** A calibration of one model, whatever is made of it. */
export class Calibration {
  readonly record: CalibrationRecord

  constructor(record: CalibrationRecord) {
    this.record = record
  }

  /**
   * Ranges of the values of `model`, which is the float model that was calibrated. An activation that was never computed, or never finite,
   * has none. Default estimator: min-max, as TensorFlow.
   */
  ranges(model: Model, estimator: Estimator = minMax): Ranges {
    const names = model.graphs.map(tensorNames)
    const found = new Map<string, readonly [number, number] | undefined>()
    const estimated = (key: string): readonly [number, number] | undefined => {
      if (found.has(key)) return found.get(key)
      const statistics = this.record.tensors.get(key)
      const range = statistics?.range && estimator.estimate({ ...statistics, range: statistics.range })
      found.set(key, range)
      return range
    }
    return {
      of(graph, value) {
        const name = names[graph]?.get(value.id)
        return name === undefined ? undefined : estimated(activationKey({ graph, name }))
      },
    }
  }
}
