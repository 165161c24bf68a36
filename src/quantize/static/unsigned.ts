import { lazyConst } from '../../core/bytes.ts'
import { GraphEditor, withGraphs } from '../../ir/graph.ts'
import type { Graph, Model, Value } from '../../ir/types.ts'
import { unfitPortType } from '../diagnostics.ts'
import type { PortTypes } from '../types.ts'

/** i8 and u8 numbers of the same value are 128 apart, which is this bit. */
const signBit = 0x80

/** A model whose grids are those of i8 with them stored as u8, zero points and constants moved by 128. What was i8 in `before` stays. */
export function asUnsigned(model: Model, before: Model): Model {
  return withGraphs(
    model,
    model.graphs.map((graph, g) => unsignedGraph(graph, before.graphs[g]!)),
  )
}

function unsignedGraph(graph: Graph, before: Graph): Graph {
  const editor = new GraphEditor(graph)
  const isNew = ({ id, type: { dtype, quant } }: Value): boolean =>
    dtype === 'i8' && quant?.kind === 'per-tensor' && before.values.get(id)?.type.dtype !== 'i8'
  const changed = [...graph.values.values()].filter(isNew)
  if (changed.length === 0) return graph
  for (const { id, type, data } of changed) {
    if (type.quant?.kind !== 'per-tensor') continue
    const moved = data && lazyConst(data.byteLength, () => data.bytes().map((b) => b ^ signBit))
    editor.updateValue(id, {
      type: { ...type, dtype: 'u8', quant: { ...type.quant, zeroPoint: type.quant.zeroPoint + 128 } },
      ...(moved && { data: moved }),
    })
  }
  const ids = new Set(changed.map((v) => v.id))
  for (const node of graph.nodes) {
    if (node.attrs.to === 'i8' && ids.has(node.outputs[0]!))
      editor.updateNode(editor.current(node.id)!, { attrs: { ...node.attrs, to: 'u8' } })
  }
  return editor.finish()
}

/** Types of ports of such a model in those of the i8 model that it is made from; by default all are stored as they are. Throws quantize/unfit-port-type. */
export function signedPorts(types: PortTypes = 'uint8'): PortTypes {
  const signed = (type: string, name: string) => {
    if (type === 'float32') return type
    if (type !== 'uint8') throw unfitPortType(name, type, 'u8')
    return 'int8'
  }
  if (typeof types === 'string') return signed(types, '')
  return Object.fromEntries([['', 'int8'], ...Object.entries(types).map(([name, type]) => [name, signed(type, name)])])
}
