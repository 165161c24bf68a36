import type { ConversionInfo, OperatorInfo, OptionValue, QuantizationInfo, TensorInfo, ValueRange } from './types.ts'

/*
 * How numbers, shapes and ranges are written for people; the same in the terminal and on pages, whatever the locale.
 */

/** `86,096` */
export function formatCount(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',')
}

/** `3.72x` */
export function formatRatio(ratio: number): string {
  return `${ratio.toFixed(ratio < 10 ? 2 : 1)}x`
}

/** How many times as large something was: `3.72x smaller`, `1.05x larger`, `as large`. */
export function formatSizeRatio(ratio: number): string {
  if (ratio === 1) return 'as large'
  return ratio >= 1 ? `${formatRatio(ratio)} smaller` : `${formatRatio(1 / ratio)} larger`
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB']

/** `84.1 KiB` */
export function formatBytes(n: number): string {
  return scaled(n, 1024, byteUnits)
}

const countUnits = ['', 'K', 'M', 'G', 'T']

/** `79.4K`, for parameters and multiply-accumulates. */
export function formatAmount(n: number): string {
  return scaled(n, 1000, countUnits)
}

function scaled(n: number, step: number, units: readonly string[]): string {
  let unit = 0
  let value = n
  while (value >= step * 0.9995 && unit < units.length - 1) {
    value /= step
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  const separator = step === 1024 ? ' ' : ''
  return `${value.toFixed(digits)}${separator}${units[unit]}`
}

/** At most six digits: `0.00392157`, `9.47642e-6`. */
export function formatReal(x: number): string {
  if (!Number.isFinite(x) || x === 0 || (Number.isInteger(x) && Math.abs(x) < 1e6)) return String(x)
  const rounded = Number(x.toPrecision(6))
  return Math.abs(rounded) < 1e-3 ? rounded.toExponential() : String(rounded)
}

/** `[-1,28,28,1]`, `scalar`. */
export function formatTensorShape(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : `[${shape.join(',')}]`
}

/** `0 to 1`, `at least 0`; undefined without a range. */
export function formatRange(range: ValueRange | null): string | undefined {
  if (!range || (range.min === null && range.max === null)) return undefined
  if (range.min === null) return `at most ${formatReal(range.max!)}`
  if (range.max === null) return `at least ${formatReal(range.min)}`
  return `${formatReal(range.min)} to ${formatReal(range.max)}`
}

/** Why the range is known. */
export function rangeReason({ source }: ValueRange): string {
  if (source === 'file') return 'stored in the file'
  if (source === 'quantization') return 'by its quantization'
  if (source === 'quantized-input') return 'the range it is quantized to'
  if (source === 'preprocess') return 'by the preprocessing'
  return source === 'dtype' ? 'by its type' : `by ${source}`
}

/** `0.00392157 × (q + 128)`, `per axis 0, 100 scales 0.0011 to 0.0063`; undefined when not quantized. */
export function formatQuantization(q: QuantizationInfo | null): string | undefined {
  if (!q) return undefined
  const { granularity, scales, zeroPoints, axis } = q
  if (granularity === 'per-tensor') return `${formatReal(scales[0]!)} × ${formatOffset(zeroPoints[0] ?? 0)}`
  if (granularity === 'per-axis') {
    return `per axis ${axis}, ${scales.length} scales ${formatSpan(scales)}${zeroPoints.some((z) => z !== 0) ? `, zero points ${formatSpan(zeroPoints)}` : ''}`
  }
  if (granularity === 'range') return `stored range ${formatSpan([...q.min.slice(0, 1), ...q.max.slice(0, 1)])}`
  if (granularity === 'custom') return 'custom'
  return `${granularity}${q.blockSize ? `, blocks of ${q.blockSize}` : ''}${q.scalesTensor === null ? '' : `, scales in tensor ${q.scalesTensor}`}`
}

function formatOffset(zeroPoint: number): string {
  return zeroPoint === 0 ? 'q' : `(q ${zeroPoint < 0 ? '+' : '−'} ${Math.abs(zeroPoint)})`
}

function formatSpan(values: readonly number[]): string {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const v of values) {
    if (v < min) min = v
    if (v > max) max = v
  }
  return min === max ? formatReal(min) : `${formatReal(min)} to ${formatReal(max)}`
}

/** `float32 [-1,28,28,1]` */
export function formatTensorType(t: Pick<TensorInfo, 'dtype' | 'shapeSignature'>): string {
  return `${t.dtype} ${formatTensorShape(t.shapeSignature)}`
}

/** `[0, none, 4]`: absent operands are named as such. */
export function formatTensorList(list: readonly (number | null)[]): string {
  return list.map((t) => (t === null ? 'none' : String(t))).join(' ')
}

/** Values that nearly every operator has, and that change nothing. */
const usualOptions: Readonly<Record<string, string>> = {
  fusedActivationFunction: 'NONE',
  weightsFormat: 'DEFAULT',
  quantizedBiasType: 'FLOAT32',
  dilationWFactor: '1',
  dilationHFactor: '1',
  potScaleInt16: 'true',
}

export interface ListedOption {
  readonly name: string
  readonly value: string
  /** Off, none, or the value that nearly every operator has. */
  readonly isUsual: boolean
}

/** Options in the order of the schema; empty lists are left out. */
export function listOptions(options: OperatorInfo['options']): ListedOption[] {
  return Object.entries(options).flatMap(([name, plain]) => {
    if (Array.isArray(plain) && plain.length === 0) return []
    const value = formatOption(plain)
    return [{ name, value, isUsual: value === 'false' || usualOptions[name] === value }]
  })
}

function formatOption(value: OptionValue): string {
  if (typeof value === 'number') return formatReal(value)
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return `[${value.map(formatOption).join(',')}]`
  return JSON.stringify(value)
}

/** `TensorFlow 2.21.0`: other converters give their own name where TensorFlow writes its version. */
export function converterName({ converterVersion: version }: ConversionInfo): string {
  if (version === '') return 'an unknown converter'
  return /^\d/.test(version) ? `TensorFlow ${version}` : version
}

/** Names come from files: what a terminal would obey is written as an escape, long names lose their middle. */
export function printable(text: string, maxLength = Number.POSITIVE_INFINITY): string {
  // Control characters of ASCII and Latin-1, and those that reorder or hide text.
  const safe = /^[ -~]*$/.test(text)
    ? text
    : text.replace(/[\0-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, (c) => {
        return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
      })
  if (safe.length <= maxLength) return safe
  const head = Math.ceil((maxLength - 1) * 0.4)
  return `${safe.slice(0, head)}…${safe.slice(safe.length - (maxLength - 1 - head))}`
}
