import type { OperatorInfo, OptionValue, QuantizationInfo, TensorInfo, ValueRange } from './types.ts'

type Bounds = readonly [min: number | null, max: number | null]
type RangedTensor = Pick<TensorInfo, 'dtype' | 'quantization'>

/** How pixels or samples become the model's input: (x - mean) / std, x from 0 to 255. */
export interface Preprocess {
  /** One for all channels, or one for each. */
  readonly mean: number | readonly number[]
  readonly std: number | readonly number[]
}

/** Codes of quantized types; wider ones carry biases, which have no range of their own. */
const codes: Readonly<Record<string, Bounds>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  int4: [-8, 7],
  uint4: [0, 15],
}

/** Results that cannot leave a range, whatever the operands. */
const resultBounds: Readonly<Record<string, Bounds>> = {
  SOFTMAX: [0, 1],
  LOGISTIC: [0, 1],
  STABLEHLO_LOGISTIC: [0, 1],
  TANH: [-1, 1],
  STABLEHLO_TANH: [-1, 1],
  SIN: [-1, 1],
  COS: [-1, 1],
  L2_NORMALIZATION: [-1, 1],
  RELU: [0, null],
  RELU6: [0, 6],
  RELU_N1_TO_1: [-1, 1],
  RELU_0_TO_1: [0, 1],
  ELU: [-1, null],
  LOG_SOFTMAX: [null, 0],
  EXP: [0, null],
  SQRT: [0, null],
  RSQRT: [0, null],
  SQUARE: [0, null],
  SQUARED_DIFFERENCE: [0, null],
  ABS: [0, null],
  ONE_HOT: [0, 1],
}
const fusedBounds: Readonly<Record<string, Bounds>> = { RELU: [0, null], RELU6: [0, 6], RELU_N1_TO_1: [-1, 1], TANH: [-1, 1] }
/** Ops whose results are elements, averages or extremes of their first operand. */
const keepsRange = new Set(
  (
    'RESHAPE SQUEEZE EXPAND_DIMS TRANSPOSE SLICE STRIDED_SLICE GATHER GATHER_ND SPLIT_V UNPACK TILE BROADCAST_TO REVERSE_V2 SPACE_TO_DEPTH ' +
    'DEPTH_TO_SPACE MAX_POOL_2D AVERAGE_POOL_2D MEAN REDUCE_MAX REDUCE_MIN QUANTIZE DEQUANTIZE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR'
  ).split(' '),
)

/** Range of a tensor by itself: as stored, by its quantization, or because it is boolean. */
export function ownRange({ dtype, quantization }: RangedTensor): ValueRange | null {
  if (dtype === 'bool') return { min: 0, max: 1, source: 'dtype' }
  if (!quantization) return null
  const { min, max } = quantization
  if (min.length > 0 && max.length > 0) return { min: Math.min(...firstMany(min)), max: Math.max(...firstMany(max)), source: 'file' }
  return codeRange(dtype, quantization)
}

/** Rounded to seven digits, as scales are float32. */
function codeRange(dtype: string, { granularity, scales, zeroPoints }: QuantizationInfo): ValueRange | null {
  const code = codes[dtype]
  const scale = scales[0]
  if (!code || granularity !== 'per-tensor' || scale === undefined) return null
  const real = (q: number) => Number((scale * (q - (zeroPoints[0] ?? 0))).toPrecision(7))
  return { min: real(code[0]!), max: real(code[1]!), source: 'quantization' }
}

/** Range of what an operator makes, from its op and the ranges of its operands. */
export function resultRange(op: string, options: OperatorInfo['options'], operands: readonly (ValueRange | null)[]): ValueRange | null {
  const fused = optionText(options.fusedActivationFunction)
  const bounds = resultBounds[op] ?? (fused === undefined ? undefined : fusedBounds[fused])
  if (bounds) return { min: bounds[0], max: bounds[1], source: resultBounds[op] ? op : fused! }
  if (keepsRange.has(op)) return operands[0] ?? null
  if (op === 'CONCATENATION' || op === 'PACK') return union(operands)
  return null
}

/** Range of an input that is fed with preprocessed bytes. Per-channel means and deviations give the widest. */
export function preprocessedRange({ mean, std }: Preprocess): ValueRange {
  const means = typeof mean === 'number' ? [mean] : mean
  const stds = typeof std === 'number' ? [std] : std
  const ends = Array.from({ length: Math.max(means.length, stds.length) }, (_, c) => {
    const [m, s] = [means[c % means.length]!, stds[c % stds.length]!]
    return [(0 - m) / s, (255 - m) / s] as const
  })
  return { min: Math.min(...ends.map(([a]) => a)), max: Math.max(...ends.map(([, b]) => b)), source: 'preprocess' }
}

function union(ranges: readonly (ValueRange | null)[]): ValueRange | null {
  const [first] = ranges
  if (!first || ranges.some((r) => r === null)) return null
  const all = ranges as readonly ValueRange[]
  const min = all.some((r) => r.min === null) ? null : Math.min(...all.map((r) => r.min!))
  const max = all.some((r) => r.max === null) ? null : Math.max(...all.map((r) => r.max!))
  return { min, max, source: first.source }
}

function optionText(value: OptionValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** Spread arguments are limited; ranges per channel beyond this are not written by any converter. */
function firstMany(list: readonly number[]): readonly number[] {
  return list.slice(0, 10_000)
}
