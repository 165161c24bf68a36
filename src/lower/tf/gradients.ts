import { mulDims } from '../../core/dim.ts'
import { largestF32 } from '../../core/dtype.ts'
import type { Dim } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { samePadding, windowOutput } from '../../ops/nn/window.ts'
import { knownDims } from '../../ops/view.ts'
import { smallAsI32 } from '../conversions.ts'
import { Formula } from '../formula.ts'
import { depthwiseConvolution } from '../layers.ts'
import { castTo, constantOf, permute, reshapeTo, sliceAxis, toI32 } from '../operands.ts'
import type { Lowering, LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'
import { shiftedWindows } from './nn.ts'
import { scatter } from './scatter.ts'
import { entries } from './strided-slice.ts'
import { dilationsOf, isChannelsFirst, paddingMode, toChannelsFirst, toChannelsLast, windowOf } from './window.ts'

/*
 * What tf.GradientTape puts into a graph: training signatures, saliency maps.
 * @see tensorflow/core/kernels/relu_op_functor.h, cwise_ops_gradients.h, softplus_op.h, fused_batch_norm_op.cc
 */

/** Of two operands: the gradient and what the op took or gave, in TensorFlow's order. */
const formula =
  (work: (f: Formula, x: Value, y: Value, n: SourceOp) => Value): Lowering =>
  (n, b) =>
    work(new Formula(b), n.in(0), n.in(1), n)

const where = (f: Formula, condition: Value, gradient: Value): Value => f.mul(gradient, castTo(f.b, condition, gradient.type.dtype))
/** scale and scale * alpha of SELU. @see Klambauer et al., Self-Normalizing Neural Networks, 2017 */
const [seluScale, seluScaleAlpha] = [1.0507009873554805, 1.7580993408473768]

const elementwise: LoweringRegistry = {
  ReluGrad: formula((f, g, x) => where(f, f.greater(x, 0), g)),
  Relu6Grad: formula((f, g, x) => where(f, f.and(f.greater(x, 0), f.less(x, 6)), g)),
  LeakyReluGrad: formula((f, g, x, n) => f.select(f.greater(x, 0), g, f.mul(g, Math.fround(n.float('alpha', 0.2))))),
  EluGrad: formula((f, g, y) => f.select(f.less(y, 0), f.mul(f.add(y, 1), g), g)),
  SeluGrad: formula((f, g, y) => f.select(f.less(y, 0), f.mul(g, f.add(y, seluScaleAlpha)), f.mul(g, seluScale))),
  SoftplusGrad: formula((f, g, x) => f.div(g, f.add(f.exp(f.neg(x)), 1))),
  SoftsignGrad: formula((f, g, x) => f.div(g, f.square(f.add(f.abs(x), 1)))),
  TanhGrad: formula((f, y, g) => f.mul(g, f.sub(1, f.square(y)))),
  SigmoidGrad: formula((f, y, g) => f.mul(f.mul(g, y), f.sub(1, y))),
  SqrtGrad: formula((f, y, g) => f.div(f.mul(g, 0.5), y)),
  RsqrtGrad: formula((f, y, g) => f.mul(f.mul(g, -0.5), f.mul(f.square(y), y))),
  ReciprocalGrad: formula((f, y, g) => f.mul(f.neg(g), f.square(y))),
  InvGrad: formula((f, y, g) => f.mul(f.neg(g), f.square(y))),
}

/** The sum over all dims but that of the channels. */
function biasAddGrad(n: SourceOp, b: OpBuilder): Value {
  const rank = n.in(0).type.shape.length
  const channels = n.string('data_format', 'NHWC') === 'NHWC' ? rank - 1 : 1
  return new Formula(b).sum(
    n.in(0),
    Array.from({ length: rank }, (_, i) => i).filter((i) => i !== channels),
  )
}

/**
 * The axes over which the gradients of two broadcast operands are summed. Where a size has the value 1 only at run time, summing over it and
 * not doing so differ in the shape alone, which a Reshape behind it states.
 */
function broadcastGradientArgs(n: SourceOp, b: OpBuilder): readonly Value[] {
  const [x, y] = [sizesOf(n, 0), sizesOf(n, 1)]
  const rank = Math.max(x.length, y.length)
  const at = (dims: readonly Dim[], i: number): Dim => dims[i - rank + dims.length] ?? 1
  const axes = Array.from({ length: rank }, (_, i) => i)
  const isOpen = axes.some((i) => {
    const [p, q] = [at(x, i), at(y, i)]
    return p !== q && p !== 1 && q !== 1 && (typeof p === 'string' || typeof q === 'string')
  })
  return [x, y].map((dims, k) => {
    const isKnown = !isOpen || dims.every((d) => typeof d === 'number')
    if (isKnown) return castTo(b, b.i32(axes.filter((i) => at(dims, i) === 1)), n.in(k).type.dtype)
    const sizes = toI32(b, n.in(k))
    const missing = rank - dims.length
    const all = missing === 0 ? sizes : b.op(op.concatenation, [b.i32(new Array<number>(missing).fill(1)), sizes], { axis: 0 })
    const places = castTo(b, b.op(op.where, [new Formula(b).equal(all, 1)]), 'i32')
    const open = castTo(b, b.op(op.reshape, [places, b.i32([-1])]), n.in(k).type.dtype)
    n.scope.openAxes.add(open)
    return open
  })
}

function sizesOf(n: SourceOp, operand: number): readonly Dim[] {
  return knownDims(n.in(operand)) ?? n.reject('its shapes are known only at run time', 'Fix the sizes of the inputs with --shape.')
}

/** Gradients of the input, the scale and the offset; by the statistics of the batch, or by given ones. */
function batchNormGrad(n: SourceOp, b: OpBuilder): readonly Value[] {
  const f = new Formula(b)
  const [dy, x, scale, mean, variance] = [0, 1, 2, 3, 4].map((i) => n.in(i)) as [Value, Value, Value, Value, Value]
  const rank = x.type.shape.length
  const isFirst = n.string('data_format', 'NHWC').startsWith('NC')
  const axes = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== (isFirst ? 1 : rank - 1))
  const wide = (v: Value) => (isFirst ? reshapeTo(b, v, [v.type.shape[0]!, ...new Array<number>(rank - 2).fill(1)]) : v)
  const meanOf = (v: Value) => b.op(op.mean, [v, b.i32(axes)], { keepDims: false })
  const inverse = b.op(op.rsqrt, [f.add(variance, Math.fround(n.float('epsilon', 1e-4)))])
  const centered = f.sub(x, wide(mean))
  const product = f.mul(dy, centered)
  const [scaleGrad, offsetGrad] = [f.mul(f.sum(product, axes), inverse), f.sum(dy, axes)]
  const factor = wide(f.mul(scale, inverse))
  const unused = constantOf(b, 'f32', [], [0])
  if (!n.bool('is_training', true)) return [f.mul(dy, factor), scaleGrad, offsetGrad, unused, unused]
  const slope = wide(f.mul(f.square(inverse), meanOf(product)))
  const dx = f.mul(factor, f.sub(f.sub(dy, wide(meanOf(dy))), f.mul(centered, slope)))
  return [dx, scaleGrad, offsetGrad, unused, unused]
}

