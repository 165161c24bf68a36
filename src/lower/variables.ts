import type { SourceVariable } from '../import/source-graph.ts'
import { GraphEditor } from '../ir/graph.ts'
import type { Graph, Model } from '../ir/types.ts'
import { bodiesOf } from '../ops/bodies.ts'
import { OpBuilder } from '../ops/build.ts'
import { op } from '../ops/index.ts'

/**
 * The model with the initial values of the variables that its graphs use: one graph stores them, which every entry point that uses
 * variables runs first. One for all, since the runtime runs a graph once: a signature must not undo what another has stored.
 * @see LiteRT kernels/call_once.cc
 */
export function initializeVariables(model: Model, variables: Iterable<SourceVariable>): Model {
  const used = new Set(model.graphs.flatMap(variablesIn))
  if (used.size === 0) return model
  const editor = new GraphEditor('initialize_variables')
  const b = new OpBuilder(editor, { isBody: true })
  for (const { name, value } of variables) {
    if (!used.has(name) || value.dtype === 'string') continue
    b.at({ source: [name], rules: [] }, name, () => {
      const handle = b.op(op.varHandle, [], { container: '', sharedName: name })
      b.ops(op.assignVariable, [handle, b.const(name, value.dtype, value.shape, value.data)])
    })
  }
  const init = model.graphs.length
  const entries = new Set(model.signatures.map((s) => s.graph))
  const graphs = model.graphs.map((g, i) => (entries.has(i) && usesVariables(model, g) ? withFirst(g, init) : g))
  return { ...model, graphs: [...graphs, editor.finish()] }
}

function variablesIn(graph: Graph): string[] {
  return graph.nodes.filter((n) => n.op === op.varHandle.name).map((n) => n.attrs.sharedName as string)
}

function usesVariables(model: Model, entry: Graph): boolean {
  const seen = new Set<Graph>()
  const left = [entry]
  for (let graph = left.pop(); graph; graph = left.pop()) {
    if (seen.has(graph)) continue
    seen.add(graph)
    if (variablesIn(graph).length > 0) return true
    left.push(...graph.nodes.flatMap(bodiesOf).map((i) => model.graphs[i]!))
  }
  return false
}

function withFirst(graph: Graph, init: number): Graph {
  const editor = new GraphEditor(graph)
  const { node } = editor.addNode({ op: op.callOnce.name, attrs: { init }, inputs: [], results: [], origin: { source: [], rules: [] } })
  editor.reorder([node, ...graph.nodes])
  return editor.finish()
}
