import type { SourceConst } from '../source-graph.ts'
import type { Definitions } from './definitions.ts'
import type { GraphNode } from './graph-node.ts'
import { handleSource, nodeName } from './variable-access.ts'

/*
 * Tables for lookups, whose contents stand in the graph: an initializer puts constants into them, or the restore op what a checkpoint holds.
 */

export interface SourceTable {
  /** A vector, each key once. */
  readonly keys: SourceConst
  /** [keys, ..] */
  readonly values: SourceConst
}

/** Not `MutableDenseHashTable`: a checkpoint has all of its buckets. */
const makers = /^(HashTable|MutableHashTable|MutableHashTableOfTensors)(V2)?$/
const imports = /^(LookupTableImport|InitializeTable)(V2)?$/
const changes = /^LookupTable(Import|Insert|Remove)(V2)?$/
const calls = /^(Stateful|Stateless)?PartitionedCall$/
/** Calls within calls, on the way to what fills a table. */
const maxDepth = 8

/** Whether the op makes the handle of a table. */
export const isTable = (op: string): boolean => makers.test(op)

/** Whether the op changes what is in the table that is its first operand. */
export const changesTable = (op: string): boolean => changes.test(op)

/** What a checkpoint holds under a key. */
export type Restored = (key: string) => SourceConst | undefined

/** The main graph, or the call of a function in it. */
interface Place {
  readonly nodes: ReadonlyMap<string, GraphNode>
  /** Arguments of the call by name. */
  readonly args: ReadonlyMap<string, string>
  readonly caller: Place | undefined
}

/** What is in a table of the main graph; undefined where that cannot be told. Throws what reading constants throws. */
export function tableContents(
  nodes: ReadonlyMap<string, GraphNode>,
  definitions: Definitions,
  table: string,
  restored: Restored = () => undefined,
): SourceTable | undefined {
  const main: Place = { nodes, args: new Map(), caller: undefined }
  return contentsIn(main, definitions, table, restored, 0)
}

function contentsIn(place: Place, definitions: Definitions, table: string, restored: Restored, depth: number): SourceTable | undefined {
  for (const node of place.nodes.values()) {
    const handles = node.input.map((i) => handleSource(place.nodes, i).name)
    if (imports.test(node.op) && handles[0] === table) {
      const [keys, values] = [1, 2].map((i) => constantAt(place, definitions, node.input[i] ?? '', restored))
      if (keys && values && keys.shape.length === 1 && values.shape[0] === keys.shape[0]) return { keys, values }
    }
    const at = handles.indexOf(table)
    if (at < 0 || depth >= maxDepth) continue
    const name = calls.test(node.op) ? node.attr.get('f')?.decode().func?.name : node.op
    const body = name === undefined ? undefined : definitions.function(name)
    if (!body?.args[at]) continue
    const args = new Map(body.args.map((a, i) => [a.name, node.input[i] ?? '']))
    const found = contentsIn({ nodes: body.nodes, args, caller: place }, definitions, body.args[at].name, restored, depth + 1)
    if (found) return found
  }
  return undefined
}

function constantAt(place: Place, definitions: Definitions, tensor: string, restored: Restored): SourceConst | undefined {
  const name = nodeName(tensor)
  const argument = place.args.get(name)
  if (argument !== undefined) return place.caller && constantAt(place.caller, definitions, argument, restored)
  const node = place.nodes.get(name)
  if (node?.op === 'Identity') return constantAt(place, definitions, node.input[0] ?? '', restored)
  if (node?.op === 'Const') return definitions.constant(node)
  if (node?.op !== 'RestoreV2') return undefined
  const names = constantAt(place, definitions, node.input[1] ?? '', restored)
  const key = names?.dtype === 'string' ? names.strings[Number(tensor.slice(tensor.lastIndexOf(':') + 1)) || 0] : undefined
  return key && restored(new TextDecoder().decode(key))
}
