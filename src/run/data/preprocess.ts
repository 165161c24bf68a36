import { nearest } from '../../core/diagnostics.ts'
import { badPreprocessValue, unknownPreprocessKey } from './diagnostics.ts'
import { type ResizeFilter, resizeFilters } from './resize.ts'

export type ColorOrder = 'gray' | 'rgb' | 'bgr' | 'rgba'
type Layout = 'nhwc' | 'nchw'
type PixelType = 'float32' | 'uint8'

interface Extent {
  readonly height: number
  readonly width: number
}

/**
 * How raw samples become what the model takes: `real = (x - mean) / std`, in float32, after pictures are brought to size and color.
 * One record for calibration, running, comparing and the code that runs on the device.
 */
export interface Preprocess {
  /** One value, or one for each channel in the order of `color`. Default 0. */
  readonly mean: readonly number[]
  /** One value, or one for each channel; never 0. Default 1. */
  readonly std: readonly number[]
  /** Pictures are scaled to this; without it they must have the size of the model's input. */
  readonly size?: Extent | undefined
  /** How they are scaled. Default bilinear. */
  readonly filter?: ResizeFilter | undefined
  /** Their middle, cut out after they are scaled. Default: all of them. */
  readonly crop?: Extent | undefined
  /** What scaled pixels are before they are normalized: fractions, or rounded to 0..255 as picture editors leave them. Default float32. */
  readonly dtype?: PixelType | undefined
  /** Channels of pictures. Default: those the model's input has, 1 gray, 3 rgb, 4 rgba. */
  readonly color?: ColorOrder | undefined
  /** Axis order of the model's input. Default nhwc. */
  readonly layout: Layout
}

export const noPreprocess: Preprocess = { mean: [0], std: [1], layout: 'nhwc' }

const colors: readonly ColorOrder[] = ['gray', 'rgb', 'bgr', 'rgba']
const layouts: readonly Layout[] = ['nhwc', 'nchw']
const pixelTypes: readonly PixelType[] = ['float32', 'uint8']
const keys = ['mean', 'std', 'size', 'filter', 'crop', 'color', 'layout', 'dtype'] as const
const maxSize = 16_384

/**
 * Parses `mean=0,std=255,size=256,filter=bicubic,crop=224,color=rgb,layout=nhwc,dtype=uint8`; values for each channel are joined by `:`,
 * `size` and `crop` are HEIGHTxWIDTH or one number.
 * Throws `run/unknown-preprocess-key`, `run/bad-preprocess-value`.
 */
export function parsePreprocess(text: string): Preprocess {
  let result = noPreprocess
  const seen = new Set<string>()
  for (const part of text.split(',')) {
    if (part.trim() === '') continue
    const [rawKey = '', ...rest] = part.split('=')
    const key = rawKey.trim()
    const value = rest.join('=').trim()
    const known = keys.find((k) => k === key)
    if (known === undefined) throw unknownPreprocessKey(key, keys)
    if (seen.has(key)) throw badPreprocessValue(key, 'each key once', value)
    seen.add(key)
    result = { ...result, ...parseValue(known, value) }
  }
  const channels = Math.max(result.mean.length, result.std.length)
  if (channels > 1 && Math.min(result.mean.length, result.std.length) !== 1 && result.mean.length !== result.std.length) {
    throw badPreprocessValue('std', `${result.mean.length} values, as many as mean`, result.std.join(':'))
  }
  return result
}

function parseValue(key: (typeof keys)[number], value: string): Partial<Preprocess> {
  switch (key) {
    case 'mean':
      return { mean: numbers(key, value) }
    case 'std': {
      const std = numbers(key, value)
      if (std.some((v) => Math.fround(v) === 0)) throw badPreprocessValue(key, 'numbers other than 0', value)
      return { std }
    }
    case 'size':
      return { size: parseExtent(key, value) }
    case 'filter':
      return { filter: oneOf(key, resizeFilters, value) }
    case 'crop':
      return { crop: parseExtent(key, value) }
    case 'color':
      return { color: oneOf(key, colors, value) }
    case 'layout':
      return { layout: oneOf(key, layouts, value) }
    case 'dtype':
      return { dtype: oneOf(key, pixelTypes, value) }
  }
}

function numbers(key: string, value: string): number[] {
  const items = value.split(':').map((v) => v.trim())
  const parsed = items.map(Number)
  const isGood = items.length <= 4 && items.every((v) => v !== '') && parsed.every((v) => Number.isFinite(Math.fround(v)))
  if (!isGood) throw badPreprocessValue(key, 'a number, or up to 4 joined by ":"', value)
  return parsed
}

function parseExtent(key: string, value: string): Extent {
  const [height, width = height] = value.split('x').map((v) => (/^\d+$/.test(v) ? Number(v) : Number.NaN))
  const isGood = value.split('x').length <= 2 && [height, width].every((v) => v !== undefined && v >= 1 && v <= maxSize)
  if (!isGood) throw badPreprocessValue(key, `HEIGHTxWIDTH, each from 1 to ${maxSize}`, value)
  return { height: height!, width: width! }
}

function oneOf<T extends string>(key: string, known: readonly T[], value: string): T {
  const found = known.find((k) => k === value)
  if (found !== undefined) return found
  const near = nearest(value, known)
  throw badPreprocessValue(key, known.join(', ') + (near === undefined ? '' : ` (did you mean ${near}?)`), value)
}

/** The record as `parsePreprocess` takes it; defaults are left out, `mean=0,std=1` excepted. */
export function formatPreprocess(p: Preprocess): string {
  return [
    `mean=${p.mean.join(':')}`,
    `std=${p.std.join(':')}`,
    ...(p.size ? [`size=${p.size.height}x${p.size.width}`] : []),
    ...(p.filter && p.filter !== 'bilinear' ? [`filter=${p.filter}`] : []),
    ...(p.crop ? [`crop=${p.crop.height}x${p.crop.width}`] : []),
    ...(p.color ? [`color=${p.color}`] : []),
    ...(p.layout === 'nhwc' ? [] : [`layout=${p.layout}`]),
    ...(p.dtype === 'uint8' ? ['dtype=uint8'] : []),
  ].join(',')
}

/**
 * `(x - mean) / std` of each element in float32, each step rounded; with several values the last axis has the channels.
 * `values` is not changed, and the result where there is nothing to do.
 */
export function normalize(values: Float32Array, { mean, std }: Preprocess): Float32Array {
  const means = Float32Array.from(mean)
  const stds = Float32Array.from(std)
  if (means.every((m) => m === 0) && stds.every((s) => s === 1)) return values
  const out = new Float32Array(values.length)
  if (means.length === 1 && stds.length === 1) {
    const m = means[0]!
    const s = stds[0]!
    for (let i = 0; i < out.length; i++) out[i] = Math.fround(values[i]! - m) / s
    return out
  }
  const channels = Math.max(means.length, stds.length)
  for (let i = 0; i < out.length; i++) {
    const c = i % channels
    out[i] = Math.fround(values[i]! - means[means.length === 1 ? 0 : c]!) / stds[stds.length === 1 ? 0 : c]!
  }
  return out
}
