import { constFromBytes } from '../../core/bytes.ts'
import { bytesOf } from '../../core/dtype.ts'
import { GraphEditor } from '../../ir/graph.ts'
import { type Graph, mergeOrigins } from '../../ir/types.ts'
import { withDefaults } from '../../ops/build.ts'
import { findSpec } from '../../ops/index.ts'

/** The graph with ops that have no integer kernel as others that compute the same and have one. Results keep their numbers. */
export function integerForms(graph: Graph): Graph {
  const found = graph.nodes.filter((n) => findSpec(n.op)?.quant?.integerForm && graph.values.get(n.outputs[0]!)!.type.dtype === 'f32')
  if (found.length === 0) return graph
  const editor = new GraphEditor(graph)
  for (const node of found) {
    const { op, second } = findSpec(node.op)!.quant!.integerForm!
    const [x] = node.inputs as [number]
    const y =
      second === 'same'
        ? x
        : editor.addConst(`${op} ${second}`, { dtype: 'f32', shape: [] }, constFromBytes(bytesOf(Float32Array.of(second)))).id
    editor.updateNode(editor.current(node.id)!, {
      op,
      inputs: [x, y],
      attrs: withDefaults(findSpec(op)!, {}),
      origin: mergeOrigins([node.origin], 'integer-form'),
    })
  }
  return editor.finish()
}
