import { withGraphs } from '../../ir/graph.ts'
import type { Graph, Model, Node, NodeId, Value, ValueId } from '../../ir/types.ts'
import { bodiesOf } from '../../ops/bodies.ts'
import { findSpec, op } from '../../ops/index.ts'
import { elementsAtBatchOne, type OpSpec } from '../../ops/spec.ts'
import { decide } from '../decide.ts'
import type { FloatOp } from '../diagnostics.ts'
import type { Decision, KeepFloat } from '../types.ts'
import type { Rounding } from '../weights/rounded-layer.ts'
import type { AssignOptions, Grids, Range } from './assign-grids.ts'
import { contentRange, floatsOf, isFiniteConst } from './constants.ts'
import { withDefault } from './default-grid.ts'
import { type Grid, rangeOfGrid } from './grid.ts'
import { integerForms } from './integer-forms.ts'
import { type IntegerOptions, integerGraph, rule } from './integer-graph.ts'
import { indexOf, roleOf, stateKind } from './roles.ts'
import { trainedGrids } from './trained-grids.ts'

export interface StaticOptions extends Omit<IntegerOptions, 'weights' | 'rounding'> {
  readonly weights: (graph: number, node: Node) => ReturnType<IntegerOptions['weights']>
  readonly rounding?: ((graph: number, node: Node) => Rounding | undefined) | undefined
  /** How grids are given out. */
  readonly assign: (graph: Graph, options: AssignOptions) => Grids
  /** Also ops for which another with an integer kernel can stand. */
  readonly useForms?: boolean
  readonly range: (graph: number, value: Value) => Range | undefined
  /** A grid that is set from outside, whatever the model or a range says; of an input. */
  readonly grid?: ((graph: number, value: Value) => Grid | undefined) | undefined
  /** Of activations for which neither a range nor a neighbour gives one. */
  readonly defaultGrid?: Grid | undefined
  readonly keep: KeepFloat
  /** Nodes that may become integer; the others are left without a word. Default all. */
  readonly only?: (graph: number, node: Node) => boolean
}

export interface StaticResult {
  readonly model: Model
  readonly decisions: readonly Decision[]
  /** Ops that stay float, each with its cost. */
  readonly islands: readonly Island[]
  /** Activations that got the default grid. */
  readonly defaulted: readonly string[]
}

export interface Island extends FloatOp {
  /** How many tensors go over to float or back for it, and their elements, of one sample. */
  readonly conversions: number
  readonly elements: number
  /** It only hands values to graphs that compute in integers inside. */
  readonly isCall: boolean
  /** It is float only for want of a range. */
  readonly isUnseen: boolean
}

/** Of nodes that `only` leaves out. */
const notAsked = 'it is not asked for'

/** The model with every op that can computing in integers; the others stay float, between a DEQUANTIZE and a QUANTIZE. */
export function staticInteger(model: Model, options: StaticOptions): StaticResult {
  const results = model.graphs.map((graph, index) => staticGraph(graph, index, options))
  return {
    model: withGraphs(
      model,
      results.map((r) => r.graph),
    ),
    decisions: results.flatMap((r) => r.decisions),
    islands: results.flatMap((r) => r.islands),
    defaulted: results.flatMap((r) => r.defaulted),
  }
}

