import { digestOf, textDigest } from '../core/digest.ts'
import { type NdArray, toFloat32 } from '../core/nd-array.ts'
import { inputMismatch } from '../run/data/diagnostics.ts'
import { prepareFeeds, prepareInput } from '../run/data/prepare.ts'
import { formatPreprocess, type Preprocess } from '../run/data/preprocess.ts'
import { preprocessOfInput } from '../run/data/preprocessing.ts'
import type { DataSet, Sample } from '../run/data/sample.ts'
import type { Feeds, SignatureInfo } from '../run/runner.ts'
import { notFiniteSample } from './diagnostics.ts'
import type { PreparedSample } from './observer.ts'

/** By input name; `''` stands for inputs that are not named. */
export type PreprocessByInput = ReadonlyMap<string, Preprocess>

export interface ReadSample {
  readonly name: string
  /** SHA-256 of its arrays as they are stored. */
  readonly sha256: string
  readonly stored: Sample
  readonly prepared: PreparedSample
  /** Smallest and largest number fed to each input of each signature. */
  readonly ranges: readonly { readonly signature: string; readonly input: string; readonly range: readonly [number, number] }[]
}

/**
 * Reads one sample and prepares it for the signatures whose inputs it has: by their names, by `<signature>.<input>`, or as the only array for
 * the first signature with one input. Throws what the data set throws, run/input-mismatch, what `prepareInput` throws, and
 * calibrate/not-finite-sample.
 */
export async function readSample(
  data: DataSet,
  index: number,
  signatures: readonly SignatureInfo[],
  preprocess: PreprocessByInput,
): Promise<ReadSample> {
  const stored = await data.read(index)
  const runs = prepareRuns(stored, signatures, preprocess)
  const ranges = runs.flatMap(({ signature, feeds }) =>
    [...feeds].flatMap(([input, array]) => {
      const range = finiteRange(array, stored.name, input)
      return range ? [{ signature, input, range }] : []
    }),
  )
  const parts = [...stored.arrays].sort(([a], [b]) => (a < b ? -1 : 1))
  const header = parts.map(([name, { dtype, shape }]) => [name, dtype, shape])
  const sha256 = await digestOf([new TextEncoder().encode(JSON.stringify(header)), ...parts.map(([, a]) => a.bytes)])
  return { name: stored.name, sha256, stored, prepared: { runs }, ranges }
}

/** Where the digest of a data set begins; that of each sample is added to it with `chained`. */
export function firstLink(preprocess: PreprocessByInput): Promise<string> {
  return textDigest(JSON.stringify(preprocessRecord(preprocess)))
}

export function chained(before: string, sha256: string): Promise<string> {
  return textDigest(`${before} ${sha256}`)
}

export function preprocessRecord(preprocess: PreprocessByInput): Record<string, string> {
  return Object.fromEntries([...preprocess].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, p]) => [name, formatPreprocess(p)]))
}

function prepareRuns(sample: Sample, signatures: readonly SignatureInfo[], preprocess: PreprocessByInput): PreparedSample['runs'] {
  const { arrays } = sample
  const used = new Set<string>()
  const runs = signatures.flatMap((s) => {
    const qualified = (input: string): string => `${s.key}.${input}`
    const nameOf = [qualified, (input: string) => input].find(
      (name) => s.inputs.length > 0 && s.inputs.every((i) => arrays.has(name(i.name))),
    )
    if (!nameOf) return []
    const feeds = s.inputs.map((input) => {
      used.add(nameOf(input.name))
      return [
        input.name,
        prepareInput(arrays.get(nameOf(input.name))!, input, preprocessOfInput(preprocess, input.name), sample.name),
      ] as const
    })
    return [{ signature: s.key, feeds: new Map(feeds) as Feeds }]
  })
  const single = signatures.find((s) => s.inputs.length === 1)
  if (runs.length === 0 && single) {
    runs.push({ signature: single.key, feeds: prepareFeeds(sample, single.inputs, preprocessOfInput(preprocess, single.inputs[0]!.name)) })
  } else if (runs.length === 0 || used.size < arrays.size) {
    const names = signatures.flatMap((s) => s.inputs.map((i) => (signatures.length === 1 ? i.name : `${s.key}.${i.name}`)))
    throw inputMismatch(sample.name, names, [...arrays.keys()])
  }
  return runs
}

/** Smallest and largest value fed; undefined for types that are no plain numbers. Throws calibrate/not-finite-sample. */
function finiteRange(array: NdArray, sample: string, input: string): readonly [number, number] | undefined {
  const values = toFloat32(array)
  if (!values) return undefined
  let [min, max, odd] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!
    if (x < min) min = x
    if (x > max) max = x
    // NaN for NaN and infinity.
    odd += x * 0
  }
  if (odd !== 0) throw notFiniteSample(sample, input, String(values.find((x) => !Number.isFinite(x))))
  return [min, max]
}
