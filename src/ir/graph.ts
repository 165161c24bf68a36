import type { ConstData } from '../core/bytes.ts'
import { invariant } from '../core/diagnostics.ts'
import type { Dim } from '../core/shape.ts'
import type { Attrs, Graph, Model, Node, NodeId, Origin, Signature, TensorType, Value, ValueId } from './types.ts'

/** What a new node is made of; results are described by their types. */
export interface NewNode {
  readonly op: string
  readonly attrs: Attrs
  readonly inputs: readonly (Value | null)[]
  readonly results: readonly { readonly name: string; readonly type: TensorType; readonly dims?: readonly Dim[] | undefined }[]
  readonly origin: Origin
}

/**
 * A graph under construction or rewriting: indexed by producer and users. `finish` gives the immutable Graph.
 * Nodes and values themselves never change; a rewrite adds new ones and redirects uses.
 */
export class GraphEditor {
  readonly name: string
  readonly values = new Map<ValueId, Value>()
  readonly #nodes = new Map<NodeId, Node>()
  readonly #order = new Map<NodeId, number>()
  readonly #producers = new Map<ValueId, NodeId>()
  readonly #users = new Map<ValueId, Map<NodeId, number>>()
  #inputs: ValueId[] = []
  #outputs: ValueId[] = []
  #nextValue = 0
  #nextNode = 0
  #nextOrder = 0
  #placeAt: number | undefined

  /** A copy of a graph, or an empty one of this name, whose values are numbered from `firstValue` on. */
  constructor(from: Graph | string, firstValue = 0) {
    if (typeof from === 'string') {
      this.name = from
      this.#nextValue = firstValue
      return
    }
    this.name = from.name
    for (const v of from.values.values()) {
      this.values.set(v.id, v)
      this.#nextValue = Math.max(this.#nextValue, v.id + 1)
    }
    for (const n of from.nodes) {
      this.#nextNode = Math.max(this.#nextNode, n.id + 1)
      this.#insert(n, this.#nextOrder++)
    }
    this.#inputs = [...from.inputs]
    this.#outputs = [...from.outputs]
  }

  get inputs(): readonly ValueId[] {
    return this.#inputs
  }

  get outputs(): readonly ValueId[] {
    return this.#outputs
  }

  /** What the next value will be called. */
  get nextValue(): ValueId {
    return this.#nextValue
  }

  /** The same of the next node. */
  get nextNode(): NodeId {
    return this.#nextNode
  }

  /** Live nodes in no particular order. */
  nodes(): IterableIterator<Node> {
    return this.#nodes.values()
  }

  has(node: Node): boolean {
    return this.#nodes.get(node.id) === node
  }

  value(id: ValueId): Value {
    const v = this.values.get(id)
    invariant(v, `value ${id} is not in graph ${this.name}`)
    return v
  }

  /** The node of this id as it now is; undefined when it was removed. */
  current(id: NodeId): Node | undefined {
    return this.#nodes.get(id)
  }

  /** Values of a node's operands; null for an absent one. */
  operands(node: Node): (Value | null)[] {
    return node.inputs.map((id) => (id === null ? null : this.value(id)))
  }

  /** The node a value comes from; undefined for inputs and constants. */
  producer(id: ValueId): Node | undefined {
    const n = this.#producers.get(id)
    return n === undefined ? undefined : this.#nodes.get(n)
  }

