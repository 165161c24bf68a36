import type { ConstData } from '../../core/bytes.ts'
import { typedView } from '../../core/dtype.ts'
import type { Decision } from '../types.ts'
import { inSequence } from './gptq.ts'
import type { Groups } from './groups.ts'
import { type Block, blocksOf, DampedHessian, type Gram, gramOf, type Hessian, type Hessians, rowsAtOnce } from './hessian.ts'
import type { Parameters } from './parameters.ts'
import { upOrDown, wholeHessian } from './rounding.ts'
import { lostOf, type Place, placeOf, type Row, rowOf, squaredErrors } from './rows.ts'
import type { SampledAlgorithm } from './scheme.ts'

/** Power of a layer's results over that of their errors, over the samples, in dB; null where there is no error. */
export interface LayerError {
  /** With every weight the nearest integer. */
  readonly nearestDb: number | null
  /** With the integers that were chosen. */
  readonly chosenDb: number | null
}

export interface RoundedLayer {
  readonly codes: Int8Array
  readonly error: LayerError
}

/** By what integers are chosen. */
export interface Rounding {
  readonly algorithm: SampledAlgorithm
  readonly hessians: Hessians
}

/** What was found for a layer, by its Hessian: it takes long, and models are quantized again after a look at them. */
const found = new WeakMap<Hessian, Found[]>()

interface Found {
  readonly algorithm: SampledAlgorithm
  readonly groups: Groups
  readonly parameters: Parameters
  readonly layer: RoundedLayer | undefined
}

/** Integers on given steps, where samples tell enough of the layer; else none, and why. Throws what `hessians.of` throws. */
export function roundedBySamples(
  weights: ConstData,
  groups: Groups,
  parameters: Parameters,
  { algorithm, hessians }: Rounding,
): { readonly codes?: Int8Array; readonly how: Pick<Decision, 'algorithm' | 'note' | 'results'> } {
  const nearest = (why: string) => ({ how: { algorithm: 'min-max', note: `rounded to nearest, not ${algorithm}: ${why}` } as const })
  const hessian = hessians.of(weights, algorithm)
  if ('reason' in hessian) return nearest(hessian.reason)
  const known = found.get(hessian) ?? []
  const same = known.find((f) => f.algorithm === algorithm && isSame(f.groups, groups) && hasSameSteps(f.parameters, parameters))
  const rounded = same ? same.layer : roundedLayer(typedView('f32', weights.bytes()), groups, parameters, hessian, algorithm)
  if (!same) found.set(hessian, [...known, { algorithm, groups, parameters, layer: rounded }])
  if (!rounded) return nearest('its inputs were 0 in all samples, or too large to be squared')
  // What is packed is packed in place.
  return { codes: rounded.codes.slice(), how: { algorithm, results: rounded.error } }
}

const isSame = (a: Groups, b: Groups): boolean => a.run === b.run && a.count === b.count

const hasSameSteps = (a: Parameters, b: Parameters): boolean =>
  a.low === b.low && a.high === b.high && a.scales.every((scale, i) => scale === b.scales[i])

/** Integers for each of up to four rows, in several ways. */
type Find = (rows: readonly Row[]) => Int8Array[][]

const algorithms: Readonly<Record<SampledAlgorithm, (damped: DampedHessian, gram: Gram) => Find>> = {
  gptq: (damped) => (rows) => [inSequence(damped, rows)],
  adaround: (damped, gram) => {
    const whole = wholeHessian(gram, damped)
    return (rows) => upOrDown(damped, whole, rows)
  },
}

/**
 * Integers of weights on given steps, so that what the layer's results lose on the samples is small. Each row has the nearest
 * integers where the algorithm finds none that lose less, so that no row loses more than with these.
 * Rows whose Hessian is 0 or holds NaN or infinity have the nearest; undefined where all do.
 */
export function roundedLayer(
  values: Float32Array,
  groups: Groups,
  parameters: Parameters,
  hessian: Hessian,
  algorithm: SampledAlgorithm,
): RoundedLayer | undefined {
  const codes = new Int8Array(values.length)
  const losses: Losses[] = []
  const perGroup = values.length / hessian.columns / hessian.groups
  for (const [group, block] of partsOf(hessian)) {
    const gram = gramOf(hessian, group, block)
    const damped = DampedHessian.of(gram)
    const find = damped && algorithms[algorithm](damped, gram)
    for (let done = 0; done < perGroup; done += rowsAtOnce) {
      const places = Array.from({ length: Math.min(rowsAtOnce, perGroup - done) }, (_, r) =>
        placeOf(values.length, hessian, group * perGroup + done + r, block),
      )
      const rows = places.map((place) => rowOf(values, place, groups, parameters))
      const chosen = damped && find && chosenOf(damped, find, rows)
      if (chosen) losses.push(...chosen.map((c) => c.losses))
      for (const [r, { nearest }] of rows.entries()) put(chosen ? chosen[r]!.codes : nearest, codes, places[r]!)
    }
  }
  if (losses.length === 0) return undefined
  const total = (of: keyof Losses) => losses.reduce((sum, l) => sum + l[of], 0)
  const inDb = (noise: number) => (noise === 0 ? null : 10 * Math.log10(total('signal') / noise))
  return { codes, error: { nearestDb: inDb(total('nearest')), chosenDb: inDb(total('chosen')) } }
}

/** Power of the results of a row, and of their errors. */
interface Losses {
  readonly signal: number
  readonly nearest: number
  readonly chosen: number
}

/** The best integers for each of up to four rows. */
function chosenOf(damped: DampedHessian, find: Find, rows: readonly Row[]): { readonly codes: Int8Array; readonly losses: Losses }[] {
  const judged = (found: readonly Int8Array[]) => {
    const lost = found.map((c, r) => lostOf(rows[r]!, c))
    return squaredErrors(damped, lost).map((error, r) => ({ codes: found[r]!, ...error }))
  }
  const nearest = judged(rows.map((row) => row.nearest))
  const others = find(rows).map(judged)
  const power = squaredErrors(
    damped,
    rows.map((row) => row.weights),
  )
  return nearest.map((near, r) => {
    const best = others.reduce((a, o) => (o[r]!.damped < a.damped && o[r]!.plain <= near.plain ? o[r]! : a), near)
    return { codes: best.codes, losses: { signal: power[r]!.plain, nearest: near.plain, chosen: best.plain } }
  })
}

/** What has sums of its own. */
function partsOf({ columns, groups }: Hessian): (readonly [group: number, block: Block])[] {
  const blocks = blocksOf(columns)
  return Array.from({ length: groups }, (_, group) => blocks.map((block) => [group, block] as const)).flat()
}

function put(row: Int8Array, all: Int8Array, { start, step }: Place): void {
  for (let k = 0; k < row.length; k++) all[start + k * step] = row[k]!
}
