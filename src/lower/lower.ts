import { type Diagnostic, Diagnostics, invariant } from '../core/diagnostics.ts'
import type { NumericConst, SourceGraph, SourceModel, SourceNode, SourceRef } from '../import/source-graph.ts'
import { GraphEditor } from '../ir/graph.ts'
import type { Graph, Model, Signature, Value } from '../ir/types.ts'
import { OpBuilder } from '../ops/build.ts'
import { badPort, unsupportedOp } from './diagnostics.ts'
import type { LoweringRegistry } from './registry.ts'
import { SourceOp } from './source-op.ts'

export interface Lowered {
  readonly model: Model
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Every signature of a source model as graphs of TFLite ops, all types known.
 * Throws one DowncastError that lists every op that cannot be lowered, with its layer.
 */
export function lower(source: SourceModel, registry: LoweringRegistry): Lowered {
  const diagnostics = new Diagnostics()
  const graphs: Graph[] = []
  const signatures: Signature[] = []
  for (const g of source.graphs) {
    const lowered = lowerGraph(g, source.graphs.length === 1 ? 'main' : g.name, registry, diagnostics)
    if (!lowered) continue
    signatures.push({ ...lowered.signature, key: g.name, graph: graphs.length })
    graphs.push(lowered.graph)
  }
  diagnostics.throwIfErrors()
  return { model: { graphs, signatures, description: 'downcast', metadata: new Map() }, diagnostics: diagnostics.list }
}

type LoweredGraph = { graph: Graph; signature: Pick<Signature, 'inputs' | 'outputs'> }

function lowerGraph(source: SourceGraph, name: string, registry: LoweringRegistry, diagnostics: Diagnostics): LoweredGraph | undefined {
  const editor = new GraphEditor(name)
  const builder = new OpBuilder(editor)
  const results = new Map<number, readonly Value[] | undefined>()
  const value = (ref: SourceRef): Value | undefined => results.get(ref.node)?.[ref.output]

  for (const port of source.inputs) {
    const input = diagnostics.collect(() => {
      if (!port.dtype || port.dtype === 'resource' || port.dtype === 'variant')
        throw badPort('input', port.name, 'has a type that LiteRT does not have')
      if (!port.shape) throw badPort('input', port.name, 'has an unknown rank', `State the shape with --shape ${port.name}=1,...`)
      return editor.addInput(port.tensorName, { dtype: port.dtype, shape: port.shape })
    })
    results.set(port.ref.node, input ? [input] : undefined)
  }
  for (const [i, node] of source.nodes.entries()) {
    if (results.has(i)) continue
    const operands = node.inputs.map(value)
    const ready = operands.every((v) => v !== undefined)
    const lowered = diagnostics.collect(() => {
      // Behind a node that failed nothing can be said of the operands, but an op that is not supported is named all the same.
      if (!node.value && !registry[node.op]) throw unsupportedOp(node.op, node.layer[0], ready ? operands.map((v) => v.type) : [])
      return ready ? lowerNode(node, operands, builder, registry) : undefined
    })
    results.set(i, lowered)
  }
  if (diagnostics.errors.length > 0) return undefined

  const outputs = source.outputs.map((port) => {
    const v = value(port.ref)
    invariant(v, `output ${port.name} has no value`)
    return { port, value: v }
  })
  const taken = new Set(editor.inputs)
  for (const { port, value: v } of outputs) {
    if (taken.has(v.id) || v.data) continue
    taken.add(v.id)
    editor.updateValue(v.id, { name: port.tensorName })
  }
  editor.setOutputs(outputs.map((o) => o.value.id))
  editor.removeDead()
  const inputs = source.inputs.map((port, i) => ({ name: port.name, value: editor.inputs[i]! }))
  return { graph: editor.finish(), signature: { inputs, outputs: outputs.map((o) => ({ name: o.port.name, value: o.value.id })) } }
}

function lowerNode(node: SourceNode, operands: readonly Value[], b: OpBuilder, registry: LoweringRegistry): readonly Value[] {
  const name = node.layer[0] ?? node.name
  const n = new SourceOp(node, operands)
  if (node.value) {
    const c: NumericConst = n.constant()
    return [b.const(name, c.dtype, c.shape, c.data)]
  }
  const lowering = registry[node.op]
  invariant(lowering, `${node.op} has passed as supported`)
  const result = b.at({ source: node.layer.length > 0 ? node.layer : [node.name], rules: [] }, name, () => lowering(n, b))
  return Array.isArray(result) ? (result as readonly Value[]) : [result as Value]
}
