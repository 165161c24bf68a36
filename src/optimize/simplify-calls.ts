import { GraphEditor } from '../ir/graph.ts'
import type { Graph, Model, Node, Value, ValueId } from '../ir/types.ts'
import { bodiesOf, bodyKeys, hasEffect } from '../ops/bodies.ts'
import { OpBuilder } from '../ops/build.ts'
import { findSpec, op } from '../ops/index.ts'

/*
 * What nodes hand to the graphs they call, and get back, made as little as it can be.
 */

/**
 * The model with simpler calls: variables of a loop that decide nothing and that nobody reads are dropped, as are results of branches
 * that nobody reads and operands that no called graph reads; what a loop does not change is its operand after it, and a constant in its
 * graphs when it is one. The same object when there is nothing to do.
 */
export function simplifyCalls(model: Model): Model {
  const calls = model.graphs.flatMap((g) => g.nodes.flatMap(bodiesOf))
  const graphs = [...model.graphs]
  // Callers come first: what a body need not return shows there.
  const order = [...graphs.keys()].filter((i) => !calls.includes(i))
  const queued = new Set(order)
  for (const i of order) {
    for (const node of graphs[i]!.nodes) {
      const bodies = bodiesOf(node)
      // What was simplified before it may have changed its operands.
      const current = bodies.length === 2 ? graphs[i]!.nodes.find((n) => n.id === node.id) : undefined
      if (current && bodies.every((b) => calls.filter((c) => c === b).length === 1)) simplify(graphs, i, current)
      for (const b of bodies) {
        if (!queued.has(b)) order.push(b)
        queued.add(b)
      }
    }
  }
  return graphs.every((g, i) => g === model.graphs[i]) ? model : { ...model, graphs }
}

function simplify(graphs: Graph[], caller: number, node: Node): void {
  const graph = graphs[caller]!
  const isLoop = node.op === op.whileLoop.name
  const offset = findSpec(node.op)!.operands.filter((o) => !o.variadic).length
  const bodies = bodiesOf(node).map((b) => graphs[b]!)
  const operands = node.inputs.slice(offset).map((id) => graph.values.get(id!)!)
  const isRead = readValues(graph)
  const step = isLoop ? bodies[1]! : undefined
  const isSame = operands.map((_, i) => step !== undefined && step.outputs[i] === step.inputs[i])
  const results = new Set([...node.outputs.keys()].filter((i) => !isSame[i] && isRead.has(node.outputs[i]!)))
  const needed = neededInputs(bodies, isLoop, isSame, results)
  const kept = [...operands.keys()].filter((i) => needed.has(i) && !(operands[i]!.data && (!isLoop || isSame[i])))
  const keptResults = isLoop ? kept : [...results].sort((a, b) => a - b)
  const hasSame = isSame.some((same, i) => same && isRead.has(node.outputs[i]!))
  if (kept.length === operands.length && keptResults.length === node.outputs.length && !hasSame) return

  for (const [k, key] of bodyKeys(node).entries()) {
    const outputs = isLoop && k === 0 ? [0] : keptResults
    graphs[node.attrs[key] as number] = narrowed(bodies[k]!, operands, kept, outputs)
  }
  const editor = new GraphEditor(graph)
  const b = new OpBuilder(editor)
  const inputs = [...node.inputs.slice(0, offset).map((id) => editor.value(id!)), ...kept.map((i) => operands[i]!)]
  const types = keptResults.map((i) => editor.value(node.outputs[i]!).type)
  const made = editor.inPlaceOf(node, () =>
    editor.addNode({
      op: node.op,
      attrs: node.attrs,
      inputs,
      results: keptResults.map((i, k) => ({ name: editor.value(node.outputs[i]!).name, type: types[k]! })),
      origin: node.origin,
    }),
  )
  isSame.forEach((same, i) => {
    if (!same) return
    const operand = operands[i]!
    // An output of the model that is a constant has a name of its own.
    editor.replaceUses(node.outputs[i]!, operand.data && graph.outputs.includes(node.outputs[i]!) ? b.copy(operand).id : operand.id)
  })
  keptResults.forEach((i, k) => {
    if (!isSame[i]) editor.replaceUses(node.outputs[i]!, made.results[k]!.id)
  })
  editor.removeNode(node)
  editor.removeDead(() => true)
  graphs[caller] = editor.finish()
}

