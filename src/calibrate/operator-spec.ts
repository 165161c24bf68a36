import { findBuiltin } from '../ops/index.ts'
import type { OpSpec } from '../ops/spec.ts'
import { type ModelTables, operatorName, type SubGraphTables } from '../run/model-io.ts'

/** The record of a file's operator; undefined for custom and unknown ones. */
export function specOf({ opcodeIndex }: SubGraphTables['operators'][number], { operatorCodes }: ModelTables): OpSpec | undefined {
  const code = operatorCodes[opcodeIndex]
  return code && findBuiltin(operatorName(code))
}
