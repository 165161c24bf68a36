import type { NdArray } from '../../core/nd-array.ts'
import { activate } from '../activation.kernel.ts'
import {
  arrayOf,
  type BigInts,
  bigsOf,
  countOf,
  isBig,
  makeBigs,
  makeNumbers,
  type Numbers,
  numbersOf,
  operandAt,
  resultShape,
} from '../arrays.kernel.ts'
import type { Kernel, KernelContext } from '../fold.ts'
import { broadcastRows } from './broadcast.kernel.ts'

/** out[o..] = f(x[i..], y[j..]) for n elements; x and y are walked by their steps. */
type Row = (n: number, x: Numbers, i: number, xStep: number, y: Numbers, j: number, yStep: number, out: Numbers, o: number) => void

/** A row that calls `f` for each element. */
function rowOf(f: (x: number, y: number) => number): Row {
  return (n, x, i, xStep, y, j, yStep, out, o) => {
    for (let k = 0; k < n; k++) {
      out[o + k] = f(x[i]!, y[j]!)
      i += xStep
      j += yStep
    }
  }
}

function compute(context: KernelContext, row: Row): readonly NdArray[] {
  const [x, y] = [operandAt(context, 0), operandAt(context, 1)]
  const [xs, ys] = [numbersOf(x), numbersOf(y)]
  const type = context.results[0]!
  const out = makeNumbers(type.dtype, countOf(type))
  const rows = broadcastRows(resultShape(context), [x.shape, y.shape])
  const [xStep, yStep] = rows.steps as [number, number]
  rows.each((o, [i, j]) => row(rows.size, xs, i!, xStep, ys, j!, yStep, out, o))
  return [arrayOf(type.dtype, resultShape(context), activate(out, context.attrs))]
}

function computeBig(context: KernelContext, f: (x: bigint, y: bigint) => bigint | boolean): readonly NdArray[] {
  const [x, y] = [operandAt(context, 0), operandAt(context, 1)]
  const [xs, ys] = [bigsOf(x), bigsOf(y)]
  const type = context.results[0]!
  const out: BigInts | Numbers = isBig(type.dtype) ? makeBigs(type.dtype, countOf(type)) : makeNumbers(type.dtype, countOf(type))
  const rows = broadcastRows(resultShape(context), [x.shape, y.shape])
  const [xStep, yStep] = rows.steps as [number, number]
  rows.each((o, [i, j]) => {
    for (let k = 0; k < rows.size; k++) {
      const z = f(xs[i! + k * xStep]!, ys[j! + k * yStep]!)
      if (typeof z === 'bigint') (out as BigInts)[o + k] = z
      else (out as Numbers)[o + k] = z ? 1 : 0
    }
  })
  return [arrayOf(type.dtype, resultShape(context), out)]
}

/** A broadcasting kernel; `big` computes on 64-bit integers (activations are not applied to them). */
function binary(f: ((x: number, y: number) => number) | { row: Row }, big?: (x: bigint, y: bigint) => bigint | boolean): Kernel {
  const row = typeof f === 'function' ? rowOf(f) : f.row
  return (context) => (big && isBig(operandAt(context, 0).dtype) ? computeBig(context, big) : compute(context, row))
}

const addRow: Row = (n, x, i, xStep, y, j, yStep, out, o) => {
  for (let k = 0; k < n; k++) {
    out[o + k] = x[i]! + y[j]!
    i += xStep
    j += yStep
  }
}
const mulFloatRow: Row = (n, x, i, xStep, y, j, yStep, out, o) => {
  for (let k = 0; k < n; k++) {
    out[o + k] = x[i]! * y[j]!
    i += xStep
    j += yStep
  }
}
// The low 32 bits of a product of 32-bit integers are not those of its float64.
const mulIntRow = rowOf(Math.imul)
const mulRow: Row = (n, x, i, xStep, y, j, yStep, out, o) => {
  const row = out instanceof Float32Array || out instanceof Float64Array ? mulFloatRow : mulIntRow
  row(n, x, i, xStep, y, j, yStep, out, o)
}
const divRow: Row = (n, x, i, xStep, y, j, yStep, out, o) => {
  const isFloat = out instanceof Float32Array || out instanceof Float64Array
  for (let k = 0; k < n; k++) {
    const z = x[i]! / y[j]!
    out[o + k] = isFloat ? z : Math.trunc(z)
    i += xStep
    j += yStep
  }
}
const powRow: Row = (n, x, i, xStep, y, j, yStep, out, o) => {
  const f = out instanceof Int32Array ? integerPow : Math.pow
  rowOf(f)(n, x, i, xStep, y, j, yStep, out, o)
}

