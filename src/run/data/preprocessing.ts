import { unknownPreprocessInput } from './diagnostics.ts'
import { formatPreprocess, noPreprocess, type Preprocess } from './preprocess.ts'

/** One record for every input, or one for each by name; an empty name stands for the inputs that are not named. */
export type Preprocessing = Preprocess | ReadonlyMap<string, Preprocess>

/** The records as `--preprocess` takes them, `INPUT:` before those of one input, joined by blanks. */
export function formatPreprocessing(preprocessing: Preprocessing): string {
  if (!isByInput(preprocessing)) return formatPreprocess(preprocessing)
  const records = preprocessing.size === 0 ? [['', noPreprocess] as const] : [...preprocessing]
  return records.map(([name, record]) => `${name === '' ? '' : `${name}:`}${formatPreprocess(record)}`).join(' ')
}

/** The record of an input. */
export function preprocessOfInput(preprocessing: Preprocessing, input: string): Preprocess {
  if (!isByInput(preprocessing)) return preprocessing
  return preprocessing.get(input) ?? preprocessing.get('') ?? noPreprocess
}

/** Throws `run/unknown-preprocess-input` for a record of an input that is not among them. */
export function checkPreprocessing(preprocessing: Preprocessing, inputs: readonly string[]): void {
  if (!isByInput(preprocessing)) return
  for (const name of preprocessing.keys()) if (name !== '' && !inputs.includes(name)) throw unknownPreprocessInput(name, inputs)
}

function isByInput(preprocessing: Preprocessing): preprocessing is ReadonlyMap<string, Preprocess> {
  return preprocessing instanceof Map
}
