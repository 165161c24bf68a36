import type { ByteSink } from '../../src/core/bytes.ts'
import type { NdArray } from '../../src/core/nd-array.ts'
import { dataSpec } from '../../src/platform/node-data.ts'
import { checkOutput, writeAtomically } from '../../src/platform/node-output.ts'
import { nodeWorkerRunner } from '../../src/platform/node-worker.ts'
import { batchSizeFor } from '../../src/run/batch-size.ts'
import { joinDataSets } from '../../src/run/data/join-data-sets.ts'
import { openDataSet } from '../../src/run/data/open-data-set.ts'
import { prepareFeeds } from '../../src/run/data/prepare.ts'
import type { Preprocessing } from '../../src/run/data/preprocessing.ts'
import type { DataSet, Sample } from '../../src/run/data/sample.ts'
import { wholeFeed } from '../../src/run/data/whole-feed.ts'
import { unknownSignature } from '../../src/run/diagnostics.ts'
import { runSamples } from '../../src/run/run.ts'
import type { Feeds, SignatureInfo } from '../../src/run/runner.ts'
import { joinOutputs, type SampleSummary, summarizeSample } from '../../src/run/sample-results.ts'
import { npzParts } from '../../src/wire/npz.ts'
import { missingOption } from '../diagnostics.ts'
import { interruptible } from '../signals.ts'
import type { Command } from '../verb.ts'
import type { runOptions } from '../verbs/run.ts'
import { inputPaths } from './input-paths.ts'
import { preprocessFor } from './preprocess.ts'
import { runText } from './run-text.ts'
import { withModels } from './tflite.ts'

export const runCommand: Command<typeof runOptions> = interruptible(async ({ args, options, terminal }) => {
  if (options.input.length === 0) throw missingOption('run', '--input [NAME=]FILE')
  const paths = inputPaths('--input', options.input)
  const { output } = options
  const inputs = [...args, ...paths.values()]
  if (output !== undefined) checkOutput(output, inputs)
  const model = await withModels(args, terminal, ([m]) => ({
    name: m!.file.name,
    bytes: m!.source.read(0, m!.source.byteLength),
    preprocess: preprocessFor(options.preprocess, [m!.file], terminal),
  }))
  const { preprocess } = model
  // In a thread of its own: the terminal stays responsive, and a crash of the runtime is an error like others.
  const runner = nodeWorkerRunner()
  const progress = terminal.progress('samples')
  try {
    const loaded = await runner.load(model.bytes, { name: model.name })
    const signature = chooseSignature(model.name, loaded.signatures, options.signature)
    const data = openInputs(paths, signature)
    const total = Math.min(data.count, options['max-samples'] ?? data.count)
    const samples: SampleSummary[] = []
    const results: ReadonlyMap<string, NdArray>[] = []
    const feeds = prepareSamples(data, total, signature, preprocess)
    const settings = { name: model.name, signature: signature.key, batchSize: batchSizeFor(signature) }
    for await (const { sample, outputs, values } of runSamples(loaded, feeds, settings)) {
      samples.push(summarizeSample(sample.sample, signature, values, options.top, data.classNames))
      if (output !== undefined) results.push(outputs)
      progress.update(samples.length, total)
    }
    progress.finish()
    if (output !== undefined) await writeNpz(output, joinOutputs(model.name, results), inputs)
    const json = { model: model.name, runtime: await runner.describe(), signature: signature.key, output, samples }
    const text = () => (output === undefined ? runText(samples) : `wrote ${output}: the outputs of ${samples.length} samples`)
    return { json, text, isResult: output === undefined }
  } finally {
    progress.finish()
    await runner.dispose()
  }
})

function chooseSignature(model: string, signatures: readonly SignatureInfo[], key: string | undefined): SignatureInfo {
  const found = key === undefined ? signatures[0] : signatures.find((s) => s.key === key)
  if (found) return found
  const keys = signatures.map((s) => s.key)
  throw unknownSignature(model, key ?? '', keys)
}

function openInputs(paths: ReadonlyMap<string, string>, signature: SignatureInfo): DataSet {
  const specs = new Map(Array.from(paths, ([name, path]) => [name, dataSpec(path)]))
  const files = new Map(Array.from(specs).flatMap(([name, { data }]) => ('list' in data ? [] : [[name, data] as const])))
  const whole = files.size === specs.size ? wholeFeed(files, signature) : undefined
  return whole ?? joinDataSets(new Map(Array.from(specs, ([name, spec]) => [name, openDataSet(spec)])))
}

async function* prepareSamples(
  data: DataSet,
  total: number,
  signature: SignatureInfo,
  preprocess: Preprocessing,
): AsyncGenerator<{ readonly sample: Sample; readonly inputs: Feeds }> {
  for (let i = 0; i < total; i++) {
    const sample = await data.read(i)
    yield { sample, inputs: prepareFeeds(sample, signature.inputs, preprocess) }
  }
}

async function writeNpz(output: string, results: ReadonlyMap<string, NdArray>, inputs: readonly string[]): Promise<void> {
  const parts = npzParts(output, results)
  const write = (sink: ByteSink): void => {
    let at = 0
    for (const part of parts) {
      sink.write(part, at)
      at += part.byteLength
    }
  }
  await writeAtomically(output, write, { inputs })
}
