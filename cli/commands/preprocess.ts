import { DowncastError } from '../../src/core/diagnostics.ts'
import { type Preprocess, parsePreprocess } from '../../src/run/data/preprocess.ts'
import { invalidValue } from '../diagnostics.ts'

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
