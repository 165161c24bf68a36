import { type Code, type Diagnostic, DowncastError } from '../../core/diagnostics.ts'
import type { UnknownField } from '../../wire/flatbuffers/reader.ts'

interface FileFault {
  readonly file: string
  readonly path?: string | undefined
  readonly expected?: string | undefined
  readonly actual?: string | undefined
}

/** The bytes are another format; `found` says which, when known. */
export function notTflite(file: string, found: string | undefined, hint?: string): DowncastError {
  const message = `${quote(file)} is not a .tflite file: expected "TFL3" at byte 4, found ${found ?? 'bytes of an unknown format'}.`
  return fault(
    'import/not-tflite',
    message,
    { file, expected: 'TFL3', actual: found },
    hint ?? 'Check that the path names the model itself.',
  )
}

/** A schema version that no present runtime loads. */
export function unsupportedSchemaVersion(file: string, version: number): DowncastError {
  const message = `${quote(file)} has schema version ${version}: expected 3, the only one that runtimes load.`
  return fault('import/tflite-version', message, { file, path: 'version', expected: '3', actual: `${version}` }, 'Convert the model again.')
}

/** A tensor, buffer, operator code or subgraph number that leads nowhere. */
export function indexOutOfRange(file: string, path: string, what: string, index: number, count: number): DowncastError {
  const expected = count === 0 ? `none, as there is no ${what}` : `0 to ${count - 1}`
  const message = `The ${what} number of ${quote(file)} in ${path} is out of range: expected ${expected}, found ${index}.`
  return fault('import/tflite-index-out-of-range', message, { file, path, expected, actual: `${index}` }, damaged)
}

/** Contents that contradict each other. */
export function inconsistentModel(file: string, path: string, what: string, expected: string, actual: string): DowncastError {
  const message = `The ${what} of ${quote(file)} in ${path} does not fit: expected ${expected}, found ${actual}.`
  return fault('import/tflite-inconsistent', message, { file, path, expected, actual }, damaged)
}

/** Warning: a field or union member of a newer schema. */
export function unknownField(file: string, { table, slot, member, path, count }: UnknownField): Diagnostic {
  const what = member === undefined ? `field ${slot} of the table ${table}` : `member ${member} of the union in field ${slot} of ${table}`
  const where = `${count} times, first in ${path || 'the root'}`
  return {
    severity: 'warning',
    code: 'import/tflite-unknown-field',
    message: `The ${what} in ${quote(file)} is newer than this version of downcast (${where}).`,
    hint: 'It is left out of what is written; update downcast.',
    file,
    path,
  }
}

/** Warning: the oldest runtime that the file asks for is no release. */
export function strangeRuntimeVersion(file: string, text: string): Diagnostic {
  return {
    severity: 'warning',
    code: 'import/tflite-runtime-version',
    message: `The metadata min_runtime_version of ${quote(file)} is ${quote(text)}, not a release such as 2.3.0.`,
    hint: 'It is left out of what is written. If other tools read the file well, a faulty tool wrote it; else copy the file again.',
    file,
    path: 'metadata',
  }
}

/** Warning: tensors whose weights are in other files; `groups` are the names of these. */
export function externalWeights(file: string, tensor: string, count: number, groups: readonly string[]): Diagnostic {
  const others = groups.map(quote).join(', ') || 'without a name'
  return {
    severity: 'warning',
    code: 'import/tflite-external-weights',
    message: `${count} tensors of ${quote(file)} have their weights in other files (${others}), which are not read.`,
    hint: 'Use the model with its weights inside.',
    file,
    tensor,
  }
}

const damaged = 'The file is damaged or was written by a faulty tool: copy it again or convert the model again.'

function fault(code: Code, message: string, fields: FileFault, hint: string): DowncastError {
  return new DowncastError({ code, message, hint, ...fields })
}

function quote(file: string): string {
  return JSON.stringify(file)
}