type Pair = readonly [number, number]

const pairOf = (n: SourceOp, name: string, spatial: number[]): Pair => windowOf(n, name, spatial) as [number, number]

/** How a window slides over a picture: all that is known before a run. */
interface Slide {
  readonly image: Pair
  readonly window: Pair
  readonly stride: Pair
  readonly rate: Pair
  /** Rows and columns in front of the picture. */
  readonly before: Pair
  /** Places of the window. */
  readonly places: Pair
}

function slideOf(n: SourceOp, shape: readonly Dim[], window: Pair, stride: Pair, rate: Pair): Slide {
  const [h, w] = [shape[1], shape[2]]
  if (typeof h !== 'number' || typeof w !== 'number')
    return n.reject('the size of the image must be known', 'Fix the sizes of the inputs with --shape.')
  const padding = paddingMode(n)
  const along = (size: number, i: 0 | 1): [number, number] => [
    padding === 'same' ? samePadding(size, window[i], stride[i], rate[i])[0] : 0,
    windowOutput(size, window[i], stride[i], rate[i], padding) as number,
  ]
  const [[top, rows], [left, columns]] = [along(h, 0), along(w, 1)]
  return { image: [h, w], window, stride, rate, before: [top, left], places: [rows, columns] }
}

/** `g` [N,h,w,C] with zeros between its elements, so that they are a step apart: [N,h*s,w*s,C]. */
function spread(b: OpBuilder, g: Value, [down, right]: Pair): Value {
  const [n, h, w, c] = g.type.shape as [Dim, number, number, number]
  const zeros = (x: Value, count: number) => b.op(op.pad, [x, b.i32([0, 0, 0, 0, 0, count - 1, 0, 0], [4, 2])])
  let y = g
  if (down > 1) y = reshapeTo(b, zeros(reshapeTo(b, y, [n, h, 1, w * c]), down), [n, h * down, w, c])
  if (right > 1) y = reshapeTo(b, zeros(reshapeTo(b, y, [n, h * down * w, 1, c]), right), [n, h * down, w * right, c])
  return y
}

