import type { Definitions } from '../graph-def/definitions.ts'
import type { GraphNode } from '../graph-def/graph-node.ts'

/** A key of the checkpoint, and which part of the tensor under it; all of it when undefined. */
export interface RestoredFrom {
  readonly key: string
  readonly slice: string | undefined
}

/**
 * Checkpoint key of each variable, by the name of its node, as the graph's restore op would assign them:
 * `RestoreV2(prefix, names, slices)` -> `Identity`* -> `AssignVariableOp(variable, value)`; before it there was an op for each tensor,
 * `Restore(pattern, name)` and `RestoreSlice(pattern, name, slice)`.
 * TF2 has these nodes in a function that the restore op calls, TF1 in the main graph.
 */
export function restoredKeys(
  nodes: ReadonlyMap<string, GraphNode>,
  definitions: Definitions,
  restoreOpName: string,
): ReadonlyMap<string, RestoredFrom> {
  const keys = new Map<string, RestoredFrom>()
  const call = nodes.get(restoreOpName.split(':')[0] ?? '')
  const functionName = call?.attr.get('f')?.decode().func?.name
  const body = functionName === undefined ? undefined : definitions.function(functionName)
  if (call && body) {
    const handles = call.input.filter((i) => !i.startsWith('^'))
    const handleOf = new Map(body.args.map((a, i) => [a.name, handles[i] ?? '']))
    for (const [variable, from] of assignments(body.nodes, body.nodes)) keys.set(withoutOutput(handleOf.get(variable) ?? variable), from)
  } else {
    // A graph may have several savers, and one for moving averages restores variables from others: the file's own comes first.
    const own = restoring(nodes, call)
    for (const among of [own, nodes]) {
      for (const [variable, from] of assignments(nodes, among)) if (!keys.has(variable)) keys.set(variable, from)
    }
  }
  return keys
}

/** The nodes that run when the restore op runs. */
function restoring(nodes: ReadonlyMap<string, GraphNode>, restoreOp: GraphNode | undefined): ReadonlyMap<string, GraphNode> {
  const found = new Map<string, GraphNode>()
  const left = restoreOp ? [restoreOp] : []
  for (let node = left.pop(); node; node = left.pop()) {
    if (found.has(node.name)) continue
    found.set(node.name, node)
    for (const input of node.input) {
      const next = nodes.get(withoutOutput(input.replace(/^\^/, '')))
      if (next) left.push(next)
    }
  }
  return found
}

const restores = new Set(['RestoreV2', 'Restore', 'RestoreSlice'])

/** Pairs of variable and what it is restored from. */
function* assignments(
  nodes: ReadonlyMap<string, GraphNode>,
  among: ReadonlyMap<string, GraphNode>,
): Generator<readonly [string, RestoredFrom]> {
  const stringsOf = new Map<string, readonly Uint8Array[]>()
  const decoder = new TextDecoder()
  const strings = (tensor: string): readonly Uint8Array[] => {
    const name = withoutOutput(tensor)
    const known = stringsOf.get(name) ?? nodes.get(name)?.attr.get('value')?.decode().tensor?.decode().stringVal ?? []
    stringsOf.set(name, known)
    return known
  }
  for (const node of among.values()) {
    if (node.op !== 'AssignVariableOp' && node.op !== 'Assign') continue
    const [variable, value] = node.input
    if (variable === undefined || value === undefined) continue
    const source = throughIdentities(nodes, value)
    const restore = nodes.get(withoutOutput(source))
    if (!restore || !restores.has(restore.op)) continue
    const output = Number(source.includes(':') ? source.slice(source.lastIndexOf(':') + 1) : 0)
    const key = strings(restore.input[1] ?? '')[output]
    const slice = strings(restore.input[2] ?? '')[output]
    if (key) yield [withoutOutput(variable), { key: decoder.decode(key), slice: (slice && decoder.decode(slice)) || undefined }]
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
