import { type Diagnostic, Diagnostics, DowncastError, invariant } from '../core/diagnostics.ts'
import { formatShape, isRepresentable } from '../core/shape.ts'
import type { SourceGraph, SourceModel, SourceNode, SourceRef, SourceVariable } from '../import/source-graph.ts'
import { GraphEditor } from '../ir/graph.ts'
import type { Graph, Model, Signature, TensorType, Value } from '../ir/types.ts'
import { BodyTable, dropUncalledGraphs, hasEffect } from '../ops/bodies.ts'
import { OpBuilder } from '../ops/build.ts'
import { adviceFor } from './advice.ts'
import { allowedKind, checkedAllowances, type LowerOptions, tellAllowances } from './allow.ts'
import { neededResults } from './calls.ts'
import { complexPair } from './complex.ts'
import {
  badPort,
  bfloat16Ports,
  complexResult,
  missingResult,
  otherElementType,
  unknownResult,
  unsupportedForm,
  unsupportedOp,
} from './diagnostics.ts'
import type { Narrowings } from './narrowing.ts'
import { keepOpaque } from './opaque/opaque.ts'
import { resultTypes } from './opaque/result-types.ts'
import { stringData } from './opaque/string-data.ts'
import { hasFailed, type NodeOutcome } from './outcome.ts'
import { problemsOf } from './problems.ts'
import type { Lowering, LoweringRegistry } from './registry.ts'
import { BehindFailure, type LowersNodes, Scope } from './scope.ts'
import { SourceOp } from './source-op.ts'
import { initializeVariables } from './variables.ts'

