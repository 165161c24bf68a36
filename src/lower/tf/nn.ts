import { mulDims } from '../../core/dim.ts'
import { largestF32 } from '../../core/dtype.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { samePadding, windowOutput } from '../../ops/nn/window.ts'
import { integersAsI32 } from '../conversions.ts'
import { Formula } from '../formula.ts'
import { batchNormalization, convolution, depthwiseConvolution } from '../layers.ts'
import { castTo, permute, reshapeTo, shapeOf, sizeAt, sizes, sliceAxis, toI32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'
import { volumeConvolution } from '../volume-convolution.ts'
import {
  betweenWindows,
  channelsLast,
  dilationsOf,
  explicitPads,
  isChannelsFirst,
  padded,
  paddingMode,
  toChannelsFirst,
  toChannelsLast,
  windowOf,
} from './window.ts'

type Pair = [number, number]
type Triple = [number, number, number]

function requireStatic(n: SourceOp, filter: Value): void {
  if (filter.type.shape.some((d) => typeof d !== 'number')) n.reject('the filter shape must be known')
}

function convolve(layer: typeof convolution) {
  return (n: SourceOp, b: OpBuilder): Value => {
    if (n.in(0).type.shape.length !== 4) n.reject('the input must have rank 4')
    requireStatic(n, n.in(1))
    return inF32(n, b, (input, filter) =>
      channelsLast(n, b, input, (image, hw) => {
        const { x, padding } = padded(n, b, image, hw)
        return layer(b, x, filter, { padding, stride: windowOf(n, 'strides', hw) as Pair, dilation: dilationsOf(n, hw) as Pair })
      }),
    )
  }
}

/** Convolutions of integers are computed in f32, which is exact up to 2^24. */
function inF32(n: SourceOp, b: OpBuilder, work: (x: Value, filter: Value) => Value): Value {
  return castTo(b, work(castTo(b, n.in(0), 'f32'), castTo(b, n.in(1), 'f32')), n.in(0).type.dtype)
}

/** The kernel strides alike both ways: otherwise each way takes every `stride`th place of a denser result. */
const depthwise: typeof depthwiseConvolution = (b, x, filter, options) => {
  const [h, w] = options.stride
  if (h === w) return depthwiseConvolution(b, x, filter, options)
  return asGrouped(b, x, filter, options)
}

/** A depthwise convolution as CONV_2D with as many groups as channels. */
function asGrouped(b: OpBuilder, x: Value, filter: Value, options: Parameters<typeof convolution>[3]): Value {
  const [h, w, c, m] = filter.type.shape as [number, number, number, number]
  return convolution(b, x, reshapeTo(b, filter, [h, w, 1, c * m]), options)
}

/** Filter [H,W,O,I] -> [O,H,W,I]; `size` is the wanted result, channels last. */
function transposeConv(n: SourceOp, b: OpBuilder): Value {
  const { dtype } = n.in(2).type
  const [size, filter, x] = [toI32(b, n.in(0)), castTo(b, n.in(1), 'f32'), castTo(b, n.in(2), 'f32')]
  requireStatic(n, filter)
  const first = isChannelsFirst(n, 4)
  const hw = first ? [2, 3] : [1, 2]
  if (dilationsOf(n, hw).some((d) => d !== 1)) n.reject('dilations are not supported', 'TensorFlow computes them on a GPU only.')
  const input = first ? toChannelsLast(b, x) : x
  const last = first ? b.op(op.gather, [size, b.i32([0, 2, 3, 1])], { axis: 0 }) : size
  const weights = permute(b, filter, [2, 0, 1, 3])
  const stride = windowOf(n, 'strides', hw)
  const put = (y: Value) => castTo(b, first ? toChannelsFirst(b, y) : y, dtype)
  if (n.string('padding') !== 'EXPLICIT') return put(b.op(op.transposeConv, [last, weights, input], { padding: paddingMode(n), stride }))
  // The result of VALID, less what the forward convolution padded.
  const [top, bottom, left, right] = explicitPads(n, hw) as [number, number, number, number]
  const whole = b.op(op.add, [last, b.i32([0, top + bottom, left + right, 0])])
  const y = b.op(op.transposeConv, [whole, weights, input], { padding: 'valid', stride })
  return put(b.op(op.slice, [y, b.i32([0, top, left, 0]), last]))
}

function conv3d(n: SourceOp, b: OpBuilder): Value {
  requireStatic(n, n.in(1))
  return channelsLast(n, b, n.in(0), (whole, dhw) => {
    const [stride, dilation] = [windowOf(n, 'strides', dhw) as Triple, dilationsOf(n, dhw) as Triple]
    const reach = dilation.map((d, i) => ((n.in(1).type.shape[i] as number) - 1) * d + 1)
    const x = betweenWindows(n, b, whole, reach, stride)
    return volumeConvolution(b, x, n.in(1), { padding: paddingMode(n), stride, dilation })
  })
}

function conv3dTranspose(n: SourceOp, b: OpBuilder): Value {
  requireStatic(n, n.in(1))
  const first = isChannelsFirst(n, 5)
  const dhw = first ? [2, 3, 4] : [1, 2, 3]
  // The first version takes what was convolved, for its shape alone.
  const size = n.node.op === 'Conv3DBackpropInput' ? shapeOf(b, n.in(0)) : toI32(b, n.in(0))
  const last = first ? b.op(op.gather, [size, b.i32([0, 2, 3, 4, 1])], { axis: 0 }) : size
  const attrs = { padding: paddingMode(n), stride: windowOf(n, 'strides', dhw), dilation: dilationsOf(n, dhw) }
  const y = b.op(op.conv3dTranspose, [last, n.in(1), first ? toChannelsLast(b, n.in(2)) : n.in(2), null], attrs)
  return first ? toChannelsFirst(b, y) : y
}

/**
 * Normalization by the statistics of the operand itself: y = (x - mean) * rsqrt(variance + epsilon) * gamma + beta, over all dims but the
 * channels'. The statistics given out are the running ones, moved towards those of the operand; the variance is that of a sample.
 */
function normalizeByBatch(n: SourceOp, b: OpBuilder): readonly Value[] {
  const f = new Formula(b)
  const x = n.in(0)
  const rank = x.type.shape.length
  const channels = n.string('data_format', 'NHWC').startsWith('NC') ? 1 : rank - 1
  const axes = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== channels)
  const wide = (v: Value) => (channels === rank - 1 ? v : reshapeTo(b, v, [v.type.shape[0]!, ...new Array<number>(rank - 2).fill(1)]))
  const mean = b.op(op.mean, [x, b.i32(axes)], { keepDims: true })
  const variance = b.op(op.mean, [b.op(op.squaredDifference, [x, mean]), b.i32(axes)], { keepDims: true })
  const inverse = b.op(op.rsqrt, [f.add(variance, Math.fround(n.float('epsilon', 1e-4)))])
  const y = f.add(f.mul(f.mul(f.sub(x, mean), inverse), wide(n.in(1))), wide(n.in(2)))
  const flat = (v: Value) => reshapeTo(b, v, [x.type.shape[channels]!])
  const size = mulDims(...axes.map((i) => x.type.shape[i]!))
  const count = typeof size === 'number' ? size : castTo(b, reshapeTo(b, sizes(b, [size], [x])!, []), 'f32')
  const others = typeof count === 'number' ? Math.max(count - 1, 1) : f.max(f.sub(count, 1), 1)
  const sample = f.mul(flat(variance), typeof count === 'number' ? count / (others as number) : f.div(count, others))
  const share = Math.fround(n.float('exponential_avg_factor', 1))
  const running = (old: Value, now: Value) => (share === 1 ? now : f.add(f.mul(old, 1 - share), f.mul(now, share)))
  return [y, running(n.in(3), flat(mean)), running(n.in(4), sample), flat(mean), flat(variance), flat(variance)]
}

