import { byteLengthOf, typedView } from '../core/dtype.ts'
import { type NdArray, sizeOf } from '../core/nd-array.ts'
import { classOutput, scoresOf } from './class-scores.ts'
import type { DataSet, Sample } from './data/sample.ts'
import { unevenOutputs } from './diagnostics.ts'
import type { SignatureInfo } from './runner.ts'
import { type Ranked, topK } from './top-k.ts'

export interface OutputSummary {
  readonly name: string
  readonly shape: readonly number[]
  readonly min: number
  readonly max: number
  readonly mean: number
}

/** What a model says of one sample, short enough to be read; plain data. */
export interface SampleSummary {
  readonly index: number
  readonly name: string
  /** The class's name, else its number. */
  readonly label: string | null
  /** The best classes; null when no output holds scores. */
  readonly top: readonly Ranked[] | null
  /** Of real values. */
  readonly outputs: readonly OutputSummary[]
}

/** Sums up the real values that `runSamples` gave for a sample; `top` classes are named. */
export function summarizeSample(
  sample: Sample,
  signature: SignatureInfo,
  values: ReadonlyMap<string, NdArray>,
  top: number,
  classNames: DataSet['classNames'],
): SampleSummary {
  const { index, name, label } = sample
  const scores = values.get(signature.outputs[classOutput(signature, false)]?.name ?? '')
  const ranked = scores && topK(scoresOf(typedView('f32', scores.bytes)), top)
  return {
    index,
    name,
    label: label === undefined ? null : (classNames.get(label) ?? String(label)),
    top: ranked?.map((r) => ({ ...r, label: classNames.get(r.index) ?? String(r.index) })) ?? null,
    outputs: Array.from(values, ([output, { shape, bytes }]) => ({ name: output, shape, ...statistics(typedView('f32', bytes)) })),
  }
}

function statistics(values: Float32Array): { min: number; max: number; mean: number } {
  let [min, max, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]
  for (const v of values) {
    if (v < min) min = v
    if (v > max) max = v
    sum += v
  }
  return { min, max, mean: sum / values.length }
}

/**
 * The outputs of samples as one array each: one behind the other on the first axis, single values as a list.
 * Throws run/uneven-outputs when their other sizes differ.
 */
export function joinOutputs(model: string, samples: readonly ReadonlyMap<string, NdArray>[]): Map<string, NdArray> {
  const [first] = samples
  return new Map(
    Array.from(first ?? [], ([name]) => [
      name,
      joinArrays(
        model,
        name,
        samples.map((s) => s.get(name)!),
      ),
    ]),
  )
}

function joinArrays(model: string, name: string, parts: readonly NdArray[]): NdArray {
  const [first] = parts as [NdArray, ...NdArray[]]
  if (parts.length === 1) return first
  const rest = (a: NdArray): string => String(a.shape.slice(1))
  const other = parts.find((p) => rest(p) !== rest(first) || p.shape.length !== first.shape.length)
  if (other) throw unevenOutputs(model, name, first.shape, other.shape)
  const count = parts.reduce((n, p) => n + (p.shape[0] ?? 1), 0)
  const bytes = new Uint8Array(
    byteLengthOf(
      first.dtype,
      parts.reduce((n, p) => n + sizeOf(p), 0),
    ),
  )
  let at = 0
  for (const part of parts) {
    bytes.set(part.bytes, at)
    at += part.bytes.byteLength
  }
  return { dtype: first.dtype, shape: [count, ...first.shape.slice(1)], bytes }
}
