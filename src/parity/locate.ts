import type { ByteSource } from '../core/bytes.ts'
import type { NdArray } from '../core/nd-array.ts'
import type { Graph, Node } from '../ir/types.ts'
import type { LiteRtRunner } from '../run/litert.ts'
import { openModel, withOutputs } from '../run/model-io.ts'
import type { Feeds } from '../run/runner.ts'
import { differenceOf, differentKind } from './compare.ts'

export interface Suspect {
  readonly layer: string
  readonly node: Node
}

interface Written {
  readonly file: ByteSource
  readonly name: string
  readonly signature: string
  readonly graph: Graph
}

/** Layers of a written model that were held against the source's. */
export interface LayerComparison {
  readonly graph: Graph
  readonly order: ReadonlyMap<string, number>
  /** The node that ends each layer. */
  readonly candidates: ReadonlyMap<string, Node>
  /** Which of these give something else; those that cannot be compared are not in it. */
  readonly differs: ReadonlyMap<Node, boolean>
}

/**
 * The first layer whose result in the written model differs from the source's. A layer that differs while one behind it agrees was
 * rewritten, not broken: rules may move a scale or a transpose from one layer to the next. Undefined when no layer can be compared.
 */
export function firstDifferingLayer({ graph, order, candidates, differs }: LayerComparison): Suspect | undefined {
  const excused = beforeAgreement(graph, differs)
  const suspects = [...candidates].filter(([, node]) => differs.get(node) === true && !excused.has(node))
  const [first] = suspects.sort(([a], [b]) => order.get(a)! - order.get(b)!)
  return first && { layer: first[0], node: first[1] }
}

export interface AgreeingPart {
  /** The last layer that gives what the source does. */
  readonly layer: string
  /** Operators that it and the others that agree are computed by. */
  readonly operators: number
}

/** The part of a written model that gives what the source's layers do, of which the last ones will do; undefined where none does. */
export function agreeingPart({ graph, order, candidates, differs }: LayerComparison): AgreeingPart | undefined {
  const agreeing = [...candidates].filter(([, node]) => differs.get(node) === false)
  const last = agreeing.sort(([a], [b]) => order.get(b)! - order.get(a)!)[0]
  if (!last) return undefined
  const operators = new Set([...beforeAgreement(graph, differs), ...agreeing.map(([, node]) => node)])
  return { layer: last[0], operators: operators.size }
}

/** Runs a written model with all results given out that end layers of the source, as far as they are told here. */
export async function compareLayers(
  runner: LiteRtRunner,
  { file, name, signature: key, graph }: Written,
  feeds: Feeds,
  layers: ReadonlyMap<string, NdArray>,
  relative: number,
): Promise<LayerComparison> {
  const order = new Map([...layers.keys()].map((layer, i) => [layer, i]))
  const candidates = lastNodes(graph, order)
  const differs = new Map<Node, boolean>()
  if (candidates.size === 0) return { graph, order, candidates, differs }
  const { tables, signatures } = openModel(name, file)
  const signature = signatures.find((s) => s.key === key)!
  const operators = tables.subgraphs[signature.subgraph]!.operators
  const tensorOf = (node: Node): number => operators[graph.nodes.indexOf(node)]!.outputs[0]!
  const tensors = new Map([...candidates.values()].map((node) => [node, tensorOf(node)]))
  const loaded = await runner.load(file, { name, present: (f) => withOutputs(f, key, [...new Set(tensors.values())]) })
  try {
    const found = await loaded.run(feeds, { signature: key })
    for (const [layer, node] of candidates) {
      const [actual, expected] = [found.get(String(tensors.get(node)))!, layers.get(layer)!]
      // Another layout than the source's says nothing.
      if (!differentKind(actual, expected)) differs.set(node, differenceOf(actual, expected, relative, {}).beyond > 0)
    }
    return { graph, order, candidates, differs }
  } finally {
    await loaded.dispose()
  }
}

/** The node that ends each layer: of the layers it stands for, the last counts. */
function lastNodes(graph: Graph, order: ReadonlyMap<string, number>): Map<string, Node> {
  const last = new Map<string, Node>()
  for (const node of graph.nodes) {
    const known = node.origin.source.filter((layer) => order.has(layer))
    const layer = known.sort((a, b) => order.get(b)! - order.get(a)!)[0]
    if (layer !== undefined) last.set(layer, node)
  }
  return last
}

/** Nodes from which a node leads on that agrees. */
function beforeAgreement(graph: Graph, differs: ReadonlyMap<Node, boolean>): Set<Node> {
  const producers = new Map(graph.nodes.flatMap((n) => n.outputs.map((id) => [id, n] as const)))
  const excused = new Set<Node>()
  const visit = (node: Node): void => {
    for (const id of node.inputs) {
      const before = id === null ? undefined : producers.get(id)
      if (!before || excused.has(before)) continue
      excused.add(before)
      visit(before)
    }
  }
  for (const node of graph.nodes.toReversed()) if (differs.get(node) === false && !excused.has(node)) visit(node)
  return excused
}
