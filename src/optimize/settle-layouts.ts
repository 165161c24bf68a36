import type { GraphEditor } from '../ir/graph.ts'
import { mergeOrigins, type Node, type NodeId, type Value, type ValueId } from '../ir/types.ts'
import { OpBuilder } from '../ops/build.ts'
import { movable } from '../ops/dtypes.ts'
import { findSpec, op } from '../ops/index.ts'
import { constInts } from '../ops/view.ts'
import { handOver } from './hand-over.ts'
import { Network } from './min-cut.ts'
import { dropUnread, type Pass } from './pass.ts'
import { inverseOf, movesUnitsOnly, type TurnedForm, turnedConstant, turnedForm } from './turned-form.ts'

/**
 * Computes whole regions of ops with the dims in another order where that takes fewer transposes: between convolutions of a model with
 * channels first, all that does not depend on the order. Each op may go either way; a value that some read one way and others the other way
 * costs a transpose. The cheapest choice is a cut of the graph; it is made when it costs less than what is there.
 */
export const settleLayouts: Pass = {
  name: 'settle-layouts',
  run(context) {
    for (let round = 0; round < maxRounds; round++) {
      let hits = 0
      for (const perm of permutationsIn(context.graph)) {
        if (context.budget === 0) return
        const turned = new Region(context.graph, perm).settle(context.foldLimitBytes)
        if (turned === 0) continue
        context.budget--
        hits += turned
      }
      if (hits === 0) return
      context.hits.set(settleLayouts.name, (context.hits.get(settleLayouts.name) ?? 0) + hits)
    }
  },
}

/** What one permutation leaves another may improve. */
const maxRounds = 4
/**
 * Of a transpose that is a mere reshape, and of one that moves elements: there are to be few of both, and rather of the former. Values of
 * some types cannot be transposed.
 */
const costs = { reshape: 1_000_000, transpose: 1_000_001, never: 1e12 }

function permutationsIn(graph: GraphEditor): readonly (readonly number[])[] {
  const found = new Map<string, readonly number[]>()
  for (const n of graph.nodes()) {
    const perm = n.op === op.transpose.name ? permOf(graph, n) : undefined
    if (perm) found.set(perm.join(), perm)
  }
  return [...found.values()]
}

function permOf(graph: GraphEditor, node: Node): readonly number[] | undefined {
  return constInts(graph.operands(node)[1])
}

/** Where a value stands: as it is, turned, or as the op of this number in the network has it. */
type Side = 'plain' | 'turned' | number

/** The ops of a graph that may compute on values x' where they now compute on `transpose(x', perm)`. */
class Region {
  readonly #graph: GraphEditor
  readonly #perm: readonly number[]
  readonly #inverse: readonly number[]
  readonly #order: readonly Node[]
  readonly #forms = new Map<NodeId, TurnedForm>()

  constructor(graph: GraphEditor, perm: readonly number[]) {
    this.#graph = graph
    this.#perm = perm
    this.#inverse = inverseOf(perm)
    this.#order = graph.finish().nodes
    for (const n of this.#order) {
      const form = turnedForm(
        n,
        graph.operands(n),
        n.outputs.map((id) => graph.value(id)),
        perm,
      )
      if (form) this.#forms.set(n.id, form)
    }
  }