function staticGraph(
  given: Graph,
  index: number,
  options: StaticOptions,
  apart: ReadonlySet<ValueId> = new Set(),
): Omit<StaticResult, 'model'> & { readonly graph: Graph } {
  const { graph, declared: trained } = trainedGrids(options.useForms ? integerForms(given) : given, apart)
  const declared = new Map(trained)
  for (const id of graph.inputs) {
    const set = options.grid?.(index, graph.values.get(id)!)
    if (set) declared.set(id, set)
  }
  const rangeOf = (value: Value): Range | undefined => {
    const stated = options.type === 'i16' ? declared.get(value.id) : undefined
    return stated ? rangeOfGrid(stated) : options.range(index, value)
  }
  const reasons = new Map<NodeId, string>()
  const floatNodes = graph.nodes.filter((node) => touchesFloat(graph, node))
  for (const node of floatNodes) {
    const reason = options.only?.(index, node) === false ? notAsked : reasonForFloat(graph, node, options, rangeOf)
    if (reason !== undefined) reasons.set(node.id, reason)
  }
  const able = new Set(floatNodes.filter((n) => !reasons.has(n.id)).map((n) => n.id))
  const spread = options.assign(graph, {
    type: options.type,
    numbers: options.numbers,
    isUnsigned: options.isUnsigned,
    range: rangeOf,
    declared: options.type === 'i8' ? declared : new Map<ValueId, Grid>(),
    mayQuantize: (node) => able.has(node.id),
  })
  const grids = options.defaultGrid ? withDefault(graph, able, spread, options.defaultGrid) : spread
  const unseen = new Set<NodeId>()
  for (const node of floatNodes) {
    const missing = reasons.has(node.id) ? undefined : missingGrid(graph, node, grids)
    if (missing === undefined) continue
    reasons.set(node.id, missing)
    unseen.add(node.id)
  }
  const quantized = new Set(floatNodes.filter((n) => !reasons.has(n.id)).map((n) => n.id))
  // A grid that no integer op touches would be lost.
  const touched = new Set(graph.nodes.flatMap((n) => (quantized.has(n.id) ? [...n.inputs, ...n.outputs] : [])))
  const lost = [...trained.keys()].filter((id) => !touched.has(id))
  if (lost.length > 0) return staticGraph(given, index, options, new Set([...apart, ...lost]))
  const integer = integerGraph(graph, grids, quantized, {
    ...options,
    weights: (node) => options.weights(index, node),
    rounding: (node) => options.rounding?.(index, node),
  })
  const costs = conversionCosts(integer.graph)
  const islands = floatNodes.flatMap((node) => {
    const reason = reasons.get(node.id)
    if (reason === undefined || reason === notAsked || findSpec(node.op)?.quant?.readsShape) return []
    const tensor = graph.values.get(node.outputs[0]!)?.name ?? ''
    const cost = costs.get(node.id) ?? { conversions: 0, elements: 0 }
    return [
      {
        op: node.op,
        layer: node.origin.source[0],
        tensor,
        reason,
        ...cost,
        isUnseen: unseen.has(node.id),
        isCall: bodiesOf(node).length > 0,
      },
    ]
  })
  const defaulted = [...grids.seen.keys()].filter((id) => !spread.seen.has(id)).map((id) => graph.values.get(id)!.name)
  return { graph: integer.graph, decisions: [...integer.decisions, ...keptConstants(graph, reasons)], islands, defaulted }
}

/** Tensors that go over between integer and float beside each node. */
function conversionCosts(graph: Graph): Map<NodeId, { conversions: number; elements: number }> {
  const costs = new Map<NodeId, { conversions: number; elements: number }>()
  const made = new Map(graph.nodes.flatMap((n) => n.outputs.map((id) => [id, n] as const)))
  const isConversion = (n: Node | undefined): boolean =>
    n?.origin.rules.includes(rule) === true && n.inputs.length === 1 && conversionOps.has(n.op)
  const count = (node: Node, id: ValueId) => {
    const cost = costs.get(node.id) ?? { conversions: 0, elements: 0 }
    costs.set(node.id, {
      conversions: cost.conversions + 1,
      elements: cost.elements + elementsAtBatchOne(graph.values.get(id)!.type.shape),
    })
  }
  for (const node of graph.nodes) {
    if (isConversion(node)) {
      const from = made.get(node.inputs[0]!)
      if (from && node.op === op.quantize.name) count(from, node.inputs[0]!)
    } else
      for (const id of node.inputs)
        if (id !== null && isConversion(made.get(id)) && made.get(id)!.op === op.dequantize.name) count(node, id)
  }
  return costs
}

const conversionOps: ReadonlySet<string> = new Set([op.quantize.name, op.dequantize.name])

