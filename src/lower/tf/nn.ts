import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'
import { permute, reshapeTo } from './operands.ts'

const toNhwc = [0, 2, 3, 1]
const toNchw = [0, 3, 1, 2]

/** Runs `work` on channels-last data; NCHW operands and results are transposed around it. */
function channelsLast(n: SourceOp, b: OpBuilder, work: (x: Value, spatial: readonly [h: number, w: number]) => Value): Value {
  const format = n.string('data_format', 'NHWC')
  if (format === 'NHWC') return work(n.in(0), [1, 2])
  if (format !== 'NCHW') n.reject(`data format ${format} is not supported`)
  return permute(b, work(permute(b, n.in(0), toNhwc), [2, 3]), toNchw)
}

/** `[h, w]` of a window attribute `[1,h,w,1]` (or `[1,1,h,w]`). */
function window(n: SourceOp, name: string, [h, w]: readonly [number, number]): [number, number] {
  const list = n.list(name, 4)
  if (list.length === 0) return [1, 1]
  if (list.some((v, i) => i !== h && i !== w && v !== 1)) n.reject(`${name} [${list.join(',')}] reaches over batch or channels`)
  return [list[h]!, list[w]!]
}

/** SAME or VALID, with explicit pads put in front as PAD. */
function padding(n: SourceOp, b: OpBuilder, x: Value, [h, w]: readonly [number, number]): { x: Value; padding: 'same' | 'valid' } {
  const mode = n.string('padding')
  if (mode === 'SAME') return { x, padding: 'same' }
  if (mode === 'VALID') return { x, padding: 'valid' }
  if (mode !== 'EXPLICIT') n.reject(`padding ${mode} is unknown`)
  const p = n.list('explicit_paddings', 8)
  const pads = [0, 0, p[2 * h]!, p[2 * h + 1]!, p[2 * w]!, p[2 * w + 1]!, 0, 0]
  return { x: pads.every((v) => v === 0) ? x : b.op(op.pad, [x, b.i32(pads, [4, 2])]), padding: 'valid' }
}

function zeros(b: OpBuilder, count: number, name: string): Value {
  return b.f32(new Array<number>(count).fill(0), [count], name)
}

function staticDim(n: SourceOp, v: Value, i: number, what: string): number {
  const d = v.type.shape[i]
  return typeof d === 'number' ? d : n.reject(`${what} must be known`)
}

/** Filter HWIO -> OHWI; a bias is always present in the file. */
function conv2d(n: SourceOp, b: OpBuilder): Value {
  if (n.in(0).type.shape.length !== 4) n.reject('the input must have rank 4')
  return channelsLast(n, b, (input, hw) => {
    const { x, padding: mode } = padding(n, b, input, hw)
    const filter = permute(b, n.in(1), [3, 0, 1, 2])
    const out = staticDim(n, filter, 0, 'the number of filters')
    return b.op(op.conv2d, [x, filter, zeros(b, out, 'bias')], {
      padding: mode,
      stride: window(n, 'strides', hw),
      dilation: window(n, 'dilations', hw),
    })
  })
}

/** Filter HWCM -> [1,H,W,C*M]. */
function depthwise(n: SourceOp, b: OpBuilder): Value {
  const [h, w, c, m] = [0, 1, 2, 3].map((i) => staticDim(n, n.in(1), i, 'the filter shape')) as [number, number, number, number]
  return channelsLast(n, b, (input, hw) => {
    const { x, padding: mode } = padding(n, b, input, hw)
    const filter = reshapeTo(b, n.in(1), [1, h, w, c * m])
    return b.op(op.depthwiseConv2d, [x, filter, zeros(b, c * m, 'bias')], {
      padding: mode,
      stride: window(n, 'strides', hw),
      dilation: window(n, 'dilations', hw),
      depthMultiplier: m,
    })
  })
}

function pool(spec: typeof op.maxPool2d | typeof op.averagePool2d) {
  return (n: SourceOp, b: OpBuilder): Value =>
    channelsLast(n, b, (input, hw) => {
      const { x, padding: mode } = padding(n, b, input, hw)
      if (x !== input) n.reject('explicit padding of a pool is not supported')
      return b.op(spec as typeof op.maxPool2d, [x], { padding: mode, filter: window(n, 'ksize', hw), stride: window(n, 'strides', hw) })
    })
}

/** Constant right side: FULLY_CONNECTED with [O,I] weights. */
function matMul(n: SourceOp, b: OpBuilder): Value {
  const left = n.bool('transpose_a', false) ? permute(b, n.in(0), [1, 0]) : n.in(0)
  const weights = n.bool('transpose_b', false) ? n.in(1) : permute(b, n.in(1), [1, 0])
  return b.op(op.fullyConnected, [left, weights, null])
}

/** y = x * m + (beta - mean * m), m = gamma * rsqrt(variance + epsilon), each step in f32. */
function batchNorm(n: SourceOp, b: OpBuilder): readonly Value[] {
  if (n.bool('is_training', true)) n.reject('batch normalization in training mode', 'Export the model for inference (training=False).')
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((i) => n.in(i)) as [Value, Value, Value, Value]
  const epsilon = b.f32([Math.fround(n.float('epsilon', 1e-4))])
  const m = b.op(op.mul, [gamma, b.op(op.rsqrt, [b.op(op.add, [variance, epsilon])])])
  const shift = b.op(op.sub, [beta, b.op(op.mul, [mean, m])])
  const nchw = n.string('data_format', 'NHWC') === 'NCHW'
  const wide = (v: Value) => (nchw ? reshapeTo(b, v, [v.type.shape[0]!, 1, 1]) : v)
  const y = b.op(op.add, [b.op(op.mul, [n.in(0), wide(m)]), wide(shift)])
  return [y, mean, variance, mean, variance, mean]
}

/** Over the last axis; TensorFlow's op has no other. */
const softmax = (n: SourceOp, b: OpBuilder): Value => b.op(op.softmax, [n.in(0)], { beta: 1 })

export const nn: LoweringRegistry = {
  Conv2D: conv2d,
  DepthwiseConv2dNative: depthwise,
  MaxPool: pool(op.maxPool2d),
  AvgPool: pool(op.averagePool2d),
  MatMul: matMul,
  FusedBatchNorm: batchNorm,
  FusedBatchNormV2: batchNorm,
  FusedBatchNormV3: batchNorm,
  Softmax: softmax,
  LogSoftmax: (n, b) => b.op(op.logSoftmax, [n.in(0)]),
}
