import type { Diagnostic } from '../core/diagnostics.ts'
import { typedView } from '../core/dtype.ts'
import { formatShape } from '../core/shape.ts'
import { batchSizeFor } from '../run/batch-size.ts'
import { type BenchOptions, bench } from '../run/bench.ts'
import { classOutput } from '../run/class-scores.ts'
import { prepareFeeds } from '../run/data/prepare.ts'
import { noPreprocess } from '../run/data/preprocess.ts'
import { formatPreprocessing, type Preprocessing } from '../run/data/preprocessing.ts'
import type { DataSet, Sample } from '../run/data/sample.ts'
import { unknownSignature } from '../run/diagnostics.ts'
import { runSamples } from '../run/run.ts'
import type { Feeds, LoadedModel, Runner, SignatureInfo } from '../run/runner.ts'
import { differentSignatures, noClassScores, nonFiniteOutputs } from './diagnostics.ts'
import { type Answer, ModelTally } from './model-tally.ts'
import { pairedRatio } from './paired-ratio.ts'
import { type Comparison, comparisonVersion, type LatencyInfo } from './types.ts'

export interface ComparedModel {
  readonly name: string
  /** A `.tflite` file. */
  readonly bytes: Uint8Array
}

export interface CompareOptions {
  readonly runner: Runner
  /** How samples become inputs. Default: as they are. */
  readonly preprocess?: Preprocessing | undefined
  /** Default: the first signature of each file. */
  readonly signature?: string | undefined
  /** Samples that are run, from the first on. Default: all. */
  readonly maxSamples?: number | undefined
  /** Flipped samples kept of each kind and model; all are counted. Default 200. */
  readonly maxFlips?: number | undefined
  /** Samples that are run together where the models take any number. Default: by the size of the inputs, 256 at most. */
  readonly batchSize?: number | undefined
  /** Settings of the measurement of latency, with the first sample; false: none. */
  readonly latency?: BenchOptions | false | undefined
  /** `total` samples are to be run. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

interface Subject extends ComparedModel {
  readonly model: LoadedModel
  readonly signature: SignatureInfo
  /** Names of its outputs in the reference's order. */
  readonly outputs: readonly string[]
}

/**
 * Runs models side by side over the samples of a data set and says what the later ones cost and gain against the first, the
 * reference. Memory does not grow with the number of samples.
 * Throws compare/different-signatures, compare/different-shapes, compare/label-out-of-range, the codes of `Runner.load`,
 * `LoadedModel.run` and `prepareFeeds`, and what the data set throws.
 */
export async function compare(models: readonly ComparedModel[], data: DataSet, options: CompareOptions): Promise<Comparison> {
  const { runner, preprocess = noPreprocess, latency = {}, signal } = options
  const subjects: Subject[] = []
  try {
    for (const m of models) {
      const model = await runner.load(m.bytes, { name: m.name })
      const signature = signatureOf(model, m.name, options.signature)
      subjects.push({ ...m, model, signature, outputs: matchOutputs(subjects[0] ?? { ...m, signature }, { ...m, signature }) })
    }
    const reference = subjects[0]!
    const scored = classOutput(reference.signature, data.isLabeled)
    const diagnostics: Diagnostic[] = []
    if (data.isLabeled && scored < 0) diagnostics.push(noClassScores(portsText(reference.signature.outputs)))

    const latencies = latency === false ? undefined : await measure(subjects, data, preprocess, { signal, ...latency })
    const tallies = subjects.map((s) => new ModelTally(s.name, reference.outputs, scored, options.maxFlips ?? 200))
    const total = Math.min(data.count, options.maxSamples ?? data.count)
    let labeled = 0
    for await (const chunk of chunks(data, total, options.batchSize ?? batchSizeFor(reference.signature))) {
      const results = await runAll(subjects, chunk, preprocess, signal)
      for (const [i, sample] of chunk.entries()) {
        if (sample.label !== undefined) labeled++
        const judged = tallies.map((t, k) => t.judge(sample, results[k]![i]!))
        for (const [k, t] of tallies.entries()) if (k > 0) t.contrast(sample, judged[k]!, judged[0]!, reference.name)
      }
      options.onProgress?.(chunk.at(-1)!.index + 1, total)
    }
    for (const t of tallies) if (t.nonFinite > 0) diagnostics.push(nonFiniteOutputs(t.name, t.nonFinite))
    return {
      kind: 'downcast/comparison',
      version: comparisonVersion,
      data: { name: data.name, samples: total, labeled, classNames: Object.fromEntries(data.classNames) },
      runtime: await runner.describe(),
      preprocess: formatPreprocessing(preprocess),
      classOutput: reference.signature.outputs[scored]?.name ?? null,
      models: subjects.map((s, i) => ({
        name: s.name,
        sizeBytes: s.bytes.byteLength,
        sizeRatio: reference.bytes.byteLength / s.bytes.byteLength,
        latency: latencies?.[i] ?? null,
        accuracy: tallies[i]!.accuracy(),
        difference: i === 0 ? null : tallies[i]!.difference(),
        nonFiniteValues: tallies[i]!.nonFinite,
      })),
      diagnostics,
    }
  } finally {
    await Promise.all(subjects.map((s) => s.model.dispose()))
  }
}