/** What of an image with room around it belongs to the picture. */
function cropped(b: OpBuilder, x: Value, { image, before }: Slide): Value {
  const rows = sliceAxis(b, x, 1, before[0], image[0])
  return sliceAxis(b, rows, 2, before[1], image[1])
}

/** `spread` values as far down and right as a place of the window says, in an image with room for all places. */
function placed(b: OpBuilder, spreadOut: Value, { window, rate, image, before, stride, places }: Slide, i: number, j: number): Value {
  const pads = ([at, k]: readonly [number, 0 | 1]): [number, number] => {
    const room = Math.max(image[k] + before[k], places[k] * stride[k] + (window[k] - 1) * rate[k])
    return [at * rate[k], room - places[k] * stride[k] - at * rate[k]]
  }
  const all = [0, 0, ...pads([i, 0]), ...pads([j, 1]), 0, 0]
  return all.every((p) => p === 0) ? spreadOut : b.op(op.pad, [spreadOut, b.i32(all, [4, 2])])
}

function everyPlace([h, w]: Pair): Pair[] {
  return Array.from({ length: h * w }, (_, i) => [Math.floor(i / w), i % w])
}

/** Runs `work` on operands with channels last. */
function withChannelsLast(
  n: SourceOp,
  b: OpBuilder,
  pictures: readonly Value[],
  work: (pictures: readonly Value[], spatial: number[]) => Value,
): Value {
  const isFirst = isChannelsFirst(n, 4)
  if (!isFirst) return work(pictures, [1, 2])
  return toChannelsFirst(
    b,
    work(
      pictures.map((v) => toChannelsLast(b, v)),
      [2, 3],
    ),
  )
}

/** Sizes of a picture, its channels behind them. */
function lastChannels(stated: readonly Dim[], spatial: readonly number[]): readonly Dim[] {
  return spatial[0] === 2 ? [stated[0]!, stated[2]!, stated[3]!, stated[1]!] : stated
}

/** Each gradient, shared out evenly among the elements of the picture that the window covers. */
function avgPoolGrad(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const stated = sizesOf(n, 0)
  return withChannelsLast(n, b, [n.in(1)], ([g], spatial) => {
    const shape = lastChannels(stated, spatial)
    const slide = slideOf(n, shape, pairOf(n, 'ksize', spatial), pairOf(n, 'strides', spatial), [1, 1])
    const channels = g!.type.shape[3]
    if (typeof channels !== 'number') return n.reject('the number of channels must be known')
    const covered = ([at, k]: readonly [number, 0 | 1]): number => {
      const from = at * slide.stride[k] - slide.before[k]
      return Math.min(from + slide.window[k], slide.image[k]) - Math.max(from, 0)
    }
    const counts = everyPlace(slide.places).map(([i, j]) => covered([i, 0]) * covered([j, 1]))
    const share = f.div(g!, b.f32(counts, [1, ...slide.places, 1]))
    return spreadThroughWindow(
      b,
      share,
      slide,
      b.f32(new Array<number>(slide.window[0] * slide.window[1] * channels).fill(1), [...slide.window, channels, 1]),
    )
  })
}

/** The transpose of a depthwise convolution by `filter` [h,w,C,1]. */
function spreadThroughWindow(b: OpBuilder, g: Value, slide: Slide, filter: Value): Value {
  const { window, rate, image, before, places, stride } = slide
  const mirrored = [0, 1].reduce((v, axis) => b.op(op.reverseV2, [v, b.i32([axis])]), filter)
  const pads = ([0, 1] as const).flatMap((k) => {
    const reach = (window[k] - 1) * rate[k]
    return [reach, Math.max(0, image[k] + before[k] - places[k] * stride[k])]
  })
  const room = b.op(op.pad, [spread(b, g, stride), b.i32([0, 0, ...pads, 0, 0], [4, 2])])
  return cropped(b, depthwiseConvolution(b, room, mirrored, { padding: 'valid', stride: [1, 1], dilation: [rate[0], rate[1]] }), slide)
}

