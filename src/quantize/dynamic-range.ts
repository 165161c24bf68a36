import { elementCount } from '../core/shape.ts'
import { GraphEditor } from '../ir/graph.ts'
import { type Graph, mergeOrigins, type Node, type Value } from '../ir/types.ts'
import { hasEffect } from '../ops/bodies.ts'
import { findSpec, op } from '../ops/index.ts'
import type { OpSpec } from '../ops/spec.ts'
import { decide } from './decide.ts'
import { notFinite } from './diagnostics.ts'
import type { Decision, KeepFloat, QuantizeOptions } from './types.ts'
import { tensorflowConst } from './weights/quantized-const.ts'

const rule = 'dynamic-range'

/** Weights with fewer elements stay float, as in TensorFlow. @see TensorFlow Lite tools/optimize/quantize_weights.cc */
export const defaultDynamicMin = 1024

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
    const decided = new Map<number, Decision>()
    spec.operands.forEach((operand, index) => {
      const value = constantAt(index)
      if (!value) return
      const trait = traits.find((t) => t.operand === operand.name)
      const own = reasonToKeep(spec, node, value, trait !== undefined, options, keep)
      const reason = own ?? (kept.length > 0 ? `another weight of the op stays float: ${kept[0]}` : undefined)
      const axis = options.perTensor && !spec.quant?.dynamicRange?.perChannel ? null : (trait?.axis ?? null)
      if (reason === undefined) chosen.push({ index, axis })
      else decided.set(index, decide(node, index, value, undefined, reason))
    })
    if (chosen.length > 0) for (const [index, d] of rewrite(editor, node, spec, chosen, cache)) decided.set(index, d)
    decisions.push(...[...decided].sort(([i], [j]) => i - j).map(([, d]) => d))
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
  const minElements = options.minElements ?? defaultDynamicMin
  const elements = elementCount(value.type.shape)!
  if (value.fixed !== undefined) return value.fixed
  if (!isWeight) return `${spec.builtin} takes this operand as float`
  if (!spec.quant?.dynamicRange && !spec.movesElements) return `${spec.builtin} has no kernel for int8 weights with float activations`
  if (elements < minElements) return `${elements} elements < ${minElements}`
  if (keep(node.origin, value.name)) return 'kept by --keep-float'
  return undefined
}

function rewrite(
  editor: GraphEditor,
  node: Node,
  spec: OpSpec,
  chosen: readonly { index: number; axis: number | null }[],
  cache: Map<string, Value>,
): Map<number, Decision> {
  const inputs = [...node.inputs]
  const decisions = new Map<number, Decision>()
  for (const { index, axis } of chosen) {
    const value = editor.value(inputs[index]!)
    const key = `${value.id}/${axis}`
    const quantized = cache.get(key) ?? quantizeConst(editor, value, axis, node)
    cache.set(key, quantized)
    inputs[index] = quantized.id
    decisions.set(index, decide(node, index, value, quantized))
  }
  const origin = mergeOrigins([node.origin], rule)
  if (spec.quant?.dynamicRange) {
    editor.updateNode(node, { inputs, attrs: { ...node.attrs, ...spec.quant.dynamicRange.setAttrs }, origin })
    return decisions
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
  return decisions
}

function quantizeConst(editor: GraphEditor, value: Value, axis: number | null, node: Node): Value {
  const made = tensorflowConst(value, axis)
  if (!made) throw notFinite(value.name, node.origin.source[0])
  return editor.addConst(value.name, made.type, made.data)
}
