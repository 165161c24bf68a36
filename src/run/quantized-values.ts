import { typedView } from '../core/dtype.ts'
import { type NdArray, ndArray, toFloat32 } from '../core/nd-array.ts'
import type { QuantParams } from '../ir/types.ts'
import { invalidValue, wrongDtype } from './diagnostics.ts'
import type { TensorInfo } from './runner.ts'

type IntegerType = 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32'
const ranges: Readonly<Record<IntegerType, readonly [number, number]>> = {
  u8: [0, 255],
  i8: [-128, 127],
  u16: [0, 65535],
  i16: [-32768, 32767],
  u32: [0, 2 ** 32 - 1],
  i32: [-(2 ** 31), 2 ** 31 - 1],
}
const arrays = { u8: Uint8Array, i8: Int8Array, u16: Uint16Array, i16: Int16Array, u32: Uint32Array, i32: Int32Array }

/**
 * A value in the type an input wants: real numbers are quantized where the input is, `q = round(x / scale) + zeroPoint`, in float32,
 * halves away from zero, clamped to the type's range, NaN as the zero point; else numbers are taken over when they keep their value (to float32: when
 * they are rounded to it). A value already in the input's type is handed through, quantized or not.
 * Throws run/wrong-dtype, run/invalid-value (a number that the type cannot hold).
 * @see AffineQuantize in LiteRT's tflite/kernels/internal/reference/quantize.h
 */
export function fitFeed(model: string, value: NdArray, input: TensorInfo): NdArray {
  const { dtype } = input
  if (value.dtype === dtype) return value
  const real = toFloat32(value)
  if (!real || (value.dtype === 'bool' && dtype !== 'f32')) throw wrongDtype(model, input.name, dtype, value.dtype)
  if (dtype === 'f32') return { ...ndArray('f32', real), shape: value.shape }
  if (isIntegerType(dtype)) {
    if (input.quant?.kind === 'per-tensor') return { ...ndArray(dtype, quantized(real, dtype, input.quant)), shape: value.shape }
    return { ...ndArray(dtype, exactIntegers(model, value, input.name, dtype)), shape: value.shape }
  }
  if (dtype === 'i64') {
    const whole = numbersOf(value)
    const broken = whole.find((x) => !Number.isSafeInteger(x))
    if (broken !== undefined) throw invalidValue(model, input.name, dtype, broken)
    return { ...ndArray('i64', BigInt64Array.from(whole, BigInt)), shape: value.shape }
  }
  if (dtype === 'bool' && value.dtype !== 'f32')
    return {
      ...ndArray(
        'bool',
        Uint8Array.from(real, (x) => (x === 0 ? 0 : 1)),
      ),
      shape: value.shape,
    }
  throw wrongDtype(model, input.name, dtype, value.dtype)
}

/** Real values of an output: dequantized where it is quantized, `scale * (q - zeroPoint)`; undefined for types that are not numbers. */
export function realValues(value: NdArray, output: TensorInfo): Float32Array | undefined {
  const numbers = toFloat32(value)
  const { quant } = output
  if (!numbers || quant?.kind !== 'per-tensor' || value.dtype === 'f32') return numbers
  return numbers.map((q) => quant.scale * (q - quant.zeroPoint))
}

function quantized(
  real: Float32Array,
  dtype: IntegerType,
  quant: QuantParams & { kind: 'per-tensor' },
): InstanceType<(typeof arrays)[IntegerType]> {
  const [min, max] = ranges[dtype]
  const result = new arrays[dtype](real.length)
  for (let i = 0; i < real.length; i++) {
    const scaled = Math.fround(real[i]! / quant.scale)
    const rounded = Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5)
    result[i] = Number.isNaN(scaled) ? quant.zeroPoint : Math.min(max, Math.max(min, rounded + quant.zeroPoint))
  }
  return result
}

function exactIntegers(model: string, value: NdArray, name: string, dtype: IntegerType): InstanceType<(typeof arrays)[IntegerType]> {
  const [min, max] = ranges[dtype]
  const numbers = numbersOf(value)
  const broken = numbers.find((x) => !Number.isInteger(x) || x < min || x > max)
  if (broken !== undefined) throw invalidValue(model, name, dtype, broken)
  return arrays[dtype].from(numbers)
}

/** Elements as doubles, so that large integers keep their value. */
function numbersOf(value: NdArray): number[] {
  if (value.dtype === 'i64' || value.dtype === 'u64') return Array.from(typedView(value.dtype, value.bytes) as BigInt64Array, Number)
  if (value.dtype === 'f64' || value.dtype === 'i32' || value.dtype === 'u32') return Array.from(typedView(value.dtype, value.bytes))
  return Array.from(toFloat32(value)!)
}

function isIntegerType(dtype: string): dtype is IntegerType {
  return dtype in ranges
}
