import { byteLengthOf } from '../core/dtype.ts'
import type { Shape } from '../core/shape.ts'
import type { GraphEditor } from '../ir/graph.ts'
import type { Node, NodeId, ValueId } from '../ir/types.ts'
import type { Pass } from './pass.ts'

/**
 * An order in which fewer bytes of activations are alive at the worst moment; the order stays when none is found. Sizes that are
 * symbolic count as 1, inputs and outputs as LiteRT's arena holds them: inputs always, outputs from their op to the end. `isFixed` ops keep
 * their order among each other. The bytes alive are a lower bound for the arena, which also loses some to gaps.
 */
export function orderForMemory(isFixed: (node: Node) => boolean): Pass {
  return {
    name: 'order-for-memory',
    run({ graph, hits, memory }) {
      const { nodes } = graph.finish()
      const sizes = bytesOfValues(graph, nodes)
      const beforeBytes = peakBytes(graph, nodes, sizes)
      const order = smallestFirst(graph, nodes, sizes, isFixed)
      const afterBytes = peakBytes(graph, order, sizes)
      memory.beforeBytes = beforeBytes
      memory.afterBytes = Math.min(beforeBytes, afterBytes)
      if (afterBytes >= beforeBytes) return
      graph.reorder(order)
      hits.set('order-for-memory', 1)
    },
  }
}

/** Bytes of every result of a node. */
function bytesOfValues(graph: GraphEditor, nodes: readonly Node[]): ReadonlyMap<ValueId, number> {
  const atBatchOne = (shape: Shape) => shape.reduce<number>((n, d) => n * (typeof d === 'number' ? d : 1), 1)
  const sizes = new Map<ValueId, number>()
  for (const id of nodes.flatMap((n) => n.outputs)) {
    const { dtype, shape } = graph.value(id).type
    sizes.set(id, dtype === 'string' ? 0 : byteLengthOf(dtype, atBatchOne(shape)))
  }
  return sizes
}

/** How often each result is still to be read; outputs are read once more, at the end. */
function readersOf(graph: GraphEditor, nodes: readonly Node[]): Map<ValueId, number> {
  const readers = new Map<ValueId, number>()
  for (const node of nodes) for (const id of new Set(node.inputs)) if (id !== null) readers.set(id, (readers.get(id) ?? 0) + 1)
  for (const id of graph.outputs) readers.set(id, (readers.get(id) ?? 0) + 1)
  return readers
}

/** The most bytes alive while any node runs in this order. */
export function peakBytes(graph: GraphEditor, order: readonly Node[], sizes: ReadonlyMap<ValueId, number>): number {
  const readers = readersOf(graph, order)
  let alive = 0
  let peak = 0
  for (const node of order) {
    for (const id of node.outputs) alive += sizes.get(id)!
    peak = Math.max(peak, alive)
    for (const id of new Set(node.inputs)) {
      if (id === null) continue
      readers.set(id, readers.get(id)! - 1)
      if (readers.get(id) === 0) alive -= sizes.get(id) ?? 0
    }
    for (const id of node.outputs) if (!readers.get(id)) alive -= sizes.get(id)!
  }
  return peak
}

/** List scheduling: of the nodes that can run, the one that adds least to the bytes alive; of equals the first of the given order. */
function smallestFirst(
  graph: GraphEditor,
  nodes: readonly Node[],
  sizes: ReadonlyMap<ValueId, number>,
  isFixed: (node: Node) => boolean,
): readonly Node[] {
  const readers = readersOf(graph, nodes)
  const place = new Map<NodeId, number>(nodes.map((n, i) => [n.id, i]))
  const waiting = new Map<NodeId, number>()
  const after = new Map<NodeId, Node[]>()
  let lastFixed: Node | undefined
  for (const node of nodes) {
    const before = new Set(node.inputs.flatMap((id) => (id === null ? [] : (graph.producer(id) ?? []))))
    if (isFixed(node)) {
      if (lastFixed) before.add(lastFixed)
      lastFixed = node
    }
    waiting.set(node.id, before.size)
    for (const { id } of before) {
      const list = after.get(id)
      if (list) list.push(node)
      else after.set(id, [node])
    }
  }
  const added = (node: Node): number => {
    let bytes = 0
    for (const id of node.outputs) if (readers.get(id)) bytes += sizes.get(id)!
    for (const id of new Set(node.inputs)) if (id !== null && readers.get(id) === 1) bytes -= sizes.get(id) ?? 0
    return bytes
  }
  const ready = new Heap<{ node: Node; bytes: number }>((a, b) => a.bytes - b.bytes || place.get(a.node.id)! - place.get(b.node.id)!)
  const done = new Set<NodeId>()
  for (const node of nodes) if (waiting.get(node.id) === 0) ready.push({ node, bytes: added(node) })
  const order: Node[] = []
  for (let next = ready.pop(); next; next = ready.pop()) {
    const { node } = next
    // What a node adds only falls while it waits, and each fall puts it in anew: a later entry of a done node is stale.
    if (done.has(node.id)) continue
    done.add(node.id)
    order.push(node)
    for (const id of new Set(node.inputs)) {
      if (id === null) continue
      const left = readers.get(id)! - 1
      readers.set(id, left)
      if (left !== 1 || !sizes.get(id)) continue
      for (const user of graph.users(id))
        if (!done.has(user.id) && waiting.get(user.id) === 0) ready.push({ node: user, bytes: added(user) })
    }
    for (const user of after.get(node.id) ?? []) {
      const left = waiting.get(user.id)! - 1
      waiting.set(user.id, left)
      if (left === 0) ready.push({ node: user, bytes: added(user) })
    }
  }
  return order
}

/** A binary heap: the least element first. */
class Heap<T> {
  readonly #items: T[] = []
  readonly #compare: (a: T, b: T) => number

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  push(item: T): void {
    const items = this.#items
    let i = items.push(item) - 1
    for (let parent = (i - 1) >> 1; i > 0 && this.#compare(items[i]!, items[parent]!) < 0; i = parent, parent = (i - 1) >> 1)
      this.#swap(i, parent)
  }

  pop(): T | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (items.length === 0 || last === undefined) return first
    items[0] = last
    for (let i = 0; ; ) {
      const left = 2 * i + 1
      const right = left + 1
      let least = i
      if (left < items.length && this.#compare(items[left]!, items[least]!) < 0) least = left
      if (right < items.length && this.#compare(items[right]!, items[least]!) < 0) least = right
      if (least === i) return first
      this.#swap(i, least)
      i = least
    }
  }

  #swap(i: number, k: number): void {
    ;[this.#items[i], this.#items[k]] = [this.#items[k]!, this.#items[i]!]
  }
}
