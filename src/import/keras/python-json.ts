import type { Json } from '../../core/json.ts'
import { limitExceeded } from '../../wire/diagnostics.ts'
import type { JsonFault } from '../json-cursor.ts'
import { badConfig } from './diagnostics.ts'

/** The configuration of the largest model of keras.applications has 3 million characters; what is read takes ten times the memory. */
const maxLength = 32 << 20
/** Models nest a few dozen levels; whoever looks at values calls itself for each. */
const maxDepth = 1000

/**
 * JSON as Python writes it, which may hold `Infinity` and `NaN` where JSON has no such numbers; NaN comes as null.
 * Throws `fault` and `wire/limit-exceeded`; `where` names the text in the message.
 */
export function parsePythonJson(file: string, where: string, text: string, fault: JsonFault = badConfig): Json {
  if (text.length > maxLength)
    throw limitExceeded({ file, path: where, what: 'JSON', expected: `at most ${maxLength} characters`, actual: `${text.length}` })
  if (isTooDeep(text)) throw limitExceeded({ file, path: where, what: 'nesting of the JSON', expected: `at most ${maxDepth} levels` })
  try {
    return JSON.parse(text) as Json
  } catch {
    try {
      return JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, replaceNumber)) as Json
    } catch (cause) {
      throw fault(file, where, 'JSON', cause instanceof Error ? cause.message : String(cause))
    }
  }
}

function replaceNumber(token: string): string {
  if (token === 'NaN') return 'null'
  if (token === 'Infinity') return '1e999'
  return token === '-Infinity' ? '-1e999' : token
}

/** Whether brackets outside of strings are nested beyond the limit. */
function isTooDeep(text: string): boolean {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) {
      // To the closing quotation mark, over what is escaped.
      for (i++; i < text.length && text.charCodeAt(i) !== 0x22; i++) if (text.charCodeAt(i) === 0x5c) i++
    } else if (c === 0x5b || c === 0x7b) {
      if (++depth > maxDepth) return true
    } else if (c === 0x5d || c === 0x7d) depth--
  }
  return false
}