/** Operands by position that anything needed depends on. */
function neededInputs(
  bodies: readonly Graph[],
  isLoop: boolean,
  isSame: readonly boolean[],
  results: ReadonlySet<number>,
): ReadonlySet<number> {
  const needed = new Set<number>(isLoop ? results : [])
  const add = (graph: Graph, outputs: readonly ValueId[]) => {
    const read = inputsBehind(graph, outputs)
    graph.inputs.forEach((id, i) => {
      if (read.has(id)) needed.add(i)
    })
  }
  if (!isLoop) {
    for (const g of bodies)
      add(
        g,
        [...results].map((i) => g.outputs[i]!),
      )
    return needed
  }
  const [cond, step] = bodies as [Graph, Graph]
  add(cond, cond.outputs)
  for (let before = -1; before !== needed.size; ) {
    before = needed.size
    add(
      step,
      [...needed].filter((i) => !isSame[i]).map((i) => step.outputs[i]!),
    )
  }
  return needed
}

/** Values that these outputs, and what has an effect, depend on. */
function inputsBehind(graph: Graph, outputs: readonly ValueId[]): ReadonlySet<ValueId> {
  const read = new Set<ValueId>(outputs)
  for (const n of [...graph.nodes].reverse()) {
    if (hasEffect(n) || n.op === 'custom' || n.outputs.some((id) => read.has(id))) for (const id of n.inputs) if (id !== null) read.add(id)
  }
  return read
}

function readValues(graph: Graph): ReadonlySet<ValueId> {
  return new Set([...graph.outputs, ...graph.nodes.flatMap((n) => n.inputs.filter((id) => id !== null))])
}

/** A called graph with these inputs and outputs only; inputs left out are the constants that were handed to them. */
function narrowed(graph: Graph, operands: readonly Value[], kept: readonly number[], outputs: readonly number[]): Graph {
  const editor = new GraphEditor(graph)
  editor.setOutputs(outputs.map((i) => graph.outputs[i]!))
  const b = new OpBuilder(editor)
  operands.forEach((v, i) => {
    if (!kept.includes(i) && v.data) editor.replaceUses(graph.inputs[i]!, b.copy(v).id)
  })
  editor.setInputs(kept.map((i) => graph.inputs[i]!))
  editor.removeDead((n) => hasEffect(n) || n.op === 'custom')
  return editor.finish()
}

/**
 * The model with copies where a loop's body hands on a variable of its as another one: the runtime stores what the body gives one by one
 * in what it takes, so that the second would read what the first has become.
 * @see LiteRT kernels/while.cc
 */
export function separateVariables(model: Model): Model {
  const steps = new Set(model.graphs.flatMap((g) => g.nodes.filter((n) => n.op === op.whileLoop.name).map((n) => n.attrs.body as number)))
  return { ...model, graphs: model.graphs.map((g, i) => (steps.has(i) ? withCopies(g) : g)) }
}

function withCopies(graph: Graph): Graph {
  const isMoved = (id: ValueId, i: number) => graph.inputs.includes(id) && graph.inputs[i] !== id
  if (!graph.outputs.some(isMoved)) return graph
  const editor = new GraphEditor(graph)
  const outputs = graph.outputs.map((id, i) => {
    if (!isMoved(id, i)) return id
    const { type, name } = editor.value(id)
    const attrs = { to: type.dtype }
    const origin = { source: [], rules: ['separate-variables'] }
    return editor.addNode({ op: op.cast.name, attrs, inputs: [editor.value(id)], results: [{ name, type }], origin }).results[0]!.id
  })
  editor.setOutputs(outputs)
  return editor.finish()
}
