import path from 'node:path'
import { masksIn } from '../../src/calibrate/calibration.ts'
import { calibrationText } from '../../src/calibrate/calibration-file.ts'
import { convert, convertTflite } from '../../src/convert.ts'
import { tfliteBytes } from '../../src/export/write-tflite.ts'
import { kindOfPath } from '../../src/platform/node.ts'
import { checkOutput, writeAtomically } from '../../src/platform/node-output.ts'
import { nodePartial } from '../../src/platform/node-partial.ts'
import { missingOption } from '../diagnostics.ts'
import { diagnosticText } from '../failure.ts'
import { openModel, openTflite } from '../read-source.ts'
import { interruptible } from '../signals.ts'
import type { Terminal } from '../terminal.ts'
import { formatCount, formatSeconds, textTable } from '../text.ts'
import type { Command } from '../verb.ts'
import type { calibrateOptions } from '../verbs/calibrate.ts'
import { calibrateBytes } from './calibration.ts'
import { inputPaths, openPaths } from './input-paths.ts'
import { preprocessesOf } from './preprocess.ts'
import { type ModelOptions, readOptions } from './read-options.ts'

export const calibrateCommand: Command<typeof calibrateOptions> = interruptible(async ({ args, options, terminal }) => {
  const begin = performance.now()
  const { output, data: values } = options
  if (values.length === 0) throw missingOption('calibrate', '--data DATA')
  if (output === undefined) throw missingOption('calibrate', '-o CALIB.json')
  const paths = inputPaths('--data', values)
  preprocessesOf(options.preprocess)
  checkOutput(output, [...args, ...paths.values()])
  const data = openPaths(paths)
  const { bytes, files } = await floatModelOf(args[0]!, options)
  const name = path.basename(path.resolve(args[0]!))
  const partial = nodePartial(`${output}.partial`)
  const { preprocess, jobs } = options
  const how = { preprocess, maxSamples: options['max-samples'], jobs, skipBad: options['skip-bad'], terminal }
  const { calibration, diagnostics, resumed } = await tellingWhatIsKept(partial.name, terminal, () =>
    calibrateBytes({ name, bytes }, data, how, { partial }),
  )
  for (const d of diagnostics) terminal.err(`${diagnosticText(d, terminal.errStyle)}\n`)
  const text = new TextEncoder().encode(calibrationText(calibration))
  await writeAtomically(output, (sink) => sink.write(text, 0), { inputs: [...files, ...paths.values()] })
  partial.remove()
  const { tensors, hasColumnSums: _, ...rest } = calibration.record
  const timeMs = Math.round(performance.now() - begin)
  const masked = [...tensors.values()].filter(masksIn).length
  const json = { ...rest, output, activations: tensors.size, masked, resumed, diagnostics, timeMs }
  return {
    json,
    text: () => {
      const { samples, skipped } = rest.data
      const rows = [
        ['samples', `${formatCount(samples)}${skipped.length > 0 ? `, ${formatCount(skipped.length)} skipped` : ''}`],
        ...(resumed > 0 ? [['continued', `after ${formatCount(resumed)} samples of an interrupted run`]] : []),
        ['activations', formatCount(tensors.size)],
        ...(masked > 0 ? [['masks', `left out of ${formatCount(masked)} of them, which a softmax reads`]] : []),
        ['ran in', rest.method === 'litert' ? 'LiteRT.js' : "downcast's interpreter, because LiteRT.js cannot show this model's tensors"],
        ['signatures', rest.signatures.join(', ')],
        ['time', formatSeconds(timeMs)],
      ]
      return [`${args[0]} -> ${output}`, ...textTable(rows).map((l) => `  ${l}`)].join('\n')
    },
    isResult: false,
  }
})

/** Where a signal ends the process during `work`, says that what is in `file` is not lost. */
async function tellingWhatIsKept<T>(file: string, terminal: Terminal, work: () => Promise<T>): Promise<T> {
  const tell = () => {
    if (kindOfPath(file) === 'file') terminal.err(`interrupted: ${file} holds what was done, and the same command goes on from there\n`)
  }
  process.once('exit', tell)
  try {
    return await work()
  } finally {
    process.off('exit', tell)
  }
}

interface FloatModelOptions extends ModelOptions {
  readonly equalize: boolean
}

/** The float model that `convert` with the same options makes before it quantizes, and the files it is read from. */
async function floatModelOf(
  location: string,
  options: FloatModelOptions,
): Promise<{ readonly bytes: Uint8Array; readonly files: readonly string[] }> {
  const { equalize } = options
  const tflite = openTflite(location)
  const source = tflite ?? (await openModel(location, readOptions(options)))
  try {
    const { floatModel } =
      'tflite' in source ? convertTflite(source.tflite, { equalize }) : convert(source.model, { keepGrids: true, equalize })
    return { bytes: tfliteBytes(floatModel), files: source.files }
  } finally {
    source.close()
  }
}
