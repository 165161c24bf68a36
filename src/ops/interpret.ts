import { invariant } from '../core/diagnostics.ts'
import { byteLengthOf } from '../core/dtype.ts'
import { type NdArray, ndArray, toFloat32 } from '../core/nd-array.ts'
import { elementCount, isStatic, type Shape } from '../core/shape.ts'
import type { Graph, Node, TensorType, Value, ValueId } from '../ir/types.ts'
import { formatType } from './diagnostics.ts'
import { erf, erfc } from './elementwise/erf.ts'
import { evaluate, type KernelContext } from './fold.ts'
import { findSpec } from './index.ts'
import { readsQuantization } from './kernels.ts'
import { viewNode } from './view.ts'

/** A node that the reference kernels cannot compute. */
export class NotComputable extends Error {
  override readonly name = 'NotComputable'
}

/** Of one result; models that run on devices stay far below. */
const maxElements = 2 ** 27

/** Changes what nodes read and give. */
export interface Disturbance {
  operands(node: Node, operands: readonly (NdArray | null)[]): readonly (NdArray | null)[]
  results(node: Node, operands: readonly (NdArray | null)[], results: readonly NdArray[]): readonly NdArray[]
}

export interface InterpretOptions {
  /** Sees every result of every node, in order. */
  readonly observe?: (result: NdArray, node: Node, index: number) => void
  /** Sees what a node's states hold, as often as they change: the position of the operand and the values. */
  readonly observeState?: (node: Node, operand: number, state: NdArray) => void
  /** The results of a node that no kernel computes, because it calls other graphs or keeps state. */
  readonly call?: (node: Node, operands: readonly (NdArray | null)[]) => readonly NdArray[] | undefined
  /** Computes a node in the kernel's place, where it can. */
  readonly compute?: (node: Node, operands: readonly (NdArray | null)[], types: readonly TensorType[]) => readonly NdArray[] | undefined
  /** Of nodes that a kernel computes. */
  readonly disturbance?: Disturbance | undefined
  /** Inputs may have other sizes than the graph records; its shapes are then not compared with those found. */
  readonly isReshaped?: boolean
}

/**
 * Runs a graph on the reference kernels. Types are inferred anew from the arrays fed, so symbolic sizes take the sizes of
 * the inputs; each result's shape must agree with the type the graph records for it. An array is let go after its last use. States of ops
 * that keep them between runs are 0 at the beginning.
 * Throws NotComputable where a node has no kernel for its operands, and `lower/bad-operands` where they do not fit.
 */
export function interpret(graph: Graph, inputs: readonly NdArray[], options: InterpretOptions = {}): NdArray[] {
  const arrays = new Map<ValueId, NdArray>()
  graph.inputs.forEach((id, i) => {
    arrays.set(id, inputs[i]!)
  })
  const arrayOf = (id: ValueId): NdArray => {
    const { data, type, isVariable } = graph.values.get(id)!
    if (isVariable && !arrays.has(id)) arrays.set(id, zeros(type))
    return data ? { dtype: type.dtype, shape: staticShape(type.shape), bytes: data.bytes() } : arrays.get(id)!
  }
  const lastUses = lastUsesOf(graph)
  for (const [position, node] of graph.nodes.entries()) {
    const operands = node.inputs.map((id) => (id === null ? null : arrayOf(id)))
    const results = compute(graph, node, operands, options)
    node.outputs.forEach((id, i) => {
      const result = results[i]!
      if (!options.isReshaped) expectFits(result, graph.values.get(id)!.type, node.op)
      arrays.set(id, result)
      options.observe?.(result, node, i)
    })
    for (const id of lastUses.get(position) ?? []) arrays.delete(id)
  }
  return graph.outputs.map(arrayOf)
}

function compute(graph: Graph, node: Node, operands: readonly (NdArray | null)[], options: InterpretOptions): readonly NdArray[] {
  const called = options.call?.(node, operands)
  if (called) return called
  const { disturbance } = options
  if (!disturbance) return onKernel(graph, node, operands, options)
  const read = disturbance.operands(node, operands)
  return disturbance.results(node, read, onKernel(graph, node, read, options))
}

function onKernel(graph: Graph, node: Node, operands: readonly (NdArray | null)[], options: InterpretOptions): readonly NdArray[] {
  const custom = customKernels[String(node.attrs.customCode)]
  if (node.op === 'custom' && custom) {
    const x = operands[0]!
    return [ndArray('f32', toFloat32(x)!.map(custom), x.shape)]
  }
  const spec = findSpec(node.op)
  if (!spec) throw new NotComputable(`there is no kernel of ${node.op}`)
  const values = node.inputs.map((id, i): Value | null => {
    const a = operands[i]
    if (id === null || !a) return null
    const { dims: _, ...value } = graph.values.get(id)!
    return { ...value, type: { ...value.type, shape: a.shape }, data: { byteLength: a.bytes.byteLength, bytes: () => a.bytes } }
  })
  const inferred = spec.infer(viewNode(spec, node.attrs, values, node.origin) as never)
  // What is quantized is so by the scales that the graph states.
  const types = inferred.map((t, i) => {
    const { quant } = graph.values.get(node.outputs[i]!)!.type
    return quant && !t.quant && readsQuantization.has(spec.name) ? { ...t, quant } : t
  })
  const large = types.find((t) => (elementCount(t.shape) ?? 0) > maxElements)
  if (large) throw new NotComputable(`the result of ${node.op} is ${formatType(large)}, more than is computed here`)
  const results =
    options.compute?.(node, operands, types) ?? evaluate(spec, node.attrs, values, types, stateObserver(node, operands, options))
  if (!results) throw new NotComputable(`the kernel of ${node.op} does not compute on these types`)
  return results.map((r, i) => ({ ...r, shape: staticShape(types[i]!.shape) }))
}

function stateObserver(node: Node, operands: readonly (NdArray | null)[], { observeState }: InterpretOptions): KernelContext['observe'] {
  return observeState && ((i, state) => observeState(node, i, ndArray('f32', state, operands[i]!.shape)))
}

/** The values whose last reader is at a position. */
function lastUsesOf(graph: Graph): Map<number, ValueId[]> {
  const last = new Map<ValueId, number>()
  for (const [position, node] of graph.nodes.entries()) for (const id of node.inputs) if (id !== null) last.set(id, position)
  for (const id of graph.outputs) last.delete(id)
  const uses = new Map<number, ValueId[]>()
  for (const [id, position] of last) uses.set(position, [...(uses.get(position) ?? []), id])
  return uses
}

/** Source ops that live in the graph for a while. */
const customKernels: Readonly<Record<string, (x: number) => number>> = { Erf: erf, Erfc: erfc }

function zeros({ dtype, shape }: TensorType): NdArray {
  const sizes = staticShape(shape)
  return { dtype, shape: sizes, bytes: new Uint8Array(byteLengthOf(dtype, elementCount(sizes)!)) }
}

function staticShape(shape: Shape): readonly number[] {
  if (!isStatic(shape)) throw new NotComputable(`the shape [${shape.join(',')}] is not static`)
  return shape
}

function expectFits(result: NdArray, type: TensorType, op: string): void {
  const fits = result.dtype === type.dtype && result.shape.length === type.shape.length
  invariant(
    fits && type.shape.every((d, i) => typeof d === 'string' || d === result.shape[i]),
    `${op} gave ${result.dtype}[${result.shape.join(',')}], recorded is ${type.dtype}[${type.shape.join(',')}]`,
  )
}
