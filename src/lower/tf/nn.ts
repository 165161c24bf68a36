import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { batchNormalization, convolution, depthwiseConvolution } from '../layers.ts'
import { permute, reshapeTo } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'
import { dilationsOf, paddingMode, windowOf } from './window.ts'

const toNhwc = [0, 2, 3, 1]
const toNchw = [0, 3, 1, 2]

/** Runs `work` on channels-last data; NCHW operands and results are transposed around it. */
function channelsLast(n: SourceOp, b: OpBuilder, work: (x: Value, spatial: readonly [h: number, w: number]) => Value): Value {
  const format = n.string('data_format', 'NHWC')
  if (format === 'NHWC') return work(n.in(0), [1, 2])
  if (format !== 'NCHW') n.reject(`data format ${format} is not supported`)
  return permute(b, work(permute(b, n.in(0), toNhwc), [2, 3]), toNchw)
}

/** SAME or VALID, with explicit pads put in front as PAD. */
function padding(n: SourceOp, b: OpBuilder, x: Value, [h, w]: readonly [number, number]): { x: Value; padding: 'same' | 'valid' } {
  if (n.string('padding') !== 'EXPLICIT') return { x, padding: paddingMode(n) }
  const p = n.list('explicit_paddings', 8)
  const pads = [0, 0, p[2 * h]!, p[2 * h + 1]!, p[2 * w]!, p[2 * w + 1]!, 0, 0]
  return { x: pads.every((v) => v === 0) ? x : b.op(op.pad, [x, b.i32(pads, [4, 2])]), padding: 'valid' }
}

function staticDim(n: SourceOp, v: Value, i: number, what: string): number {
  const d = v.type.shape[i]
  return typeof d === 'number' ? d : n.reject(`${what} must be known`)
}

function requireStatic(n: SourceOp, filter: Value): void {
  for (const i of filter.type.shape.keys()) staticDim(n, filter, i, 'the filter shape')
}

function convolve(layer: typeof convolution) {
  return (n: SourceOp, b: OpBuilder): Value => {
    if (n.in(0).type.shape.length !== 4) n.reject('the input must have rank 4')
    requireStatic(n, n.in(1))
    return channelsLast(n, b, (input, hw) => {
      const { x, padding: mode } = padding(n, b, input, hw)
      return layer(b, x, n.in(1), { padding: mode, stride: windowOf(n, 'strides', hw), dilation: dilationsOf(n, hw) })
    })
  }
}

function pool(spec: typeof op.maxPool2d | typeof op.averagePool2d) {
  return (n: SourceOp, b: OpBuilder): Value =>
    channelsLast(n, b, (input, hw) => {
      const { x, padding: mode } = padding(n, b, input, hw)
      if (x !== input) n.reject('explicit padding of a pool is not supported')
      return b.op(spec as typeof op.maxPool2d, [x], { padding: mode, filter: windowOf(n, 'ksize', hw), stride: windowOf(n, 'strides', hw) })
    })
}

/**
 * Normalization by the statistics of the operand itself, as Keras 2 writes its LayerNormalization: y = (x - mean) * rsqrt(variance +
 * epsilon) * gamma + beta, over all dims but the channels'. Running statistics are not kept, so only y may be used.
 */
function normalizeByBatch(n: SourceOp, b: OpBuilder): readonly Value[] {
  const x = n.in(0)
  const rank = x.type.shape.length
  const channels = n.string('data_format', 'NHWC').startsWith('NC') ? 1 : rank - 1
  const axes = b.i32(Array.from({ length: rank }, (_, i) => i).filter((i) => i !== channels))
  const wide = (v: Value) => (channels === rank - 1 ? v : reshapeTo(b, v, [v.type.shape[0]!, ...new Array<number>(rank - 2).fill(1)]))
  const mean = b.op(op.mean, [x, axes], { keepDims: true })
  const variance = b.op(op.mean, [b.op(op.squaredDifference, [x, mean]), axes], { keepDims: true })
  const inverse = b.op(op.rsqrt, [b.op(op.add, [variance, b.f32([Math.fround(n.float('epsilon', 1e-4))])])])
  const normal = b.op(op.mul, [b.op(op.sub, [x, mean]), inverse])
  return [b.op(op.add, [b.op(op.mul, [normal, wide(n.in(1))]), wide(n.in(2))])]
}

function batchNorm(n: SourceOp, b: OpBuilder): readonly Value[] {
  if (n.bool('is_training', true)) return normalizeByBatch(n, b)
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((i) => n.in(i)) as [Value, Value, Value, Value]
  const isNchw = n.string('data_format', 'NHWC') === 'NCHW'
  const wide = (v: Value) => (isNchw ? reshapeTo(b, v, [v.type.shape[0]!, 1, 1]) : v)
  const y = batchNormalization(b, n.in(0), { gamma, beta, mean, variance, epsilon: n.float('epsilon', 1e-4), wide })
  return [y, mean, variance, mean, variance, mean]
}

/** Over the last axis; TensorFlow's op has no other. */
const softmax = (n: SourceOp, b: OpBuilder): Value => b.op(op.softmax, [n.in(0)], { beta: 1 })

export const nn: LoweringRegistry = {
  Conv2D: convolve(convolution),
  DepthwiseConv2dNative: convolve(depthwiseConvolution),
  MaxPool: pool(op.maxPool2d),
  AvgPool: pool(op.averagePool2d),
  FusedBatchNorm: batchNorm,
  FusedBatchNormV2: batchNorm,
  FusedBatchNormV3: batchNorm,
  Softmax: softmax,
  LogSoftmax: (n, b) => b.op(op.logSoftmax, [n.in(0)]),
}