export interface Lowered {
  readonly model: Model
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Every signature of a source model as graphs of TFLite ops, all types known; the graphs that they call come after them.
 * Throws one DowncastError that lists every op that cannot be lowered, with its layers.
 */
export function lower(source: SourceModel, registry: LoweringRegistry, given: LowerOptions = {}): Lowered {
  const options = checkedAllowances(source, given)
  const diagnostics = new Diagnostics()
  const outcomes: NodeOutcome[] = []
  const bodies = new BodyTable(source.graphs.length)
  const lowering = new NodeLowering(source, registry, options)
  const graphs: Graph[] = []
  const signatures: Signature[] = []
  for (const g of source.graphs) {
    const editor = new GraphEditor(source.graphs.length === 1 ? 'main' : g.name)
    const lowered = lowerGraph(
      g,
      new OpBuilder(editor, { bodies, foldLimitBytes: options.foldLimitBytes, keepGrids: options.keepGrids }),
      lowering,
      diagnostics,
      outcomes,
    )
    if (!lowered) continue
    signatures.push({ ...lowered.signature, key: g.name, graph: graphs.length })
    graphs.push(lowered.graph)
  }
  for (const outcome of outcomes) options.onNode?.(outcome)
  const problems = problemsOf(outcomes)
  const advice = otherSignatures(signatures.map((s) => s.key))
  problems.forEach((problem, i) => {
    const hint = [problem.hint, ...(i === problems.length - 1 ? advice : [])].filter((text) => text !== undefined).join(' ')
    diagnostics.add('error', hint === '' ? problem : { ...problem, hint })
  })
  for (const { op, attrs, origin } of [...graphs, ...bodies.graphs].flatMap((g) => g.nodes))
    if (op === 'custom' && attrs.customCode === complexPair) diagnostics.add('error', complexResult(origin.source[0]))
  diagnostics.throwIfErrors()
  invariant(graphs.length === source.graphs.length, 'a signature was lost without an error')
  tellAllowances(options, outcomes, diagnostics)
  for (const n of lowering.narrowings) diagnostics.add('info', otherElementType(n.from, n.to, n.layers))
  const halves = signatures.flatMap((s) =>
    [...s.inputs, ...s.outputs].flatMap(({ name, value }) => (graphs[s.graph]!.values.get(value)!.type.dtype === 'bf16' ? [name] : [])),
  )
  if (halves.length > 0) diagnostics.add('warning', bfloat16Ports([...new Set(halves)]))
  const model = { graphs: [...graphs, ...bodies.graphs], signatures, description: 'downcast', metadata: new Map() }
  return { model: initializeVariables(dropUncalledGraphs(model), lowering.written), diagnostics: diagnostics.list }
}

/** What to do where some signatures have no problem. */
function otherSignatures(keys: readonly string[]): readonly string[] {
  if (keys.length === 0) return []
  const names = keys.map((key) => JSON.stringify(key)).join(', ')
  return [`The ${keys.length > 1 ? `signatures ${names} have` : `signature ${names} has`} no such problem: choose with --signature.`]
}

type LoweredGraph = { graph: Graph; signature: Pick<Signature, 'inputs' | 'outputs'> }

/** undefined when an input or a node has failed. */
function lowerGraph(
  source: SourceGraph,
  b: OpBuilder,
  lowering: NodeLowering,
  diagnostics: Diagnostics,
  outcomes: NodeOutcome[],
): LoweredGraph | undefined {
  const editor = b.graph
  const args = source.inputs.map((port) =>
    diagnostics.collect(() => {
      if (!port.dtype || port.dtype === 'resource' || port.dtype === 'variant')
        throw badPort('input', port.name, 'has a type that LiteRT does not have')
      if (port.name === '') throw badPort('input', '', 'has no name')
      if (!port.shape)
        throw badPort(
          'input',
          port.name,
          'has an unknown rank',
          `State the shape with --shape ${port.name}=1,..., or ${port.name}=[] for a single number${
            port.dtype === 'bool' ? `; or make a switch of training a constant with --constant ${port.name}=false` : ''
          }.`,
        )
      if (!isRepresentable(port.shape))
        throw badPort('input', port.name, `has the shape ${formatShape(port.shape)}, which no tensor can have`)
      return editor.addInput(port.tensorName, { dtype: port.dtype, shape: port.shape })
    }),
  )
  const own: NodeOutcome[] = []
  const results = lowering.lowerNodes(source, args, b, own)
  for (const outcome of own) outcomes.push(outcome)
  if (args.includes(undefined) || own.some(hasFailed)) return undefined
  const outputs = source.outputs.map((port, i) => {
    const value = results[i]
    if (port.name === '') throw badPort('output', '', 'has no name')
    if (!value) throw badPort('output', port.name, 'depends on a result that its op does not have', 'Count the results of an op from 0.')
    return { port, value }
  })
  for (const { port, value } of outputs) {
    if (value.type.dtype === 'resource' || value.type.dtype === 'variant')
      diagnostics.add('error', badPort('output', port.name, 'has a type that LiteRT does not have'))
  }
  const taken = new Set(editor.inputs)
  for (const { port, value: v } of outputs) {
    if (taken.has(v.id) || v.data) continue
    taken.add(v.id)
    editor.updateValue(v.id, { name: port.tensorName })
  }
  editor.setOutputs(outputs.map((o) => o.value.id))
  editor.removeDead(hasEffect)
  const inputs = source.inputs.map((port, i) => ({ name: port.name, value: editor.inputs[i]! }))
  return { graph: editor.finish(), signature: { inputs, outputs: outputs.map((o) => ({ name: o.port.name, value: o.value.id })) } }
}

/** Lowers nodes of entry points and of the bodies they call. */
class NodeLowering implements LowersNodes {
  readonly #model: SourceModel
  readonly #registry: LoweringRegistry
  readonly #options: LowerOptions
  readonly #scope = new Scope(this)

  constructor(model: SourceModel, registry: LoweringRegistry, options: LowerOptions) {
    this.#model = model
    this.#registry = registry
    this.#options = options
  }

  /** Variables that the lowered graphs write. */
  get narrowings(): Narrowings['list'] {
    return this.#scope.narrowings.list
  }

  get written(): Iterable<SourceVariable> {
    return this.#scope.written.values()
  }

