import { findBuiltin } from '../ops/index.ts'
import type { OpSpec } from '../ops/spec.ts'
import { type ModelTables, opOf, type SubGraphTables } from '../run/model-io.ts'

/** The record of a file's operator; undefined for custom and unknown ones. */
export function specOf(operator: SubGraphTables['operators'][number], tables: ModelTables): OpSpec | undefined {
  const name = opOf(operator, tables)
  return name === undefined ? undefined : findBuiltin(name)
}
