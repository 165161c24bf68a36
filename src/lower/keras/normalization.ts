import { mulDims } from '../../core/dim.ts'
import type { Json } from '../../core/json.ts'
import type { Dim } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { batchNormalization, normalizeOver } from '../layers.ts'
import { reshapeTo } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import { fixTheShape, type KerasOp, layer } from './keras-op.ts'

/** A weight over `axes` of the operand, with dims of size 1 so that it broadcasts to it. */
function spread(k: KerasOp, b: OpBuilder, weight: Value | undefined, axes: readonly number[]): Value | undefined {
  if (!weight) return undefined
  const first = Math.min(...axes)
  const shape = k.x.type.shape.slice(first).map((d, i) => (axes.includes(first + i) ? d : 1))
  return shape.every((d) => typeof d === 'number')
    ? reshapeTo(b, weight, shape)
    : k.reject('the size of the normalized dims must be known', fixTheShape)
}

function batchNorm(k: KerasOp, b: OpBuilder): Value {
  const axes = k.axes('axis', -1)
  if (axes.length !== 1) return k.reject('only one axis is supported')
  return batchNormalization(b, k.f32, {
    gamma: k.weight('gamma'),
    beta: k.weight('beta'),
    mean: k.required('moving_mean'),
    variance: k.required('moving_variance'),
    epsilon: k.num('epsilon', 1e-3),
    wide: (v) => spread(k, b, v, axes)!,
  })
}

/** With `rms_scaling` (Keras 3) x * rsqrt(variance + epsilon) * gamma, the mean left in. */
function layerNorm(k: KerasOp, b: OpBuilder): Value {
  const axes = k.axes('axis', -1)
  const [gamma, beta] = [spread(k, b, k.weight('gamma'), axes), spread(k, b, k.weight('beta'), axes)]
  const epsilon = k.num('epsilon', 1e-3)
  if (!k.flag('rms_scaling', false)) return normalizeOver(b, k.f32, axes, { gamma, beta, epsilon })
  const mean = b.op(op.mean, [k.f32, b.i32(axes)], { keepDims: true })
  const variance = b.op(op.mean, [b.op(op.squaredDifference, [k.f32, mean]), b.i32(axes)], { keepDims: true })
  const y = b.op(op.mul, [k.f32, b.op(op.rsqrt, [b.op(op.add, [variance, b.f32([Math.fround(epsilon)])])])])
  return gamma ? b.op(op.mul, [y, gamma]) : y
}

/** Channels in groups, each normalized over itself and all other dims but the batch. */
function groupNorm(k: KerasOp, b: OpBuilder): Value {
  const [axis] = k.axes('axis', -1) as [number]
  const { shape } = k.x.type
  const channels = shape[axis]!
  if (typeof channels !== 'number') return k.reject('the number of channels must be known', fixTheShape)
  const stated = k.num('groups', 32)
  const groups = stated === -1 ? channels : stated
  if (!(groups >= 1) || channels % groups !== 0) return k.reject(`${channels} channels do not divide into ${groups} groups`)
  const split = (d: readonly Dim[], i: number) => [...d.slice(0, i), groups, channels / groups, ...d.slice(i + 1)]
  const grouped = reshapeTo(b, k.f32, split(shape, axis))
  const wide = (v: Value | undefined) =>
    v && reshapeTo(b, v, [groups, channels / groups, ...new Array<number>(shape.length - axis - 1).fill(1)])
  const axes = Array.from({ length: shape.length }, (_, i) => i + 1).filter((i) => i !== axis)
  const y = normalizeOver(b, grouped, axes, {
    gamma: wide(k.weight('gamma')),
    beta: wide(k.weight('beta')),
    epsilon: k.num('epsilon', 1e-3),
  })
  return reshapeTo(b, y, shape, [k.x])
}

/** x * rsqrt(max(sum of x * x, 1e-12)): Keras 3 has its 1e-12 for the norm itself, far below what f32 tells from 0. */
function unitNorm(k: KerasOp, b: OpBuilder): Value {
  const squares = b.op(op.sum, [b.op(op.mul, [k.f32, k.f32]), b.i32(k.axes('axis', -1))], { keepDims: true })
  const least = k.keras.version === 2 ? 1e-12 : 1e-24
  return b.op(op.mul, [k.f32, b.op(op.rsqrt, [b.op(op.maximum, [squares, b.f32([Math.fround(least)])])])])
}

/** x * rsqrt(mean of x * x + epsilon) * scale */
function rmsNorm(k: KerasOp, b: OpBuilder): Value {
  const axes = k.axes('axis', -1)
  const mean = b.op(op.mean, [b.op(op.mul, [k.f32, k.f32]), b.i32(axes)], { keepDims: true })
  const inverse = b.op(op.rsqrt, [b.op(op.add, [mean, b.f32([Math.fround(k.num('epsilon', 1e-6))])])])
  const y = b.op(op.mul, [k.f32, inverse])
  // Keras multiplies by the scale as it is: it goes along the last dims whatever the axes are.
  const scale = k.weight('scale')
  return scale ? b.op(op.mul, [y, scale]) : y
}

/** (x - mean) / max(sqrt(variance), 1e-7), or its inverse; the statistics are options or weights. */
function normalization(k: KerasOp, b: OpBuilder): Value {
  const axes = k.config('axis') === null ? [] : k.axes('axis', -1)
  const statistic = (name: string): Value => {
    const stated = k.config(name)
    const v = stated === undefined || stated === null ? k.required(name) : ofNumbers(b, flat(k, name, stated))
    const kept =
      axes.length === 0 ? [] : k.x.type.shape.slice(Math.min(...axes)).map((d, i) => (axes.includes(i + Math.min(...axes)) ? d : 1))
    const count = mulDims(...v.type.shape)
    return stated === undefined || stated === null || count === mulDims(...kept) ? reshapeTo(b, v, kept) : v
  }
  const mean = statistic('mean')
  const deviation = b.op(op.maximum, [b.op(op.sqrt, [statistic('variance')]), b.f32([Math.fround(1e-7)])])
  if (k.flag('invert', false)) return b.op(op.add, [b.op(op.mul, [k.f32, deviation]), mean])
  return b.op(op.div, [b.op(op.sub, [k.f32, mean]), deviation])
}

/** A scalar for one number, else a vector. */
function ofNumbers(b: OpBuilder, list: readonly number[]): Value {
  return b.f32(list.map(Math.fround), list.length === 1 ? [] : [list.length])
}

/** The numbers of an option that may be nested lists. */
function flat(k: KerasOp, name: string, v: Json): number[] {
  const list = (Array.isArray(v) ? (v as readonly Json[]).flat(8) : [v]) as readonly Json[]
  if (!list.every((n) => typeof n === 'number')) throw k.bad(name, 'numbers', v)
  return list as number[]
}

export const normalizationLayers: LoweringRegistry = {
  BatchNormalization: layer(batchNorm),
  SyncBatchNormalization: layer(batchNorm),
  LayerNormalization: layer(layerNorm),
  GroupNormalization: layer(groupNorm),
  UnitNormalization: layer(unitNorm),
  RMSNormalization: layer(rmsNorm),
  LayerScale: layer((k, b) => b.op(op.mul, [k.f32, k.required('gamma')])),
  Normalization: layer(normalization),
}
