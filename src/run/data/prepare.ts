import { isInteger, typedView } from '../../core/dtype.ts'
import { type NdArray, ndArray, sizeOf, toFloat32 } from '../../core/nd-array.ts'
import type { Feeds, TensorInfo } from '../runner.ts'
import { inputMismatch, sampleShape, sampleValues } from './diagnostics.ts'
import { fitShape } from './fit-shape.ts'
import { convertColor, resizeBilinear } from './picture.ts'
import { type ColorOrder, normalize, type Preprocess } from './preprocess.ts'
import type { Sample } from './sample.ts'

/**
 * The feeds of one sample, each in the type and shape that the input takes, batch 1. A sample with one array fits a model
 * with one input whatever the names.
 * Throws `run/input-mismatch`, `run/sample-shape`, `run/sample-values`.
 */
export function prepareFeeds(sample: Sample, inputs: readonly TensorInfo[], preprocess: Preprocess): Feeds {
  const { arrays } = sample
  const [only] = arrays.values()
  if (arrays.size === 1 && inputs.length === 1 && only) {
    return new Map([[inputs[0]!.name, prepareInput(only, inputs[0]!, preprocess, sample.name)]])
  }
  const names = inputs.map((i) => i.name)
  if (arrays.size !== names.length || names.some((n) => !arrays.has(n))) throw inputMismatch(sample.name, names, [...arrays.keys()])
  return new Map(inputs.map((input) => [input.name, prepareInput(arrays.get(input.name)!, input, preprocess, sample.name)]))
}

/**
 * One array as the input takes it: pictures (u8 of `[H,W]` or `[H,W,C]`) in the size and color asked for, then
 * `(x - mean) / std` in float32, then quantized where the input is (round half away from zero, clamped).
 * Integer and bool inputs without quantization, token ids for example, take the values as they are.
 * `sample` names it in errors. Throws `run/sample-shape`, `run/sample-values`.
 */
export function prepareInput(array: NdArray, input: TensorInfo, preprocess: Preprocess, sample: string): NdArray {
  if (input.dtype !== 'f32' && input.dtype !== 'f16' && !input.quant) return passInteger(array, input, sample)
  const picture = asPicture(array)
  const sized = picture ? placePicture(picture, input, preprocess) : array
  const raw = toFloat32(sized)
  if (!raw) throw sampleValues(sample, input.name, 'numbers', sized.dtype)
  const channels = Math.max(preprocess.mean.length, preprocess.std.length)
  if (channels > 1 && sized.shape.at(-1) !== channels) {
    throw sampleValues(sample, input.name, `${channels} channels on the last axis, as mean and std have`, String(sized.shape.at(-1) ?? 1))
  }
  const normalized = { ...ndArray('f32', normalize(raw, preprocess)), shape: sized.shape }
  const laid = preprocess.layout === 'nchw' && normalized.shape.length === 3 ? toChannelsFirst(normalized) : normalized
  const shape = fitShape(laid.shape, input.shape)
  if (!shape) throw sampleShape(sample, input.name, input.shape, preprocess.size ? laid.shape : array.shape, picture !== undefined)
  return quantizeTo({ ...laid, shape }, input, sample)
}

function asPicture(array: NdArray): NdArray | undefined {
  const { dtype, shape } = array
  if (dtype !== 'u8') return undefined
  if (shape.length === 2) return { ...array, shape: [...shape, 1] }
  return shape.length === 3 && [1, 3, 4].includes(shape[2]!) ? array : undefined
}

function placePicture(picture: NdArray, input: TensorInfo, { size, color, layout }: Preprocess): NdArray {
  const colored = convertColor(
    picture,
    color ?? colorOf(input, layout) ?? ({ 1: 'gray', 3: 'rgb', 4: 'rgba' } as const)[picture.shape[2] as 1 | 3 | 4],
  )
  return size ? resizeBilinear(colored, size.height, size.width) : colored
}

/** The color order that an input of pictures has by its number of channels. */
function colorOf({ shape }: TensorInfo, layout: Preprocess['layout']): ColorOrder | undefined {
  if (shape.length < 3) return undefined
  const channels = shape[layout === 'nchw' ? shape.length - 3 : shape.length - 1]
  if (shape.length === 4) return channels === 1 ? 'gray' : channels === 3 ? 'rgb' : channels === 4 ? 'rgba' : undefined
  // [N,H,W] takes gray pictures without an axis for channels.
  return typeof shape[0] === 'string' || shape[0] === 1 ? 'gray' : undefined
}