  /** Nodes that read a value, each once. */
  users(id: ValueId): Node[] {
    return [...(this.#users.get(id)?.keys() ?? [])].map((n) => this.#nodes.get(n)!)
  }

  /** How often a value is read: operand positions plus graph outputs. */
  useCount(id: ValueId): number {
    let n = 0
    for (const k of this.#users.get(id)?.values() ?? []) n += k
    for (const o of this.#outputs) if (o === id) n++
    return n
  }

  addInput(name: string, type: TensorType): Value {
    const v = this.addValue({ name, type })
    this.#inputs.push(v.id)
    return v
  }

  /** Inputs that are left out must not be read. */
  setInputs(ids: readonly ValueId[]): void {
    this.#inputs = [...ids]
  }

  setOutputs(ids: readonly ValueId[]): void {
    this.#outputs = [...ids]
  }

  addConst(name: string, type: TensorType, data: ConstData): Value {
    return this.addValue({ name, type, data })
  }

  addValue(fields: Omit<Value, 'id'>): Value {
    const v: Value = { ...fields, id: this.#nextValue++ }
    this.values.set(v.id, v)
    return v
  }

  /** Replaces a value's description (type, name, dims) in place of the old record; its id and uses stay. */
  updateValue(id: ValueId, change: Partial<Omit<Value, 'id'>>): Value {
    const v = { ...this.value(id), ...change, id }
    this.values.set(id, v)
    return v
  }

  addNode(n: NewNode): { node: Node; results: Value[] } {
    const results = n.results.map((r) => this.addValue({ name: r.name, type: r.type, ...(r.dims ? { dims: r.dims } : {}) }))
    const node: Node = {
      id: this.#nextNode++,
      op: n.op,
      attrs: n.attrs,
      inputs: n.inputs.map((v) => v?.id ?? null),
      outputs: results.map((v) => v.id),
      origin: n.origin,
    }
    this.#insert(node, this.#placeAt ?? this.#nextOrder++)
    return { node, results }
  }

  /** Nodes added by `work` take the place of `node` in the order of the file. */
  inPlaceOf<T>(node: Node, work: () => T): T {
    const saved = this.#placeAt
    this.#placeAt = this.#order.get(node.id)
    try {
      return work()
    } finally {
      this.#placeAt = saved
    }
  }

  /** Redirects every reader of `from`, graph outputs included, to `to`. */
  replaceUses(from: ValueId, to: ValueId): void {
    if (from === to) return
    for (const user of this.users(from)) {
      this.#replaceNode(user, { ...user, inputs: user.inputs.map((id) => (id === from ? to : id)) })
    }
    this.#outputs = this.#outputs.map((id) => (id === from ? to : id))
  }

  /** Exchanges a node's operands or attributes; results and place stay. */
  updateNode(node: Node, change: Partial<Pick<Node, 'inputs' | 'attrs' | 'origin' | 'op'>>): Node {
    const next: Node = { ...node, ...change }
    this.#replaceNode(node, next)
    return next
  }

  removeNode(node: Node): void {
    this.#unlink(node)
    this.#nodes.delete(node.id)
    this.#order.delete(node.id)
    for (const id of node.outputs) {
      this.#producers.delete(id)
      if (this.useCount(id) === 0) this.values.delete(id)
    }
  }

  /** Removes nodes no output depends on, unless `keep` says a node must stay; then values nobody reads. Returns how many nodes went. */
  removeDead(keep: (node: Node) => boolean = () => false): number {
    const live = new Set<NodeId>()
    const stack: Node[] = []
    const visit = (id: ValueId) => {
      const p = this.producer(id)
      if (p && !live.has(p.id)) {
        live.add(p.id)
        stack.push(p)
      }
    }
    for (const id of this.#outputs) visit(id)
    for (const n of this.#nodes.values()) {
      if (keep(n) && !live.has(n.id)) {
        live.add(n.id)
        stack.push(n)
      }
    }
    for (let n = stack.pop(); n; n = stack.pop()) for (const id of n.inputs) if (id !== null) visit(id)
    const dead = [...this.#nodes.values()].filter((n) => !live.has(n.id))
    for (const n of dead) {
      this.#unlink(n)
      this.#nodes.delete(n.id)
      this.#order.delete(n.id)
      for (const id of n.outputs) this.#producers.delete(id)
    }
    const read = new Set<ValueId>([...this.#inputs, ...this.#outputs])
    for (const n of this.#nodes.values()) {
      for (const id of n.inputs) if (id !== null) read.add(id)
      for (const id of n.outputs) read.add(id)
    }
    for (const id of [...this.values.keys()]) if (!read.has(id)) this.values.delete(id)
    return dead.length
  }

  /** The immutable graph: nodes in topological order, as near to the order of construction as the edges allow. */
  finish(): Graph {
    const byOrder = [...this.#nodes.values()].sort((a, b) => this.#order.get(a.id)! - this.#order.get(b.id)! || a.id - b.id)
    const state = new Map<NodeId, 'open' | 'done'>()
    const nodes: Node[] = []
    const stack: { node: Node; next: number }[] = []
    for (const root of byOrder) {
      if (state.has(root.id)) continue
      state.set(root.id, 'open')
      stack.push({ node: root, next: 0 })
      while (stack.length > 0) {
        const top = stack[stack.length - 1]!
        if (top.next === top.node.inputs.length) {
          state.set(top.node.id, 'done')
          nodes.push(top.node)
          stack.pop()
          continue
        }
        const id = top.node.inputs[top.next++]!
        const p = id === null ? undefined : this.producer(id)
        if (!p || state.get(p.id) === 'done') continue
        invariant(!state.has(p.id), `graph ${this.name} has a cycle through ${p.op}`)
        state.set(p.id, 'open')
        stack.push({ node: p, next: 0 })
      }
    }
    return { name: this.name, inputs: [...this.#inputs], outputs: [...this.#outputs], values: new Map(this.values), nodes }
  }

  /** Gives the nodes this order; all of them, each after those it reads from. */
  reorder(nodes: readonly Node[]): void {
    invariant(nodes.length === this.#nodes.size, `an order of ${nodes.length} nodes for ${this.#nodes.size}`)
    this.#nextOrder = 0
    for (const n of nodes) this.#order.set(n.id, this.#nextOrder++)
  }

  #insert(node: Node, order: number): void {
    this.#nodes.set(node.id, node)
    this.#order.set(node.id, order)
    for (const id of node.outputs) this.#producers.set(id, node.id)
    for (const id of node.inputs) {
      if (id === null) continue
      const users = this.#users.get(id) ?? new Map<NodeId, number>()
      users.set(node.id, (users.get(node.id) ?? 0) + 1)
      this.#users.set(id, users)
    }
  }

  #unlink(node: Node): void {
    for (const id of node.inputs) if (id !== null) this.#users.get(id)?.delete(node.id)
  }

  #replaceNode(old: Node, next: Node): void {
    this.#unlink(old)
    this.#insert(next, this.#order.get(old.id)!)
  }
}

/** The model with these graphs in place of its own; signatures follow the inputs and outputs by their positions. */
export function withGraphs(model: Model, graphs: readonly Graph[]): Model {
  const signatures = model.signatures.map((s) => {
    const [before, after] = [model.graphs[s.graph]!, graphs[s.graph]!]
    const follow = (ports: Signature['inputs'], from: readonly ValueId[], to: readonly ValueId[]) =>
      ports.map((port) => ({ ...port, value: to[from.indexOf(port.value)] ?? port.value }))
    return { ...s, inputs: follow(s.inputs, before.inputs, after.inputs), outputs: follow(s.outputs, before.outputs, after.outputs) }
  })
  return { ...model, graphs, signatures }
}
