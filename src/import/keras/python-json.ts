import type { Json } from '../../core/json.ts'
import type { JsonFault } from '../json-cursor.ts'
import { badConfig } from './diagnostics.ts'

/**
 * JSON as Python writes it, which may hold `Infinity` and `NaN` where JSON has no such numbers; NaN comes as null.
 * Throws `fault`; `where` names the text in the message.
 */
export function parsePythonJson(file: string, where: string, text: string, fault: JsonFault = badConfig): Json {
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
