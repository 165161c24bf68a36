import type { Diagnostics } from '../core/diagnostics.ts'
import { leastMask } from '../ops/masks.ts'
import { type ColorOrder, parsePreprocess } from '../run/data/preprocess.ts'
import type { ModelFile } from '../run/model-io.ts'
import { activationKey } from './activations.ts'
import type { CalibrationRecord } from './calibration.ts'
import type { Fold } from './fold.ts'
import { binEdges } from './histogram.ts'
import { inputHint } from './input-hints.ts'
import * as found from './lint-diagnostics.ts'
import type { ReadSample } from './samples.ts'
import type { TensorStatistics } from './statistics.ts'

/** What is looked at while samples are read, one after the other. */
export class DataChecks {
  readonly file: ModelFile
  readonly #seen = new Map<string, string>()
  readonly #repeated: { name: string; as: string }[] = []
  readonly #signatures = new Set<string>()
  /** Smallest and largest number fed, by signature and input. */
  readonly #fed = new Map<string, [number, number]>()
  #repeats = 0
  #pictures = 0

  constructor(file: ModelFile) {
    this.file = file
  }

  see({ name, sha256, stored, prepared, ranges }: ReadSample): void {
    const first = this.#seen.get(sha256)
    if (first === undefined) this.#seen.set(sha256, name)
    else {
      this.#repeats++
      if (this.#repeated.length < found.shownNames) this.#repeated.push({ name, as: first })
    }
    if ([...stored.arrays.values()].some((a) => a.dtype === 'u8' && a.shape.length >= 2)) this.#pictures++
    for (const { signature } of prepared.runs) this.#signatures.add(signature)
    for (const { signature, input, range } of ranges) {
      const [min, max] = this.#fed.get(`${signature} ${input}`) ?? range
      this.#fed.set(`${signature} ${input}`, [Math.min(min, range[0]), Math.max(max, range[1])])
    }
  }

  reset(): void {
    this.#seen.clear()
    this.#repeated.length = 0
    this.#signatures.clear()
    this.#fed.clear()
    this.#repeats = 0
    this.#pictures = 0
  }

  /** Signatures that were run, in the file's order. */
  get signatures(): string[] {
    return this.file.signatures.map((s) => s.key).filter((key) => this.#signatures.has(key))
  }

  get distinct(): number {
    return this.#seen.size
  }

  get repeats(): { readonly count: number; readonly examples: readonly { name: string; as: string }[] } {
    return { count: this.#repeats, examples: this.#repeated }
  }

  /** Whether all samples are stored as bytes, as pictures are. */
  get arePictures(): boolean {
    return this.#pictures > 0
  }

  fed(signature: string, input: string): readonly [number, number] | undefined {
    return this.#fed.get(`${signature} ${input}`)
  }
}

/** Below, the curve of the ranges has no point before the end. */
const fewSamples = 10
/** A range that grows by less moves no value by a whole step of an 8-bit grid. */
const stepShare = 1 / 255

/**
 * Tells what makes a calibration worthless, as errors (one sample for all, nothing but constants, NaN or infinity), and what makes it doubtful,
 * as warnings (repeated samples, ranges against what the model says, channels in another order, too few samples, activations never seen or
 * always 0, or drowned by masks that no softmax reads).
 */
export function lint(record: CalibrationRecord, checks: DataChecks, late: Fold['late'], notes: Diagnostics): void {
  lintSamples(record, checks, late, notes)
  lintInputs(record, checks, notes)
  lintActivations(record, checks.file, notes)
}

function lintSamples(record: CalibrationRecord, checks: DataChecks, late: Fold['late'], notes: Diagnostics): void {
  const { name, samples, skipped } = record.data
  const { count, examples } = checks.repeats
  if (samples > 1 && checks.distinct === 1) notes.add('error', found.oneSample(name, samples, examples[0]!.as))
  else if (count > 0) notes.add('warning', found.repeatedSamples(name, count, samples, examples))
  if (skipped.length > 0) notes.add('warning', found.skippedSamples(name, skipped.length, skipped[0]!.reason))
  if (samples < fewSamples) notes.add('warning', found.tooFewSamples(name, samples, fewSamples))
  const growth = late && growthSince(record.tensors, late.ranges)
  if (growth && growth.mean > stepShare) notes.add('warning', found.rangesStillGrow(late.samples, growth.mean, growth.worst))
}

function growthSince(
  tensors: CalibrationRecord['tensors'],
  before: ReadonlyMap<string, readonly [number, number] | undefined>,
): { readonly mean: number; readonly worst: { readonly tensor: string; readonly share: number } } | undefined {
  const shares = Array.from(tensors, ([tensor, { range }]) => {
    const old = before.get(tensor)
    const width = range ? range[1] - range[0] : 0
    return { tensor, share: width > 0 ? 1 - (old ? old[1] - old[0] : 0) / width : 0 }
  })
  const [worst] = shares.toSorted((a, b) => b.share - a.share)
  return worst && { mean: shares.reduce((n, s) => n + s.share, 0) / shares.length, worst }
}

function lintInputs(record: CalibrationRecord, checks: DataChecks, notes: Diagnostics): void {
  const inputs = checks.file.signatures.flatMap((s) =>
    s.inputs.flatMap((port) => {
      const range = checks.fed(s.key, port.name)
      return range && range[0] <= range[1] ? [{ signature: s, port, range }] : []
    }),
  )
  const constant = inputs.filter(({ range: [min, max] }) => min === max)
  for (const { port, range } of constant) {
    notes.add(constant.length === inputs.length ? 'error' : 'warning', found.constantInput(port.name, range[0], record.data.name))
  }
  for (const { signature, port, range } of inputs) {
    if (port.dtype !== 'f32' || range[0] === range[1]) continue
    const how = record.preprocess[port.name] ?? record.preprocess['']
    const { mean, std, color } = parsePreprocess(how ?? '')
    const hint = inputHint(checks.file, signature, port.tensor)
    if (hint) {
      if (contradicts(range, hint.range)) notes.add('warning', found.rangeContradiction(port.name, hint.range, hint.by, range))
    } else if (checks.arePictures && [...mean, ...std].every((x) => x === 0 || x === 1) && range[0] >= 0 && range[1] > 1) {
      notes.add('warning', found.unscaledPictures(port.name, range))
    }
    const means = orderOfMeans(mean)
    if (means !== undefined && means !== (color ?? 'rgb')) notes.add('warning', found.channelOrder(port.name, mean, means, color ?? 'rgb'))
  }
}

/** Whether numbers are of another scale than a range: far beyond it, or within a small part of it. */
function contradicts([min, max]: readonly [number, number], [low, high]: readonly [number, number]): boolean {
  const width = high - low
  // Pictures may be dark; numbers from -1 to 1 are less than a hundredth of those from 0 to 255.
  return min < low - width / 2 || max > high + width / 2 || max - min < width / 100
}

/**
 * The order of the colors that means for each channel are in: ImageNet's fall from red to blue.
 * @see keras.applications.imagenet_utils: 123.68, 116.779, 103.939, or 0.485, 0.456, 0.406
 */
function orderOfMeans(mean: readonly number[]): ColorOrder | undefined {
  const isNear = (values: readonly number[], scale: number): boolean => values.every((m, i) => Math.abs(mean[i]! / scale - m) < 0.01)
  const rgb = [0.485, 0.456, 0.406]
  if (mean.length !== rgb.length) return undefined
  if ([1, 255].some((scale) => isNear(rgb, scale))) return 'rgb'
  return [1, 255].some((scale) => isNear(rgb.toReversed(), scale)) ? 'bgr' : undefined
}

function lintActivations({ tensors, signatures }: CalibrationRecord, { tables }: ModelFile, notes: Diagnostics): void {
  const named = (holds: (t: TensorStatistics) => boolean): string[] => [...tensors].flatMap(([key, t]) => (holds(t) ? [key] : []))
  const broken = named((t) => t.nan + t.infinite > 0)
  if (broken.length > 0) {
    const first = tensors.get(broken[0]!)!
    notes.add('error', found.notFiniteActivations(broken, first.nan, first.infinite, first.notFiniteIn ?? ''))
  }
  const unseen = named((t) => t.samples === 0)
  if (unseen.length > 0) notes.add('warning', found.unseenActivations(unseen, signatures))
  const dead = named((t) => t.range?.[0] === 0 && t.range[1] === 0 && !t.masks)
  if (dead.length > 0) notes.add('warning', found.deadActivations(dead))
  for (const [g, { operators, tensors: all }] of tables.subgraphs.entries()) {
    for (const [t, { name }] of all.entries()) {
      const seen = tensors.get(activationKey({ graph: g, name }))
      if (!seen?.range || !isDrowned(seen, seen.range)) continue
      const readers = operators.flatMap((o) => (o.inputs.includes(t) ? [...o.outputs].map((out) => all[out]!.name) : []))
      notes.add('warning', found.drownedActivation(name, seen.range, readers))
    }
  }
}

/** Whether values are masks, or lie within one step of 0 on a grid of 8 bits that holds these, and not just 0. */
function isDrowned({ histogram: { exponent, first, counts } }: TensorStatistics, [min, max]: readonly [number, number]): boolean {
  const largest = Math.max(-min, max)
  const rest = largest === max ? min : max
  if (largest < leastMask || rest === 0) return false
  const [step, width] = [(Math.max(max, 0) - Math.min(min, 0)) * stepShare, 2 ** exponent]
  let isSmallSeen = false
  for (const [i, count] of counts.entries()) {
    if (count === 0) continue
    const [low, high] = binEdges(first + i, exponent)
    const isSmall = Math.max(-low, high) <= step
    isSmallSeen ||= isSmall
    if (!isSmall && Math.min(Math.abs(low), Math.abs(high)) < largest / 2 - width) return false
  }
  return isSmallSeen
}
