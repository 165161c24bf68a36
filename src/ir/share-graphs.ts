import type { ConstData } from '../core/bytes.ts'
import type { Graph, Model, Value, ValueId } from './types.ts'

/**
 * A model in which signatures whose graphs are equal share one graph. Keras exports the same function under `serve` and
 * `serving_default`; names of values do not count. Constants are compared by their keys, and by their bytes where they have none.
 */
export function shareGraphs(model: Model): Model {
  const kept: Graph[] = []
  const targets = new Map<number, { readonly index: number; readonly values: ReadonlyMap<ValueId, ValueId> | undefined }>()
  for (const i of defaultFirst(model)) {
    const graph = model.graphs[i]!
    for (const [index, other] of kept.entries()) {
      const values = matchGraphs(graph, other)
      if (values) targets.set(i, { index, values })
    }
    if (!targets.has(i)) targets.set(i, { index: kept.push(graph) - 1, values: undefined })
  }
  if (kept.length === model.graphs.length) return model
  const signatures = model.signatures.map((s) => {
    const { index, values } = targets.get(s.graph)!
    const port = (p: (typeof s.inputs)[number]) => ({ ...p, value: values?.get(p.value) ?? p.value })
    return { ...s, graph: index, inputs: s.inputs.map(port), outputs: s.outputs.map(port) }
  })
  return { ...model, graphs: kept.length === 1 ? [{ ...kept[0]!, name: 'main' }] : kept, signatures }
}

/** Graph numbers, that of `serving_default` first: its tensor names are the ones that stay. */
function defaultFirst(model: Model): number[] {
  const first = model.signatures.find((s) => s.key === 'serving_default')?.graph ?? 0
  return [first, ...[...model.graphs.keys()].filter((i) => i !== first)]
}

/** Values of `a` to those of `b` when the graphs are equal node by node; inputs may stand in another order. */
function matchGraphs(a: Graph, b: Graph): Map<ValueId, ValueId> | undefined {
  if (a.nodes.length !== b.nodes.length || a.inputs.length !== b.inputs.length || a.outputs.length !== b.outputs.length) return undefined
  const values = new Map<ValueId, ValueId>()
  const match = (x: ValueId | null, y: ValueId | null): boolean => {
    if (x === null || y === null) return x === y
    const known = values.get(x)
    if (known !== undefined) return known === y
    const equal = sameValue(a.values.get(x)!, b.values.get(y)!)
    if (equal) values.set(x, y)
    return equal
  }
  for (const [i, n] of a.nodes.entries()) {
    const m = b.nodes[i]!
    if (n.op !== m.op || n.inputs.length !== m.inputs.length || n.outputs.length !== m.outputs.length) return undefined
    if (JSON.stringify(n.attrs) !== JSON.stringify(m.attrs)) return undefined
    if (!n.inputs.every((id, k) => match(id, m.inputs[k]!)) || !n.outputs.every((id, k) => match(id, m.outputs[k]!))) return undefined
  }
  const outputsMatch = a.outputs.every((id, i) => match(id, b.outputs[i]!))
  const inputsMatch = a.inputs.every((id) => b.inputs.includes(values.get(id) ?? -1))
  return outputsMatch && inputsMatch ? values : undefined
}

function sameValue(x: Value, y: Value): boolean {
  if (
    x.type.dtype !== y.type.dtype ||
    x.type.shape.join() !== y.type.shape.join() ||
    JSON.stringify(x.type.quant) !== JSON.stringify(y.type.quant)
  )
    return false
  if (!x.data || !y.data) return x.data === y.data
  return sameBytes(x.data, y.data)
}

function sameBytes(x: ConstData, y: ConstData): boolean {
  if (x.byteLength !== y.byteLength) return false
  if (x.key !== undefined && y.key !== undefined && x.key === y.key) return true
  const [a, b] = [x.bytes(), y.bytes()]
  return a.every((byte, i) => byte === b[i])
}
