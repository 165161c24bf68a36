import { constFromBytes } from '../core/bytes.ts'
import { invariant } from '../core/diagnostics.ts'
import { bytesOf, typedView } from '../core/dtype.ts'
import { elementCount } from '../core/shape.ts'
import { GraphEditor } from '../ir/graph.ts'
import { type Graph, mergeOrigins, type Node, type QuantParams, type Value } from '../ir/types.ts'
import { hasEffect } from '../ops/bodies.ts'
import { findSpec, op } from '../ops/index.ts'
import type { OpSpec } from '../ops/spec.ts'
import { notFinite } from './diagnostics.ts'
import type { Decision, KeepFloat, QuantizeOptions } from './types.ts'
import { type QuantizedWeights, quantizeSymmetricInt8 } from './weights.ts'

const rule = 'dynamic-range'

/**
 * Weights become int8, activations stay float and are quantized row by row inside the kernels.
 * Ops that only move a weight's elements (a table lookup) move int8 and are followed by a DEQUANTIZE.
 * Throws `quantize/not-finite`.
 */
export function dynamicRange(graph: Graph, options: QuantizeOptions, keep: KeepFloat): { graph: Graph; decisions: Decision[] } {
  const editor = new GraphEditor(graph)
  const decisions: Decision[] = []
  const cache = new Map<string, Value>()
  for (const before of graph.nodes) {
    const node = editor.current(before.id)!
    const spec = findSpec(node.op)
    if (!spec) continue
    const traits = spec.quant?.weights ?? []
    const chosen: { index: number; axis: number | null }[] = []
    const constantAt = (index: number): Value | undefined => {
      const id = node.inputs[index]
      const value = id == null ? undefined : editor.value(id)
      return value?.data && (value.type.dtype === 'f32' || value.fixed !== undefined) ? value : undefined
    }
    const isWeight = (index: number) => traits.some((t) => t.operand === spec.operands[index]!.name)
    // The kernel takes either all of them as int8 or none.
    const kept = spec.operands.flatMap((_, index) => {
      const value = spec.quant?.dynamicRange?.together && isWeight(index) ? constantAt(index) : undefined
      return (value && reasonToKeep(spec, node, value, true, options, keep)) ?? []
    })
    spec.operands.forEach((operand, index) => {
      const value = constantAt(index)
      if (!value) return
      const trait = traits.find((t) => t.operand === operand.name)
      const own = reasonToKeep(spec, node, value, trait !== undefined, options, keep)
      const reason = own ?? (kept.length > 0 ? `another weight of the op stays float: ${kept[0]}` : undefined)
      const axis = options.perTensor ? null : (trait?.axis ?? null)
      decisions.push(describe(node, operand.name, value, reason, axis))
      if (reason === undefined) chosen.push({ index, axis })
    })
    if (chosen.length > 0) rewrite(editor, node, spec, chosen, cache)
  }
  editor.removeDead((n) => n.kept !== undefined || hasEffect(n))
  return { graph: editor.finish(), decisions }
}

function reasonToKeep(
  spec: OpSpec,
  node: Node,
  value: Value,
  isWeight: boolean,
  options: QuantizeOptions,
  keep: KeepFloat,
): string | undefined {
  const minElements = options.minElements ?? 1024
  const elements = elementCount(value.type.shape)!
  if (value.fixed !== undefined) return value.fixed
  if (!isWeight) return `${spec.builtin} takes this operand as float`
  if (!spec.quant?.dynamicRange && !spec.movesElements) return `${spec.builtin} has no kernel for int8 weights with float activations`
  if (elements < minElements) return `${elements} elements < ${minElements}`
  if (keep(node.origin, value.name)) return 'kept by --keep-float'
  return undefined
}

function describe(node: Node, operand: string, value: Value, reason: string | undefined, axis: number | null): Decision {
  const elements = elementCount(value.type.shape)!
  const { byteLength } = value.data!
  const channels = axis === null ? 1 : (value.type.shape[axis] as number)
  return {
    tensor: value.name,
    op: node.op,
    operand,
    layer: node.origin.source[0],
    elements,
    from: value.type.dtype,
    to: reason === undefined ? 'i8' : value.type.dtype,
    granularity: reason !== undefined ? 'none' : axis === null ? 'per-tensor' : 'per-axis',
    bytesBefore: byteLength,
    bytesAfter: reason === undefined ? elements + channels * 4 : byteLength,
    reason,
  }
}

function rewrite(
  editor: GraphEditor,
  node: Node,
  spec: OpSpec,
  chosen: readonly { index: number; axis: number | null }[],
  cache: Map<string, Value>,
): void {
  const inputs = [...node.inputs]
  for (const { index, axis } of chosen) {
    const value = editor.value(inputs[index]!)
    const key = `${value.id}/${axis}`
    const quantized = cache.get(key) ?? quantizeConst(editor, value, axis, node)
    cache.set(key, quantized)
    inputs[index] = quantized.id
  }
  const origin = mergeOrigins([node.origin], rule)
  if (spec.quant?.dynamicRange) {
    editor.updateNode(node, { inputs, attrs: { ...node.attrs, ...spec.quant.dynamicRange.setAttrs }, origin })
    return
  }
  const moved = editor.updateNode(node, { inputs, origin })
  const out = editor.value(moved.outputs[0]!)
  const quant = editor.value(inputs[chosen[0]!.index]!).type.quant
  editor.inPlaceOf(moved, () => {
    const { node: widen, results } = editor.addNode({
      op: op.dequantize.name,
      attrs: {},
      inputs: [out],
      results: [{ name: out.name, type: out.type }],
      origin,
    })
    editor.replaceUses(out.id, results[0]!.id)
    editor.updateNode(widen, { inputs: [out.id] })
  })
  editor.updateValue(out.id, { name: `${out.name}/quantized`, type: { dtype: 'i8', shape: out.type.shape, quant } })
}

function quantizeConst(editor: GraphEditor, value: Value, axis: number | null, node: Node): Value {
  const shape = value.type.shape as readonly number[]
  const q = quantizeSymmetricInt8(typedView('f32', value.data!.bytes()), shape, axis)
  if (!q) throw notFinite(value.name, node.origin.source[0])
  return editor.addConst(value.name, { dtype: 'i8', shape, quant: paramsOf(q, axis) }, constFromBytes(bytesOf(q.data)))
}

function paramsOf(q: QuantizedWeights, axis: number | null): QuantParams {
  invariant(axis !== null || q.scales.length === 1, 'one scale per tensor')
  if (axis === null) return { kind: 'per-tensor', scale: q.scales[0]!, zeroPoint: 0 }
  return { kind: 'per-axis', axis, scales: q.scales, zeroPoints: new Int32Array(q.scales.length) }
}
