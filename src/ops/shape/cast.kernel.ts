import type { DType } from '../../core/dtype.ts'
import { typedView } from '../../core/dtype.ts'
import { numberToBf16, numberToF16 } from '../../core/half.ts'
import { bf16ToNumber, f16ToNumber, type NdArray } from '../../core/nd-array.ts'
import { arrayOf, bigsOf, countOf, isBig, makeBigs, makeNumbers, numbersOf, operandAt } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'

/** Elements as float64, exact but for 64-bit integers; the real part of complex numbers. */
function valuesOf(x: NdArray): ArrayLike<number> {
  if (x.dtype === 'f16') return Float64Array.from(typedView('f16', x.bytes), f16ToNumber)
  if (x.dtype === 'bf16') return Float64Array.from(typedView('bf16', x.bytes), bf16ToNumber)
  if (x.dtype === 'c64') return typedView('c64', x.bytes).filter((_, i) => i % 2 === 0)
  return isBig(x.dtype) ? Float64Array.from(bigsOf(x), Number) : numbersOf(x)
}

const ranges: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  i4: [-8, 7],
  i8: [-128, 127],
  u8: [0, 255],
  i16: [-32768, 32767],
  u16: [0, 65535],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
}

/** Floats saturate and NaN becomes the largest value, integers wrap. @see LiteRT kernels/cast.cc */
export const cast: Kernel = (context) => {
  const x = operandAt(context, 0)
  const type = context.results[0]!
  const { dtype } = type
  if (x.dtype === dtype) return [x]
  const n = countOf(type)
  const values = valuesOf(x)
  if (isBig(dtype)) {
    const out = makeBigs(dtype, n)
    if (isBig(x.dtype)) out.set(bigsOf(x))
    else for (let i = 0; i < n; i++) out[i] = bigFrom(values[i]!)
    return [arrayOf(dtype, x.shape, out)]
  }
  if (dtype === 'f16' || dtype === 'bf16') {
    return [arrayOf(dtype, x.shape, Uint16Array.from(values, dtype === 'f16' ? numberToF16 : numberToBf16))]
  }
  if (dtype === 'c64')
    return [
      arrayOf(
        dtype,
        x.shape,
        Float32Array.from({ length: 2 * n }, (_, i) => (i % 2 === 0 ? values[i / 2]! : 0)),
      ),
    ]
  if (dtype === 'bool' && isBig(x.dtype))
    return [
      arrayOf(
        dtype,
        x.shape,
        Uint8Array.from(bigsOf(x), (v) => (v ? 1 : 0)),
      ),
    ]
  const out = makeNumbers(dtype, n)
  const range = ranges[dtype]
  if (dtype === 'bool') for (let i = 0; i < n; i++) out[i] = values[i] !== 0 ? 1 : 0
  else if (range && /^(f|bf|c)/.test(x.dtype)) for (let i = 0; i < n; i++) out[i] = saturated(values[i]!, range)
  else if (isBig(x.dtype) && range) out.set(Array.from(bigsOf(x), (v) => Number(BigInt.asUintN(32, v))))
  else for (let i = 0; i < n; i++) out[i] = values[i]!
  return [arrayOf(dtype, x.shape, out)]
}

function saturated(x: number, [low, high]: readonly [number, number]): number {
  if (Number.isNaN(x)) return high
  return x < low ? low : x > high ? high : Math.trunc(x)
}

const highestI64 = 2n ** 63n - 1n

function bigFrom(x: number): bigint {
  if (Number.isNaN(x) || x >= 2 ** 63) return highestI64
  return x <= -(2 ** 63) ? -highestI64 - 1n : BigInt(Math.trunc(x))
}
