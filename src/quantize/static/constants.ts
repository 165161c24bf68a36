import { typedView } from '../../core/dtype.ts'
import type { Value } from '../../ir/types.ts'
import { stepsOf } from '../../ops/steps.ts'
import { bounds, magnitudes } from '../weights/bounds.ts'
import { type Groups, groupsOf } from '../weights/groups.ts'
import { clamp, type Grid, type GridType, grid, gridOver, roundHalfAway } from './grid.ts'

/** A channel whose weights all lie within this has its scale from it. */
const smallestBound = 5e-7
/** A bias is kept within half of what i32 holds, so that sums do not overflow. @see TensorFlow quantization_driver.cc, SetBiasParamsWithAdjustments */
const largestBias = 2 ** 30

/** Elements of an f32 constant. */
export const floatsOf = (value: Value): Float32Array => typedView('f32', value.data!.bytes())

/** Groups along the channels of a constant; one of all elements when the axis is null. */
export const channelsOf = (value: Value, axis: number | null): Groups => groupsOf(value.type.shape as readonly number[], axis, 'per-axis')

/**
 * The grid of a constant's own content; its elements are finite. A range narrower than 1e-6 reaches to 5e-7 on both sides of 0.
 * @see TensorFlow quantization_utils.cc, ExpandVerySmallRange
 */
export function contentGrid(value: Value, type: GridType): Grid {
  const [low, high] = contentRange(value)!
  const isNarrow = high - low <= 2 * smallestBound
  return isNarrow ? gridOver(Math.min(low, -smallestBound), Math.max(high, smallestBound), type) : gridOver(low, high, type)
}

/** Smallest and largest element, 0 included; undefined when one is NaN or infinite. */
export function contentRange(value: Value): readonly [number, number] | undefined {
  const found = bounds(value.data!, channelsOf(value, null))
  return found && [Math.min(found.low[0]!, 0), Math.max(found.high[0]!, 0)]
}

/** Whether no element is NaN or infinite. */
export const isFiniteConst = (value: Value): boolean => magnitudes(value.data!, channelsOf(value, null)) !== undefined

/**
 * Scales of symmetric i8 weights with finite elements, -127..127, in float32: (m - -m)/254 of the largest magnitude of each channel.
 * @see TensorFlow quantization_utils.cc, GetUniformQuantizedPerAxisTypeForWeight
 */
export function weightScales(value: Value, channels: Groups): Float32Array {
  return magnitudes(value.data!, channels)!.map((m) => Math.fround(2 * Math.max(m, smallestBound)) / 254)
}

/**
 * Steps around 0 that weights were trained on, one for each channel, or one where they are equal; undefined where a channel has several or
 * none is known.
 */
export function trainedScales(value: Value, { run, count }: Groups, zeroPoint = 128): Float32Array | undefined {
  const steps = stepsOf(value.data!)
  if (steps?.zeroPoint !== zeroPoint) return undefined
  const all = typedView('f32', steps.of.bytes())
  const scales = Float32Array.from({ length: count }, (_, c) => all[c * run]!)
  const isSame = (a: number, b: number) => Math.abs(a - b) <= 2 ** -20 * a
  if (!all.every((step, k) => isSame(scales[Math.floor(k / run) % count]!, step))) return undefined
  return scales.every((s) => s === scales[0]) ? scales.slice(0, 1) : scales
}

/**
 * The grid of weights that are stored as u8, one for all channels, as i8: what they were trained on, else 1..255 over their range with 0.
 * @see TensorFlow quantization_utils.cc, GetUniformQuantizedTypeForWeight with narrow_range
 */
export function unsignedWeightGrid(value: Value): Grid {
  const { zeroPoint } = stepsOf(value.data!) ?? {}
  const trained = zeroPoint === undefined ? undefined : trainedScales(value, channelsOf(value, null), zeroPoint)
  if (trained && zeroPoint !== undefined) return grid(trained[0]!, zeroPoint - 128)
  const [low, high] = contentRange(value)!
  const scale = Math.fround(Math.max(high - low, 2 * smallestBound) / 254)
  return grid(scale, clamp(roundHalfAway(1 - low / scale), 1, 255) - 128)
}

/** round-half-away(w * f32(1/s)), clamped to -127..127. @see TensorFlow Lite tools/optimize/quantization_utils.cc, SymmetricPerChannelQuantizeValues */
export function symmetricInt8(values: Float32Array, { run, count }: Groups, scales: Float32Array): Int8Array {
  const data = new Int8Array(values.length)
  for (let k = 0, c = 0; k < values.length; c = c + 1 === count ? 0 : c + 1) {
    const inverse = Math.fround(1 / scales[c]!)
    for (const end = k + run; k < end; k++) {
      const x = Math.fround(values[k]! * inverse)
      const q = Math.min(127, Math.floor(Math.abs(x) + 0.5))
      data[k] = x < 0 ? -q : q
    }
  }
  return data
}

/** Elements on a grid: round-half-away(x/scale + zero point), for i16 round-half-away(x * f32(1/scale)), clamped. */
export function onGrid(values: Float32Array, { scale, zeroPoint }: Grid, type: GridType): Int8Array | Int16Array {
  const [low, high] = type === 'i16' ? [-32768, 32767] : [-128, 127]
  const out = type === 'i16' ? new Int16Array(values.length) : new Int8Array(values.length)
  const inverse = Math.fround(1 / scale)
  const moved = type === 'u8' ? 128 : 0
  const on = type === 'i16' ? (x: number) => Math.fround(x * inverse) : (x: number) => x / scale + (zeroPoint + moved)
  for (let i = 0; i < out.length; i++) out[i] = clamp(roundHalfAway(on(values[i]!)) - moved, low, high)
  return out
}

export interface BiasScales {
  /** input scale times weight scale, for each channel. */
  readonly bias: Float32Array
  /** Scales of the weights; larger than given where the bias would not fit. */
  readonly weights: Float32Array
}

/** Scales of an i32 bias from those of the input and the weights. */
export function biasScales(bias: Float32Array, input: number, weights: Float32Array): BiasScales {
  const scales = weights.map((w) => input * w)
  const wider = weights.slice()
  bias.forEach((b, i) => {
    const c = scales.length === 1 ? 0 : i
    const needed = Math.abs(b) / largestBias
    if (needed <= scales[c]!) return
    wider[c] = (wider[c]! * needed) / scales[c]!
    scales[c] = needed
  })
  return { bias: scales, weights: wider }
}

/** round-half-away(b * f32(1/s)), clamped to the symmetric range of the type. */
export function quantizedBias(bias: Float32Array, scales: Float32Array, type: 'i32' | 'i64'): Int32Array | BigInt64Array {
  const scaleOf = (i: number) => scales[scales.length === 1 ? 0 : i]!
  if (type === 'i64') return BigInt64Array.from(bias, (b, i) => BigInt(roundHalfAway(Math.fround(b * Math.fround(1 / scaleOf(i))))))
  const most = 2 ** 31 - 1
  return Int32Array.from(bias, (b, i) => clamp(roundHalfAway(Math.fround(b * Math.fround(1 / scaleOf(i)))), -most, most))
}
