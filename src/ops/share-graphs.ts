import type { ConstData } from '../core/bytes.ts'
import type { Attrs, Graph, Model, Node, Value, ValueId } from '../ir/types.ts'
import { bodiesOf, bodyKeys, dropUncalledGraphs } from './bodies.ts'

/**
 * A model in which signatures whose graphs are equal share one graph. Keras exports the same function under `serve` and
 * `serving_default`; names of values do not count. Constants are compared by their keys, and by their bytes where they have none.
 */
export function shareGraphs(model: Model): Model {
  const entries = entryGraphs(model)
  const kept: number[] = []
  const targets = new Map<number, { readonly index: number; readonly values: ReadonlyMap<ValueId, ValueId> | undefined }>()
  for (const i of entries) {
    for (const index of kept) {
      const values = matchGraphs(model, model.graphs[i]!, model.graphs[index]!)
      if (values) targets.set(i, { index, values })
    }
    if (targets.has(i)) continue
    kept.push(i)
    targets.set(i, { index: i, values: undefined })
  }
  if (kept.length === entries.length) return model
  const signatures = model.signatures.map((s) => {
    const { index, values } = targets.get(s.graph)!
    const port = (p: (typeof s.inputs)[number]) => ({ ...p, value: values?.get(p.value) ?? p.value })
    return { ...s, graph: index, inputs: s.inputs.map(port), outputs: s.outputs.map(port) }
  })
  const shared = dropUncalledGraphs({ ...model, signatures })
  return kept.length > 1 ? shared : { ...shared, graphs: shared.graphs.map((g, i) => (i === 0 ? { ...g, name: 'main' } : g)) }
}

/** Graphs that signatures name, that of `serving_default` first: its tensor names are the ones that stay. */
function entryGraphs(model: Model): number[] {
  const entries = new Set(model.signatures.map((s) => s.graph))
  const first = model.signatures.find((s) => s.key === 'serving_default')?.graph
  return [...(first === undefined ? [] : [first]), ...[...entries].filter((i) => i !== first)]
}

/** Values of `a` to those of `b` when the graphs are equal node by node; inputs may stand in another order unless `inOrder`. */
function matchGraphs(model: Model, a: Graph, b: Graph, inOrder = false): Map<ValueId, ValueId> | undefined {
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
  if (inOrder && !a.inputs.every((id, i) => match(id, b.inputs[i]!))) return undefined
  for (const [i, n] of a.nodes.entries()) {
    const m = b.nodes[i]!
    if (n.op !== m.op || n.inputs.length !== m.inputs.length || n.outputs.length !== m.outputs.length) return undefined
    if (!sameAttrs(n, m) || !sameBodies(model, n, m)) return undefined
    if (!n.inputs.every((id, k) => match(id, m.inputs[k]!)) || !n.outputs.every((id, k) => match(id, m.outputs[k]!))) return undefined
  }
  const outputsMatch = a.outputs.every((id, i) => match(id, b.outputs[i]!))
  const inputsMatch = a.inputs.every((id) => b.inputs.includes(values.get(id) ?? -1))
  return outputsMatch && inputsMatch ? values : undefined
}

function sameAttrs(n: Node, m: Node): boolean {
  const keys = bodyKeys(n)
  const plain = (attrs: Attrs) => JSON.stringify(Object.entries(attrs).filter(([key]) => !keys.includes(key)))
  return plain(n.attrs) === plain(m.attrs)
}

/** Called graphs that are equal, their inputs in the same order. */
function sameBodies(model: Model, n: Node, m: Node): boolean {
  const others = bodiesOf(m)
  return bodiesOf(n).every((i, k) => {
    const [a, b] = [model.graphs[i]!, model.graphs[others[k]!]!]
    return a === b || matchGraphs(model, a, b, true) !== undefined
  })
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
