import type { Json } from '../../../core/json.ts'
import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { op } from '../../../ops/index.ts'
import { Formula } from '../../formula.ts'
import { batchNormalization, normalizeOver } from '../../layers.ts'
import { reshapeTo, toF32 } from '../../operands.ts'
import type { LoweringRegistry } from '../../registry.ts'
import { axesOf, tensorOf } from '../arguments.ts'
import { type KerasOp, layer } from '../keras-op.ts'
import { first, floats, numberOption, option, run } from './operation.ts'

function parameter(k: KerasOp, b: OpBuilder, position: number, name: string): Value | undefined {
  const v = k.argument(position, name)
  return v === undefined ? undefined : toF32(b, tensorOf(k, b, v, 'f32'))
}

/** A parameter over `axes` of `x`, with dims of size 1 so that it broadcasts to it; one of the rank of `x` does as it is. */
function spread(b: OpBuilder, x: Value, v: Value | undefined, axes: readonly number[]): Value | undefined {
  const rank = x.type.shape.length
  if (!v || v.type.shape.length === rank || (axes.length === 1 && axes[0] === rank - 1)) return v
  return reshapeTo(
    b,
    v,
    x.type.shape.map((d, i) => (axes.includes(i) ? d : 1)),
  )
}

const axesOption = (k: KerasOp, x: Value): number[] => axesOf(k, option(k, 'axis') ?? -1, x.type.shape.length).toSorted((p, q) => p - q)

function layerNorm(k: KerasOp, b: OpBuilder): Value {
  const x = floats(k, b)
  const axes = axesOption(k, x)
  const [gamma, beta] = [parameter(k, b, 1, 'gamma'), parameter(k, b, 2, 'beta')].map((v) => spread(b, x, v, axes))
  const epsilon = numberOption(k, 'epsilon', 1e-7)
  if (option(k, 'rms_scaling') !== true) return normalizeOver(b, x, axes, { gamma, beta, epsilon })
  const f = new Formula(b)
  const [, variance] = momentsOver(b, x, axes, true)
  const y = f.mul(x, b.op(op.rsqrt, [f.add(variance, epsilon)]))
  return gamma ? f.mul(y, gamma) : y
}

function rmsNorm(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const x = floats(k, b)
  const mean = b.op(op.mean, [f.square(x), b.i32(axesOption(k, x))], { keepDims: true })
  const y = f.mul(x, b.op(op.rsqrt, [f.add(mean, numberOption(k, 'epsilon', 1e-7))]))
  const scale = parameter(k, b, 1, 'scale')
  return scale ? f.mul(y, scale) : y
}

function batchNorm(k: KerasOp, b: OpBuilder): Value {
  const x = floats(k, b)
  const axes = axesOption(k, x)
  return batchNormalization(b, x, {
    gamma: parameter(k, b, 4, 'scale'),
    beta: parameter(k, b, 3, 'offset'),
    mean: parameter(k, b, 1, 'mean')!,
    variance: parameter(k, b, 2, 'variance')!,
    epsilon: numberOption(k, 'epsilon', 1e-3),
    wide: (v) => spread(b, x, v, axes)!,
  })
}

/** Mean and variance. */
function momentsOver(b: OpBuilder, x: Value, axes: readonly number[], keepDims: boolean): [Value, Value] {
  const at = b.i32(axes)
  const mean = b.op(op.mean, [x, at], { keepDims: true })
  const variance = b.op(op.mean, [b.op(op.squaredDifference, [x, mean]), at], { keepDims })
  return [keepDims ? mean : b.op(op.mean, [x, at], { keepDims }), variance]
}

function moments(k: KerasOp, b: OpBuilder): readonly Value[] {
  if (option(k, 'synchronized') === true) return k.reject('synchronized is not supported')
  const x = floats(k, b)
  return momentsOver(b, x, axesOf(k, option(k, 'axes'), x.type.shape.length), option(k, 'keepdims') === true)
}

