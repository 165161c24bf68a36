import type { SourceGraph, SourceNode, SourcePort, SourceRef } from '../source-graph.ts'

/** Marks nodes that `roots` depend on, themselves included. */
export function reached(nodes: readonly SourceNode[], roots: Iterable<number>): Uint8Array {
  const isReached = new Uint8Array(nodes.length)
  for (const i of roots) isReached[i] = 1
  for (let i = nodes.length - 1; i >= 0; i--) {
    if (isReached[i]) for (const input of nodes[i]!.inputs) isReached[input.node] = 1
  }
  return isReached
}

/** The graph without nodes that neither a port nor a write needs; every input stays. */
export function pruned(graph: SourceGraph): SourceGraph {
  const { nodes } = graph
  const ports = [...graph.inputs, ...graph.outputs].map(({ ref }) => ref.node)
  const isNeeded = reached(nodes, [...ports, ...nodes.flatMap((n, i) => (n.hasEffect ? [i] : []))])
  const position = new Int32Array(nodes.length)
  const kept: SourceNode[] = []
  const moved = (ref: SourceRef): SourceRef => ({ node: position[ref.node]!, output: ref.output })
  nodes.forEach((node, i) => {
    if (!isNeeded[i]) return
    position[i] = kept.length
    kept.push({ ...node, inputs: node.inputs.map(moved) })
  })
  const port = (p: SourcePort): SourcePort => ({ ...p, ref: moved(p.ref) })
  return { ...graph, nodes: kept, inputs: graph.inputs.map(port), outputs: graph.outputs.map(port) }
}

/** The graph with nodes before all others, and what `replace` names in place of references. */
export function behind(graph: SourceGraph, before: readonly SourceNode[], replace: (ref: SourceRef) => number | undefined): SourceGraph {
  const moved = (ref: SourceRef): SourceRef => {
    const at = replace(ref)
    return at === undefined ? { node: ref.node + before.length, output: ref.output } : { node: at, output: 0 }
  }
  const port = (p: SourcePort): SourcePort => ({ ...p, ref: moved(p.ref) })
  return {
    ...graph,
    nodes: [...before, ...graph.nodes.map((n) => ({ ...n, inputs: n.inputs.map(moved) }))],
    inputs: graph.inputs.map(port),
    outputs: graph.outputs.map(port),
  }
}

/** `name`, or with a number when it is taken; takes it. */
export function uniqueName(name: string, taken: Set<string>): string {
  let unique = name
  for (let n = 1; taken.has(unique); n++) unique = `${name}_${n}`
  taken.add(unique)
  return unique
}
