import type { MlirOp } from '../../wire/mlir/types.ts'
import { type HloScope, splatOf, wordOf } from './hlo-op.ts'

const functions: Readonly<Record<string, (...v: number[]) => number>> = {
  abs: Math.abs,
  add: (a, b) => a! + b!,
  and: (a, b) => a! & b!,
  broadcast_in_dim: (a) => a!,
  clamp: (low, x, high) => Math.min(Math.max(low!, x!), high!),
  convert: (a) => a!,
  divide: (a, b) => a! / b!,
  dynamic_broadcast_in_dim: (a) => a!,
  exponential: Math.exp,
  exponential_minus_one: Math.expm1,
  log: Math.log,
  maximum: Math.max,
  minimum: Math.min,
  multiply: (a, b) => a! * b!,
  negate: (a) => -a!,
  or: (a, b) => a! | b!,
  select: (p, a, b) => (p ? a! : b!),
  sign: Math.sign,
  subtract: (a, b) => a! - b!,
  xor: (a, b) => a! ^ b!,
}
const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  EQ: (a, b) => a === b,
  GE: (a, b) => a >= b,
  GT: (a, b) => a > b,
  LE: (a, b) => a <= b,
  LT: (a, b) => a < b,
  NE: (a, b) => a !== b,
}

/** What elementwise ops make of numbers, by the ids of values; truth is 1. Of other ops there is nothing, and NaN of what follows from them. */
export function scalarsOf(scope: HloScope, ops: readonly MlirOp[], given: ReadonlyMap<number, number>): ReadonlyMap<number, number> {
  const known = new Map(given)
  for (const op of ops) {
    const args = op.operands.map((v) => known.get(v.id) ?? splatOf(scope, v) ?? Number.NaN)
    const value = scalarOf(op, args)
    for (const r of op.results) if (value !== undefined) known.set(r.id, value)
  }
  return known
}

function scalarOf(op: MlirOp, args: readonly number[]): number | undefined {
  const [a = Number.NaN, b = Number.NaN] = args
  if (op.name === 'compare') return Number(comparisons[wordOf(op, 'comparison_direction')]?.(a, b) ?? Number.NaN)
  if (op.name !== 'not') return Object.hasOwn(functions, op.name) ? functions[op.name]!(...args) : undefined
  const type = op.results[0]?.type
  return type?.kind === 'tensor' && type.element === 'i1' ? 1 - a : ~a
}
