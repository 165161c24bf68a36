import { formatTensorType } from './print.ts'
import type { Graph, Value, ValueId } from './types.ts'

/**
 * A graph in the DOT language of Graphviz, as it stands between two passes: ops as boxes, constants as blue octagons, inputs and outputs
 * gray, states green; edges carry types. What is in a file is drawn by `renderDot`.
 * @see https://graphviz.org/doc/info/lang.html
 */
export function printDot(graph: Graph): string {
  const lines = [`digraph ${quote(graph.name)} {`, '  rankdir=TB', '  node [shape=box, style=filled, fontname="Helvetica", fontsize=10]']
  const value = (id: ValueId): Value => graph.values.get(id)!
  const port = (id: ValueId, kind: 'in' | 'out') =>
    lines.push(`  ${kind}${id} [label=${quote(value(id).name)}, fillcolor="#3f4754", fontcolor="#ffffff"]`)
  const made = new Map<ValueId, string>()
  for (const id of graph.inputs) {
    port(id, 'in')
    made.set(id, `in${id}`)
  }
  for (const node of graph.nodes) {
    const layer = node.origin.source[0]
    lines.push(`  n${node.id} [label=${quote(layer === undefined ? node.op : `${node.op}\n${layer}`)}, fillcolor="#f6d5d0"]`)
    for (const id of node.outputs) made.set(id, `n${node.id}`)
  }
  const drawn = new Set<ValueId>()
  const edge = (id: ValueId, to: string) => {
    const from = made.get(id) ?? `c${id}`
    const { name, type, isVariable } = value(id)
    if (!made.has(id) && !drawn.has(id)) {
      drawn.add(id)
      const look = isVariable ? 'fillcolor="#d6f0df"' : 'shape=octagon, fillcolor="#dbe7fb"'
      lines.push(`  ${from} [label=${quote(`${name}\n${formatTensorType(type)}`)}, ${look}]`)
    }
    lines.push(`  ${from} -> ${to}${made.has(id) ? ` [label=${quote(formatTensorType(type))}, fontsize=8]` : ''}`)
  }
  for (const node of graph.nodes) for (const id of node.inputs) if (id !== null) edge(id, `n${node.id}`)
  for (const id of new Set(graph.outputs)) {
    port(id, 'out')
    edge(id, `out${id}`)
  }
  return `${[...lines, '}'].join('\n')}\n`
}

/** A string as DOT has it, where labels also read entities. Names come from files: control characters are left out. */
export function quote(text: string): string {
  const lines = text.split('\n').map((line) =>
    Array.from(line, (c) => (c < ' ' ? ' ' : c))
      .join('')
      .replace(/[\\"]/g, '\\$&')
      .replace(/&/g, '&amp;'),
  )
  return `"${lines.join('\\n')}"`
}
