import { type AttrValue, NodeAttributes, NodeHead } from '../../schema/tensorflow/graph.ts'
import type { Lazy } from '../../wire/protobuf.ts'
import type { SourceAttrs, SourceConst } from '../source-graph.ts'
import { duplicateNode } from './diagnostics.ts'

/** A node of a graph or function. */
export interface GraphNode {
  readonly name: string
  readonly op: string
  /** `^name` for a control input. */
  readonly input: readonly string[]
  readonly attr: ReadonlyMap<string, Lazy<AttrValue>>
  /** Of a node that is not in the file but was made of what is. */
  readonly made?: MadeNode
}

export interface MadeNode {
  readonly attrs: SourceAttrs
  /** Of a constant. */
  readonly value?: SourceConst
  /** What messages call it, after the calls around it; its name is for the graph alone. */
  readonly layer: string
}

/** A NodeDef whose attributes are decoded when first asked for. */
class FileNode implements GraphNode {
  readonly name: string
  readonly op: string
  readonly input: readonly string[]
  readonly #message: Lazy<unknown>
  #attr: ReadonlyMap<string, Lazy<AttrValue>> | undefined

  constructor(from: Lazy<unknown>) {
    const head = from.as(NodeHead)
    this.name = head.name
    this.op = head.op === 'PlaceholderV2' ? 'Placeholder' : head.op
    this.input = head.input
    this.#message = from
  }

  get attr(): ReadonlyMap<string, Lazy<AttrValue>> {
    this.#attr ??= this.#message.as(NodeAttributes).attr
    return this.#attr
  }
}

/** The nodes of a graph or function by name. Throws `import/duplicate-node`. */
export function nodesByName(file: string, nodes: readonly Lazy<unknown>[]): ReadonlyMap<string, GraphNode> {
  const byName = new Map<string, GraphNode>()
  for (const message of nodes) {
    const node = new FileNode(message)
    if (byName.has(node.name)) throw duplicateNode(file, node.name)
    byName.set(node.name, node)
  }
  return byName
}
