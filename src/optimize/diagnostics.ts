import type { DiagnosticFields } from '../core/diagnostics.ts'
import type { Origin, Value } from '../ir/types.ts'
import { formatType, layerOf } from '../ops/diagnostics.ts'
import type { GrownConstant } from './grown-constants.ts'

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

/** Constants or ops named in one message; all of them count. */
const maxNamed = 8

/** Constants that folding made larger than what they were computed from. */
export function foldingGrew(grown: readonly GrownConstant[]): DiagnosticFields {
  const lines = grown.slice(0, maxNamed).map(({ value, layers, beforeBytes, afterBytes }) => {
    const from = layers.length > 0 ? ` from ${layers.map((l) => `"${l}"`).join(', ')}` : ''
    return `"${value.name}" ${formatType(value.type)}${from}: ${beforeBytes} -> ${afterBytes} bytes`
  })
  const more = grown.length - lines.length
  const growth = grown.reduce((n, g) => n + g.afterBytes - g.beforeBytes, 0)
  const what = grown.length === 1 ? '1 constant' : `${grown.length} constants`
  return {
    code: 'optimize/folding-grew',
    message: `Folding added ${growth} bytes to the file, in ${what}: ${lines.join('; ')}${more > 0 ? `; and ${more} more` : ''}.`,
    hint: 'A smaller --fold-limit leaves such ops to run time.',
    node: grown[0]?.layers[0],
    tensor: grown[0]?.value.name,
  }
}

/** Ops whose states are variables of the file: unlike the layers they came from, they go on where the run before ended. */
export function statesLast(ops: readonly { readonly op: string; readonly layer: string | undefined }[]): DiagnosticFields {
  const all = [...new Set(ops.map(({ op, layer }) => (layer ? `${op} "${layer}"` : op)))]
  const named = all.slice(0, maxNamed)
  const more = all.length - named.length
  return {
    code: 'optimize/states-last',
    message: `The states of ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''} last from run to run, which those of the source do not.`,
    hint: 'Reset them before each run: reset_all_variables() in Python, resetVariableTensors() in Java, ResetVariableTensors() in C++.',
    op: ops[0]?.op,
    node: ops[0]?.layer,
  }
}
