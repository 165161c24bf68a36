import { normalizeAxis } from '../../core/shape.ts'
import {
  arrayOf,
  type BigInts,
  bigsOf,
  countOf,
  intsOf,
  isBig,
  makeBigs,
  makeNumbers,
  type Numbers,
  numbersOf,
  operandAt,
  resultShape,
} from '../arrays.kernel.ts'
import { broadcastRows } from '../elementwise/broadcast.kernel.ts'
import type { Kernel, KernelContext } from '../fold.ts'

/** How values are gathered into one; sums and products are kept in float64, and rounded or wrapped once, at the end. */
interface Reduction {
  readonly start: number
  readonly step: (sum: number, x: number) => number
  /** In place of `step` where float64 cannot hold what an integer kernel wraps. */
  readonly intStep?: (sum: number, x: number) => number
  /** From what was gathered over `count` elements; identity when absent. */
  readonly end?: (sum: number, count: number) => number
  readonly bigStart?: bigint
  readonly bigStep?: (sum: bigint, x: bigint) => bigint
  readonly bigEnd?: (sum: bigint, count: bigint) => bigint
}

/** The operand's shape with 1 in every reduced axis. */
function keptShape(context: KernelContext): number[] {
  const { shape } = operandAt(context, 0)
  const axes = Array.from(intsOf(operandAt(context, 1)), (a) => normalizeAxis(a, shape.length))
  return shape.map((d, i) => (axes.includes(i) ? 1 : d))
}

function reduce(r: Reduction): Kernel {
  return (context) => {
    const x = operandAt(context, 0)
    const type = context.results[0]!
    const n = countOf(type)
    const kept = keptShape(context)
    const rows = broadcastRows(x.shape, [kept])
    const [step] = rows.steps as [number]
    const count = n === 0 ? 0 : x.shape.reduce((a, b) => a * b, 1) / n
    if (isBig(x.dtype)) {
      const xs = bigsOf(x)
      const out: BigInts = makeBigs(x.dtype, n).fill(r.bigStart ?? 0n)
      rows.each((at, [o]) => {
        for (let k = 0; k < rows.size; k++) out[o! + k * step] = r.bigStep!(out[o! + k * step]!, xs[at + k]!)
      })
      if (r.bigEnd) for (let i = 0; i < n; i++) out[i] = r.bigEnd(out[i]!, BigInt(count))
      return [arrayOf(type.dtype, resultShape(context), out)]
    }
    const xs = numbersOf(x)
    const step32 = type.dtype === 'f32' ? r.step : (r.intStep ?? r.step)
    const sums = new Float64Array(n).fill(r.start)
    rows.each((at, [o]) => {
      for (let k = 0; k < rows.size; k++) sums[o! + k * step] = step32(sums[o! + k * step]!, xs[at + k]!)
    })
    const out = makeNumbers(type.dtype, n)
    for (let i = 0; i < n; i++) out[i] = r.end ? r.end(sums[i]!, count) : sums[i]!
    if (count === 0 && !(out instanceof Float32Array) && !Number.isFinite(r.start)) out.fill(extreme(out, r.start))
    return [arrayOf(type.dtype, resultShape(context), out)]
  }
}

/** The end of an integer type's range that stands for an infinity. */
function extreme(data: Numbers, infinity: number): number {
  const bits = data.BYTES_PER_ELEMENT * 8
  const isSigned = data instanceof Int8Array || data instanceof Int16Array || data instanceof Int32Array
  if (infinity > 0) return isSigned ? 2 ** (bits - 1) - 1 : 2 ** bits - 1
  return isSigned ? -(2 ** (bits - 1)) : 0
}

const lowestI64 = -(2n ** 63n)

export const sum = reduce({ start: 0, step: (s, x) => s + x, bigStart: 0n, bigStep: (s, x) => s + x })
export const mean = reduce({
  start: 0,
  step: (s, x) => s + x,
  end: (s, n) => s / n,
  bigStart: 0n,
  bigStep: (s, x) => s + x,
  bigEnd: (s, n) => (n === 0n ? 0n : s / n),
})
export const reduceProd = reduce({ start: 1, step: (s, x) => s * x, intStep: Math.imul, bigStart: 1n, bigStep: (s, x) => s * x })
export const reduceMax = reduce({
  start: Number.NEGATIVE_INFINITY,
  step: (s, x) => (x > s ? x : s),
  bigStart: lowestI64,
  bigStep: (s, x) => (x > s ? x : s),
})
export const reduceMin = reduce({
  start: Number.POSITIVE_INFINITY,
  step: (s, x) => (x < s ? x : s),
  bigStart: -lowestI64 - 1n,
  bigStep: (s, x) => (x < s ? x : s),
})
export const reduceAny = reduce({ start: 0, step: (s, x) => (s || x ? 1 : 0) })
export const reduceAll = reduce({ start: 1, step: (s, x) => (s && x ? 1 : 0) })
