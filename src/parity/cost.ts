import { DowncastError } from '../core/diagnostics.ts'
import { elementCount, isStatic } from '../core/shape.ts'
import type { Graph, TensorType, Value, ValueId } from '../ir/types.ts'
import { findSpec } from '../ops/index.ts'
import { viewNode, withResults } from '../ops/view.ts'

/** What one run takes. */
export interface RunCost {
  /** Multiply-accumulates. */
  readonly macs: number
  /** Elements of all results together. */
  readonly elements: number
  /** Elements of the largest tensor that is computed. */
  readonly largest: number
}

/** The cost of one run with inputs of these shapes; undefined where an op cannot take them. Sizes that only a run tells count as one. */
export function costAt(graph: Graph, shapes: readonly (readonly number[])[]): RunCost | undefined {
  const types = new Map<ValueId, TensorType>()
  graph.inputs.forEach((id, i) => {
    types.set(id, { ...graph.values.get(id)!.type, shape: shapes[i]! })
  })
  const read = (id: ValueId): Value => {
    const { dims: _, ...value } = graph.values.get(id)!
    return { ...value, type: types.get(id) ?? value.type }
  }
  let macs = 0
  let elements = 0
  let largest = 0
  for (const node of graph.nodes) {
    const spec = findSpec(node.op)
    const values = node.inputs.map((id) => (id === null ? null : read(id)))
    try {
      const declared = node.outputs.map((id) => graph.values.get(id)!.type)
      const view = viewNode(spec!, node.attrs, values, node.origin, declared)
      const results = spec?.infer(view as never) ?? declared
      if (results.some((t) => isStatic(t.shape) && t.shape.some((d) => d < 1))) return undefined
      node.outputs.forEach((id, i) => {
        types.set(id, results[i]!)
        const count = elementCount(results[i]!.shape) ?? 0
        elements += count
        largest = Math.max(largest, count)
      })
      macs += spec?.cost?.(withResults(view, results) as never).macs ?? 0
    } catch (e) {
      if (e instanceof DowncastError) return undefined
      throw e
    }
  }
  return { macs, elements, largest }
}
