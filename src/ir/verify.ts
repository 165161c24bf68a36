import { byteLengthOf } from '../core/dtype.ts'
import { elementCount } from '../core/shape.ts'
import type { Graph, Model, Node, ValueId } from './types.ts'

/** One thing wrong with a graph; `node` is the node at fault, if it is one. */
export interface Problem {
  readonly message: string
  readonly node?: Node
}

/**
 * Structure of a graph, without knowledge of its ops: every value defined once and before it is read, constants of the
 * size their types say, no node or value twice. Returns what is wrong; empty when nothing is.
 */
export function verifyStructure(graph: Graph): readonly Problem[] {
  const problems: Problem[] = []
  const defined = new Set<ValueId>()
  const nodeIds = new Set<number>()
  const report = (message: string, node?: Node) => problems.push(node ? { message, node } : { message })
  for (const [id, v] of graph.values) {
    if (v.id !== id) report(`value %${id} calls itself %${v.id}`)
    if (v.data) {
      const count = elementCount(v.type.shape)
      if (count === undefined) report(`constant %${id} "${v.name}" has a symbolic shape`)
      else if (v.type.dtype !== 'string' && byteLengthOf(v.type.dtype, count) !== v.data.byteLength)
        report(`constant %${id} "${v.name}" holds ${v.data.byteLength} bytes, its type needs ${byteLengthOf(v.type.dtype, count)}`)
    }
    if (v.dims && v.dims.length !== elementCount(v.type.shape)) report(`value %${id} has ${v.dims.length} dims for its elements`)
    if (v.data || v.isVariable) defined.add(id)
  }
  for (const id of graph.inputs) {
    const v = graph.values.get(id)
    if (!v) report(`input %${id} is not a value`)
    else if (v.data) report(`input %${id} is a constant`)
    if (defined.has(id) && !v?.isVariable) report(`input %${id} is defined twice`)
    defined.add(id)
  }
  for (const node of graph.nodes) {
    if (nodeIds.has(node.id)) report(`two nodes have the id ${node.id}`, node)
    nodeIds.add(node.id)
    for (const id of node.inputs) {
      if (id === null) continue
      if (!graph.values.has(id)) report(`${node.op} reads %${id}, which is not a value`, node)
      else if (!defined.has(id)) report(`${node.op} reads %${id} before it is made`, node)
    }
    for (const id of node.outputs) {
      if (!graph.values.has(id)) report(`${node.op} makes %${id}, which is not a value`, node)
      if (defined.has(id)) report(`%${id} is made twice`, node)
      defined.add(id)
    }
  }
  for (const id of graph.outputs) if (!defined.has(id)) report(`output %${id} is never made`)
  return problems
}

/** Structure of every graph, and that signatures name inputs and outputs of their graphs. */
export function verifyModelStructure(model: Model): readonly Problem[] {
  const problems = model.graphs.flatMap((g) => verifyStructure(g).map((p) => ({ ...p, message: `graph ${g.name}: ${p.message}` })))
  for (const s of model.signatures) {
    const graph = model.graphs[s.graph]
    if (!graph) {
      problems.push({ message: `signature "${s.key}" names graph ${s.graph}, there are ${model.graphs.length}` })
      continue
    }
    for (const p of s.inputs)
      if (!graph.inputs.includes(p.value))
        problems.push({ message: `signature "${s.key}": "${p.name}" is no input of graph ${graph.name}` })
    for (const p of s.outputs)
      if (!graph.outputs.includes(p.value))
        problems.push({ message: `signature "${s.key}": "${p.name}" is no output of graph ${graph.name}` })
  }
  return problems
}