/** The norm of vectors along one axis. */
function vectorNorm(k: KerasOp, b: OpBuilder, x: Value, axis: number, order: Json, keepDims: boolean): Value {
  const f = new Formula(b)
  const size = f.abs(x)
  const at = b.i32([axis])
  if (typeof order !== 'number') return k.reject(`the norm ${JSON.stringify(order)} of vectors is not supported`)
  if (order === 2) return f.sqrt(f.sum(f.square(x), [axis], keepDims))
  if (order === Number.POSITIVE_INFINITY) return b.op(op.reduceMax, [size, at], { keepDims })
  if (order === Number.NEGATIVE_INFINITY) return b.op(op.reduceMin, [size, at], { keepDims })
  if (order === 0) return f.sum(b.op(op.cast, [f.notEqual(x, 0)], { to: 'f32' }), [axis], keepDims)
  if (order === 1) return f.sum(size, [axis], keepDims)
  return f.apply(op.pow, f.sum(f.apply(op.pow, size, order), [axis], keepDims), 1 / order)
}

/** The largest or least sum of sizes along the first of two axes. */
function matrixNorm(k: KerasOp, b: OpBuilder, x: Value, [rows, columns]: readonly number[], order: Json, keepDims: boolean): Value {
  const f = new Formula(b)
  if (typeof order !== 'number' || ![1, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].includes(order))
    return k.reject(`the norm ${JSON.stringify(order)} of matrices needs singular values, which LiteRT has no operator for`)
  const isBySum = Math.abs(order) === 1
  const [summed, picked] = isBySum ? [rows!, columns!] : [columns!, rows!]
  const sums = f.sum(f.abs(x), [summed], true)
  const y = b.op((order > 0 ? op.reduceMax : op.reduceMin) as typeof op.reduceMax, [sums, b.i32([picked])], { keepDims: true })
  if (keepDims) return y
  return run(k, b, 'Sum', [y, b.i32([rows!, columns!])], { keep_dims: false })
}

function norm(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const x = floats(k, b)
  const order = option(k, 'ord') ?? null
  const axes = axesOf(k, option(k, 'axis'), x.type.shape.length)
  const keepDims = option(k, 'keepdims') === true
  const isEuclidean = axes.length === 1 ? order === null : order === null || order === 'fro'
  if (isEuclidean) return f.sqrt(f.sum(f.square(x), axes, keepDims))
  if (axes.length === 1) return vectorNorm(k, b, x, axes[0]!, order, keepDims)
  return axes.length === 2 ? matrixNorm(k, b, x, axes, order, keepDims) : k.reject('a norm is taken over one axis or two')
}

/** x / norm, which counts as at least epsilon. */
function normalize(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const x = floats(k, b)
  const order = option(k, 'order') ?? 2
  const axes = axesOf(k, option(k, 'axis') ?? -1, x.type.shape.length)
  const epsilon = numberOption(k, 'epsilon', 1e-7)
  if (order === 2) return f.mul(x, f.min(b.op(op.rsqrt, [f.sum(f.square(x), axes, true)]), 1 / epsilon))
  if (axes.length !== 1) return k.reject(`order ${JSON.stringify(order)} over several axes is not supported`)
  return f.div(x, f.max(vectorNorm(k, b, x, axes[0]!, order, true), epsilon))
}

export const normalizations: LoweringRegistry = {
  LayerNorm: layer(layerNorm),
  RMSNorm: layer(rmsNorm),
  BatchNorm: layer(batchNorm),
  Moments: layer(moments),
  Norm: layer(norm),
  Normalize: layer(normalize),
  PSNR: layer((k, b) => {
    const f = new Formula(b)
    const x = floats(k, b)
    const y = toF32(b, tensorOf(k, b, k.argument(1, 'x2')))
    const error = f.square(f.sub(x, y))
    const mean = b.op(op.mean, [error, b.i32(first(k, b).type.shape.map((_, i) => i))])
    return f.sub(20 * Math.log10(numberOption(k, 'max_val', 1)), f.mul(f.log(mean), 10 / Math.LN10))
  }),
}