  /** Turns what is better turned; returns how many ops that were. */
  settle(foldLimitBytes: number): number {
    const network = new Network()
    const [plain, turned] = [network.addNode(), network.addNode()]
    const numbers = new Map([...this.#forms.keys()].map((id) => [id, network.addNode()]))
    const numberOf = (side: Side) => (side === 'plain' ? plain : side === 'turned' ? turned : numbers.get(side)!)
    let before = 0
    for (const v of this.#values()) {
      const from = this.#sideOf(v)
      const readers = this.#readers(v)
      const cost = movesUnitsOnly(v.type.shape, this.#inverse)
        ? costs.reshape
        : movable.includes(v.type.dtype)
          ? costs.transpose
          : costs.never
      if (readers.some((r) => (r === 'turned') !== (from === 'turned'))) before += cost
      const [asTurned, asPlain] = [network.addNode(), network.addNode()]
      network.addEdge(numberOf(from), asTurned, cost)
      network.addEdge(asPlain, numberOf(from), cost)
      for (const r of readers) {
        network.addEdge(asTurned, numberOf(r), Number.POSITIVE_INFINITY)
        network.addEdge(numberOf(r), asPlain, Number.POSITIVE_INFINITY)
      }
    }
    const { cost, sinkSide } = network.cut(plain, turned)
    const nodes = this.#order.filter((n) => numbers.has(n.id) && sinkSide.has(numbers.get(n.id)!))
    if (cost >= before || nodes.length === 0) return 0
    this.#turn(nodes, new OpBuilder(this.#graph, { foldLimitBytes }))
    return nodes.length
  }

  /** Values that the region reads or makes, and that have a place in it. */
  #values(): readonly Value[] {
    const ids = new Set<ValueId>()
    for (const n of this.#order) {
      const form = this.#forms.get(n.id)
      if (!form) continue
      for (const i of form.turned) ids.add(n.inputs[i]!)
      if (form.turnsResults) for (const id of n.outputs) ids.add(id)
    }
    return [...ids].map((id) => this.#graph.value(id)).filter((v) => !v.data)
  }

  #sideOf(v: Value): Side {
    const producer = this.#graph.producer(v.id)
    if (!producer) return 'plain'
    if (this.#forms.get(producer.id)?.turnsResults) return producer.id
    return this.#source(v) ? 'turned' : 'plain'
  }

  /** What `v` is a transpose of by the permutation, perhaps as a reshape. */
  #source(v: Value): Value | undefined {
    const producer = this.#graph.producer(v.id)
    const [x] = producer ? this.#graph.operands(producer) : []
    if (!producer || !x) return undefined
    return this.#moves(producer, x, v, this.#perm) ? x : undefined
  }

  /** Whether a node makes `y` from `x` by moving its dims in this way. */
  #moves(node: Node, x: Value, y: Value, perm: readonly number[]): boolean {
    if (node.op === op.transpose.name) return permOf(this.#graph, node)?.join() === perm.join()
    const { shape } = x.type
    if (node.op !== op.reshape.name || shape.length !== perm.length || !movesUnitsOnly(shape, perm)) return false
    return y.type.shape.length === perm.length && perm.every((p, i) => y.type.shape[i] === shape[p])
  }

  #turnsBack(node: Node, v: Value): boolean {
    return node.inputs[0] === v.id && this.#moves(node, v, this.#graph.value(node.outputs[0]!), this.#inverse)
  }

  #readers(v: Value): readonly Side[] {
    const readers = this.#graph.users(v.id).flatMap((user): Side[] => {
      if (this.#forms.has(user.id)) return [user.id]
      if (this.#turnsBack(user, v)) return ['turned']
      // Another transpose is one transpose either way.
      return user.op === op.transpose.name && permOf(this.#graph, user) ? [] : ['plain']
    })
    return this.#graph.outputs.includes(v.id) ? [...readers, 'plain'] : readers
  }

  #turn(nodes: readonly Node[], b: OpBuilder): void {
    const graph = this.#graph
    const made = new Map<ValueId, Value>()
    const turned = (v: Value): Value => {
      if (v.data) return turnedConstant(b, v, this.#inverse)
      const known = made.get(v.id) ?? this.#source(v) ?? b.op(op.transpose, [v, b.i32(this.#inverse)])
      made.set(v.id, known)
      return known
    }
    const isTurned = new Set(nodes.map((n) => n.id))
    for (const node of nodes) {
      const form = this.#forms.get(node.id)!
      const results = this.#at(node, b, () => {
        const others = form.others(b)
        // The operands as they are by now.
        const inputs = graph.operands(graph.current(node.id)!).map((v, i) => (form.turned.includes(i) ? turned(v!) : (others[i] ?? v)))
        return b.ops(findSpec(node.op)!, inputs, form.attrs as never)
      })
      for (const [i, id] of node.outputs.entries()) {
        const { type } = graph.value(id)
        const shape = form.turnsResults ? this.#inverse.map((k) => type.shape[k]!) : type.shape
        if (!results[i]!.data) graph.updateValue(results[i]!.id, { type: { ...type, shape } })
        if (form.turnsResults) made.set(id, graph.value(results[i]!.id))
        else handOver(graph, id, results[i]!)
      }
    }
    for (const node of nodes)
      for (const id of node.outputs) if (made.has(id)) this.#finish(node, graph.value(id), made.get(id)!, isTurned, b)
    dropUnread(graph)
  }

  /** Lets those that are not turned read `y`, of which `y` is now the transpose of `turned`. */
  #finish(node: Node, y: Value, turned: Value, isTurned: ReadonlySet<NodeId>, b: OpBuilder): void {
    const graph = this.#graph
    for (const user of graph.users(y.id)) {
      if (isTurned.has(user.id)) continue
      const perm = user.op === op.transpose.name ? permOf(graph, user)?.map((k) => this.#perm[k]!) : undefined
      if (!perm && !this.#turnsBack(user, y)) continue
      const isSame = !perm || perm.every((p, i) => p === i)
      handOver(graph, user.outputs[0]!, isSame ? turned : this.#at(user, b, () => b.op(op.transpose, [turned, b.i32(perm)])))
      graph.removeNode(user)
    }
    if (!graph.outputs.includes(y.id) && graph.users(y.id).every((u) => isTurned.has(u.id))) return
    handOver(
      graph,
      y.id,
      this.#at(node, b, () => b.op(op.transpose, [turned, b.i32(this.#perm)])),
    )
  }

  #at<T>(node: Node, b: OpBuilder, work: () => T): T {
    const name = this.#graph.value(node.outputs[0]!).name
    return this.#graph.inPlaceOf(node, () => b.at(mergeOrigins([node.origin], settleLayouts.name), name, work))
  }
}
