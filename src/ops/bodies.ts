import type { Attrs, Graph, Model, Node } from '../ir/types.ts'
import { findSpec } from './index.ts'

/*
 * Graphs that nodes call: bodies of loops, branches, initializers. In a model they come after the entry points.
 */

/** Bodies made while graphs are built. */
export class BodyTable {
  readonly #graphs: Graph[] = []
  readonly #first: number
  readonly #names = new Set<string>()
  /** Where the search for a free number goes on, by the name without it. */
  readonly #nextNumbers = new Map<string, number>()

  /** `entryPoints` is how many graphs of the model come before. */
  constructor(entryPoints: number) {
    this.#first = entryPoints
  }

  get graphs(): readonly Graph[] {
    return this.#graphs
  }

  /** Takes a graph under a name of its own; returns its number in the model. */
  add(graph: Graph): number {
    let { name } = graph
    let n = this.#nextNumbers.get(graph.name) ?? 1
    while (this.#names.has(name)) name = `${graph.name}${n++}`
    this.#nextNumbers.set(graph.name, n)
    this.#names.add(name)
    return this.#first + this.#graphs.push({ ...graph, name }) - 1
  }

  /** What `trial` builds stays only when it returns a result. */
  attempt<T>(trial: () => T | undefined): T | undefined {
    const count = this.#graphs.length
    const result = trial()
    if (result !== undefined || this.#graphs.length === count) return result
    for (const { name } of this.#graphs.splice(count)) this.#names.delete(name)
    this.#nextNumbers.clear()
    return result
  }
}

/** Attributes of a node that name graphs. */
export function bodyKeys(node: Pick<Node, 'op'>): readonly string[] {
  return graphKeys.get(node.op) ?? keysOf(node.op)
}

const graphKeys = new Map<string, readonly string[]>()

function keysOf(op: string): readonly string[] {
  const entries = Object.entries(findSpec(op)?.attrs ?? {})
  const keys = entries.filter(([, a]) => a.kind === 'graph').map(([key]) => key)
  graphKeys.set(op, keys)
  return keys
}

/** Numbers of the graphs that a node calls. */
export function bodiesOf(node: Node): readonly number[] {
  return bodyKeys(node).map((key) => node.attrs[key] as number)
}

/** Whether a node does more than make its results: it must stay, and stay in its place among others of the kind. */
export function hasEffect(node: Pick<Node, 'op' | 'attrs'>): boolean {
  return findSpec(node.op)?.sideEffect === true || node.attrs.effects === true
}

/** A graph whose nodes call other graphs: `to` says which for each that they call. */
export function redirectBodies(graph: Graph, to: (body: number) => number): Graph {
  const nodes = graph.nodes.map((n) => {
    const keys = bodyKeys(n)
    if (keys.every((key) => to(n.attrs[key] as number) === n.attrs[key])) return n
    const moved: Attrs = Object.fromEntries(keys.map((key) => [key, to(n.attrs[key] as number)]))
    return { ...n, attrs: { ...n.attrs, ...moved } }
  })
  return nodes.every((n, i) => n === graph.nodes[i]) ? graph : { ...graph, nodes }
}

/** The model without graphs that no signature leads to; without signatures the first graph is the entry. */
export function dropUncalledGraphs(model: Model): Model {
  const entries = model.signatures.length > 0 ? model.signatures.map((s) => s.graph) : [0]
  const needed = new Set<number>()
  const left = [...entries]
  for (let i = left.pop(); i !== undefined; i = left.pop()) {
    const graph = model.graphs[i]
    if (needed.has(i) || !graph) continue
    needed.add(i)
    for (const n of graph.nodes) left.push(...bodiesOf(n))
  }
  if (needed.size === model.graphs.length) return model
  const kept = [...model.graphs.keys()].filter((i) => needed.has(i))
  const moved = new Map(kept.map((from, to) => [from, to]))
  return {
    ...model,
    graphs: kept.map((i) => redirectBodies(model.graphs[i]!, (b) => moved.get(b)!)),
    signatures: model.signatures.map((s) => ({ ...s, graph: moved.get(s.graph)! })),
  }
}