/** x to the y in wrapping 32-bit arithmetic; a negative exponent gives the integer part. */
function integerPow(x: number, y: number): number {
  if (y < 0) return x === 1 ? 1 : x === -1 ? (y % 2 === 0 ? 1 : -1) : 0
  let result = 1
  for (let base = x, e = y; e > 0; e = Math.floor(e / 2), base = Math.imul(base, base)) if (e % 2 === 1) result = Math.imul(result, base)
  return result
}

function squareFloat(d: number): number {
  const rounded = Math.fround(d)
  return rounded * rounded
}

function squareInt(d: number): number {
  return Math.imul(d, d)
}

/** The remainder that has the sign of the divisor. */
function floorRemainder(x: number, y: number): number {
  const r = x % y
  return r !== 0 && y < 0 !== r < 0 ? r + y : r
}

function floorRemainderBig(x: bigint, y: bigint): bigint {
  if (y === 0n) return 0n
  const r = x % y
  return r !== 0n && y < 0n !== r < 0n ? r + y : r
}

export const add = binary({ row: addRow }, (x, y) => x + y)
export const sub = binary(
  (x, y) => x - y,
  (x, y) => x - y,
)
export const mul = binary({ row: mulRow }, (x, y) => x * y)
export const div = binary({ row: divRow })
export const maximum = binary(
  (x, y) => (x > y ? x : y),
  (x, y) => (x > y ? x : y),
)
export const minimum = binary(
  (x, y) => (x < y ? x : y),
  (x, y) => (x < y ? x : y),
)
export const squaredDifference = binary({
  row: (n, x, i, xStep, y, j, yStep, out, o) => {
    const square = out instanceof Float32Array ? squareFloat : squareInt
    rowOf((a, b) => square(a - b))(n, x, i, xStep, y, j, yStep, out, o)
  },
})
export const pow = binary({ row: powRow })
export const floorDiv = binary((x, y) => Math.floor(x / y))
export const floorMod = binary(floorRemainder, floorRemainderBig)
export const greater = binary(
  (x, y) => (x > y ? 1 : 0),
  (x, y) => x > y,
)
export const greaterEqual = binary(
  (x, y) => (x >= y ? 1 : 0),
  (x, y) => x >= y,
)
export const less = binary(
  (x, y) => (x < y ? 1 : 0),
  (x, y) => x < y,
)
export const lessEqual = binary(
  (x, y) => (x <= y ? 1 : 0),
  (x, y) => x <= y,
)
export const equal = binary(
  (x, y) => (x === y ? 1 : 0),
  (x, y) => x === y,
)
export const notEqual = binary(
  (x, y) => (x !== y ? 1 : 0),
  (x, y) => x !== y,
)
export const logicalAnd = binary((x, y) => (x && y ? 1 : 0))
export const logicalOr = binary((x, y) => (x || y ? 1 : 0))
export const bitwiseXor = binary((x, y) => x ^ y)
export const rightShift = binary({
  row: (n, x, i, xStep, y, j, yStep, out, o) => {
    const bits = out.BYTES_PER_ELEMENT * 8
    const isUnsigned = out instanceof Uint8Array || out instanceof Uint16Array || out instanceof Uint32Array
    for (let k = 0; k < n; k++) {
      const by = Math.min(Math.max(y[j]!, 0), bits - 1)
      out[o + k] = isUnsigned ? x[i]! >>> by : x[i]! >> by
      i += xStep
      j += yStep
    }
  },
})
export const atan2 = binary(Math.atan2)
export const prelu = binary((x, alpha) => (x >= 0 ? x : x * alpha))
