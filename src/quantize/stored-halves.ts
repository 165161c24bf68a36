import { type ConstData, lazyConst } from '../core/bytes.ts'
import { bytesOf } from '../core/dtype.ts'
import { toFloat32 } from '../core/nd-array.ts'
import { GraphEditor, withGraphs } from '../ir/graph.ts'
import type { Graph, Model } from '../ir/types.ts'
import { hasEffect } from '../ops/bodies.ts'
import { op } from '../ops/index.ts'
import { keptTensor } from '../ops/kept.ts'
import { float16 } from './float16.ts'

/** What was stored as f16, by identity; kept as long as the constant. */
const widened = new WeakSet<ConstData>()

/**
 * The model with constants that are stored as f16 behind a DEQUANTIZE as the f32 ones that they stand for; itself when there are none.
 * A graph with sparse constants stays as it is: LiteRT.js 2.5.3 gives NaN for sparse f16 weights next to f32 ones.
 */
export function widenHalves(model: Model): Model {
  const graphs = model.graphs.map(widenGraph)
  return graphs.some((g, i) => g !== model.graphs[i]) ? withGraphs(model, graphs) : model
}

/** Stores what `widenHalves` widened, and is a float constant still, as f16 again: no bit of it changes. */
export function narrowHalves(model: Model): Model {
  const isWidened = ({ data }: { readonly data?: ConstData | undefined }): boolean => data !== undefined && widened.has(data)
  if (!model.graphs.some((g) => [...g.values.values()].some(isWidened))) return model
  const graphs = model.graphs.map((graph) => {
    const takes = (id: number | null | undefined): boolean => id != null && isWidened(graph.values.get(id)!)
    return float16(
      graph,
      () => false,
      (node, i) => takes(node.inputs[i]),
    ).graph
  })
  return withGraphs(model, graphs)
}

function widenGraph(graph: Graph): Graph {
  if ([...graph.values.values()].some((v) => keptTensor(v)?.sparsity)) return graph
  const returned = new Set(graph.outputs)
  const halves = graph.nodes.flatMap((node) => {
    const half = node.op === op.dequantize.name ? graph.values.get(node.inputs[0]!)! : undefined
    const result = graph.values.get(node.outputs[0]!)
    const isHalf = half?.data && half.type.dtype === 'f16' && result?.type.dtype === 'f32' && !returned.has(result.id)
    return isHalf ? [{ node, result, half: half.data!, shape: half.type.shape }] : []
  })
  if (halves.length === 0) return graph
  const editor = new GraphEditor(graph)
  for (const { node, result, half, shape } of halves) {
    const data = lazyConst(half.byteLength * 2, () =>
      bytesOf(toFloat32({ dtype: 'f16', shape: shape as readonly number[], bytes: half.bytes() })!),
    )
    widened.add(data)
    editor.replaceUses(result.id, editor.addConst(result.name, { dtype: 'f32', shape }, data).id)
    editor.removeNode(node)
  }
  editor.removeDead((n) => n.kept !== undefined || hasEffect(n))
  return editor.finish()
}
