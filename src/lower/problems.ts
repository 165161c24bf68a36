import type { DiagnosticFields } from '../core/diagnostics.ts'
import type { NodeOutcome } from './outcome.ts'

/** Layers that a message names beside the first. */
const namedLayers = 3

/**
 * The failures of nodes, one for each op and reason: the first layer's message, then the other layers with the same. The same layer in
 * several signatures counts once.
 */
export function problemsOf(outcomes: readonly NodeOutcome[]): readonly DiagnosticFields[] {
  const groups = new Map<string, { readonly first: DiagnosticFields; readonly layers: Set<string> }>()
  for (const { error } of outcomes) {
    for (const d of error?.diagnostics ?? []) {
      const key = groupOf(d)
      const group = groups.get(key) ?? { first: d, layers: new Set<string>() }
      groups.set(key, group)
      if (d.node !== undefined) group.layers.add(d.node)
    }
  }
  return [...groups.values()].map(({ first, layers }) => ({ ...first, message: first.message + alsoIn([...layers].slice(1)) }))
}

/** An op without a lowering is one problem; any other is told apart by its words without the layer's name. */
function groupOf({ code, op, node, message }: DiagnosticFields): string {
  return code === 'lower/unsupported-op' ? `${code} ${op}` : `${code} ${node === undefined ? message : message.replaceAll(`"${node}"`, '')}`
}

function alsoIn(layers: readonly string[]): string {
  if (layers.length === 0) return ''
  const named = layers.slice(0, namedLayers).map((l) => `"${l}"`)
  const more = layers.length - named.length
  return ` The same in ${layers.length} more: ${named.join(', ')}${more > 0 ? `, and ${more} others` : ''}.`
}