/** Each gradient at the first of the largest elements of its window. */
function maxPoolGrad(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  return withChannelsLast(n, b, [n.in(0), n.in(1), n.in(2)], ([x, y, g], spatial) => {
    const [window, stride] = [pairOf(n, 'ksize', spatial), pairOf(n, 'strides', spatial)]
    const slide = slideOf(n, x!.type.shape, window, stride, [1, 1])
    const values = shiftedWindows(n, b, x!, window, stride, [1, 1], -largestF32)
    let open: Value | undefined
    const parts = everyPlace(window).map(([i, j], k) => {
      const isLargest = castTo(b, f.equal(values[k]!, y!), 'f32')
      const hits = open ? f.mul(isLargest, open) : isLargest
      open = open ? f.sub(open, hits) : f.sub(1, hits)
      return placed(b, spread(b, f.mul(g!, hits), stride), slide, i, j)
    })
    return cropped(
      b,
      parts.reduce((sum, part) => f.add(sum, part)),
      slide,
    )
  })
}

/** Elements under each place of the filter, times the gradient, summed over all places of the window: one product of matrices. */
function convFilterGrad(n: SourceOp, b: OpBuilder): Value {
  const [h, w, , o] = sizesOf(n, 1)
  return filterGrad(n, b, [h, w], (places, g) => {
    const patches = places.length > 1 ? b.op(op.concatenation, places, { axis: 3 }) : places[0]!
    const channels = [patches, g].map((v) => v.type.shape[3])
    if (channels.some((c) => typeof c !== 'number')) return n.reject('the number of channels must be known')
    if (channels[1] !== o) return n.reject('filter and gradient do not fit')
    const inputs = (channels[0] as number) / places.length
    const rows = [patches, g].map((v) => reshapeTo(b, v, [mulDims(...v.type.shape.slice(0, 3)), v.type.shape[3]!]))
    const product = b.op(op.batchMatmul, [permute(b, rows[0]!, [1, 0]), rows[1]!], { adjX: false, adjY: false })
    return reshapeTo(b, product, [h as number, w as number, inputs, o as number])
  })
}

/** The same, channel by channel. */
function depthwiseFilterGrad(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const [h, w, c, m] = sizesOf(n, 1)
  return filterGrad(n, b, [h, w], (places, g) => {
    if (typeof c !== 'number' || typeof m !== 'number') return n.reject('the number of channels must be known')
    const sums = places.map((x) => {
      if (m === 1) return f.sum(f.mul(x, g), [0, 1, 2])
      const count = mulDims(...g.type.shape.slice(0, 3))
      return reshapeTo(b, f.sum(f.mul(reshapeTo(b, x, [count, c, 1]), reshapeTo(b, g, [count, c, m])), [0]), [c * m])
    })
    return reshapeTo(b, sums.length > 1 ? b.op(op.concatenation, sums, { axis: 0 }) : sums[0]!, [h as number, w as number, c, m])
  })
}

function filterGrad(
  n: SourceOp,
  b: OpBuilder,
  [h, w]: readonly (Dim | undefined)[],
  work: (places: readonly Value[], gradient: Value) => Value,
): Value {
  if (typeof h !== 'number' || typeof w !== 'number') return n.reject('the size of the filter must be known')
  const isFirst = isChannelsFirst(n, 4)
  const spatial = isFirst ? [2, 3] : [1, 2]
  const [x, g] = [n.in(0), n.in(2)].map((v) => (isFirst ? toChannelsLast(b, v) : v)) as [Value, Value]
  const places = shiftedWindows(n, b, x, [h, w], pairOf(n, 'strides', spatial), dilationsOf(n, spatial) as [number, number], 0)
  return work(places, g)
}

/** The filter mirrored over the spread gradients; of a channel that gave several, their sum. */
function depthwiseInputGrad(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const [filter, stated] = [n.in(1), sizesOf(n, 0)]
  const [h, w, c, m] = filter.type.shape
  if ([h, w, c, m].some((d) => typeof d !== 'number')) return n.reject('the shape of the filter must be known')
  const [channels, times] = [c as number, m as number]
  return withChannelsLast(n, b, [n.in(2)], ([g], spatial) => {
    const shape = lastChannels(stated, spatial)
    const window: Pair = [h as number, w as number]
    const slide = slideOf(n, shape, window, pairOf(n, 'strides', spatial), dilationsOf(n, spatial) as [number, number])
    const each = spreadThroughWindow(b, g!, slide, reshapeTo(b, filter, [...window, channels * times, 1]))
    if (times === 1) return each
    const batch = each.type.shape[0]!
    const grouped = reshapeTo(b, each, [mulDims(batch, ...slide.image), channels, times])
    return reshapeTo(b, f.sum(grouped, [2]), [batch, ...slide.image, channels], [each])
  })
}

