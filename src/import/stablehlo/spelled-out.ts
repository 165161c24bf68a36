import type { MlirBlock, MlirOp, MlirValue } from '../../wire/mlir/types.ts'
import { dtypeOf, isFloat } from './elements.ts'
import { type HloScope, splatOf } from './hlo-op.ts'
import { scalarsOf } from './scalars.ts'

/*
 * JAX writes erf and erfc out as polynomials, a hundred ops of one name. What such a run computes is tried at some points: where it is the
 * function, one op stands for it.
 */

export interface SpelledOut {
  readonly op: 'Erf' | 'Erfc'
  readonly x: MlirValue
  readonly result: MlirValue
  /** The index behind the run. */
  readonly end: number
}

const points = [-2.9, -2, -1.3, -0.8, -0.4, -0.1, 0.05, 0.3, 0.7, 0.99, 1.01, 1.5, 1.99, 2.01, 2.7]
/** What float32 leaves of the polynomials. */
const tolerance = 2e-6

const named = /(?:^|\/)(erfc?):?$/

/** Whether an op has the name of such a function. */
export function isNamed({ location, name }: MlirOp): boolean {
  return name !== 'constant' && named.test(location ?? '')
}

/** The run that begins at an op, if it is such a function. `lastUse` is the index of the last op of the block that reads a value. */
export function spelledOut(
  scope: HloScope,
  block: readonly MlirOp[],
  start: number,
  lastUse: ReadonlyMap<number, number>,
): SpelledOut | undefined {
  const { location } = block[start]!
  const name = named.exec(location ?? '')?.[1]
  if (name === undefined || !isNamed(block[start]!)) return undefined
  let end = start
  while (end < block.length && (block[end]!.location === location || block[end]!.name === 'constant')) end++
  const run = block.slice(start, end)
  const made = new Set(run.flatMap((op) => op.results.map((r) => r.id)))
  const inputs = new Map<number, MlirValue>()
  for (const v of run.flatMap((op) => op.operands)) {
    if (!made.has(v.id) && hasFloats(v) && splatOf(scope, v) === undefined) inputs.set(v.id, v)
  }
  const read = run.flatMap((op) => (op.name === 'constant' ? [] : op.results)).filter((r) => (lastUse.get(r.id) ?? -1) >= end)
  const [x, result] = [[...inputs.values()][0], read[0]]
  if (inputs.size !== 1 || read.length !== 1 || !x || !result || !hasFloats(result)) return undefined
  const expected = name === 'erf' ? erf : (t: number) => 1 - erf(t)
  const fits = points.every(
    (t) => Math.abs((scalarsOf(scope, run, new Map([[x.id, t]])).get(result.id) ?? Number.NaN) - expected(t)) < tolerance,
  )
  return fits ? { op: name === 'erf' ? 'Erf' : 'Erfc', x, result, end } : undefined
}

/** The index of the last op of a block that reads each value, itself or in a region. */
export function lastUses(block: MlirBlock): ReadonlyMap<number, number> {
  const last = new Map<number, number>()
  const visit = (op: MlirOp, i: number): void => {
    for (const v of op.operands) last.set(v.id, i)
    for (const region of op.regions) for (const inner of region.ops) visit(inner, i)
  }
  for (const [i, op] of block.ops.entries()) visit(op, i)
  return last
}

const hasFloats = ({ type }: MlirValue): boolean => isFloat(dtypeOf(type))

/** 2 / sqrt(pi) times the sum of (-1)^n x^(2n+1) / (n! (2n+1)), for sizes up to 3. */
function erf(x: number): number {
  let [sum, power] = [0, x]
  for (let n = 0; n < 60; n++) {
    sum += power / (2 * n + 1)
    power *= -(x * x) / (n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}
