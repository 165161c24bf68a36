import { type Diagnostic, Diagnostics, DowncastError, invariant } from '../core/diagnostics.ts'
import type { SourceGraph, SourceModel, SourceNode, SourceRef } from '../import/source-graph.ts'
import { GraphEditor, type NewNode } from '../ir/graph.ts'
import type { Graph, Model, Signature, TensorType, Value } from '../ir/types.ts'
import { OpBuilder } from '../ops/build.ts'
import { adviceFor } from './advice.ts'
import { allowedKind, checkAllowances, type LowerOptions, tellAllowances } from './allow.ts'
import { complexPair } from './complex.ts'
import { badPort, complexResult, unknownResult, unsupportedOp } from './diagnostics.ts'
import { keepOpaque } from './opaque/opaque.ts'
import { resultTypes } from './opaque/result-types.ts'
import { stringData } from './opaque/string-data.ts'
import type { NodeOutcome } from './outcome.ts'
import { problemsOf } from './problems.ts'
import type { LoweringRegistry } from './registry.ts'
import { SourceOp } from './source-op.ts'

export interface Lowered {
  readonly model: Model
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Every signature of a source model as graphs of TFLite ops, all types known.
 * Throws one DowncastError that lists every op that cannot be lowered, with its layers.
 */
export function lower(source: SourceModel, registry: LoweringRegistry, options: LowerOptions = {}): Lowered {
  checkAllowances(source, options)
  const diagnostics = new Diagnostics()
  const outcomes: NodeOutcome[] = []
  const graphs: Graph[] = []
  const signatures: Signature[] = []
  for (const g of source.graphs) {
    const name = source.graphs.length === 1 ? 'main' : g.name
    const lowered = new GraphLowering(source, g, registry, options, diagnostics, outcomes).run(name)
    if (!lowered) continue
    signatures.push({ ...lowered.signature, key: g.name, graph: graphs.length })
    graphs.push(lowered.graph)
  }
  for (const problem of problemsOf(outcomes)) diagnostics.add('error', problem)
  diagnostics.throwIfErrors()
  tellAllowances(source, options, outcomes, diagnostics)
  return { model: { graphs, signatures, description: 'downcast', metadata: new Map() }, diagnostics: diagnostics.list }
}

type LoweredGraph = { graph: Graph; signature: Pick<Signature, 'inputs' | 'outputs'> }

class GraphLowering {
  readonly #model: SourceModel
  readonly #source: SourceGraph
  readonly #registry: LoweringRegistry
  readonly #options: LowerOptions
  readonly #diagnostics: Diagnostics
  readonly #outcomes: NodeOutcome[]
  readonly #results = new Map<number, readonly Value[] | undefined>()

  constructor(
    model: SourceModel,
    source: SourceGraph,
    registry: LoweringRegistry,
    options: LowerOptions,
    diagnostics: Diagnostics,
    outcomes: NodeOutcome[],
  ) {
    this.#model = model
    this.#source = source
    this.#registry = registry
    this.#options = options
    this.#diagnostics = diagnostics
    this.#outcomes = outcomes
  }

  run(name: string): LoweredGraph | undefined {
    const source = this.#source
    const editor = new RecordingEditor(name)
    const builder = new OpBuilder(editor)
    for (const port of source.inputs) {
      const input = this.#diagnostics.collect(() => {
        if (!port.dtype || port.dtype === 'resource' || port.dtype === 'variant')
          throw badPort('input', port.name, 'has a type that LiteRT does not have')
        if (!port.shape) throw badPort('input', port.name, 'has an unknown rank', `State the shape with --shape ${port.name}=1,...`)
        return editor.addInput(port.tensorName, { dtype: port.dtype, shape: port.shape })
      })
      this.#results.set(port.ref.node, input ? [input] : undefined)
    }
    const before = this.#diagnostics.errors.length
    let hasFailed = before > 0
    for (const [i, node] of source.nodes.entries()) {
      if (this.#results.has(i)) continue
      const { outcome, results } = this.#node(node, i, builder, editor)
      this.#results.set(i, results)
      hasFailed ||= outcome.status === 'failed' || outcome.status === 'unseen'
      this.#outcomes.push(outcome)
      this.#options.onNode?.(outcome)
    }
    return hasFailed ? undefined : this.#finish(editor)
  }

