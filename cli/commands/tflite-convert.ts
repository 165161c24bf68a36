import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import * as path from 'node:path'
import { inspectModel } from '../../src/inspect/index.ts'
import { unwritableOutput } from '../../src/platform/diagnostics.ts'
import { checkOutput } from '../../src/platform/node-output.ts'
import { renderDot } from '../../src/report/index.ts'
import { diagnosticText } from '../failure.ts'
import type { OptionSchema } from '../options.ts'
import { parseArguments } from '../parse-arguments.ts'
import type { Terminal } from '../terminal.ts'
import { parseFlags } from '../tflite-convert/parse-flags.ts'
import { type Translation, translate } from '../tflite-convert/translate.ts'
import type { Command, Invocation, Outcome } from '../verb.ts'
import { convertVerb } from '../verbs/convert.ts'
import { reportCommand } from './report.ts'
import { withModels } from './tflite.ts'
import { writeText } from './write-text.ts'

/** TensorFlow's command: its flags become options of `convert`, which is run with them. */
export const tfliteConvertCommand: Command<OptionSchema> = async (invocation) => {
  const { terminal } = invocation
  const { flags, rest } = parseFlags(invocation.args)
  const translation = translate(
    flags,
    rest.some((word) => word.startsWith('--calibration')),
  )
  for (const note of translation.notes) terminal.err(`${diagnosticText(note, terminal.errStyle)}\n`)
  const outcome = translation.isGraph ? await drawn(translation, rest, invocation) : await converted(translation, rest, invocation)
  if (translation.summaryDir !== undefined) await summarize(translation, terminal)
  const words = ['convert', ...translation.words, ...rest]
  return {
    ...outcome,
    json: { ...outcome.json, command: words, notes: translation.notes },
    text: () => `${outcome.text()}\n  as          downcast ${words.map(shellWord).join(' ')}`,
  }
}

async function converted(
  { words }: Pick<Translation, 'words'>,
  rest: readonly string[],
  invocation: Invocation<OptionSchema>,
): Promise<Outcome> {
  const { args, options } = parseArguments(convertVerb, [...words, ...rest])
  const command = await convertVerb.load()
  return command({ ...invocation, args, options: { ...options, ...invocation.options } })
}

/** Converts beside, and writes the graph of the model. */
async function drawn(translation: Translation, rest: readonly string[], invocation: Invocation<OptionSchema>): Promise<Outcome> {
  const { output, words } = translation
  checkOutput(output, [words[0]!])
  const dir = mkdtempSync(path.join(tmpdir(), 'downcast-graph-'))
  const file = path.join(dir, `${path.parse(output).name}.tflite`)
  try {
    await converted({ words: words.map((w, i) => (words[i - 1] === '-o' ? file : w)) }, rest, invocation)
    const text = await withModels([file], invocation.terminal, ([model]) => renderDot(inspectModel(model!.file, { contents: false })))
    const sizeBytes = await writeText(output, text, [words[0]!])
    return { json: { output, format: 'dot', sizeBytes }, text: () => `wrote ${output}`, isResult: false }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function summarize({ output, isGraph, summaryDir }: Translation, terminal: Terminal): Promise<void> {
  if (isGraph) return
  try {
    mkdirSync(summaryDir!, { recursive: true })
  } catch (e) {
    throw unwritableOutput(summaryDir!, e instanceof Error ? e.message : String(e), { cause: e })
  }
  const options = {
    output: path.join(summaryDir!, 'report.html'),
    preprocess: undefined,
    json: false,
    quiet: true,
    debug: false,
    help: false,
  }
  await reportCommand({ args: [output], options, terminal })
}

const shellWord = (word: string): string => (/^[\w./=:,-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`)