/** Results after the first are of the type of the statistics. */
function batchNorm(n: SourceOp, b: OpBuilder): readonly Value[] {
  const [y, ...statistics] = normalized(n, b) as [Value, ...Value[]]
  return [castTo(b, y, n.type('T', 'f32')), ...statistics.map((v) => castTo(b, v, n.type('U', 'f32')))]
}

function normalized(n: SourceOp, b: OpBuilder): readonly Value[] {
  if (n.bool('is_training', true)) return normalizeByBatch(n, b)
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((i) => n.in(i)) as [Value, Value, Value, Value]
  const isFirst = n.string('data_format', 'NHWC').startsWith('NC')
  const ones = new Array<number>(Math.max(0, n.in(0).type.shape.length - 2)).fill(1)
  const wide = (v: Value) => (isFirst ? reshapeTo(b, v, [v.type.shape[0]!, ...ones]) : v)
  const y = batchNormalization(b, n.in(0), { gamma, beta, mean, variance, epsilon: n.float('epsilon', 1e-4), wide })
  return [y, mean, variance, mean, variance, mean]
}

/** @see https://www.tensorflow.org/api_docs/python/tf/raw_ops/BatchNormWithGlobalNormalization */
function batchNormOfVersion8(n: SourceOp, b: OpBuilder): Value {
  const gamma = n.bool('scale_after_normalization') ? n.in(4) : undefined
  return batchNormalization(b, n.in(0), { mean: n.in(1), variance: n.in(2), beta: n.in(3), gamma, epsilon: n.float('variance_epsilon') })
}

