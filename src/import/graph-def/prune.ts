import type { DType } from '../../core/dtype.ts'
import { codeOfDtype } from '../../schema/tensorflow/data-type.ts'
import type { SourceGraph, SourceNode, SourcePort, SourceRef } from '../source-graph.ts'
import { FixedAttrs } from './attrs.ts'

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

/** What is the same for references to the same tensor. */
export const placeOf = (ref: SourceRef): string => `${ref.node}:${ref.output}`

/** A node, and the tensor that its first output is to stand for. */
export interface Stand {
  readonly of: SourceRef
  readonly node: SourceNode
}

/** The graph with nodes before all others, each in place of a tensor. */
export function behind(graph: SourceGraph, before: readonly Stand[]): SourceGraph {
  const places = new Map(before.map(({ of }, i) => [placeOf(of), i]))
  const moved = (ref: SourceRef): SourceRef => {
    const at = places.get(placeOf(ref))
    return at === undefined ? { node: ref.node + before.length, output: ref.output } : { node: at, output: 0 }
  }
  const port = (p: SourcePort): SourcePort => ({ ...p, ref: moved(p.ref) })
  return {
    ...graph,
    nodes: [...before.map((s) => s.node), ...graph.nodes.map((n) => ({ ...n, inputs: n.inputs.map(moved) }))],
    inputs: graph.inputs.map(port),
    outputs: graph.outputs.map(port),
  }
}

/** A placeholder of a layer of its own; `dims` are -1 where open, undefined where unknown. */
export function placeholder(name: string, layer: string, dtype: DType | undefined, dims: readonly number[] | undefined): SourceNode {
  const type = dtype ? { dtype: { kind: 'type', value: dtype, code: codeOfDtype(dtype) } as const } : {}
  return { name, op: 'Placeholder', inputs: [], attrs: new FixedAttrs({ ...type, shape: { kind: 'shape', value: dims } }), layer: [layer] }
}

/** `name`, or with a number when it is taken; takes it. */
export function uniqueName(name: string, taken: Set<string>): string {
  let unique = name
  for (let n = 1; taken.has(unique); n++) unique = `${name}_${n}`
  taken.add(unique)
  return unique
}