function signatureOf(model: LoadedModel, name: string, key: string | undefined): SignatureInfo {
  const found = key === undefined ? model.signatures[0] : model.signatures.find((s) => s.key === key)
  if (found) return found
  const keys = model.signatures.map((s) => s.key)
  throw unknownSignature(name, key ?? '', keys)
}

type Described = ComparedModel & Pick<Subject, 'signature'>

/** The candidate's outputs for each of the reference's: those of the same name, else those in the same place. Inputs have the same names. */
function matchOutputs(reference: Described, candidate: Described): string[] {
  const [expected, found] = [reference.signature, candidate.signature]
  const inputs = ({ signature }: Described): string =>
    signature.inputs
      .map((i) => i.name)
      .sort()
      .join(', ')
  const isSingle = expected.inputs.length === 1 && found.inputs.length === 1
  if (!isSingle && inputs(reference) !== inputs(candidate)) {
    throw differentSignatures(reference.name, candidate.name, 'inputs', inputs(reference), inputs(candidate))
  }
  if (expected.outputs.length !== found.outputs.length) {
    throw differentSignatures(reference.name, candidate.name, 'outputs', portsText(expected.outputs), portsText(found.outputs))
  }
  const names = found.outputs.map((o) => o.name)
  return expected.outputs.every((o) => names.includes(o.name)) ? expected.outputs.map((o) => o.name) : names
}

function portsText(ports: SignatureInfo['outputs']): string {
  return ports.map((o) => `${JSON.stringify(o.name)} ${o.dtype}${formatShape(o.shape)}`).join(', ')
}

/** Samples in runs of at most `size`. */
async function* chunks(data: DataSet, total: number, size: number): AsyncGenerator<Sample[]> {
  let chunk: Sample[] = []
  for (let i = 0; i < total; i++) {
    chunk.push(await data.read(i))
    if (chunk.length < size && i + 1 < total) continue
    yield chunk
    chunk = []
  }
}

/** Answers by model and sample. Models with the same inputs share the prepared feeds. */
async function runAll(
  subjects: readonly Subject[],
  samples: readonly Sample[],
  preprocess: Preprocessing,
  signal: AbortSignal | undefined,
): Promise<Answer[][]> {
  const prepared = new Map<string, { inputs: Feeds }[]>()
  const all: Answer[][] = []
  for (const { name, model, signature, outputs } of subjects) {
    const key = JSON.stringify(signature.inputs)
    const feeds = prepared.get(key) ?? samples.map((s) => ({ inputs: prepareFeeds(s, signature.inputs, preprocess) }))
    prepared.set(key, feeds)
    const answers: Answer[] = []
    const runs = runSamples(model, feeds, { name, signature: signature.key, batchSize: samples.length, signal })
    for await (const { values } of runs) {
      answers.push(outputs.map((o) => values.get(o)).map((a) => a && { shape: a.shape, values: typedView('f32', a.bytes) }))
    }
    all.push(answers)
  }
  return all
}

async function measure(
  subjects: readonly Subject[],
  data: DataSet,
  preprocess: Preprocessing,
  options: BenchOptions,
): Promise<LatencyInfo[]> {
  const sample = await data.read(0)
  const timed = await bench(
    subjects.map(({ name, model, signature }) => ({
      name,
      model,
      feeds: prepareFeeds(sample, signature.inputs, preprocess),
      signature: signature.key,
    })),
    options,
  )
  const reference = timed[0]!.timesMs
  return timed.map(({ name: _, timesMs, ...latency }) => ({ ...latency, ...pairedRatio(reference, timesMs) }))
}
