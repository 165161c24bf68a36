import { breathe } from '../core/event-loop.ts'
import type { NdArray } from '../core/nd-array.ts'
import { isBatchable, joinFeeds, splitResults } from './batch.ts'
import { unknownInput, unknownSignature } from './diagnostics.ts'
import { fitFeed, realValues } from './quantized-values.ts'
import type { Feeds, LoadedModel, Runner, SignatureInfo } from './runner.ts'

export interface RunOptions {
  readonly runner: Runner
  /** What errors call the model. Default: `model`. */
  readonly name?: string | undefined
  /** Default: the first signature of the file. */
  readonly signature?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export interface RunResult {
  readonly signature: SignatureInfo
  /** In the model's own types. */
  readonly outputs: ReadonlyMap<string, NdArray>
  /** As real numbers, float32: quantized ones dequantized. Outputs that are not numbers are left out. */
  readonly values: ReadonlyMap<string, NdArray>
}

/**
 * Runs a `.tflite` model once. Feeds may be in other types than the model's, real numbers for a quantized input above all; a single feed
 * under the empty name goes to the only input.
 * Throws the codes of `Runner.load`, `LoadedModel.run` and `fitFeed`.
 */
export async function runModel(model: Uint8Array, feeds: Feeds, options: RunOptions): Promise<RunResult> {
  const { runner, name = 'model' } = options
  const loaded = await runner.load(model, { name })
  try {
    const signature = signatureOf(loaded, name, options.signature)
    const outputs = await loaded.run(fitFeeds(name, signature, feeds), { signature: signature.key, signal: options.signal })
    return { signature, outputs, values: valuesOf(signature, outputs) }
  } finally {
    await loaded.dispose()
  }
}

export interface SampleOptions {
  /** What errors call the model. Default: `model`. */
  readonly name?: string | undefined
  /** Default: the first signature of the file. */
  readonly signature?: string | undefined
  /** Samples that are run together where the model takes any number. Default 64. */
  readonly batchSize?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs a loaded model over samples in their order, several at once where it can; memory does not grow with their number.
 * Feeds are fitted as in `runModel`. Throws the codes of `LoadedModel.run` and `fitFeed`.
 */
export async function* runSamples<S extends { readonly inputs: Feeds }>(
  model: LoadedModel,
  samples: AsyncIterable<S> | Iterable<S>,
  options: SampleOptions = {},
): AsyncGenerator<{ readonly sample: S; readonly outputs: ReadonlyMap<string, NdArray>; readonly values: ReadonlyMap<string, NdArray> }> {
  const { name = 'model', batchSize = 64, signal } = options
  const signature = signatureOf(model, name, options.signature)
  const limit = isBatchable(signature) ? batchSize : 1
  let waiting: { sample: S; feeds: Feeds }[] = []
  const flush = async () => {
    const taken = waiting
    waiting = []
    await breathe(signal)
    const results = await model.run(joinFeeds(taken.map((t) => t.feeds)), { signature: signature.key, signal })
    const parts = taken.length === 1 ? [results] : splitResults(results, taken.length)
    return taken.map(({ sample }, i) => ({ sample, outputs: parts[i]!, values: valuesOf(signature, parts[i]!) }))
  }
  for await (const sample of samples) {
    const feeds = fitFeeds(name, signature, sample.inputs)
    if (waiting.length > 0 && !canJoin(waiting[0]!.feeds, feeds)) yield* await flush()
    waiting.push({ sample, feeds })
    if (waiting.length >= limit) yield* await flush()
  }
  if (waiting.length > 0) yield* await flush()
}

function signatureOf(model: LoadedModel, name: string, key: string | undefined): SignatureInfo {
  const found = key === undefined ? model.signatures[0] : model.signatures.find((s) => s.key === key)
  if (!found) {
    const keys = model.signatures.map((s) => s.key)
    throw unknownSignature(name, key ?? '', keys)
  }
  return found
}

function fitFeeds(model: string, signature: SignatureInfo, feeds: Feeds): Map<string, NdArray> {
  const fitted = new Map<string, NdArray>()
  for (const [given, value] of feeds) {
    const name = given === '' && feeds.size === 1 && signature.inputs.length === 1 ? signature.inputs[0]!.name : given
    const input = signature.inputs.find((i) => i.name === name)
    if (!input) {
      const names = signature.inputs.map((i) => i.name)
      throw unknownInput(model, name, names)
    }
    fitted.set(name, fitFeed(model, value, input))
  }
  return fitted
}

function valuesOf(signature: SignatureInfo, outputs: ReadonlyMap<string, NdArray>): Map<string, NdArray> {
  const values = new Map<string, NdArray>()
  for (const output of signature.outputs) {
    const array = outputs.get(output.name)!
    const real = realValues(array, output)
    if (real)
      values.set(output.name, { dtype: 'f32', shape: array.shape, bytes: new Uint8Array(real.buffer, real.byteOffset, real.byteLength) })
  }
  return values
}

/** Whether two samples have the same inputs in the same sizes. */
function canJoin(a: Feeds, b: Feeds): boolean {
  return a.size === b.size && Array.from(a).every(([name, x]) => String(x.shape) === String(b.get(name)?.shape))
}
