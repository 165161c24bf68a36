import { sameShape } from '../core/shape.ts'
import type { GraphEditor } from '../ir/graph.ts'
import type { Node, ValueId } from '../ir/types.ts'
import { hasEffect } from '../ops/bodies.ts'
import { findSpec } from '../ops/index.ts'
import type { Pass, PassContext } from './pass.ts'

/** Constants up to this size are compared by content, larger ones by where they come from. */
const comparedBytes = 4096

/** Nodes that compute the same from the same operands become one. */
export function mergeEqualNodes(name: string): Pass {
  return { name, run: (context) => merge(context) }
}

function merge(context: PassContext): void {
  const { graph } = context
  const seen = new Map<string, Node[]>()
  for (const { id } of graph.finish().nodes) {
    if (context.budget === 0) return
    const node = graph.current(id)
    if (!node || !isPure(graph, node) || node.outputs.some((o) => graph.outputs.includes(o))) continue
    const outline = outlineOf(graph, node)
    const alike = seen.get(outline) ?? []
    const first = alike.find((n) => sameNode(graph, n, node))
    if (!first) {
      if (alike.length === 0) seen.set(outline, alike)
      alike.push(node)
      continue
    }
    node.outputs.forEach((o, i) => {
      graph.replaceUses(o, first.outputs[i]!)
    })
    graph.removeNode(node)
    context.budget--
    context.hits.set('merge-equal', (context.hits.get('merge-equal') ?? 0) + 1)
  }
}

function isPure(graph: GraphEditor, node: Node): boolean {
  const spec = findSpec(node.op)
  if (!spec || hasEffect(node) || spec.accuracy === 'random' || node.inputs.length === 0) return false
  return !node.inputs.some((id) => id !== null && graph.value(id).isVariable)
}

/** Ops whose two operands may change places. */
const commutative: ReadonlySet<string> = new Set(
  ['add', 'mul', 'maximum', 'minimum', 'squared_difference', 'equal', 'not_equal', 'logical_and', 'logical_or'].filter((name) =>
    findSpec(name),
  ),
)

/** Op and run-time operands: equal for equal nodes, and for few others. */
function outlineOf(graph: GraphEditor, node: Node): string {
  const operands = node.inputs.map((id) => (id === null ? '' : graph.value(id).data ? 'c' : String(id)))
  return `${node.op} ${(commutative.has(node.op) ? operands.sort() : operands).join()}`
}

function sameNode(graph: GraphEditor, a: Node, b: Node): boolean {
  const same = (inputs: Node['inputs']) => a.inputs.every((id, i) => id === inputs[i] || sameConstant(graph, id, inputs[i]))
  return (
    JSON.stringify(a.attrs) === JSON.stringify(b.attrs) && (same(b.inputs) || (commutative.has(a.op) && same([b.inputs[1]!, b.inputs[0]!])))
  )
}

function sameConstant(graph: GraphEditor, a: ValueId | null, b: ValueId | null | undefined): boolean {
  if (a === null || b === null || b === undefined) return false
  const [x, y] = [graph.value(a), graph.value(b)]
  if (!x.data || !y.data || x.type.dtype !== y.type.dtype || !sameShape(x.type.shape, y.type.shape)) return false
  if (x.data === y.data || (x.data.key !== undefined && x.data.key === y.data.key)) return true
  if (x.data.byteLength !== y.data.byteLength || x.data.byteLength > comparedBytes) return false
  const bytes = y.data.bytes()
  return x.data.bytes().every((byte, i) => byte === bytes[i])
}
