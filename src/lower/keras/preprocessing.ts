import { isJsonObject, type Json, member } from '../../core/json.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'
import { expandDims, squeezeDim, toF32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import { SourceOp } from '../source-op.ts'
import { fixTheShape, type KerasOp, layer } from './keras-op.ts'
import { resizeSmoothly, resizeTo } from './resize.ts'

/** A scalar, or one number for each channel. */
function factor(k: KerasOp, b: OpBuilder, name: string, def: number): Value {
  const v: Json = k.config(name) ?? def
  const list = (Array.isArray(v) ? v : [v]) as readonly Json[]
  if (!list.every((n) => typeof n === 'number')) throw k.bad(name, 'a number or a list of numbers', v)
  const shape = !Array.isArray(v)
    ? []
    : k.isChannelsFirst && k.rank > 2
      ? [list.length, ...new Array<number>(k.rank - 2).fill(1)]
      : [list.length]
  return b.f32((list as number[]).map(Math.fround), shape)
}

/** x * scale + offset. */
function rescaling(k: KerasOp, b: OpBuilder): Value {
  return b.op(op.add, [b.op(op.mul, [k.f32, factor(k, b, 'scale', 1)]), factor(k, b, 'offset', 0)])
}

/** Pictures with or without a batch as a batch, channels last. */
export function pictures(k: KerasOp, b: OpBuilder, x: Value, work: (x: Value) => Value): Value {
  if (x.type.shape.length === 3) return squeezeDim(b, pictures(k, b, expandDims(b, x, 0), work), 0)
  return k.channelsLast(x, work)
}

function knownSize(k: KerasOp, x: Value): [number, number] {
  const [, h, w] = x.type.shape
  return typeof h === 'number' && typeof w === 'number' ? [h, w] : k.reject('the picture size must be known', fixTheShape)
}

function cut(b: OpBuilder, x: Value, [top, left]: readonly [number, number], [h, w]: readonly [number, number]): Value {
  return b.op(op.slice, [x, b.i32([0, top, left, 0]), b.i32([-1, h, w, -1])])
}

/** The largest part in the middle with the aspect ratio of the target, its sizes cut down to whole pixels. */
function cropToAspect(b: OpBuilder, x: Value, [h, w]: readonly [number, number], [th, tw]: readonly [number, number]): Value {
  const ch = Math.max(Math.min(h, Math.trunc(Math.fround(w * th) / tw)), 1)
  const cw = Math.max(Math.min(w, Math.trunc(Math.fround(h * tw) / th)), 1)
  return cut(b, x, [Math.trunc((h - ch) / 2), Math.trunc((w - cw) / 2)], [ch, cw])
}

/** Equal borders of `fill_value` on both sides that give the picture nearly the aspect ratio of the target, as Keras rounds them. */
function padToAspect(k: KerasOp, b: OpBuilder, x: Value, [h, w]: readonly [number, number], [th, tw]: readonly [number, number]): Value {
  const ph = Math.max(h, Math.trunc(Math.fround(w * th) / tw))
  const pw = Math.max(w, Math.trunc(Math.fround(h * tw) / th))
  const [top, left] = [Math.trunc((ph - h) / 2), Math.trunc((pw - w) / 2)]
  const pads = b.i32([0, 0, top, top, left, left, 0, 0], [4, 2])
  return b.op(op.padv2, [x, pads, b.f32([Math.fround(k.num('fill_value', 0))])])
}

/** Resizing to the target, as the options on aspect ratio and antialias say. */
export function resizedTo(k: KerasOp, b: OpBuilder, pictured: Value, size: readonly [number, number]): Value {
  if (!size.every((n) => Number.isInteger(n) && n > 0)) throw k.bad('height', 'a positive size', k.config('height'))
  const mode = k.text('interpolation', 'bilinear').toLowerCase()
  return pictures(k, b, pictured, (x) => {
    let part = x
    if (k.flag('crop_to_aspect_ratio', false)) part = cropToAspect(b, x, knownSize(k, x), size)
    else if (k.flag('pad_to_aspect_ratio', false)) part = padToAspect(k, b, x, knownSize(k, x), size)
    return k.flag('antialias', false) ? resizeSmoothly(k, b, part, size, mode) : resizeTo(k, b, part, size, mode)
  })
}

const resizing = layer((k, b) => resizedTo(k, b, k.f32, [k.num('height'), k.num('width')]))

/** The middle of larger pictures; smaller ones are cropped to the aspect ratio and resized. */
function centerCrop(k: KerasOp, b: OpBuilder): Value {
  const size: [number, number] = [k.num('height'), k.num('width')]
  return pictures(k, b, k.f32, (x) => {
    const [h, w] = knownSize(k, x)
    if (h >= size[0] && w >= size[1]) return cut(b, x, [Math.floor((h - size[0]) / 2), Math.floor((w - size[1]) / 2)], size)
    return resizeTo(k, b, cropToAspect(b, x, [h, w], size), size, 'bilinear')
  })
}

function categoryEncoding(k: KerasOp, b: OpBuilder): Value {
  const ids = k.x.type.dtype === 'i32' ? k.x : b.op(op.cast, [k.x], { to: 'i32' })
  return encoded(k, b, ids, k.num('num_tokens'), k.text('output_mode', 'multi_hot'), k.tensor(1, 'count_weights'))
}

/** One element for each category: 1 at those that occur, or how often each occurs. */
export function encoded(k: KerasOp, b: OpBuilder, ids: Value, count: number, mode: string, weights?: Value): Value {
  const hot = b.op(op.oneHot, [ids, b.i32([count], []), b.f32([1]), b.f32([0])], { axis: -1 })
  const rank = ids.type.shape.length
  const isSingle = rank > 0 && ids.type.shape[rank - 1] === 1
  if (mode === 'one_hot') return isSingle ? squeezeDim(b, hot, rank - 1) : hot
  // Over dim 1 at any rank, as Keras 3 does; Keras 2 takes no more than two.
  const axis = b.i32([rank > 1 ? 1 : 0])
  if (mode === 'multi_hot') return rank === 0 ? hot : b.op(op.reduceMax, [hot, axis])
  if (mode !== 'count') return k.reject(`output_mode ${mode} is not supported`)
  const weighted = weights ? b.op(op.mul, [hot, expandDims(b, toF32(b, weights), rank)]) : hot
  return b.op(op.sum, [weighted, axis])
}

/** The number of the bin that holds x. */
function discretization(k: KerasOp, b: OpBuilder): Value {
  const boundaries = k.config('bin_boundaries')
  if (!Array.isArray(boundaries) || !boundaries.every((n) => typeof n === 'number'))
    return k.reject(
      'its bin_boundaries are not in the file',
      'Pass bin_boundaries when the layer is made, or export the model as a SavedModel.',
    )
  const bins = b.op(op.bucketize, [k.f32], { boundaries: boundaries as number[] })
  const mode = k.text('output_mode', 'int')
  if (mode !== 'int') return encoded(k, b, bins, boundaries.length + 1, mode)
  return k.keras.version === 2 ? b.op(op.cast, [bins], { to: 'i64' }) : bins
}

/** Augmentation changes training data only, but for the type: floats. */
const augmentation = layer((k) => k.f32)
/** These, of Keras 2, give back what they take. */
const untouched = layer((k) => k.x)

/** At inference Keras 3 leaves pictures as they are, Keras 2 crops to the aspect ratio and resizes. */
const randomCrop = layer((k, b) => {
  if (k.keras.version === 3) return k.f32
  const size: [number, number] = [k.num('height'), k.num('width')]
  return pictures(k, b, k.f32, (x) => resizeTo(k, b, cropToAspect(b, x, knownSize(k, x), size), size, 'bilinear'))
})

/** Each channel stretched over the whole range, at inference too; one of a single value stays. */
function autoContrast(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const range = k.config('value_range') ?? [0, 255]
  if (!Array.isArray(range) || range.length !== 2 || !range.every((n) => typeof n === 'number'))
    throw k.bad('value_range', 'two numbers', range)
  const [from, to] = range as [number, number]
  const isPlain = from === 0 && to === 255
  const x = isPlain ? k.f32 : f.mul(f.div(f.sub(k.f32, from), to - from), 255)
  const axes = b.i32([1, 2])
  const [low, high] = [b.op(op.reduceMin, [x, axes], { keepDims: true }), b.op(op.reduceMax, [x, axes], { keepDims: true })]
  const scale = f.div(255, f.sub(high, low))
  const stretched = f.max(f.min(f.sub(f.mul(x, scale), f.mul(low, scale)), 255), 0)
  const y = isPlain ? stretched : f.add(f.mul(f.div(stretched, 255), to - from), from)
  return f.select(f.equal(high, low), k.f32, y)
}

/** Preprocessing layers one after another; others may have weights, which the pipeline does not give them. */
function pipeline(k: KerasOp, b: OpBuilder): Value {
  const layers = k.config('layers')
  if (!Array.isArray(layers)) throw k.bad('layers', 'a list of layers', layers)
  return (layers as readonly Json[]).reduce<Value>((x, serialized) => {
    const className = isJsonObject(serialized) ? member(serialized, 'class_name') : undefined
    const config = isJsonObject(serialized) ? member(serialized, 'config') : undefined
    if (typeof className !== 'string' || !Object.hasOwn(preprocessingLayers, className) || !isJsonObject(config))
      return k.reject(
        `the layer ${JSON.stringify(className ?? null).slice(0, 60)} in a pipeline is not supported`,
        'Put the layers into the model one after another, or into a Sequential model.',
      )
    if (className === 'Pipeline') return k.reject('a pipeline in a pipeline is not supported', 'Put its layers into the outer one.')
    const keras = { layer: { ...k.keras, className, config, weights: new Map() }, args: [{ input: 0 }], kwargs: {} }
    return preprocessingLayers[className]!(new SourceOp({ ...k.node, op: className, keras }, [x], k.context), b) as Value
  }, k.x)
}

/** No operators equalize histograms or count boxes. */
function inPictures(k: KerasOp): never {
  return k.reject(
    'layers that equalize histograms or sort out boxes have no LiteRT operators',
    'Do this step before the model, in the app.',
  )
}

function inText(k: KerasOp): never {
  return k.reject('layers that look up or hash text and categories have no LiteRT operators', 'Do this step before the model, in the app.')
}

export const preprocessingLayers: LoweringRegistry = {
  Rescaling: layer(rescaling),
  Resizing: resizing,
  CenterCrop: layer(centerCrop),
  CategoryEncoding: layer(categoryEncoding),
  Discretization: layer(discretization),
  RandomCrop: randomCrop,
  AutoContrast: layer(autoContrast),
  Pipeline: layer(pipeline),
  ContrastLimitedAdaptiveHistogramEqualization: layer(inPictures),
  MaxNumBoundingBoxes: layer(inPictures),
  ...Object.fromEntries(['Hashing', 'HashedCrossing', 'StringLookup', 'TextVectorization'].map((name) => [name, layer(inText)])),
  ...Object.fromEntries(
    [
      [
        'RandomFlip',
        'RandomRotation',
        'RandomZoom',
        'RandomTranslation',
        'RandomContrast',
        'RandomBrightness',
        'RandomHeight',
        'RandomWidth',
      ],
      ['RandomHue', 'RandomSaturation', 'RandomSharpness', 'RandomShear', 'RandomPosterization', 'RandomPerspective', 'RandomInvert'],
      ['RandomGrayscale', 'RandomGaussianBlur', 'RandomErasing', 'RandomElasticTransform', 'RandomColorJitter', 'RandomColorDegeneration'],
      ['AugMix', 'CutMix', 'MixUp', 'RandAugment', 'Equalization', 'Solarization'],
    ]
      .flat()
      .map((name) => [name, name === 'RandomHeight' || name === 'RandomWidth' ? untouched : augmentation]),
  ),
}
