import { availableParallelism } from 'node:os'
import { type Calibrated, calibrate } from '../../src/calibrate/calibrate.ts'
import { parseCalibration } from '../../src/calibrate/calibration-file.ts'
import { noSamplesInside, otherModel } from '../../src/calibrate/diagnostics.ts'
import type { HessianSource } from '../../src/calibrate/hessian.ts'
import { hessianSources } from '../../src/calibrate/hessian-sources.ts'
import type { PartialStore } from '../../src/calibrate/partial.ts'
import type { PreprocessByInput } from '../../src/calibrate/samples.ts'
import { digestOf } from '../../src/core/digest.ts'
import { tfliteBytes } from '../../src/export/write-tflite.ts'
import type { Model } from '../../src/ir/types.ts'
import { kindOfPath, openFile } from '../../src/platform/node.ts'
import { nodeObservers } from '../../src/platform/node-worker.ts'
import { sumsLength } from '../../src/quantize/weights/hessian.ts'
import type { ObservedSums } from '../../src/quantize/weights/observed-layers.ts'
import type { DataSet } from '../../src/run/data/sample.ts'
import type { Terminal } from '../terminal.ts'
import { inputPaths, openPaths } from './input-paths.ts'
import { preprocessesOf } from './preprocess.ts'

export interface CalibrationOptions {
  /** Values of `--preprocess`. */
  readonly preprocess: readonly string[]
  readonly maxSamples: number | undefined
  /** Default: one for each processor. */
  readonly jobs: number | undefined
  readonly skipBad: boolean
  readonly terminal: Terminal
  /** What samples are to tell beyond ranges, for which algorithm. Default nothing. */
  readonly observe?: { readonly sums: readonly ObservedSums[]; readonly algorithm: string }
}

/**
 * What `--calibration` of `convert` names, for a float model (`Converted.floatModel`): the calibration in a file of `downcast calibrate`, or
 * one made now from data, `[NAME=]DATA` as in `calibrate --data`. `calibration.ranges(floatModel, estimatorOf(name))` gives what
 * `QuantizeOptions.ranges` takes; the diagnostics are warnings and notes to be told, `hessians` those of `observe.sums`.
 * Throws calibrate/malformed-calibration, calibrate/other-model, calibrate/no-samples-inside, and what `calibrate` and `openDataSet` throw.
 */
export async function calibrationFor(
  floatModel: Model,
  modelName: string,
  values: readonly string[],
  options: CalibrationOptions,
): Promise<Pick<Calibrated, 'calibration' | 'diagnostics' | 'hessians'> & { readonly data?: DataSet }> {
  const bytes = tfliteBytes(floatModel)
  const [only] = values
  const text = values.length === 1 && only !== undefined ? calibrationIn(only) : undefined
  if (text === undefined || only === undefined) {
    const hessians = hessianSources(floatModel, bytes, options.observe?.sums ?? [])
    const data = openPaths(inputPaths('--calibration', values))
    return { ...(await calibrateBytes({ name: modelName, bytes }, data, options, { hessians })), data }
  }
  if (options.observe && options.observe.sums.length > 0) throw noSamplesInside(only, options.observe.algorithm)
  const calibration = parseCalibration(only, text)
  const { name, sha256 } = calibration.record.model
  const expected = await digestOf([bytes])
  if (sha256 !== expected) throw otherModel(only, name, expected, sha256)
  return { calibration, diagnostics: [], hessians: [] }
}

/** Runs samples in worker threads, with a bar that tells how far it is. */
export async function calibrateBytes(
  model: { readonly name: string; readonly bytes: Uint8Array },
  data: DataSet,
  { preprocess, maxSamples, jobs = availableParallelism(), skipBad, terminal }: CalibrationOptions,
  { partial, hessians = [] }: { readonly partial?: PartialStore | undefined; readonly hessians?: readonly HessianSource[] } = {},
): Promise<Calibrated> {
  const how: PreprocessByInput = preprocessesOf(preprocess)
  const progress = terminal.progress('samples')
  const observers = await nodeObservers(model.bytes, model.name, Math.max(1, Math.min(jobs, data.count, jobsFor(hessians))), hessians)
  try {
    return await calibrate({
      model,
      data,
      preprocess: how,
      maxSamples,
      skipBad,
      observers,
      partial,
      onProgress: (done, total) => progress.update(done, total),
    })
  } finally {
    progress.finish()
    for (const observer of observers) await observer.dispose()
  }
}

const hessianBytes = 2 ** 31

/** How many threads Hessians have room for: each has its own and one on the way, beside the sum of all. */
function jobsFor(hessians: readonly HessianSource[]): number {
  const bytes = hessians.reduce(
    (n, { kind, columns, groups }) => n + 8 * (kind === 'squares' ? columns + 1 : groups * sumsLength(columns)),
    0,
  )
  return Math.floor((hessianBytes - bytes) / (2 * bytes))
}

/** More than a calibration takes. */
const maxCalibrationBytes = 1 << 30

/** The text of a file that is JSON with more than one line, as calibrations are; undefined for data. */
function calibrationIn(path: string): string | undefined {
  if (kindOfPath(path) !== 'file') return undefined
  const file = openFile(path)
  try {
    const head = new TextDecoder().decode(file.read(0, Math.min(64, file.byteLength)))
    const isCalibration = /^\s*\{\s*"format"/.test(head) || path.endsWith('.json')
    return isCalibration && file.byteLength <= maxCalibrationBytes ? new TextDecoder().decode(file.read(0, file.byteLength)) : undefined
  } finally {
    file.close()
  }
}
