import { invariant } from '../../core/diagnostics.ts'
import { typedView } from '../../core/dtype.ts'
import { f16ToFloat32, type NdArray } from '../../core/nd-array.ts'
import { elementCount } from '../../core/shape.ts'
import type { QuantParams } from '../../ir/types.ts'
import { arrayOf, countOf, makeNumbers, numbersOf, operandAt } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'

/** Scale and zero point of each element, by its position in row-major order. */
interface Affine {
  scale(i: number): number
  zeroPoint(i: number): number
}

function affineOf(quant: QuantParams | undefined, shape: readonly number[]): Affine {
  invariant(quant, 'a quantized tensor has no scale')
  if (quant.kind === 'per-tensor') {
    const scale = Math.fround(quant.scale)
    return { scale: () => scale, zeroPoint: () => quant.zeroPoint }
  }
  const { scales, zeroPoints, axis } = quant
  const inner = elementCount(shape.slice(axis + 1))!
  if (quant.kind === 'per-axis') {
    const channel = (i: number) => Math.floor(i / inner) % scales.length
    return { scale: (i) => scales[channel(i)]!, zeroPoint: (i) => zeroPoints?.[channel(i)] ?? 0 }
  }
  // Blocks run along `axis`; the scales have the tensor's shape with that axis divided by the block size.
  const size = shape[axis]!
  const blocks = size / quant.blockSize
  const block = (i: number) => {
    const k = Math.floor(i / inner) % size
    return (Math.floor(i / inner / size) * blocks + Math.floor(k / quant.blockSize)) * inner + (i % inner)
  }
  return { scale: (i) => scales[block(i)]!, zeroPoint: (i) => zeroPoints?.[block(i)] ?? 0 }
}

/** f16 is widened exactly; the rest is scale * (q - zeroPoint), rounded once. @see LiteRT reference/dequantize.h */
export const dequantize: Kernel = (context) => {
  const x = operandAt(context, 0)
  if (x.dtype === 'f16') return [arrayOf('f32', x.shape, f16ToFloat32(typedView('f16', x.bytes)))]
  const q = numbersOf(x)
  const { scale, zeroPoint } = affineOf(context.types[0]?.quant, x.shape)
  const out = new Float32Array(q.length)
  for (let i = 0; i < q.length; i++) out[i] = scale(i) * (q[i]! - zeroPoint(i))
  return [arrayOf('f32', x.shape, out)]
}

const storedRange = { i4: [-8, 7], i8: [-128, 127], u8: [0, 255], i16: [-32768, 32767], i32: [-(2 ** 31), 2 ** 31 - 1] } as const

/**
 * round-half-away(f32(x / scale)) + zeroPoint, clamped. From one quantization to another the real value is taken
 * in float64, where the integer kernel multiplies in fixed point. @see LiteRT reference/quantize.h
 */
export const quantize: Kernel = (context) => {
  const x = operandAt(context, 0)
  const type = context.results[0]!
  const range = storedRange[type.dtype as keyof typeof storedRange]
  invariant(range, `quantize has no kernel for ${type.dtype}`)
  const to = affineOf(type.quant, x.shape)
  const values = realValues(x, context.types[0]?.quant)
  const out = makeNumbers(type.dtype, countOf(type))
  for (let i = 0; i < out.length; i++) {
    const scaled = Math.fround(values[i]! / to.scale(i))
    const q = roundHalfAway(scaled) + to.zeroPoint(i)
    out[i] = q < range[0] ? range[0] : q > range[1] ? range[1] : q
  }
  return [arrayOf(type.dtype, x.shape, out)]
}

function realValues(x: NdArray, quant: QuantParams | undefined): ArrayLike<number> {
  const q = numbersOf(x)
  if (x.dtype === 'f32') return q
  const from = affineOf(quant, x.shape)
  return Float64Array.from(q, (v, i) => from.scale(i) * (v - from.zeroPoint(i)))
}

function roundHalfAway(x: number): number {
  return x < 0 ? -Math.floor(0.5 - x) : Math.floor(x + 0.5)
}
