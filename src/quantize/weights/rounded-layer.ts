import type { ConstData } from '../../core/bytes.ts'
import { typedView } from '../../core/dtype.ts'
import type { Decision } from '../types.ts'
import { inSequence } from './gptq.ts'
import type { Groups } from './groups.ts'
import { DampedHessian, type Hessian, type Hessians, rowsAtOnce } from './hessian.ts'
import type { Parameters } from './parameters.ts'
import { upOrDown, wholeHessian } from './rounding.ts'
import { lostOf, type Row, rowOf, squaredErrors } from './rows.ts'
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

const algorithms: Readonly<Record<SampledAlgorithm, (damped: DampedHessian, hessian: Hessian) => Find>> = {
  gptq: (damped) => (rows) => [inSequence(damped, rows)],
  adaround: (damped, hessian) => {
    const whole = wholeHessian(hessian, damped)
    return (rows) => upOrDown(damped, whole, rows)
  },
}

/**
 * Integers of weights [.., columns] on given steps, so that what the layer's results lose on the samples is small. Each row has the nearest
 * integers where the algorithm finds none that lose less, so that no row loses more than with these.
 * Undefined where the Hessian is 0 or holds NaN or infinity.
 */
export function roundedLayer(
  values: Float32Array,
  groups: Groups,
  parameters: Parameters,
  hessian: Hessian,
  algorithm: SampledAlgorithm,
): RoundedLayer | undefined {
  const damped = DampedHessian.of(hessian)
  if (!damped) return undefined
  const { columns } = hessian
  const find = algorithms[algorithm](damped, hessian)
  const codes = new Int8Array(values.length)
  let [signal, before, after] = [0, 0, 0]
  const count = values.length / columns
  for (let first = 0; first < count; first += rowsAtOnce) {
    const length = Math.min(rowsAtOnce, count - first)
    const rows = Array.from({ length }, (_, r) => rowOf(values, columns, first + r, groups, parameters))
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
    for (let r = 0; r < length; r++) {
      const best = others.reduce((a, o) => (o[r]!.damped < a.damped && o[r]!.plain <= nearest[r]!.plain ? o[r]! : a), nearest[r]!)
      codes.set(best.codes, (first + r) * columns)
      signal += power[r]!.plain
      before += nearest[r]!.plain
      after += best.plain
    }
  }
  const inDb = (noise: number) => (noise === 0 ? null : 10 * Math.log10(signal / noise))
  return { codes, error: { nearestDb: inDb(before), chosenDb: inDb(after) } }
}