/** The largest of x + filter in each window, per channel: one shifted slice for each place in the window. */
function dilation2d(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const [x, filter] = [n.in(0), n.in(1)]
  const [h, w, c] = filter.type.shape
  if (typeof h !== 'number' || typeof w !== 'number' || typeof c !== 'number') return n.reject('the filter shape must be known')
  const places = shiftedWindows(
    n,
    b,
    x,
    [h, w],
    windowOf(n, 'strides', [1, 2]) as Pair,
    windowOf(n, 'rates', [1, 2]) as Pair,
    // Of integers half the range, so that the smallest stays the smallest with a weight added.
    x.type.dtype === 'f32' ? -largestF32 : -(2 ** 30),
  )
  const sums = places.map((v, i) => {
    const weights = reshapeTo(b, sliceAxis(b, sliceAxis(b, filter, 0, Math.floor(i / w), 1), 1, i % w, 1), [c])
    return f.add(v, weights)
  })
  return sums.reduce((a, v) => f.max(a, v))
}

/** For each place of a window, row by row, what lies under it as the window slides: SAME padding is of `fill`. */
export function shiftedWindows(
  n: SourceOp,
  b: OpBuilder,
  x: Value,
  [h, w]: Readonly<Pair>,
  stride: Readonly<Pair>,
  rate: Readonly<Pair>,
  fill: number,
): Value[] {
  const [, height, width] = x.type.shape
  if (typeof height !== 'number' || typeof width !== 'number') return n.reject('the size of the image must be known')
  if (h * w > maxPlaces) return n.reject(`windows of ${h}x${w} are not supported, ${maxPlaces} places at most`)
  const padding = paddingMode(n)
  const [window, image] = [[h, w] as const, [height, width]]
  const sizes = image.map((size, i) => windowOutput(size, window[i]!, stride[i]!, rate[i]!, padding) as number) as Pair
  const pads = image.flatMap((size, i) => {
    const [before, total] = padding === 'same' ? samePadding(size, window[i]!, stride[i]!, rate[i]!) : [0, 0]
    return [before, total - before]
  })
  const paddings = b.i32([0, 0, ...pads, 0, 0], [4, 2])
  const isWhole = pads.every((p) => p === 0)
  const source = isWhole ? x : b.op(op.padv2, [x, paddings, castTo(b, b.f32([fill]), x.type.dtype)])
  return Array.from({ length: h * w }, (_, i) => {
    const from = [Math.floor(i / w) * rate[0], (i % w) * rate[1]] as Pair
    const to = from.map((p, k) => p + (sizes[k]! - 1) * stride[k]! + 1)
    return b.op(op.stridedSlice, [source, b.i32([0, ...from, 0]), b.i32([0, ...to, 0]), b.i32([1, ...stride, 1])], {
      beginMask: 9,
      endMask: 9,
    })
  })
}
const maxPlaces = 1024

/** @returns the loss of each row, and its gradient by the features */
function softmaxCrossEntropy(n: SourceOp, b: OpBuilder): readonly Value[] {
  const f = new Formula(b)
  const [features, given] = [n.in(0), n.in(1)]
  const isSparse = n.node.op.startsWith('Sparse')
  const classes = sizeAt(b, features, 1)
  const labels = isSparse ? b.op(op.oneHot, [toI32(b, given), classes, b.f32([1]), b.f32([0])], { axis: -1 }) : given
  const loss = f.neg(f.sum(f.mul(labels, b.op(op.logSoftmax, [features])), [1]))
  return [loss, f.sub(b.op(op.softmax, [features], { beta: 1 }), labels)]
}

/** A convolution of the mirrored operand. */
function fusedPadConv(n: SourceOp, b: OpBuilder): Value {
  const mode = n.string('mode') === 'SYMMETRIC' ? 'symmetric' : 'reflect'
  const x = b.op(op.mirrorPad, [n.in(0), toI32(b, n.in(1))], { mode })
  return convolve(convolution)(n.with([x, n.in(2)]), b)
}

export const nn: LoweringRegistry = {
  FusedPadConv2D: fusedPadConv,
  Conv2D: convolve(convolution),
  DepthwiseConv2dNative: convolve(depthwise),
  Conv2DBackpropInput: transposeConv,
  Conv3D: conv3d,
  Conv3DBackpropInput: conv3dTranspose,
  Conv3DBackpropInputV2: conv3dTranspose,
  ...integersAsI32({ Dilation2D: dilation2d }),
  BatchNormWithGlobalNormalization: batchNormOfVersion8,
  FusedBatchNorm: batchNorm,
  FusedBatchNormV2: batchNorm,
  FusedBatchNormV3: batchNorm,
  Softmax: (n, b) => b.op(op.softmax, [n.in(0)], { beta: 1 }),
  LogSoftmax: (n, b) => b.op(op.logSoftmax, [n.in(0)]),
  SoftmaxCrossEntropyWithLogits: softmaxCrossEntropy,
  SparseSoftmaxCrossEntropyWithLogits: softmaxCrossEntropy,
  LRN: (n, b) =>
    b.op(op.localResponseNormalization, [n.in(0)], {
      radius: n.int('depth_radius', 5),
      bias: n.float('bias', 1),
      alpha: n.float('alpha', 1),
      beta: n.float('beta', 0.5),
    }),
}
