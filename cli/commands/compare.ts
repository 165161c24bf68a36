import { type Comparison, compare, formatComparison, type Pixels, renderComparison, thumbnailOf } from '../../src/compare/index.ts'
import { version } from '../../src/core/version.ts'
import { dataSpec } from '../../src/platform/node-data.ts'
import { loadNodeLiteRt } from '../../src/platform/node-litert.ts'
import { checkOutput } from '../../src/platform/node-output.ts'
import { openDataSet } from '../../src/run/data/open-data-set.ts'
import type { DataSet } from '../../src/run/data/sample.ts'
import { liteRtRunner } from '../../src/run/litert.ts'
import { diagnosticText } from '../failure.ts'
import { interruptible } from '../signals.ts'
import type { Command } from '../verb.ts'
import type { compareOptions } from '../verbs/compare.ts'
import { preprocessFor } from './preprocess.ts'
import { withModels } from './tflite.ts'
import { writeText } from './write-text.ts'

export const compareCommand: Command<typeof compareOptions> = interruptible(async ({ args, options, terminal }) => {
  if (options.output !== undefined) checkOutput(options.output, args)
  const { models, preprocess } = await withModels(args, terminal, (opened) => ({
    models: opened.map(({ file, source }) => ({ name: file.name, bytes: source.read(0, source.byteLength) })),
    preprocess: preprocessFor(
      options.preprocess,
      opened.map((o) => o.file),
      terminal,
    ),
  }))
  const data = openDataSet(dataSpec(options.data, options.labels))
  // In this thread: the way to another one would count as latency.
  const runner = liteRtRunner(loadNodeLiteRt)
  const progress = terminal.progress('samples')
  try {
    const comparison = await compare(models, data, {
      runner,
      preprocess,
      signature: options.signature,
      maxSamples: options['max-samples'],
      maxFlips: options['max-flips'],
      ...(options['no-latency'] && { latency: false }),
      onProgress: (done, total) => progress.update(done, total),
    })
    progress.finish()
    for (const d of comparison.diagnostics) terminal.err(`${diagnosticText(d, terminal.errStyle)}\n`)
    if (options.output !== undefined) await writePage(options.output, args, comparison, data)
    return { json: comparison, text: () => resultText(comparison, options.output), isResult: true }
  } finally {
    progress.finish()
    await runner.dispose()
  }
})

async function writePage(output: string, inputs: readonly string[], comparison: Comparison, data: DataSet): Promise<void> {
  const pictures = new Map<number, Pixels>()
  for (const { index } of comparison.models.flatMap((m) => m.difference?.flips ?? [])) {
    const pixels = pictures.has(index) ? undefined : thumbnailOf(await data.read(index))
    if (pixels) pictures.set(index, pixels)
  }
  await writeText(output, renderComparison(comparison, { pictures, version }), inputs)
}

function resultText(comparison: Comparison, output: string | undefined): string {
  return output === undefined ? formatComparison(comparison) : `${formatComparison(comparison)}\n\nwrote ${output}`
}
