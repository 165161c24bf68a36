import { lazyConst } from '../core/bytes.ts'
import { bitsOf, bytesOf, isInteger, typedView } from '../core/dtype.ts'
import { toHalf } from '../core/half.ts'
import { elementCount } from '../core/shape.ts'
import { GraphEditor } from '../ir/graph.ts'
import { type Graph, mergeOrigins, type Node, type Value, type ValueId } from '../ir/types.ts'
import { hasEffect } from '../ops/bodies.ts'
import { findSpec, op } from '../ops/index.ts'
import type { Decision, KeepFloat } from './types.ts'

/** Every f32 constant that a node reads, or those that `takes` names, is stored as f16 and widened by one DEQUANTIZE that its readers share. */
export function float16(
  graph: Graph,
  keep: KeepFloat,
  takes: (node: Node, index: number) => boolean = () => true,
): { graph: Graph; decisions: Decision[] } {
  const editor = new GraphEditor(graph)
  const decisions: Decision[] = []
  const widened = new Map<ValueId, Value>()
  const returned = new Set(graph.outputs)
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((id, i) => {
      const value = id === null ? null : editor.value(id)
      if (!value?.data || (value.type.dtype !== 'f32' && value.fixed === undefined) || !takes(node, i)) return id
      const { dtype } = value.type
      const reason =
        value.fixed !== undefined
          ? value.fixed
          : returned.has(value.id)
            ? 'it is an output of the model'
            : node.op === 'custom'
              ? 'a custom op reads it'
              : readsIntegers(editor, node)
                ? 'an op that computes with integer weights takes it as float'
                : findSpec(node.op)?.sideEffect && node.outputs.length === 0
                  ? 'it is what a variable holds'
                  : keep(node.origin, value.name)
                    ? 'kept by --keep-float'
                    : undefined
      const elements = elementCount(value.type.shape)!
      decisions.push({
        tensor: value.name,
        op: node.op,
        operand: String(i),
        layer: node.origin.source[0],
        elements,
        from: dtype,
        to: reason ? dtype : 'f16',
        granularity: 'none',
        bits: reason ? bitsOf(dtype) : 16,
        bytesBefore: value.data.byteLength,
        bytesAfter: reason ? value.data.byteLength : elements * 2,
        reason,
      })
      if (reason) return id
      const done = widened.get(value.id) ?? editor.inPlaceOf(node, () => storeAsHalf(editor, value, mergeOrigins([node.origin], 'float16')))
      widened.set(value.id, done)
      return done.id
    })
    editor.updateNode(node, { inputs })
  }
  editor.removeDead((n) => n.kept !== undefined || hasEffect(n))
  return { graph: editor.finish(), decisions }
}

/** XNNPACK refuses ops whose weights are integers and whose bias is widened. @see XNNPACK delegate, CheckTensorStaticAllocation */
function readsIntegers(editor: GraphEditor, node: Node): boolean {
  if (!findSpec(node.op)?.quant?.dynamicRange) return false
  return editor.operands(node).some((v) => v?.data && v.type.quant && isInteger(v.type.dtype))
}

function storeAsHalf(editor: GraphEditor, value: Value, origin: Parameters<GraphEditor['addNode']>[0]['origin']): Value {
  const { shape } = value.type
  const data = value.data!
  const half = editor.addConst(
    `${value.name}/float16`,
    { dtype: 'f16', shape },
    lazyConst(data.byteLength / 2, () => bytesOf(toHalf(typedView('f32', data.bytes())))),
  )
  return editor.addNode({ op: op.dequantize.name, attrs: {}, inputs: [half], results: [{ name: value.name, type: value.type }], origin })
    .results[0]!
}
