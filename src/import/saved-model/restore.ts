import type { Definitions } from '../graph-def/definitions.ts'
import type { GraphNode } from '../graph-def/graph-node.ts'

/**
 * Checkpoint key of each variable, by the name of its node, as the graph's restore op would assign them:
 * `RestoreV2(prefix, names, slices)` -> `Identity`* -> `AssignVariableOp(variable, value)`.
 * TF2 has these nodes in a function that the restore op calls, TF1 in the main graph.
 */
export function restoredKeys(
  nodes: ReadonlyMap<string, GraphNode>,
  definitions: Definitions,
  restoreOpName: string,
): ReadonlyMap<string, string> {
  const keys = new Map<string, string>()
  const call = nodes.get(restoreOpName.split(':')[0] ?? '')
  const functionName = call?.attr.get('f')?.decode().func?.name
  const body = functionName === undefined ? undefined : definitions.function(functionName)
  if (call && body) {
    const handles = call.input.filter((i) => !i.startsWith('^'))
    const handleOf = new Map(body.args.map((a, i) => [a.name, handles[i] ?? '']))
    for (const [variable, key] of assignments(body.nodes)) keys.set(withoutOutput(handleOf.get(variable) ?? variable), key)
  } else {
    for (const [variable, key] of assignments(nodes)) if (!keys.has(variable)) keys.set(variable, key)
  }
  return keys
}

/** Pairs of variable and checkpoint key. */
function* assignments(nodes: ReadonlyMap<string, GraphNode>): Generator<readonly [string, string]> {
  const namesOf = new Map<string, readonly Uint8Array[]>()
  const decoder = new TextDecoder()
  for (const node of nodes.values()) {
    if (node.op !== 'AssignVariableOp' && node.op !== 'Assign') continue
    const [variable, value] = node.input
    if (variable === undefined || value === undefined) continue
    const source = throughIdentities(nodes, value)
    const restore = nodes.get(withoutOutput(source))
    if (restore?.op !== 'RestoreV2') continue
    let names = namesOf.get(restore.name)
    if (!names) {
      const constant = nodes.get(withoutOutput(restore.input[1] ?? ''))
      names = constant?.attr.get('value')?.decode().tensor?.decode().stringVal ?? []
      namesOf.set(restore.name, names)
    }
    const key = names[Number(source.includes(':') ? source.slice(source.lastIndexOf(':') + 1) : 0)]
    if (key) yield [withoutOutput(variable), decoder.decode(key)]
  }
}

function throughIdentities(nodes: ReadonlyMap<string, GraphNode>, tensor: string): string {
  // A restored value passes one or two; the bound stops a cycle.
  for (let i = 0; i < 16; i++) {
    const node = nodes.get(withoutOutput(tensor))
    if (node?.op !== 'Identity') break
    tensor = node.input[0] ?? ''
  }
  return tensor
}

function withoutOutput(tensor: string): string {
  const colon = tensor.indexOf(':')
  return colon < 0 ? tensor : tensor.slice(0, colon)
}
