import type { DiagnosticFields } from '../core/diagnostics.ts'
import type { Origin, Value } from '../ir/types.ts'
import { formatType, layerOf } from '../ops/diagnostics.ts'

/** A pass that kept rewriting in circles and was stopped; the graph is right, perhaps not as small as it could be. */
export function noFixpoint(pass: string, rewrites: number, rules: readonly string[]): DiagnosticFields {
  return {
    code: 'optimize/no-fixpoint',
    message: `The pass ${pass} was stopped after ${rewrites} rewrites: the rules ${rules.join(' and ')} undo each other.`,
    hint: 'The model is right, but may be larger than it need be. Please report it.',
  }
}

/** An op on constants that is left to run time, since its result is much larger than what it is made from. */
export function foldingDeclined(op: string, origin: Origin, result: Value, growthBytes: number): DiagnosticFields {
  const layer = layerOf(origin)
  return {
    code: 'optimize/folding-declined',
    message: `${op}${layer ? ` "${layer}"` : ''} on constants is kept: its result ${formatType(result.type)} would add ${growthBytes} bytes to the file.`,
    node: layer,
    op,
    tensor: result.name,
  }
}