  #node(
    node: SourceNode,
    index: number,
    b: OpBuilder,
    editor: RecordingEditor,
  ): { outcome: NodeOutcome; results: readonly Value[] | undefined } {
    const values = node.inputs.map((ref) => this.#value(ref))
    const operands = values.every((v) => v !== undefined) ? values : undefined
    const outcome = (status: NodeOutcome['status'], made: readonly string[], error?: DowncastError): NodeOutcome => ({
      graph: this.#source.name,
      node,
      operands,
      status,
      made,
      error,
    })
    const lowering = this.#registry[node.op]
    const kind = node.value ? undefined : allowedKind(node.op, this.#options)
    const start = editor.added.length
    let error: DowncastError
    try {
      // Behind a node that failed nothing can be said of the operands, but an op that is not supported is named all the same.
      if (!node.value && !lowering)
        throw unsupportedOp(node.op, node.layer[0], operands?.map((v) => v.type) ?? [], adviceFor(this.#model, node.op))
      if (!operands) return { outcome: outcome('unseen', []), results: undefined }
      const results = at(node, b, () => (node.value ? constant(node, b) : many(lowering!(new SourceOp(node, operands), b))))
      return { outcome: outcome('lowered', editor.added.slice(start)), results }
    } catch (e) {
      if (!(e instanceof DowncastError)) throw e
      error = e
    }
    const known = operands && this.#resultTypes(node, index, operands)
    if (kind && operands && known !== undefined) {
      try {
        if (typeof known === 'number') throw unknownResult(node.op, node.layer[0], known)
        const results = at(node, b, () => keepOpaque(new SourceOp(node, operands), b, kind, known))
        return { outcome: outcome(kind, [kind === 'flex' ? `Flex${node.op}` : node.op]), results }
      } catch (e) {
        if (!(e instanceof DowncastError)) throw e
        error = e
      }
    }
    // Where the types of its results are known, what comes behind it can be judged too.
    const stub = typeof known === 'object' ? known : undefined
    const failed = { op: 'custom', attrs: { customCode: node.op }, origin: b.origin, inputs: operands ?? [] }
    const results = stub && b.graph.addNode({ ...failed, results: stub.map((type) => ({ name: node.name, type })) }).results
    return { outcome: outcome('failed', [], error), results }
  }

  #resultTypes(node: SourceNode, index: number, operands: readonly Value[]): readonly TensorType[] | number {
    const layer = node.layer[0] ?? node.name
    const stated = (output: number) => this.#options.resultTypes?.get(output === 0 ? layer : `${layer}:${output}`)
    const port = (output: number) => this.#source.outputs.find(({ ref }) => ref.node === index && ref.output === output)
    return resultTypes(node, operands, stated, port)
  }

  #value(ref: SourceRef): Value | undefined {
    return this.#results.get(ref.node)?.[ref.output]
  }

  #finish(editor: GraphEditor): LoweredGraph | undefined {
    const source = this.#source
    const outputs = source.outputs.map((port) => {
      const v = this.#value(port.ref)
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
    const whole = [...editor.nodes()].filter((node) => node.op === 'custom' && node.attrs.customCode === complexPair)
    for (const node of whole) {
      this.#diagnostics.collect(() => {
        throw complexResult(node.origin.source[0])
      })
    }
    if (whole.length > 0) return undefined
    const inputs = source.inputs.map((port, i) => ({ name: port.name, value: editor.inputs[i]! }))
    return { graph: editor.finish(), signature: { inputs, outputs: outputs.map((o) => ({ name: o.port.name, value: o.value.id })) } }
  }
}

/** Keeps the names of the ops that are added. */
class RecordingEditor extends GraphEditor {
  readonly added: string[] = []

  override addNode(n: NewNode): ReturnType<GraphEditor['addNode']> {
    this.added.push(n.op)
    return super.addNode(n)
  }
}

function at<T>(node: SourceNode, b: OpBuilder, work: () => T): T {
  return b.at({ source: node.layer.length > 0 ? node.layer : [node.name], rules: [] }, node.layer[0] ?? node.name, work)
}

function constant({ value, layer, name }: SourceNode, b: OpBuilder): readonly Value[] {
  const c = value!
  return [b.const(layer[0] ?? name, c.dtype, c.shape, c.dtype === 'string' ? stringData(c.strings) : c.data)]
}

function many(result: Value | readonly Value[]): readonly Value[] {
  return Array.isArray(result) ? (result as readonly Value[]) : [result as Value]
}
