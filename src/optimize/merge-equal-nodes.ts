import type { GraphEditor } from '../ir/graph.ts'
import type { Node, Value } from '../ir/types.ts'
import { findSpec } from '../ops/index.ts'
import type { Pass } from './pass.ts'

/** Constants up to this size are compared by content, larger ones by where they come from. */
const comparedBytes = 256

/** Nodes that compute the same from the same operands become one. */
export const mergeEqualNodes: Pass = {
  name: 'merge-equal-nodes',
  run(context) {
    const { graph } = context
    const seen = new Map<string, Node>()
    for (const { id } of graph.finish().nodes) {
      if (context.budget === 0) return
      const node = graph.current(id)
      const key = node && keyOf(graph, node)
      if (!key) continue
      const first = seen.get(key)
      if (!first) {
        seen.set(key, node)
        continue
      }
      if (node.outputs.some((o) => graph.outputs.includes(o))) continue
      node.outputs.forEach((o, i) => {
        graph.replaceUses(o, first.outputs[i]!)
      })
      graph.removeNode(node)
      context.budget--
      context.hits.set('merge-equal-nodes', (context.hits.get('merge-equal-nodes') ?? 0) + 1)
    }
  },
}

function keyOf(graph: GraphEditor, node: Node): string | undefined {
  const spec = findSpec(node.op)
  if (!spec || spec.sideEffect || spec.accuracy === 'random') return undefined
  const operands = graph.operands(node)
  if (operands.length === 0 || operands.some((v) => v?.isVariable)) return undefined
  return `${node.op} ${JSON.stringify(node.attrs)} ${operands.map((v) => (v ? valueKey(v) : '')).join()}`
}

function valueKey(v: Value): string {
  const { data, type } = v
  const content = data && (data.byteLength <= comparedBytes ? data.bytes().join() : data.key)
  return content === undefined ? `%${v.id}` : `${type.dtype}[${type.shape.join()}]${content}`
}
