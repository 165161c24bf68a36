import { bitsOf, byteLengthOf } from '../core/dtype.ts'
import { elementCount } from '../core/shape.ts'
import type { Node, QuantParams, Value } from '../ir/types.ts'
import { findSpec } from '../ops/index.ts'
import { operandAt } from './static/roles.ts'
import { errorOf, type StoredAs } from './stored-error.ts'
import type { Decision, GridSummary } from './types.ts'

/** What of a decision the stored constant does not tell; the granularity where it is of another shape. */
export type How = Pick<Decision, 'algorithm' | 'note' | 'results' | 'blockSize'> & Partial<Pick<Decision, 'granularity'>>

/** What becomes of one constant. */
export function decide(
  node: Node,
  index: number,
  value: Value,
  stored: (Pick<Value, 'type' | 'data'> & Pick<StoredAs, 'columnFactors'>) | undefined,
  reason?: string,
  how?: How,
): Decision {
  const spec = findSpec(node.op)
  const to = stored?.type
  const { quant } = to ?? {}
  const scaleBytes = quant === undefined ? 0 : quant.kind === 'per-tensor' ? 4 : quant.scales.length * (quant.kind === 'blockwise' ? 2 : 4)
  const elements = elementCount(value.type.shape)!
  const decision: Decision = {
    tensor: value.name,
    op: node.op,
    operand: (spec && operandAt(spec, index)?.name) ?? String(index),
    layer: node.origin.source[0],
    elements,
    from: value.type.dtype,
    to: to?.dtype ?? value.type.dtype,
    granularity: quant === undefined ? 'none' : quant.kind,
    ...(quant?.kind === 'blockwise' && { blockSize: quant.blockSize }),
    ...(quant && { grid: gridSummary(quant) }),
    ...(stored?.columnFactors && { columnFactors: span(stored.columnFactors) }),
    bits: bitsOf(to?.dtype ?? value.type.dtype),
    bytesBefore: value.data!.byteLength,
    bytesAfter: to ? byteLengthOf(to.dtype, elements) + scaleBytes : value.data!.byteLength,
    reason,
    ...how,
  }
  if (stored?.data)
    storedOf.set(decision, { float: value.data!, type: stored.type, data: stored.data, columnFactors: stored.columnFactors })
  return decision
}

/** The same of a constant that is stored as u8 in place of i8. */
export function unsignedDecision(decision: Decision): Decision {
  const { grid, to } = decision
  if (to !== 'i8' || !grid) return decision
  const [low, high] = grid.zeroPoint
  const unsigned: Decision = { ...decision, to: 'u8', grid: { ...grid, zeroPoint: [low + 128, high + 128] } }
  const stored = storedOf.get(decision)
  if (stored) storedOf.set(unsigned, stored)
  return unsigned
}

/** What a decision is about, for those who look at what it costs. */
const storedOf = new WeakMap<Decision, StoredAs>()

/** The float constant that a decision is about, and the integers that it became; undefined where it did not. */
export function storedAs(decision: Decision): StoredAs | undefined {
  const stored = storedOf.get(decision)
  return stored?.type.quant && stored
}

/** The decision with what storing the constant so loses, where it became integers; reads the constant and what it became. */
export function withError(decision: Decision): Decision {
  const stored = storedAs(decision)
  return stored ? { ...decision, error: errorOf(stored) } : decision
}

function gridSummary(quant: QuantParams): GridSummary {
  if (quant.kind === 'per-tensor') return { scales: 1, scale: [quant.scale, quant.scale], zeroPoint: [quant.zeroPoint, quant.zeroPoint] }
  return { scales: quant.scales.length, scale: span(quant.scales), zeroPoint: span(quant.zeroPoints ?? [0]) }
}

function span(values: ArrayLike<number>): readonly [number, number] {
  let [low, high] = [values[0] ?? 0, values[0] ?? 0]
  for (let i = 1; i < values.length; i++) {
    if (values[i]! < low) low = values[i]!
    if (values[i]! > high) high = values[i]!
  }
  return [low, high]
}