function toChannelsFirst(array: NdArray): NdArray {
  const [h, w, c] = array.shape as [number, number, number]
  const source = toFloat32(array)!
  const out = new Float32Array(source.length)
  for (let i = 0; i < h * w; i++) for (let k = 0; k < c; k++) out[k * h * w + i] = source[i * c + k]!
  return ndArray('f32', out, [c, h, w])
}

const limits: Readonly<Record<string, readonly [number, number]>> = {
  i8: [-128, 127],
  u8: [0, 255],
  i16: [-32768, 32767],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  bool: [0, 1],
  u16: [0, 65535],
  u32: [0, 2 ** 32 - 1],
}

function quantizeTo(real: NdArray, input: TensorInfo, sample: string): NdArray {
  const { dtype, quant } = input
  if (dtype === 'f32') return real
  const range = limits[dtype]
  if (quant?.kind !== 'per-tensor' || !range || (dtype !== 'i8' && dtype !== 'u8' && dtype !== 'i16')) {
    throw sampleValues(sample, input.name, `values of type ${dtype}`, 'real numbers')
  }
  const out = dtype === 'i8' ? new Int8Array(sizeOf(real)) : dtype === 'u8' ? new Uint8Array(sizeOf(real)) : new Int16Array(sizeOf(real))
  for (const [i, x] of toFloat32(real)!.entries()) {
    const scaled = Math.fround(x / quant.scale)
    const rounded = Math.sign(scaled) * Math.round(Math.abs(scaled)) + quant.zeroPoint
    out[i] = Math.min(range[1], Math.max(range[0], rounded))
  }
  return ndArray(dtype, out, real.shape)
}

function passInteger(array: NdArray, input: TensorInfo, sample: string): NdArray {
  const { dtype } = input
  const shape = fitShape(array.shape, input.shape)
  if (!shape) throw sampleShape(sample, input.name, input.shape, array.shape, false)
  if (array.dtype === dtype) return { ...array, shape }
  const range = limits[dtype]
  if ((!isInteger(array.dtype) && array.dtype !== 'bool') || (!range && dtype !== 'i64')) {
    throw sampleValues(sample, input.name, `values of type ${dtype}`, array.dtype)
  }
  const isWide = array.dtype === 'i64' || array.dtype === 'u64'
  const values = isWide ? Array.from(typedView(array.dtype as 'i64', array.bytes), Number) : Array.from(toFloat64(array))
  const bad = range && values.find((v) => v < range[0] || v > range[1])
  if (bad !== undefined) throw sampleValues(sample, input.name, `values of type ${dtype}`, String(bad))
  if (dtype === 'i64') return ndArray('i64', BigInt64Array.from(values, BigInt), shape)
  const made = { i8: Int8Array, u8: Uint8Array, bool: Uint8Array, i16: Int16Array, u16: Uint16Array, i32: Int32Array, u32: Uint32Array }[
    dtype as 'i32'
  ].from(values)
  return ndArray(dtype as 'i32', made, shape)
}

function toFloat64(array: NdArray): ArrayLike<number> & Iterable<number> {
  return typedView(array.dtype as 'i32', array.bytes)
}

/** Feeds of several samples as one batch, along the first axis; they have equal names, types and shapes. */
export function stackFeeds(feeds: readonly Feeds[]): Feeds {
  const [first] = feeds
  if (!first || feeds.length === 1) return first ?? new Map()
  return new Map(
    Array.from(first, ([name, { dtype, shape }]) => {
      const parts = feeds.map((f) => f.get(name)!.bytes)
      const bytes = new Uint8Array(parts.reduce((n, p) => n + p.byteLength, 0))
      let at = 0
      for (const part of parts) {
        bytes.set(part, at)
        at += part.byteLength
      }
      const batch = feeds.reduce((n, f) => n + (f.get(name)!.shape[0] ?? 1), 0)
      return [name, { dtype, shape: [batch, ...shape.slice(1)], bytes }]
    }),
  )
}