/** Constants of ops that stay float. */
function keptConstants(graph: Graph, reasons: ReadonlyMap<NodeId, string>): Decision[] {
  return graph.nodes.flatMap((node) => {
    const reason = reasons.get(node.id)
    if (reason === undefined || reason === notAsked) return []
    return node.inputs.flatMap((id, i) => {
      const value = id === null ? undefined : graph.values.get(id)
      return value?.data && value.type.dtype === 'f32' ? [decide(node, i, value, undefined, `its op stays float: ${reason}`)] : []
    })
  })
}

const isFloat = (graph: Graph, id: ValueId | null): boolean => id !== null && graph.values.get(id)!.type.dtype === 'f32'

const touchesFloat = (graph: Graph, node: Node): boolean =>
  node.inputs.some((id) => isFloat(graph, id)) || node.outputs.some((id) => isFloat(graph, id))

function reasonForFloat(
  graph: Graph,
  node: Node,
  { type, isUnsigned, keep }: StaticOptions,
  range: (value: Value) => Range | undefined,
): string | undefined {
  const spec = findSpec(node.op)
  if (bodiesOf(node).length > 0) return 'it hands values to other graphs, which compute in integers inside'
  if (!spec?.quant?.integer?.includes(type)) return spec?.quant?.floatOnly ?? `${spec?.builtin ?? node.op} has no kernel for ${type}`
  if (isUnsigned && spec.quant.signedOnly) return `${spec.builtin} has no kernel for u8`
  if (keep(node.origin, graph.values.get(node.outputs[0]!)!.name)) return 'kept by --keep-float'
  return unfitConstant(graph, node, spec) ?? mayDivideByZero(graph, node, spec, range)
}

/** The integer kernel ends the run where a divisor is stored as its zero point. */
function mayDivideByZero(graph: Graph, node: Node, spec: OpSpec, range: (value: Value) => Range | undefined): string | undefined {
  const { nonZero } = spec.quant!
  if (nonZero === undefined) return undefined
  const value = graph.values.get(node.inputs[indexOf(spec, node, nonZero)]!)!
  const [low, high] = (value.data ? contentRange(value) : range(value)) ?? [0, 0]
  const isFar = value.data ? floatsOf(value).every((x) => Math.abs(x) > (high - low) / 255) : low > high / 255 || -high > -low / 255
  return isFar ? undefined : `"${value.name}" may be 0, on which the integer kernel of ${spec.builtin} fails`
}

/** Weights and biases must be constant where their scales are set beforehand. */
function unfitConstant(graph: Graph, node: Node, spec: OpSpec): string | undefined {
  const { biases, weights } = spec.quant!
  const isComputed = (name: string) => {
    const index = indexOf(spec, node, name)
    const id = index < 0 ? null : node.inputs[index]!
    return id !== null && !graph.values.get(id)!.data
  }
  if (biases?.some((b) => isComputed(b.operand))) return 'its bias is computed'
  const { integerWithout = [] } = spec.quant!
  const extra = integerWithout.find((name) => node.inputs[indexOf(spec, node, name)] != null)
  if (extra !== undefined) return `the integer kernel does not take ${extra}`
  if (weights?.some((w) => (w.axis !== null || biases) && !w.mayCompute && isComputed(w.operand))) return 'its weights are computed'
  for (const id of node.inputs) {
    const value = id === null ? undefined : graph.values.get(id)!
    if (value?.data && value.type.dtype === 'f32' && !isFiniteConst(value)) return `"${value.name}" holds NaN or infinity`
  }
  return undefined
}

function missingGrid(graph: Graph, node: Node, { seen, shared, states }: Grids): string | undefined {
  const spec = findSpec(node.op)!
  for (const [index, id] of node.inputs.entries()) {
    if (!isFloat(graph, id)) continue
    const value = graph.values.get(id!)!
    const role = roleOf(spec, index, value)
    const own = stateKind(spec, index) === 'power-of-two'
    const known =
      role === 'state' ? !own || states.has(value.id) : value.data ? role !== 'shared' || shared.has(node.id) : seen.has(value.id)
    if (!known) return `no range is known for "${value.name}"`
  }
  for (const id of node.outputs) if (isFloat(graph, id) && !seen.has(id)) return `no range is known for "${graph.values.get(id)!.name}"`
  return undefined
}