/** Gradients of a mirrored border, added to what it mirrors: one dim after the other. */
function mirrorPadGrad(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const pads = n.ints(1, 'the paddings')
  const edge = n.string('mode') === 'SYMMETRIC' ? 0 : 1
  return n.in(0).type.shape.reduce<Value>((x, _, axis) => {
    const [before, after] = [pads[2 * axis]!, pads[2 * axis + 1]!]
    const size = x.type.shape[axis]
    if (before === 0 && after === 0) return x
    if (typeof size !== 'number') return n.reject('the size of a padded dim must be known', 'Fix the sizes of the inputs with --shape.')
    const inner = size - before - after
    const mirrored = (from: number, count: number) => b.op(op.reverseV2, [sliceAxis(b, x, axis, from, count), b.i32([axis])])
    const at = (part: Value, from: number): Value => {
      const paddings = x.type.shape.flatMap((_, i) => (i === axis ? [from, inner - from - (part.type.shape[axis] as number)] : [0, 0]))
      return b.op(op.pad, [part, b.i32(paddings, [x.type.shape.length, 2])])
    }
    let sum = sliceAxis(b, x, axis, before, inner)
    if (before > 0) sum = f.add(sum, at(mirrored(0, before), edge))
    if (after > 0) sum = f.add(sum, at(mirrored(before + inner, after), inner - edge - after))
    return sum
  }, n.in(0))
}

/** The gradient in the place that was sliced, zeros around it. */
function stridedSliceGrad(n: SourceOp, b: OpBuilder): Value {
  const [shape, g] = [sizesOf(n, 0), n.in(4)]
  const [begin, end, strides] = [n.ints(1, 'begin'), n.ints(2, 'end'), n.ints(3, 'the strides')]
  const isMasked = (name: string, at: number) => ((n.int(name, 0) >> at) & 1) === 1
  const given = [...g.type.shape]
  const sizes: Dim[] = []
  let axis = 0
  const pads = entries(n, shape.length, strides.length).flatMap((e): (readonly [number, number] | undefined)[] => {
    const own = e.kind === 'index' ? 1 : given.shift()!
    if (e.kind === 'new') return []
    const size = shape[axis++]!
    sizes.push(own)
    if (e.at === undefined) return [[0, 0]]
    if (e.kind === 'range' && strides[e.at] !== 1) return [undefined]
    const start = e.kind === 'range' && isMasked('begin_mask', e.at) ? 0 : begin[e.at]!
    const stop = end[e.at]!
    if (typeof size === 'number' && typeof own === 'number') {
      const before = Math.min(Math.max(0, start < 0 ? start + size : start), size - own)
      return [[before, size - own - before]]
    }
    const after = isMasked('end_mask', e.at) ? 0 : -stop
    return [start >= 0 && after >= 0 && e.kind === 'range' ? [start, after] : undefined]
  })
  if (pads.every((p) => p !== undefined)) {
    const slice = reshapeTo(b, g, sizes)
    return pads.every(([x, y]) => x + y === 0) ? slice : b.op(op.pad, [slice, b.i32(pads.flat(), [shape.length, 2])])
  }
  const zeros = b.op(op.fill, [toI32(b, n.in(0)), constantOf(b, g.type.dtype, [0])])
  return strided(n.with([zeros, ...n.operands.slice(1)]), b)
}
const strided = scatter.TensorStridedSliceUpdate as (n: SourceOp, b: OpBuilder) => Value

export const gradients: LoweringRegistry = {
  ...smallAsI32({ ...elementwise, BiasAddGrad: biasAddGrad }),
  BroadcastGradientArgs: broadcastGradientArgs,
  FusedBatchNormGrad: batchNormGrad,
  FusedBatchNormGradV2: batchNormGrad,
  FusedBatchNormGradV3: batchNormGrad,
  AvgPoolGrad: avgPoolGrad,
  MaxPoolGrad: maxPoolGrad,
  Conv2DBackpropFilter: convFilterGrad,
  DepthwiseConv2dNativeBackpropFilter: depthwiseFilterGrad,
  DepthwiseConv2dNativeBackpropInput: depthwiseInputGrad,
  MirrorPadGrad: mirrorPadGrad,
  StridedSliceGrad: stridedSliceGrad,
}
