import type { tensorTable } from '../schema/tflite/tensor.ts'
import type { RecordOf } from '../wire/flatbuffers/schema.ts'
import type { QuantizationInfo } from './types.ts'

type QuantizationRecord = NonNullable<RecordOf<typeof tensorTable>['quantization']>

/** Quantization as stored; null when the record is there but says nothing. */
export function describeQuantization(record: QuantizationRecord | undefined): QuantizationInfo | null {
  if (!record) return null
  const { scale, zeroPoint, min, max, quantizedDimension, details } = record
  const common = {
    scales: Array.from(scale),
    zeroPoints: Array.from(zeroPoint, Number),
    min: Array.from(min),
    max: Array.from(max),
    axis: null,
    blockSize: null,
    scalesTensor: null,
  }
  if (details?.type === 'BlockwiseQuantization' || details?.type === 'MultiAxisQuantization') {
    const granularity = details.type === 'BlockwiseQuantization' ? ('blockwise' as const) : ('multi-axis' as const)
    return { ...common, granularity, axis: quantizedDimension, blockSize: details.value.blockSize, scalesTensor: details.value.scales }
  }
  if (details) return { ...common, granularity: 'custom' }
  if (scale.length > 1) return { ...common, granularity: 'per-axis', axis: quantizedDimension }
  if (scale.length === 1) return { ...common, granularity: 'per-tensor' }
  return min.length > 0 || max.length > 0 ? { ...common, granularity: 'range' } : null
}
