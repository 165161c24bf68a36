import { DowncastError } from '../../src/core/diagnostics.ts'
import { type Preprocess, parsePreprocess } from '../../src/run/data/preprocess.ts'
import { invalidValue, malformedValue } from '../diagnostics.ts'

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
