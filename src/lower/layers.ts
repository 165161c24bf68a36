import { mulDims } from '../core/dim.ts'
import type { Dim } from '../core/shape.ts'
import type { Value } from '../ir/types.ts'
import type { OpBuilder } from '../ops/build.ts'
import { op } from '../ops/index.ts'
import { expandDims, permute, reshapeTo, squeezeDim, withLast } from './operands.ts'

/*
 * Layers that both dialects have, as TFLite wants them: channels last, filters and weights in its layouts.
 */

export interface WindowOptions {
  readonly padding: 'same' | 'valid'
  readonly stride: readonly [number, number]
  readonly dilation: readonly [number, number]
}

export function zeros(b: OpBuilder, count: number, name: string): Value {
  return b.f32(new Array<number>(count).fill(0), [count], name)
}

/** Input [N,H,W,C], filter [H,W,I,O]. A bias is always present in the file: zeros where the source has none. */
export function convolution(b: OpBuilder, x: Value, filter: Value, options: WindowOptions): Value {
  const weights = permute(b, filter, [3, 0, 1, 2])
  return b.op(op.conv2d, [x, weights, zeros(b, weights.type.shape[0] as number, 'bias')], options)
}

/** Input [N,H,W,C], filter [H,W,C,M]. */
export function depthwiseConvolution(b: OpBuilder, x: Value, filter: Value, options: WindowOptions): Value {
  const [h, w, c, m] = filter.type.shape as [number, number, number, number]
  const weights = reshapeTo(b, filter, [1, h, w, c * m])
  return b.op(op.depthwiseConv2d, [x, weights, zeros(b, c * m, 'bias')], { ...options, depthMultiplier: m })
}

/** Input [N,H,W,C], filter [H,W,O,C], `outputShape` [N,H',W',O]. */
export function transposedConvolution(
  b: OpBuilder,
  x: Value,
  filter: Value,
  outputShape: Value,
  options: Pick<WindowOptions, 'padding' | 'stride'>,
): Value {
  return b.op(op.transposeConv, [outputShape, permute(b, filter, [2, 0, 1, 3]), x], options)
}

/**
 * A pool over the spatial dims of [N,..,C], of which there may be one, two or three: along one dim as a picture of one row, over a
 * volume as a pool of its slices and one across them. Windows that reach over the border average what is inside.
 */
export function pool(
  b: OpBuilder,
  spec: typeof op.maxPool2d | typeof op.averagePool2d,
  x: Value,
  options: { readonly padding: 'same' | 'valid'; readonly filter: readonly number[]; readonly stride: readonly number[] },
): Value {
  const { padding, filter, stride } = options
  const flat = (v: Value, size: readonly number[], step: readonly number[]) =>
    b.op(spec as typeof op.maxPool2d, [v], { padding, filter: [size[0]!, size[1]!], stride: [step[0]!, step[1]!] })
  if (filter.length === 1) return squeezeDim(b, flat(expandDims(b, x, 1), [1, ...filter], [1, ...stride]), 1)
  if (filter.length === 2) return flat(x, filter, stride)
  const [n, d, h, w, c] = x.type.shape as [Dim, Dim, Dim, Dim, Dim]
  const slices = flat(reshapeTo(b, x, [mulDims(n, d), h, w, c]), filter.slice(1), stride.slice(1))
  const [, h2, w2] = slices.type.shape as [Dim, Dim, Dim]
  const rows = flat(reshapeTo(b, slices, [n, d, mulDims(h2, w2), c], [x, slices]), [filter[0]!, 1], [stride[0]!, 1])
  return reshapeTo(b, rows, [n, rows.type.shape[1]!, h2, w2, c], [x, rows, slices])
}

/** (x - mean) * rsqrt(variance + epsilon) * gamma + beta by the mean and variance of x itself over `axes`. */
export function normalizeOver(
  b: OpBuilder,
  x: Value,
  axes: readonly number[],
  p: { readonly gamma: Value | undefined; readonly beta: Value | undefined; readonly epsilon: number },
): Value {
  const at = b.i32(axes)
  const mean = b.op(op.mean, [x, at], { keepDims: true })
  const variance = b.op(op.mean, [b.op(op.squaredDifference, [x, mean]), at], { keepDims: true })
  const inverse = b.op(op.rsqrt, [b.op(op.add, [variance, b.f32([Math.fround(p.epsilon)])])])
  const normal = b.op(op.mul, [b.op(op.sub, [x, mean]), inverse])
  const scaled = p.gamma ? b.op(op.mul, [normal, p.gamma]) : normal
  return p.beta ? b.op(op.add, [scaled, p.beta]) : scaled
}

/** x [..,I] times kernel [I,O]; a result of rank above 2 keeps its dims. */
export function dense(b: OpBuilder, x: Value, kernel: Value): Value {
  return b.op(op.fullyConnected, [x, permute(b, kernel, [1, 0]), null], { keepNumDims: x.type.shape.length > 2 })
}

/**
 * y = x * m + (beta - mean * m), m = gamma * rsqrt(variance + epsilon), each step in f32, over the last dim.
 * A missing gamma is 1, a missing beta 0.
 * @see TensorFlow FusedBatchNorm, inference
 */
export function batchNormalization(
  b: OpBuilder,
  x: Value,
  p: { gamma: Value | undefined; beta: Value | undefined; mean: Value; variance: Value; epsilon: number; wide?: (v: Value) => Value },
): Value {
  const wide = p.wide ?? ((v: Value) => v)
  const inverse = b.op(op.rsqrt, [b.op(op.add, [p.variance, b.f32([Math.fround(p.epsilon)])])])
  const m = p.gamma ? b.op(op.mul, [p.gamma, inverse]) : inverse
  const shifted = b.op(op.mul, [p.mean, m])
  const shift = p.beta ? b.op(op.sub, [p.beta, shifted]) : b.op(op.neg, [shifted])
  return b.op(op.add, [b.op(op.mul, [x, wide(m)]), wide(shift)])
}

/** max(x, 0) + log(1 + exp(-|x|)): does not overflow, unlike log(exp(x) + 1). */
export function softplus(b: OpBuilder, x: Value): Value {
  const tail = b.op(op.exp, [b.op(op.neg, [b.op(op.abs, [x])])])
  return b.op(op.add, [b.op(op.relu, [x]), b.op(op.log, [b.op(op.add, [tail, b.f32([1])])])])
}

/** Softmax over any axis; the kernel knows only the last. */
export function softmaxOver(b: OpBuilder, x: Value, axis: number): Value {
  return withLast(b, b.op(op.softmax, [withLast(b, x, axis)], { beta: 1 }), axis)
}
