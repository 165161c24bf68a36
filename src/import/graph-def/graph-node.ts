import { type AttrValue, NodeAttributes, NodeHead } from '../../schema/tensorflow/graph.ts'
import type { Lazy } from '../../wire/protobuf.ts'
import { duplicateNode } from '../diagnostics.ts'

/** A NodeDef whose attributes are decoded when first asked for. */
export class GraphNode {
  readonly name: string
  readonly op: string
  /** `^name` for a control input. */
  readonly input: readonly string[]
  readonly #message: Lazy<unknown>
  #attr: ReadonlyMap<string, Lazy<AttrValue>> | undefined

  constructor(from: Lazy<unknown>, op?: 'Const') {
    const head = from.as(NodeHead)
    this.name = head.name
    this.op = op ?? (head.op === 'PlaceholderV2' ? 'Placeholder' : head.op)
    this.input = op ? [] : head.input
    this.#message = from
  }

  /** A constant of the same name and attributes, whose value is kept beside the graph. */
  asConst(): GraphNode {
    return new GraphNode(this.#message, 'Const')
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
    const node = new GraphNode(message)
    if (byName.has(node.name)) throw duplicateNode(file, node.name)
    byName.set(node.name, node)
  }
  return byName
}
