import { type DiagnosticFields, DowncastError, type Severity, toDiagnostic } from '../../src/core/diagnostics.ts'
import type { TfliteFile } from '../../src/import/tflite/read-file.ts'
import { differentKeptPreprocess, usesKeptPreprocess } from '../../src/run/data/diagnostics.ts'
import { keptPreprocess } from '../../src/run/data/kept-preprocess.ts'
import { type Preprocess, parsePreprocess } from '../../src/run/data/preprocess.ts'
import { formatPreprocessing } from '../../src/run/data/preprocessing.ts'
import { invalidValue, malformedValue } from '../diagnostics.ts'
import { diagnosticText } from '../failure.ts'
import type { Terminal } from '../terminal.ts'

/** The record of `--preprocess`, undefined when it is not given. Throws cli/invalid-value. */
export function preprocessOf(text: string | undefined): Preprocess | undefined {
  if (text === undefined) return undefined
  try {
    return parsePreprocess(text)
  } catch (e) {
    if (!(e instanceof DowncastError)) throw e
    throw invalidValue('--preprocess', e)
  }
}

/** The records of `[NAME:]mean=M,...` by input name, `''` for inputs that are not named. Throws cli/invalid-value, cli/malformed-value. */
export function preprocessesOf(values: readonly string[]): Map<string, Preprocess> {
  const records = new Map<string, Preprocess>()
  for (const value of values) {
    // A name ends at the last colon before the first key.
    const key = value.search(/[a-z]+=/)
    const at = value.lastIndexOf(':', key < 0 ? undefined : key)
    const name = at < 0 ? '' : value.slice(0, at)
    if (records.has(name)) throw malformedValue('--preprocess', value, 'one for each input, as NAME:mean=0,std=255')
    records.set(name, preprocessOf(value.slice(at + 1))!)
  }
  return records
}

/**
 * The records of `--preprocess` where it is given, else those that the first file with any holds, which is told. Throws cli/invalid-value,
 * cli/malformed-value.
 */
export function preprocessFor(
  values: readonly string[],
  files: readonly TfliteFile[],
  terminal: Terminal,
): ReadonlyMap<string, Preprocess> {
  if (values.length > 0) return preprocessesOf(values)
  const tell = (severity: Severity, fields: DiagnosticFields) =>
    terminal.err(`${diagnosticText(toDiagnostic(fields, severity), terminal.errStyle)}\n`)
  let found: { readonly file: string; readonly text: string; readonly records: ReadonlyMap<string, Preprocess> } | undefined
  for (const { name, metadata, model } of files) {
    const inputs = model.signatureDefs.flatMap((s) => s.inputs.map((p) => p.name))
    const { records, problem } = keptPreprocess(name, metadata, inputs)
    if (problem) tell('warning', problem)
    if (!records) continue
    const text = formatPreprocessing(records)
    if (found && found.text !== text) tell('warning', differentKeptPreprocess(found.file, name))
    found ??= { file: name, text, records }
  }
  if (found) tell('info', usesKeptPreprocess(found.file, found.text))
  return found?.records ?? new Map()
}
