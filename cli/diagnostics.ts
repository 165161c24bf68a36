import { DowncastError, nearest } from '../src/core/diagnostics.ts'

/*
 * Faults of usage: exit code 2.
 */

export function unknownVerb(word: string, verbs: readonly string[]): DowncastError {
  return usage('cli/unknown-verb', `There is no verb ${quote(word)}; the verbs are ${verbs.join(', ')}.`, didYouMean(word, verbs))
}

export function unknownOption(verb: string, option: string, known: readonly string[]): DowncastError {
  return usage('cli/unknown-option', `downcast ${verb} has no option ${option}.`, didYouMean(option, known) ?? seeHelp(verb))
}

export function unknownValue(option: string, value: string, choices: readonly string[]): DowncastError {
  return usage(
    'cli/unknown-value',
    `${option} cannot be ${quote(value)}; expected one of ${choices.join(', ')}.`,
    didYouMean(value, choices),
  )
}

/** A value that a library function refused; its words follow. */
export function invalidValue(option: string, cause: DowncastError): DowncastError {
  return new DowncastError({ code: 'cli/invalid-value', message: `${option}: ${cause.message}`, hint: cause.hint }, { cause })
}

/** Ranges for a mode that leaves activations float. */
export function calibrationWithoutUse(mode: string, modes: readonly string[]): DowncastError {
  return usage(
    'cli/calibration-without-use',
    `--calibration has no use in the mode ${mode}, whose activations stay float.`,
    `It is for --quantize ${modes.join(', ')}.`,
  )
}

export function malformedValue(option: string, value: string, expected: string): DowncastError {
  return new DowncastError({
    code: 'cli/malformed-value',
    message: `${option} cannot be ${quote(value)}: expected ${expected}.`,
    expected,
    actual: value,
  })
}

export function missingValue(verb: string, option: string): DowncastError {
  return usage('cli/missing-value', `${option} needs a value.`, seeHelp(verb))
}

export function unexpectedValue(verb: string, option: string, value: string): DowncastError {
  return usage('cli/unexpected-value', `${option} takes no value, found ${quote(value)}.`, seeHelp(verb))
}

export function repeatedOption(verb: string, option: string): DowncastError {
  return usage('cli/repeated-option', `${option} is given more than once.`, seeHelp(verb))
}

export function missingOption(verb: string, option: string): DowncastError {
  return usage('cli/missing-option', `downcast ${verb} needs ${option}.`, seeHelp(verb))
}

export function missingArgument(verb: string, name: string): DowncastError {
  return usage('cli/missing-argument', `downcast ${verb} needs ${name}.`, seeHelp(verb))
}

export function unexpectedArgument(verb: string, word: string): DowncastError {
  return usage('cli/unexpected-argument', `downcast ${verb} does not know what to do with ${quote(word)}.`, seeHelp(verb))
}

/** Options that tell of a graph to be made, for a file whose graph stays as it is. */
export function optionForSource(option: string): DowncastError {
  return usage(
    'cli/option-for-source',
    `${option} has no meaning for a .tflite file, whose graph stays as it is.`,
    'Leave it out, or convert the model that the file was made from.',
  )
}

function usage(code: `cli/${string}`, message: string, hint: string | undefined): DowncastError {
  return new DowncastError({ code, message, hint })
}

function didYouMean(word: string, candidates: readonly string[]): string | undefined {
  const near = nearest(word, candidates)
  return near === undefined ? undefined : `Did you mean ${near}?`
}

function seeHelp(verb: string): string {
  return `See downcast ${verb} --help.`
}

function quote(text: string): string {
  return JSON.stringify(text)
}
