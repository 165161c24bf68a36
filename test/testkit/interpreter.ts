import { invariant } from '../../src/core/diagnostics.ts'
import { isViewable } from '../../src/core/dtype.ts'
import { type NdArray, ndArray, toFloat32 } from '../../src/core/nd-array.ts'
import { isStatic, type Shape } from '../../src/core/shape.ts'
import type { Graph, TensorType, ValueId } from '../../src/ir/types.ts'
import { erf, erfc } from '../../src/ops/elementwise/erf.ts'
import { evaluate } from '../../src/ops/fold.ts'
import { findSpec } from '../../src/ops/index.ts'
import { viewNode } from '../../src/ops/view.ts'

/**
 * Runs a graph on the reference kernels. Types are inferred anew from the arrays fed, so symbolic sizes take the sizes of
 * the inputs; each result's shape must agree with the type the graph records for it. `observe` sees every result.
 */
export function interpret(graph: Graph, inputs: readonly NdArray[], observe: (result: NdArray) => void = () => {}): NdArray[] {
  const arrays = new Map<ValueId, NdArray>()
  graph.inputs.forEach((id, i) => {
    arrays.set(id, inputs[i]!)
  })
  for (const v of graph.values.values())
    if (v.data) arrays.set(v.id, { dtype: v.type.dtype, shape: staticShape(v.type.shape), bytes: v.data.bytes() })
  for (const node of graph.nodes) {
    const custom = customKernels[String(node.attrs.customCode)]
    if (node.op === 'custom' && custom) {
      const x = arrays.get(node.inputs[0]!)!
      arrays.set(node.outputs[0]!, ndArray('f32', toFloat32(x)!.map(custom), x.shape))
      continue
    }
    const spec = findSpec(node.op)
    invariant(spec, `no record of ${node.op}`)
    const operands = node.inputs.map((id) => {
      if (id === null) return null
      const a = arrays.get(id)!
      const { dims: _, ...value } = graph.values.get(id)!
      return { ...value, type: { ...value.type, shape: a.shape }, data: { byteLength: a.bytes.byteLength, bytes: () => a.bytes } }
    })
    const types = spec.infer(viewNode(spec, node.attrs, operands, node.origin) as never)
    const results = evaluate(spec, node.attrs, operands, types)
    invariant(results, `no reference kernel of ${node.op} for these types`)
    node.outputs.forEach((id, i) => {
      const result = { ...results[i]!, shape: staticShape(types[i]!.shape) }
      expectFits(result, graph.values.get(id)!.type, node.op)
      arrays.set(id, result)
      observe(result)
    })
  }
  return graph.outputs.map((id) => arrays.get(id)!)
}

/** Source ops that live in the graph for a while. */
const customKernels: Readonly<Record<string, (x: number) => number>> = { Erf: erf, Erfc: erfc }

function staticShape(shape: Shape): readonly number[] {
  invariant(isStatic(shape), `the shape [${shape.join(',')}] is not static`)
  return shape
}

function expectFits(result: NdArray, type: TensorType, op: string): void {
  const fits = result.dtype === type.dtype && result.shape.length === type.shape.length
  invariant(
    fits && type.shape.every((d, i) => typeof d === 'string' || d === result.shape[i]),
    `${op} gave ${result.dtype}[${result.shape.join(',')}], recorded is ${type.dtype}[${type.shape.join(',')}]`,
  )
  invariant(isViewable(result.dtype), `${op} gave ${result.dtype}`)
}
