import { typedView } from '../../core/dtype.ts'
import { type NdArray, ndArray, toFloat32 } from '../../core/nd-array.ts'
import { fitFeed } from '../quantized-values.ts'
import type { Feeds, TensorInfo } from '../runner.ts'
import { inputMismatch, pictureTooSmall, sampleShape, sampleValues } from './diagnostics.ts'
import { fitShape } from './fit-shape.ts'
import { convertColor, cropCenter } from './picture.ts'
import { type ColorOrder, normalize, type Preprocess } from './preprocess.ts'
import { checkPreprocessing, type Preprocessing, preprocessOfInput } from './preprocessing.ts'
import { resizePicture } from './resize.ts'
import type { Sample } from './sample.ts'

/**
 * The feeds of one sample, each in the type and shape that the input takes, batch 1. A sample with one array fits a model
 * with one input whatever the names; so do the numbers of several columns, in their order.
 * Throws `run/input-mismatch`, `run/unknown-preprocess-input` and what `prepareInput` throws.
 */
export function prepareFeeds(sample: Sample, inputs: readonly TensorInfo[], preprocessing: Preprocessing): Feeds {
  const { arrays } = sample
  const [only] = arrays.values()
  const names = inputs.map((i) => i.name)
  checkPreprocessing(preprocessing, names)
  const prepare = (input: TensorInfo, array: NdArray): [string, NdArray] => [
    input.name,
    prepareInput(array, input, preprocessOfInput(preprocessing, input.name), sample.name),
  ]
  if (arrays.size === 1 && inputs.length === 1 && only) return new Map([prepare(inputs[0]!, only)])
  const columns = inputs.length === 1 && !arrays.has(names[0]!) ? joinNumbers(arrays) : undefined
  if (columns) return new Map([prepare(inputs[0]!, columns)])
  if (arrays.size !== names.length || names.some((n) => !arrays.has(n))) throw inputMismatch(sample.name, names, [...arrays.keys()])
  return new Map(inputs.map((input) => prepare(input, arrays.get(input.name)!)))
}

/** Several arrays of one f64 number each, as the columns of a table are, as one. */
function joinNumbers(arrays: Sample['arrays']): NdArray | undefined {
  const columns = [...arrays.values()]
  if (columns.length < 2 || !columns.every((a) => a.shape.length === 0 && a.dtype === 'f64')) return undefined
  return ndArray(
    'f64',
    Float64Array.from(columns, (a) => typedView('f64', a.bytes)[0]!),
  )
}

/**
 * One array as the input takes it: pictures (u8 of `[H,W]` or `[H,W,C]`) in the color, size and crop asked for, then
 * `(x - mean) / std` in float32, then quantized where the input is (`fitFeed`).
 * Integer and bool inputs without quantization, token ids for example, take the values as they are.
 * `sample` names it in errors. Throws `run/sample-shape`, `run/picture-too-small`, `run/sample-values`, `run/wrong-dtype`, `run/invalid-value`.
 */
export function prepareInput(array: NdArray, input: TensorInfo, preprocess: Preprocess, sample: string): NdArray {
  const takesReal = input.dtype === 'f32' || input.quant !== undefined
  const picture = takesReal ? asPicture(array) : undefined
  const sized = picture ? placePicture(picture, input, preprocess, sample) : array
  const value = takesReal ? arrange(sized, input, preprocess, sample) : sized
  const shape = fitShape(value.shape, input.shape)
  if (!shape)
    throw sampleShape(
      sample,
      input.name,
      input.shape,
      preprocess.size || preprocess.crop ? value.shape : array.shape,
      picture !== undefined,
    )
  return fitFeed(sample, { ...value, shape }, input)
}

/** Normalized values in the axis order of the input. */
function arrange(array: NdArray, input: TensorInfo, preprocess: Preprocess, sample: string): NdArray {
  const raw = toFloat32(array)
  if (!raw) throw sampleValues(sample, input.name, 'numbers', array.dtype)
  const channels = Math.max(preprocess.mean.length, preprocess.std.length)
  if (channels > 1 && array.shape.at(-1) !== channels) {
    throw sampleValues(sample, input.name, `${channels} channels on the last axis, as mean and std have`, String(array.shape.at(-1) ?? 1))
  }
  const normalized = ndArray('f32', normalize(raw, preprocess), array.shape)
  return preprocess.layout === 'nchw' && array.shape.length === 3 ? toChannelsFirst(normalized) : normalized
}

function asPicture(array: NdArray): NdArray | undefined {
  const { dtype, shape } = array
  if (dtype !== 'u8') return undefined
  if (shape.length === 2) return { ...array, shape: [...shape, 1] }
  return shape.length === 3 && [1, 3, 4].includes(shape[2]!) ? array : undefined
}

function placePicture(picture: NdArray, input: TensorInfo, preprocess: Preprocess, sample: string): NdArray {
  const { size, filter, crop, color, layout } = preprocess
  const colored = convertColor(
    picture,
    color ?? colorOf(input, layout) ?? ({ 1: 'gray', 3: 'rgb', 4: 'rgba' } as const)[picture.shape[2] as 1 | 3 | 4],
  )
  const scaled = size ? resizePicture(colored, size.height, size.width, filter ?? 'bilinear') : colored
  const [h, w] = scaled.shape as [number, number, number]
  if (crop && (crop.height > h || crop.width > w)) throw pictureTooSmall(sample, crop, [h, w])
  const cropped = crop ? cropCenter(scaled, crop.height, crop.width) : scaled
  return preprocess.dtype === 'uint8' && cropped.dtype === 'f32' ? toPixels(cropped) : cropped
}

/** Whole numbers from 0 to 255, halves up. */
function toPixels(array: NdArray): NdArray {
  const pixels = Uint8Array.from(toFloat32(array)!, (x) => Math.min(255, Math.max(0, Math.floor(x + 0.5))))
  return { ...ndArray('u8', pixels), shape: array.shape }
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
