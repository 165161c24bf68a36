import { type DiagnosticFields, DowncastError, nearest } from '../../src/core/diagnostics.ts'

/*
 * Faults in the flags of tflite_convert: exit code 2.
 */

/** A flag that `tflite_convert` does not have. */
export function unknownFlag(word: string, formerly: string | undefined, known: readonly string[]): DowncastError {
  const near = formerly ?? nearest(word, known)
  return new DowncastError({
    code: 'cli/unknown-flag',
    message: `tflite_convert has no flag ${word}.`,
    hint: formerly ? `It is called ${formerly} now.` : near ? `Did you mean ${near}?` : seeHelp,
  })
}

/** The beginning of more than one flag. */
export function ambiguousFlag(word: string, meanings: readonly string[]): DowncastError {
  return new DowncastError({
    code: 'cli/ambiguous-flag',
    message: `${word} can stand for ${meanings.join(', ')}.`,
    hint: 'Write the flag out.',
  })
}

/** A word that belongs to no flag. */
export function strayWord(word: string): DowncastError {
  return new DowncastError({
    code: 'cli/stray-word',
    message: `tflite_convert does not know what to do with ${JSON.stringify(word)}, which belongs to no flag.`,
    hint: 'The model goes after --saved_model_dir, --keras_model_file or --graph_def_file.',
  })
}

/** A flag without a value, or with one that it does not take. */
export function flagValue(flag: string, value: string | undefined, expected: string): DowncastError {
  return new DowncastError({
    code: 'cli/flag-value',
    message: value === undefined ? `${flag} needs ${expected}.` : `${flag} cannot be ${JSON.stringify(value)}: expected ${expected}.`,
    expected,
    ...(value !== undefined && { actual: value }),
    hint: seeHelp,
  })
}

/** Flags of which one may be given. */
export function flagsExclude(flags: readonly string[]): DowncastError {
  return new DowncastError({
    code: 'cli/flags-exclude',
    message: `${flags.join(' and ')} exclude each other: the model is one of them.`,
    hint: 'Give one.',
  })
}

/** Flags that others need, or that are always needed. */
export function flagMissing(flags: readonly string[], why: string): DowncastError {
  return new DowncastError({
    code: 'cli/flag-missing',
    message: `${flags.join(' and ')} ${flags.length === 1 ? 'is' : 'are'} missing: ${why}.`,
    hint: seeHelp,
  })
}

/** Two lists that go together and differ in length. */
export function flagCounts(flags: readonly string[], counts: readonly number[]): DowncastError {
  return new DowncastError({
    code: 'cli/flag-counts',
    message: `${flags.join(' and ')} must have the same number of items, and have ${counts.join(' and ')}.`,
    hint: 'The first item of one goes with the first of the other.',
  })
}

/** A flag that is understood and changes nothing. */
export function withoutEffect(flag: string, why: string): DiagnosticFields {
  return { code: 'cli/flag-without-effect', message: `${flag} has no effect: ${why}.` }
}

const seeHelp = 'See downcast tflite_convert --help.'
