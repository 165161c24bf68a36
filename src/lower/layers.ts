import type { Value } from '../ir/types.ts'
import type { OpBuilder } from '../ops/build.ts'
import { op } from '../ops/index.ts'
import { permute, reshapeTo } from './operands.ts'

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
  const rank = x.type.shape.length
  if (axis === rank - 1) return b.op(op.softmax, [x], { beta: 1 })
  const perm = Array.from({ length: rank }, (_, i) => (i === axis ? rank - 1 : i === rank - 1 ? axis : i))
  return permute(b, b.op(op.softmax, [permute(b, x, perm)], { beta: 1 }), perm)
}
