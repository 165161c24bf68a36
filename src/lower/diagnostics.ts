import { DowncastError } from '../core/diagnostics.ts'
import type { TensorType } from '../ir/types.ts'
import { formatType } from '../ops/diagnostics.ts'

function quoted(layer: string | undefined): string {
  return layer ? ` "${layer}"` : ''
}

function inputTypes(types: readonly (TensorType | null)[]): string {
  return types.length === 0 ? '' : ` (input ${types.map((t) => (t ? formatType(t) : 'none')).join(', ')})`
}

/** The source op has no lowering to LiteRT builtins. */
export function unsupportedOp(op: string, layer: string | undefined, types: readonly (TensorType | null)[]): DowncastError {
  return new DowncastError({
    code: 'lower/unsupported-op',
    message: `${op}${quoted(layer)}${inputTypes(types)} is not supported: there is no way yet from it to LiteRT operators.`,
    hint: 'Replace the layer with supported ones, or export the part of the model before it.',
    op,
    node: layer,
  })
}

/** The op is supported, but not with this attribute or operand. */
export function unsupportedForm(op: string, layer: string | undefined, reason: string, hint?: string): DowncastError {
  return new DowncastError({ code: 'lower/unsupported-form', message: `${op}${quoted(layer)}: ${reason}.`, op, node: layer, hint })
}

/** An attribute the op needs is absent or of another kind: the file is damaged. */
export function badAttribute(op: string, layer: string | undefined, name: string, expected: string, actual: string): DowncastError {
  return new DowncastError({
    code: 'lower/bad-attribute',
    message: `${op}${quoted(layer)}: attribute ${name} must be ${expected}, found ${actual}.`,
    op,
    node: layer,
    expected,
    actual,
  })
}

/** An input or output has a type or rank that no tensor can have. */
export function badPort(kind: 'input' | 'output', name: string, reason: string, hint?: string): DowncastError {
  return new DowncastError({ code: 'lower/bad-port', message: `The ${kind} "${name}" ${reason}.`, tensor: name, hint })
}
