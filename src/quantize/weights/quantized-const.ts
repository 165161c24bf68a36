import { type ConstData, constFromBytes } from '../../core/bytes.ts'
import type { DType } from '../../core/dtype.ts'
import type { QuantParams, TensorType, Value } from '../../ir/types.ts'
import type { WeightBits } from '../../ops/spec.ts'
import { encoded, packedCodes } from './encode.ts'
import { groupsOf } from './groups.ts'
import { type Parameters, tensorflowParameters, weightParameters } from './parameters.ts'
import { type Rounding, roundedBySamples } from './rounded-layer.ts'
import type { Granularity, WeightScheme } from './scheme.ts'

export interface QuantizedConst extends Pick<Parameters, 'unrecovered'> {
  readonly type: TensorType
  readonly data: ConstData
}

const dtypes: Readonly<Record<WeightBits, DType>> = { 2: 'i2', 4: 'i4', 8: 'i8' }

/**
 * An f32 constant as integers under a scheme, scales along `axis`. Scales are found in one pass over its pieces, elements are computed when
 * they are written. Undefined when an element is NaN or infinite.
 */
export function quantizedConst(value: Value, scheme: WeightScheme, axis: number | null): QuantizedConst | undefined {
  const groups = groupsOf(value.type.shape as readonly number[], axis, scheme.granularity)
  return finish(value, weightParameters(value.data!, groups, scheme), scheme.bits, axis, scheme.granularity)
}

/** The same with integers that samples choose on the scales of min-max, where they can; see `roundedBySamples`. */
export function sampledConst(
  value: Value,
  scheme: WeightScheme,
  axis: number | null,
  rounding: Rounding,
): (QuantizedConst & Pick<ReturnType<typeof roundedBySamples>, 'how'>) | undefined {
  const groups = groupsOf(value.type.shape as readonly number[], axis, scheme.granularity)
  const parameters = weightParameters(value.data!, groups, { ...scheme, algorithm: 'min-max' })
  const nearest = finish(value, parameters, scheme.bits, axis, scheme.granularity)
  if (!nearest || !parameters) return undefined
  const { codes, how } = roundedBySamples(value.data!, groups, parameters, rounding)
  return { type: nearest.type, data: codes ? constFromBytes(packedCodes(codes, scheme.bits)) : nearest.data, how }
}

/** The same with the numbers of TensorFlow's dynamic-range quantizer. */
export function tensorflowConst(value: Value, axis: number | null): QuantizedConst | undefined {
  const groups = groupsOf(value.type.shape as readonly number[], axis, 'per-axis')
  return finish(value, tensorflowParameters(value.data!, groups), 8, axis, 'per-axis')
}

function finish(
  value: Value,
  parameters: Parameters | undefined,
  ...how: readonly [bits: WeightBits, axis: number | null, granularity: Granularity]
): QuantizedConst | undefined {
  return parameters && storedOn(value, parameters, ...how)
}

/** An f32 constant on steps that are known. */
export function storedOn(
  value: Value,
  parameters: Parameters,
  bits: WeightBits,
  axis: number | null,
  granularity: Granularity,
): QuantizedConst {
  const { shape } = value.type
  const groups = groupsOf(shape as readonly number[], axis, granularity)
  const type: TensorType = { dtype: dtypes[bits], shape, quant: paramsOf(parameters, axis, granularity) }
  return { type, data: encoded(value.data!, groups, parameters, bits), unrecovered: parameters.unrecovered }
}

function paramsOf(parameters: Parameters, axis: number | null, granularity: Granularity): QuantParams {
  const { zeroPoints } = parameters
  const scales = parameters.storedScales ?? parameters.scales
  if (axis === null) return { kind: 'per-tensor', scale: Math.fround(scales[0]!), zeroPoint: zeroPoints?.[0] ?? 0 }
  const stored = scales instanceof Float32Array ? scales : Float32Array.from(scales)
  if (typeof granularity === 'number') return { kind: 'blockwise', axis, blockSize: granularity, scales: stored }
  return { kind: 'per-axis', axis, scales: stored, zeroPoints: zeroPoints ?? new Int32Array(stored.length) }
}
