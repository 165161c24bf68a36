import { arrayOf, bigsOf, countOf, isBig, makeBigs, makeNumbers, numbersOf, operandAt } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'
import { erfc } from './erf.ts'

/** y[i] = f(x[i]), computed in float64 and rounded once to the result's type. */
function unary(f: (x: number) => number, big?: (x: bigint) => bigint): Kernel {
  return (context) => {
    const x = operandAt(context, 0)
    const type = context.results[0]!
    const n = countOf(type)
    if (isBig(x.dtype) && isBig(type.dtype) && big) {
      const xs = bigsOf(x)
      const out = makeBigs(type.dtype, n)
      for (let i = 0; i < n; i++) out[i] = big(xs[i]!)
      return [arrayOf(type.dtype, x.shape, out)]
    }
    const xs = numbersOf(x)
    const out = makeNumbers(type.dtype, n)
    for (let i = 0; i < n; i++) out[i] = f(xs[i]!)
    return [arrayOf(type.dtype, x.shape, out)]
  }
}

const { fround } = Math

function clampTo(low: number, high: number): (x: number) => number {
  return (x) => (x < low ? low : x > high ? high : x)
}

/** Halves to even. */
export function roundHalfToEven(x: number): number {
  const low = Math.floor(x)
  const rest = x - low
  if (rest < 0.5 || (rest === 0.5 && low % 2 === 0)) return low
  return low + 1
}

const sqrt2OverPi = Math.sqrt(2 / Math.PI)

/** @see LiteRT reference/gelu.h */
function geluExact(x: number): number {
  return 0.5 * x * erfc(-x * Math.SQRT1_2)
}

function geluTanh(x: number): number {
  return 0.5 * x * (1 + Math.tanh(sqrt2OverPi * (x + 0.044715 * x * x * x)))
}

export const relu = unary(clampTo(0, Number.POSITIVE_INFINITY))
export const relu6 = unary(clampTo(0, 6))
export const reluN1To1 = unary(clampTo(-1, 1))
export const relu0To1 = unary(clampTo(0, 1))
export const leakyRelu: Kernel = (context) => {
  const alpha = fround(context.attrs.alpha as number)
  return unary((x) => (x > 0 ? x : x * alpha))(context)
}
export const elu = unary((x) => (x < 0 ? Math.expm1(x) : x))
export const hardSwish = unary((x) => fround(x * Math.min(6, Math.max(0, fround(x + 3)))) / 6)
export const gelu: Kernel = (context) => unary(context.attrs.approximate ? geluTanh : geluExact)(context)
export const logistic = unary((x) => 1 / (1 + Math.exp(-x)))
export const tanh = unary(Math.tanh)
export const exp = unary(Math.exp)
export const log = unary(Math.log)
export const sqrt = unary(Math.sqrt)
export const rsqrt = unary((x) => 1 / Math.sqrt(x))
export const sin = unary(Math.sin)
export const cos = unary(Math.cos)
export const floor = unary(Math.floor)
export const ceil = unary(Math.ceil)
export const round = unary(roundHalfToEven)
export const abs = unary(Math.abs)
export const neg = unary(
  (x) => -x,
  (x) => -x,
)
export const square = unary((x) => x * x)
export const sign = unary((x) => (x > 0 ? 1 : x < 0 ? -1 : Number.isNaN(x) ? x : 0))
export const logicalNot = unary((x) => (x ? 0 : 1))
export const zerosLike = unary(
  () => 0,
  () => 0n,
)
