import type { ByteSource } from '../../core/bytes.ts'
import { TrackableObjectGraph } from '../../schema/tensorflow/object-graph.ts'
import type { MetaGraphDef } from '../../schema/tensorflow/saved-model.ts'
import { decodeBytes } from '../../wire/protobuf.ts'
import type { Folder } from '../folder.ts'
import type { Definitions } from '../graph-def/definitions.ts'
import { variableWritten } from '../graph-def/diagnostics.ts'
import type { GraphNode } from '../graph-def/graph-node.ts'
import type { VariableReader } from '../graph-def/inline.ts'
import { type SourceTable, tableContents } from '../graph-def/tables.ts'
import { variableName } from '../graph-def/variable-access.ts'
import type { SourceVariable } from '../source-graph.ts'
import { Checkpoint, type CheckpointFile } from './checkpoint.ts'
import { CheckpointV1 } from './checkpoint-v1.ts'
import { noCheckpoint, variableMissing } from './diagnostics.ts'
import { type RestoredFrom, restoredKeys } from './restore.ts'

/** Where a SavedModel has its checkpoint. */
const ownPrefix = 'variables/variables'
const objectGraphKey = '_CHECKPOINTABLE_OBJECT_GRAPH'

/** Whether a `tf.Variable` was given no name. */
const hasDefaultName = (name: string): boolean => /^Variable(_\d+)?$/.test(name)

/** The attributes and keys that lead to a variable in the tree of objects, by a key of its checkpoint. @see tensorflow/python/trackable/trackable_utils.py */
function objectPath(key: string): string | undefined {
  const escaped = /^(.+)\/\.ATTRIBUTES\/VARIABLE_VALUE$/.exec(key)?.[1]
  return escaped?.replace(/\.([S.])/g, (_, c) => (c === 'S' ? '/' : '.'))
}

/**
 * Values of the variables of a SavedModel. Which checkpoint key a variable of the graph has, say in this order: what the
 * graph's own restore op does; the tree of objects; the variable's name, as TF1 does.
 */
export class Variables implements VariableReader {
  readonly #folder: Folder
  readonly #metaGraph: MetaGraphDef
  readonly #nodes: ReadonlyMap<string, GraphNode>
  readonly #definitions: Definitions
  readonly #values = new Map<string, SourceVariable>()
  readonly #written: ReadonlySet<string>
  readonly #prefix: string
  #checkpoint: CheckpointFile | undefined
  #restored: ReadonlyMap<string, RestoredFrom> | undefined
  #objects: ReadonlyMap<string, string> | undefined

  /** `written` names the variables that the graphs which are imported write; files of the checkpoint are called by the prefix. */
  constructor(
    folder: Folder,
    metaGraph: MetaGraphDef,
    nodes: ReadonlyMap<string, GraphNode>,
    definitions: Definitions,
    written: ReadonlySet<string>,
    prefix: string = ownPrefix,
  ) {
    this.#folder = folder
    this.#metaGraph = metaGraph
    this.#nodes = nodes
    this.#definitions = definitions
    this.#written = written
    this.#prefix = prefix
  }

  isWritten(node: GraphNode): boolean {
    return this.#written.size > 0 && this.#written.has(variableName(node))
  }

  /** Throws `import/no-checkpoint`, `import/variable-missing`, `import/variable-written` and what `Checkpoint` throws. */
  read(node: GraphNode): SourceVariable {
    const known = this.#values.get(node.name)
    if (known) return known
    const name = variableName(node)
    const checkpoint = this.#open(name)
    const restored = this.#restoredKeys().get(node.name)
    const keys = [() => restored?.key, () => this.#objectKeys(checkpoint).get(name), () => name, () => node.name]
    for (const keyOf of keys) {
      const key = keyOf()
      if (key === undefined || key === '' || !checkpoint.has(key)) continue
      const value = checkpoint.tensor(key, key === restored?.key ? restored.slice : undefined)
      const path = hasDefaultName(name) ? objectPath(key) : undefined
      const variable = { name, value, isWritten: this.isWritten(node), ...(path !== undefined && { path }) }
      if (variable.isWritten) this.#checkWritten(node, variable)
      this.#values.set(node.name, variable)
      return variable
    }
    throw variableMissing(checkpoint.file, name, node.name)
  }

  table(node: GraphNode): SourceTable | undefined {
    return tableContents(this.#nodes, this.#definitions, node.name, (key) => {
      const checkpoint = this.#open(node.name)
      return checkpoint.has(key) ? checkpoint.tensor(key) : undefined
    })
  }

  /** LiteRT holds variables of numbers, and reads of them need a type. */
  #checkWritten(node: GraphNode, { name, value }: SourceVariable): void {
    const { file } = this.#definitions
    if (value.dtype === 'string') throw variableWritten(file, name, 'it holds strings')
    const shape = this.#definitions.attrs(node).get('shape')
    if (shape?.kind === 'shape' && (shape.value === undefined || shape.value.includes(-1)))
      throw variableWritten(file, name, 'its shape may change')
  }

  #open(variable: string): CheckpointFile {
    if (this.#checkpoint) return this.#checkpoint
    const index = this.#folder.open(`${this.#prefix}.index`)
    if (index) this.#checkpoint = new Checkpoint(this.#folder, this.#prefix, index)
    else {
      const shards = this.#firstVersion()
      if (shards.length === 0) throw noCheckpoint(this.#folder.name, variable, this.#prefix)
      this.#checkpoint = new CheckpointV1(shards)
    }
    return this.#checkpoint
  }

  /** One file without an ending, or its shards. */
  #firstVersion(): ByteSource[] {
    const files = this.#folder.list()
    const prefix = this.#prefix
    const shards = files.includes(prefix) ? [prefix] : files.filter((f) => f.startsWith(`${prefix}-`) && /-\d{5}-of-\d{5}$/.test(f))
    return shards.sort().flatMap((f) => this.#folder.open(f) ?? [])
  }

  #restoredKeys(): ReadonlyMap<string, RestoredFrom> {
    this.#restored ??= restoredKeys(this.#nodes, this.#definitions, this.#metaGraph.saverDef?.restoreOpName ?? '')
    return this.#restored
  }

  /** Checkpoint keys by variable name, from the checkpoint's tree of objects; a name that two variables have is left out. */
  #objectKeys(checkpoint: CheckpointFile): ReadonlyMap<string, string> {
    if (this.#objects) return this.#objects
    const keys = new Map<string, string>()
    const [bytes] = checkpoint instanceof Checkpoint && checkpoint.has(objectGraphKey) ? checkpoint.strings(objectGraphKey) : []
    const tree = bytes && decodeBytes(TrackableObjectGraph, bytes, `${checkpoint.file}: ${objectGraphKey}`)
    const ambiguous = new Set<string>()
    for (const { fullName, checkpointKey } of tree?.nodes.flatMap((n) => n.attributes) ?? []) {
      if (keys.has(fullName)) ambiguous.add(fullName)
      keys.set(fullName, checkpointKey)
    }
    for (const name of ambiguous) keys.delete(name)
    this.#objects = keys
    return keys
  }
}