  readonly lowerNodes: LowersNodes['lowerNodes'] = (source, args, b, outcomes, kept) => {
    const needed = neededResults(source, kept)
    this.#scope.count(source.nodes.length)
    const results = new Map<number, readonly (Value | undefined)[] | undefined>()
    const value = (ref: SourceRef): Value | undefined => results.get(ref.node)?.[ref.output]
    for (const [i, { ref }] of source.inputs.entries()) results.set(ref.node, args[i] && [args[i]])
    for (const [i, node] of source.nodes.entries()) {
      const read = needed.get(i)
      if (results.has(i) || !read) continue
      const operands = node.inputs.map(value)
      const lacking = node.inputs.find((ref) => results.get(ref.node) && !value(ref))
      if (lacking) {
        const from = source.nodes[lacking.node]!
        const error = missingResult(node.op, node.layer[0], from.op, lacking.output, results.get(lacking.node)!.length)
        outcomes.push({ graph: source.name, node, operands: undefined, status: 'failed', made: [], error })
        results.set(i, undefined)
        continue
      }
      const lowered = this.#node(source, i, operands.every((v) => v !== undefined) ? operands : undefined, b, outcomes, read)
      results.set(i, lowered.results)
      outcomes.push(lowered.outcome)
    }
    return source.outputs.map((port, i) => {
      const result = kept && !kept.includes(i) ? undefined : value(port.ref)
      if (result && this.#scope.openRanks.has(result)) throw openRank('Sum', port.name)
      return result
    })
  }

  #node(
    source: SourceGraph,
    index: number,
    operands: readonly Value[] | undefined,
    b: OpBuilder,
    outcomes: NodeOutcome[],
    read: ReadonlySet<number>,
  ): { outcome: NodeOutcome; results: readonly (Value | undefined)[] | undefined } {
    const node = source.nodes[index]!
    const outcome = (status: NodeOutcome['status'], made: readonly string[], error?: DowncastError): NodeOutcome => ({
      graph: source.name,
      node,
      operands,
      status,
      made,
      error,
    })
    const lowering = this.#registry[node.op]
    const kind = node.value ? undefined : allowedKind(node.op, this.#options)
    const context = { scope: this.#scope, functions: source.functions, outcomes, read }
    const sourceOp = (values: readonly Value[]) => new SourceOp(node, values, context)
    const start = b.graph.nextNode
    let error: DowncastError
    try {
      // Behind a node that failed nothing can be said of the operands, but an op that is not supported is named all the same.
      if (!node.value && !lowering)
        throw unsupportedOp(node.op, node.layer[0], operands?.map((v) => v.type) ?? [], adviceFor(this.#model, node.op))
      if (!operands) return { outcome: outcome('unseen', []), results: undefined }
      if (node.op !== 'Reshape' && operands.some((v) => this.#scope.openRanks.has(v))) throw openRank(node.op, node.layer[0])
      const results = at(node, b, () => (node.value ? constant(node, b) : many(lowering!(sourceOp(operands), b))))
      if (node.op === 'Sum' && operands.some((v) => this.#scope.openAxes.has(v)))
        for (const v of results) if (v) this.#scope.openRanks.add(v)
      return { outcome: outcome('lowered', opsFrom(b.graph, start)), results }
    } catch (e) {
      if (e instanceof BehindFailure) return { outcome: outcome('unseen', []), results: undefined }
      if (!(e instanceof DowncastError)) throw e
      error = e
    }
    const known = operands && this.#resultTypes(source, index, operands)
    if (kind && operands && known !== undefined) {
      try {
        if (typeof known === 'number') throw unknownResult(node.op, node.layer[0], known)
        const results = at(node, b, () => keepOpaque(sourceOp(operands), b, kind, known))
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

  #resultTypes(source: SourceGraph, index: number, operands: readonly Value[]): readonly TensorType[] | number {
    const node = source.nodes[index]!
    const layer = node.layer[0] ?? node.name
    const stated = (output: number) => this.#options.resultTypes?.get(output === 0 ? layer : `${layer}:${output}`)
    const port = (output: number) => source.outputs.find(({ ref }) => ref.node === index && ref.output === output)
    return resultTypes(node, operands, stated, port)
  }
}

function openRank(op: string, layer: string | undefined): DowncastError {
  return unsupportedForm(op, layer, 'the rank of a sum is known only at run time', 'Fix the sizes of the inputs with --shape.')
}

/** Names of the ops that were added from this node on. */
function opsFrom(graph: GraphEditor, start: number): string[] {
  const names: string[] = []
  for (let id = start; id < graph.nextNode; id++) names.push(graph.current(id)?.op ?? '')
  return names.filter((name) => name !== '')
}

function at<T>(node: SourceNode, b: OpBuilder, work: () => T): T {
  return b.at({ source: node.layer.length > 0 ? node.layer : [node.name], rules: [] }, node.layer[0] ?? node.name, work)
}

function constant({ value, layer, name }: SourceNode, b: OpBuilder): readonly Value[] {
  const c = value!
  return [b.const(layer[0] ?? name, c.dtype, c.shape, c.dtype === 'string' ? stringData(c.strings) : c.data)]
}

function many(result: ReturnType<Lowering>): readonly (Value | undefined)[] {
  return Array.isArray(result) ? (result as readonly (Value | undefined)[]) : [result as Value]
}
