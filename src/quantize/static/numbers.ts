import type { Value } from '../../ir/types.ts'
import { roundHalfEven } from '../weights/round-half-even.ts'
import { type BiasScales, biasScales, contentGrid, contentRange, onGrid, quantizedBias } from './constants.ts'
import { activationGrid, clamp, type Grid, type GridType, grid, rangeOfGrid } from './grid.ts'

/** How real numbers become integers where activations are: ranges, constants and biases. */
export interface Numbers {
  /** The grid of an activation with values in [low, high]. */
  activation(low: number, high: number, type: GridType): Grid
  /** The grid on which readers find a result that its op makes on a grid of the kernel. */
  afterFixed(made: Grid, type: GridType): Grid
  /** The grid of a constant's own content; its elements are finite. */
  content(value: Value, type: GridType): Grid
  /** Elements on a grid. */
  store(values: Float32Array, on: Grid, type: GridType): Int8Array | Int16Array
  /** Scales of a bias from those of the input and the weights. */
  biasScales(bias: Float32Array, input: number, weights: Float32Array): BiasScales
  bias(bias: Float32Array, scales: Float32Array, type: 'i32' | 'i64'): Int32Array | BigInt64Array
}

/** As TensorFlow's quantizer. */
export const tensorflowNumbers: Numbers = {
  activation: activationGrid,
  afterFixed: (made) => made,
  content: contentGrid,
  store: onGrid,
  biasScales,
  bias: quantizedBias,
}

/** Steps of a range narrower than this are those of one so wide. @see litert-quantizer 0.11 uniform_quantize_tensor.py, min_bound */
const leastWidth = Math.fround(1e-9)

const f32 = Math.fround
const largest = { i8: 127, u8: 127, i16: 32767 } as const
const lowest = { i8: -128, u8: -128, i16: -32768 } as const

/**
 * As litert-quantizer, all in float32: the scale is (high - low)/255 over a range with 0, the zero point round-half-even(-128 - low/scale); of
 * symmetric ones, which i16 always is, the largest magnitude over 127 or 32767, and constants keep off the lowest number. A bias is i32,
 * round-half-even(b/scale), and as i64 holds no more. @see litert-quantizer 0.11 uniform_quantize_tensor.py
 */
export function litertQuantizerNumbers(isSymmetric: boolean): Numbers {
  const activation = (low: number, high: number, type: GridType): Grid => {
    const [lo, hi] = [f32(Math.min(low, 0)), f32(Math.max(high, 0))]
    if (isSymmetric || type === 'i16') return grid(Math.max(-lo, hi, leastWidth) / largest[type], 0)
    const scale = f32(Math.max(f32(hi - lo), leastWidth) / 255)
    return grid(scale, roundHalfEven(f32(-128 - f32(lo / scale))))
  }
  return {
    activation,
    afterFixed: (made, type) => (isSymmetric && type === 'i8' ? activation(...rangeOfGrid(made), type) : made),
    content: (value, type) => activation(...contentRange(value)!, type),
    store(values, { scale, zeroPoint }, type) {
      const least = isSymmetric || type === 'i16' ? -largest[type] : lowest[type]
      const out = type === 'i16' ? new Int16Array(values.length) : new Int8Array(values.length)
      for (let i = 0; i < out.length; i++) out[i] = clamp(roundHalfEven(f32(f32(values[i]! / scale) + zeroPoint)), least, largest[type])
      return out
    },
    biasScales: (_, input, weights) => ({ bias: weights.map((w) => input * w), weights }),
    bias(bias, scales, type) {
      const most = 2 ** 31 - 1
      const stored = Int32Array.from(bias, (b, i) => clamp(roundHalfEven(f32(b / scales[scales.length === 1 ? 0 : i]!)), -most, most))
      return type === 'i64' ? BigInt64Array.from(stored, BigInt) : stored
    },
  }
}
