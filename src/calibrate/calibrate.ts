import { type Diagnostic, Diagnostics, invariant } from '../core/diagnostics.ts'
import { digestOf } from '../core/digest.ts'
import { breathe } from '../core/event-loop.ts'
import { noSamples } from '../run/data/diagnostics.ts'
import { checkPreprocessing } from '../run/data/preprocessing.ts'
import type { DataSet } from '../run/data/sample.ts'
import { openModel } from '../run/model-io.ts'
import { activationsOf } from './activations.ts'
import { Calibration } from './calibration.ts'
import { noGoodSamples, nothingToCalibrate, partialIgnored } from './diagnostics.ts'
import { Fold } from './fold.ts'
import { DataChecks, lint } from './lint.ts'
import type { Observed, Observer } from './observer.ts'
import { type PartialStore, readPartial, writePartial } from './partial.ts'
import { firstLink, type PreprocessByInput, preprocessRecord } from './samples.ts'
import { SampleReader, type WorkUnit } from './units.ts'

export interface CalibrateOptions {
  /** The float model, as `tfliteBytes` writes it. */
  readonly model: { readonly name: string; readonly bytes: Uint8Array }
  readonly data: DataSet
  /** Default: values are taken as they are. */
  readonly preprocess?: PreprocessByInput
  /** Default: all. */
  readonly maxSamples?: number | undefined
  /** Go on without samples that cannot be read or do not fit, and count them. Default false. */
  readonly skipBad?: boolean | undefined
  /** One for each thread that runs samples, all on this model; their number does not change the result. */
  readonly observers: readonly Observer[]
  /** Where the state is kept from time to time, so that an interrupted calibration goes on. Default: nowhere. */
  readonly partial?: PartialStore | undefined
  readonly onProgress?: ((done: number, total: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Calibrated {
  readonly calibration: Calibration
  /** For each source of the observers, see `HessianSums`. */
  readonly hessians: readonly Float64Array[]
  /** Warnings of the linter, and notes. */
  readonly diagnostics: readonly Diagnostic[]
  /** Samples that an interrupted calibration had seen already. */
  readonly resumed: number
}

/** How long a unit of work is to take: long enough to be worth a message, short enough to keep all threads busy. */
const unitMs = 1000
const maxUnitSamples = 64
const saveMs = 3000
/** Units that may wait for one that came before them, for each observer; one where they hold Hessians. */
const waitingUnits = 4

/**
 * Runs a model on samples, once, and finds the range, moments and distribution of every activation, and what the observers are asked of
 * rows. Equal model, data and options give an
 * equal result, whatever the number of observers, and wherever it was interrupted. Memory does not grow with the number of samples, but for
 * 100 bytes each by which repeated ones are found.
 * Throws run/no-samples, run/unknown-preprocess-input, what `readSample` and `Observer.observe` throw, calibrate/nothing-to-calibrate, calibrate/no-good-samples, and what
 * `lint` finds wrong.
 */
export async function calibrate(options: CalibrateOptions): Promise<Calibrated> {
  const { model, data, observers, partial, onProgress, signal, preprocess = new Map(), skipBad = false } = options
  invariant(observers.length > 0, 'a calibration needs an observer')
  const file = openModel(model.name, model.bytes)
  const activations = activationsOf(file.tables)
  if (activations.length === 0) throw nothingToCalibrate(model.name)
  invariant(!partial || observers.every((o) => o.samplesAtOnce === undefined), 'an interrupted calibration keeps no Hessians')
  const total = Math.min(data.count, options.maxSamples ?? data.count)
  if (total === 0) throw noSamples(data.name)
  checkPreprocessing(
    preprocess,
    file.signatures.flatMap((s) => s.inputs.map((i) => i.name)),
  )
  const notes = new Diagnostics()
  const checks = new DataChecks(file)
  const sha256 = await digestOf([model.bytes])
  const start = await firstLink(preprocess)
  const plan = { model: sha256, start, total, skipBad, activations: activations.length }
  const reading = {
    data,
    signatures: file.signatures,
    preprocess,
    total,
    skipBad,
    onSample: (s: Parameters<DataChecks['see']>[0]) => checks.see(s),
  }
  let reader = new SampleReader(reading, 0, start)
  let fold = new Fold(activations, total, start)
  const saved = partial && (await readPartial(partial, plan))
  if (partial && typeof saved === 'string') notes.add('info', partialIgnored(partial.name, saved))
  if (partial && typeof saved === 'object') {
    // The samples it had seen are read again, so that they are known to be the same.
    while (await reader.take(maxUnitSamples, saved.next)) await breathe(signal)
    if (reader.sha256 === saved.sha256) fold = new Fold(activations, total, saved)
    else {
      notes.add('info', partialIgnored(partial.name, 'the samples have changed'))
      checks.reset()
      reader = new SampleReader(reading, 0, start)
    }
  }
  const resumed = fold.state.next
  await observeAll({ reader, fold, total, observers, onProgress, signal, save: partial && (() => writePartial(partial, plan, fold.state)) })

  if (fold.samples === 0) throw noGoodSamples(data.name, fold.skipped.length, fold.skipped[0]?.reason ?? '')
  const calibration = new Calibration({
    model: { name: model.name, sha256 },
    data: { name: data.name, sha256: fold.sha256, samples: fold.samples, skipped: fold.skipped },
    preprocess: preprocessRecord(preprocess),
    method: observers[0]!.method,
    signatures: checks.signatures,
    curve: fold.curve,
    hasColumnSums: true,
    tensors: fold.tensors,
  })
  lint(calibration.record, checks, fold.late, notes)
  notes.throwIfErrors()
  return { calibration, hessians: fold.hessians, diagnostics: notes.list, resumed }
}

interface Work extends Pick<CalibrateOptions, 'observers' | 'onProgress' | 'signal'> {
  readonly reader: SampleReader
  readonly fold: Fold
  readonly total: number
  readonly save: (() => Promise<void>) | undefined
}

/** Hands units to the observers as they are free, and folds what they saw in the order of the units. */
async function observeAll({ reader, fold, total, observers, onProgress, signal, save }: Work): Promise<void> {
  const seen = new Map<number, { readonly unit: WorkUnit; readonly observed: Observed }>()
  const least = Math.max(1, ...observers.map((o) => o.samplesAtLeast))
  const fixed = observers[0]!.samplesAtOnce
  const waiting = (fixed === undefined ? waitingUnits : 1) * observers.length
  let taken = 0
  let folded = 0
  let size = 1
  let savedAt = performance.now()
  let isStopped = false
  let saving: Promise<void> = Promise.resolve()
  const wake: (() => void)[] = []

  const next = async (): Promise<{ number: number; unit: WorkUnit } | undefined> => {
    await breathe(signal)
    while (taken - folded >= waiting && !isStopped) await new Promise<void>((resolve) => wake.push(resolve))
    signal?.throwIfAborted()
    const share = Math.ceil((total - reader.position) / (2 * observers.length))
    const number = taken++
    const unit = isStopped ? undefined : await reader.take(fixed ?? Math.max(least, Math.min(size, maxUnitSamples, share)))
    return unit && { number, unit }
  }
  const foldSeen = (): void => {
    for (let found = seen.get(folded); found; found = seen.get(folded)) {
      fold.add(found.unit, found.observed)
      seen.delete(folded++)
      onProgress?.(found.unit.next, total)
    }
    for (const resume of wake.splice(0)) resume()
    if (save && performance.now() - savedAt > saveMs) {
      savedAt = performance.now()
      saving = saving.then(save)
      saving.catch(() => {})
    }
  }
  const work = async (observer: Observer): Promise<void> => {
    // The next unit is read while one is observed.
    let ahead = next()
    for (let taking = await ahead; taking; taking = await ahead) {
      ahead = next()
      ahead.catch(() => {})
      const { number, unit } = taking
      const begin = performance.now()
      const observed = await observer.observe(unit.prepared)
      const sampleMs = (performance.now() - begin) / Math.max(1, unit.prepared.length)
      size = Math.max(1, Math.round(unitMs / Math.max(1, sampleMs)))
      seen.set(number, { unit, observed })
      foldSeen()
    }
  }
  try {
    await Promise.all(observers.map(work))
    await saving
  } catch (e) {
    isStopped = true
    for (const resume of wake.splice(0)) resume()
    throw e
  }
}
