import { type DiagnosticFields, Diagnostics } from '../../core/diagnostics.ts'
import { dtypeOfCode } from '../../schema/tensorflow/data-type.ts'
import type { TensorInfo } from '../../schema/tensorflow/saved-model.ts'
import type { SignaturePorts } from '../graph-def/signature.ts'
import { stringInputs, stringOutputs } from './diagnostics.ts'

/** What of a signature LiteRT can do, whose kernels do not take strings apart. */
export interface NumericPart {
  /** Without outputs of strings; undefined when an input is of strings, or nothing is left. */
  readonly ports: SignaturePorts | undefined
  readonly warnings: readonly DiagnosticFields[]
}

/**
 * Signatures that take strings are refused unless `isParsed` says that they may be serialized `tf.Example`s, class names beside the scores
 * left out. `keys` are the signatures that take no strings, for the advice.
 */
export function withoutStrings(file: string, key: string, ports: SignaturePorts, keys: readonly string[], isParsed: boolean): NumericPart {
  const others = keys.filter((k) => k !== key)
  const inputs = stringsAmong(ports.inputs)
  if (inputs.length > 0 && !isParsed) return { ports: undefined, warnings: [stringInputs(file, key, inputs, [], others)] }
  const outputs = stringsAmong(ports.outputs)
  if (outputs.length === 0) return { ports, warnings: [] }
  const left = new Map([...ports.outputs].filter(([, info]) => !isString(info)))
  const warnings = [stringOutputs(file, key, outputs, left.size > 0, others)]
  return { ports: left.size > 0 ? { ...ports, outputs: left } : undefined, warnings }
}

export const isString = ({ dtype }: TensorInfo): boolean => dtypeOfCode(dtype) === 'string'

/** Names of ports of strings. */
export function stringsAmong(ports: SignaturePorts['inputs']): readonly string[] {
  return [...ports].flatMap(([name, info]) => (isString(info) ? [name] : []))
}

/** Every signature was refused: throws the reasons. */
export function throwAll(notes: Diagnostics): void {
  const problems = new Diagnostics()
  for (const d of notes.list) if (d.severity !== 'info') problems.add('error', d)
  problems.throwIfErrors()
}
