import type { ConstData } from '../../core/bytes.ts'
import { typedView } from '../../core/dtype.ts'
import { numberToBf16, toHalfBits } from '../../core/half.ts'
import { bf16ToNumber, f16ToNumber } from '../../core/nd-array.ts'
import type { WeightBits } from '../../ops/spec.ts'
import { bounds, magnitudes } from './bounds.ts'
import type { Groups } from './groups.ts'
import { mseScales } from './mse.ts'
import { octavClipping } from './octav.ts'
import { recoveredScales, type Unrecovered, unrecovered } from './recover.ts'
import { roundHalfEven } from './round-half-even.ts'
import type { WeightScheme } from './scheme.ts'

/** real = scale * (q - zero point), one pair for each group. */
export interface Parameters {
  /** By which elements are divided. */
  readonly scales: Float32Array | Float64Array
  /** undefined: all 0. */
  readonly zeroPoints?: Int32Array
  readonly low: number
  readonly high: number
  /** Where halves go. */
  readonly ties: 'even' | 'away'
  /** What is stored, where that is not what elements are divided by. */
  readonly storedScales?: Float32Array
  /** Why elements are no integers on these scales, where that was asked for. */
  readonly unrecovered?: Unrecovered | undefined
}

/** A range of at most this width is widened to it: also that of all-zero channels. */
const smallestRange = 1e-6
const smallestBound = Math.fround(1e-9)
/** The least scale of a block: XNNPACK refuses a model with 0, which litert-quantizer stores for an all-zero block. */
const smallestHalf = 2 ** -24

/**
 * Symmetric int8 as TensorFlow's dynamic-range quantizer makes it: scale = 2m/254 in double, halves away from zero; undefined when an
 * element is NaN or infinite.
 */
export function tensorflowParameters(data: ConstData, groups: Groups): Parameters | undefined {
  const found = magnitudes(data, groups)
  if (!found) return undefined
  return { scales: Float64Array.from(found, (m) => Math.max(2 * m, smallestRange) / 254), low: -127, high: 127, ties: 'away' }
}

type Fit = Pick<WeightScheme, 'bits' | 'isSymmetric' | 'granularity' | 'algorithm' | 'isUnchecked'>

/** Scales and zero points of the groups by the algorithm of a scheme; undefined when an element is NaN or infinite. */
export function weightParameters(data: ConstData, groups: Groups, scheme: Fit): Parameters | undefined {
  return scheme.algorithm === 'min-max' ? minMaxParameters(data, groups, scheme) : fittedParameters(data, groups, scheme)
}

/**
 * Scales and zero points from the least and greatest elements, in float32, as litert-quantizer 0.11 has them: symmetric ones reach to
 * 2^(bits-1) - 1, and below 8 bits one further down; asymmetric ranges hold 0. Undefined when an element is NaN or infinite.
 */
function minMaxParameters(data: ConstData, groups: Groups, scheme: Fit): Parameters | undefined {
  const { bits, isSymmetric, granularity } = scheme
  if (isSymmetric) {
    const found = magnitudes(data, groups)
    return (
      found &&
      symmetricParameters(
        found.map((m) => Math.max(m, smallestBound)),
        bits,
        typeof granularity === 'number',
      )
    )
  }
  const found = bounds(data, groups)
  if (!found) return undefined
  const [low, high] = rangeOf(bits, false)
  const scales = new Float32Array(groups.count)
  const zeroPoints = new Int32Array(groups.count)
  for (let i = 0; i < groups.count; i++) {
    const least = Math.min(found.low[i]!, 0)
    const scale = Math.fround(Math.max(Math.fround(Math.max(found.high[i]!, 0) - least), smallestBound) / (high - low))
    scales[i] = scale
    zeroPoints[i] = roundHalfEven(Math.fround(low - Math.fround(least / scale)))
  }
  return { scales, zeroPoints, low, high, ties: 'even' }
}

/** The same by an algorithm that weighs errors; it reads the whole constant. */
function fittedParameters(data: ConstData, groups: Groups, scheme: Fit): Parameters | undefined {
  const { bits, granularity, algorithm } = scheme
  const found = magnitudes(data, groups)
  if (!found) return undefined
  const values = typedView('f32', data.bytes())
  if (algorithm === 'recover') return recoveredParameters(values, groups, scheme)
  if (algorithm === 'mse' && bits !== 2) {
    const [low, high] = rangeOf(bits, bits === 8)
    return { scales: mseScales(values, groups, bits), low, high, ties: 'even' }
  }
  const clipping = octavClipping(values, groups, bits)
  const clipped = found.map((m, g) => Math.min(Math.max(m, smallestBound), clipping[g]!))
  return symmetricParameters(clipped, bits, typeof granularity === 'number')
}

/** Scales that the elements were multiplied by; those of blocks are rounded in the file alone, as litert-quantizer 0.11 does. */
function recoveredParameters(values: Float32Array, groups: Groups, { bits, granularity, isUnchecked }: Fit): Parameters {
  const isBlockwise = typeof granularity === 'number'
  const found = recoveredScales(values, groups, granularity === 'per-tensor')
  const scales = isBlockwise ? found.map((s) => (s > smallestHalf / 2 ? s : smallestHalf)) : found
  const [low, high] = rangeOf(bits, bits >= 8)
  const parameters: Parameters = { scales, low, high, ties: 'even', ...(isBlockwise && { storedScales: scales.map(toHalf) }) }
  return isUnchecked ? parameters : { ...parameters, unrecovered: unrecovered(values, groups, parameters, bits) }
}

/** Scales for elements within a bound of each group. */
export function symmetricParameters(largest: Float32Array, bits: WeightBits, isBlockwise: boolean): Parameters {
  const most = 2 ** (bits - 1) - 1
  const exact = largest.map((m) => m / most)
  const scales = isBlockwise ? exact.map(toHalf) : exact
  const [low, high] = rangeOf(bits, bits >= 8)
  return { scales, low, high, ties: 'even' }
}

export function rangeOf(bits: WeightBits, isNarrow: boolean): readonly [low: number, high: number] {
  const half = 2 ** (bits - 1)
  return [isNarrow ? 1 - half : -half, half - 1]
}

/** A scale as a block has it. */
const toHalf = (scale: number): number => Math.max(smallestHalf, f16ToNumber(toHalfBits(bf16ToNumber(numberToBf16(scale)))))
