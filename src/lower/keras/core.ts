import { mulDims } from '../../core/dim.ts'
import type { Dim } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { batchNormalization, dense } from '../layers.ts'
import { permute, reshapeTo } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import { activate } from './activations.ts'
import { type KerasOp, layer } from './keras-op.ts'

const identity = layer((k) => k.x)

function denseLayer(k: KerasOp, b: OpBuilder): Value {
  const y = dense(b, k.x, k.required('kernel'))
  const bias = k.weight('bias')
  return activate(k, b, bias ? b.op(op.add, [y, bias]) : y)
}

/** [N, ..] -> [N, product]; channels-first data is turned to channels last before. */
function flatten(k: KerasOp, b: OpBuilder): Value {
  k.requireChannelsLast()
  const [batch, ...rest] = k.x.type.shape
  return reshapeTo(b, k.x, [batch ?? 1, mulDims(...rest)])
}

function reshape(k: KerasOp, b: OpBuilder): Value {
  const target: readonly Dim[] = k.numbers('target_shape')
  const batch = k.x.type.shape[0]!
  const all = k.x.type.shape.slice(1)
  if (!target.includes(-1)) return reshapeTo(b, k.x, [batch, ...target])
  const known = (target as number[]).filter((d) => d !== -1).reduce((p, d) => p * d, 1)
  const size = mulDims(...all)
  if (typeof size !== 'number' || size % known !== 0) return k.reject(`the input does not divide into [${target.join(',')}]`)
  return reshapeTo(b, k.x, [batch, ...target.map((d) => (d === -1 ? size / known : d))])
}

function batchNorm(k: KerasOp, b: OpBuilder): Value {
  const axis = k.config('axis')
  const one = Array.isArray(axis) ? axis[0] : (axis ?? -1)
  if (typeof one !== 'number' || k.axis(one, k.rank) !== k.rank - 1) return k.reject('only the last axis is supported')
  return batchNormalization(b, k.x, {
    gamma: k.weight('gamma'),
    beta: k.weight('beta'),
    mean: k.required('moving_mean'),
    variance: k.required('moving_variance'),
    epsilon: k.num('epsilon', 1e-3),
  })
}

/** x * scale + offset. */
function rescaling(k: KerasOp, b: OpBuilder): Value {
  const x = k.x.type.dtype === 'f32' ? k.x : b.op(op.cast, [k.x], { to: 'f32' })
  const scaled = b.op(op.mul, [x, b.f32([Math.fround(k.num('scale'))])])
  return b.op(op.add, [scaled, b.f32([Math.fround(k.num('offset', 0))])])
}

function permuteLayer(k: KerasOp, b: OpBuilder): Value {
  return permute(b, k.x, [0, ...k.numbers('dims')])
}

function merge(spec: typeof op.add | typeof op.mul | typeof op.maximum | typeof op.minimum | typeof op.sub) {
  return layer((k, b) => {
    const [first, ...rest] = k.operands
    if (!first) return k.reject('it needs at least one input')
    return rest.reduce((y, x) => b.op(spec as typeof op.maximum, [y, x]), first)
  })
}

export const coreLayers: LoweringRegistry = {
  Dense: layer(denseLayer),
  Flatten: layer(flatten),
  Reshape: layer(reshape),
  Permute: layer(permuteLayer),
  BatchNormalization: layer(batchNorm),
  Rescaling: layer(rescaling),
  Dropout: identity,
  SpatialDropout1D: identity,
  SpatialDropout2D: identity,
  GaussianNoise: identity,
  GaussianDropout: identity,
  AlphaDropout: identity,
  ActivityRegularization: identity,
  Identity: identity,
  Add: merge(op.add),
  Subtract: merge(op.sub),
  Multiply: merge(op.mul),
  Maximum: merge(op.maximum),
  Minimum: merge(op.minimum),
  Average: layer((k, b) => {
    const sum = k.operands.slice(1).reduce((y, x) => b.op(op.add, [y, x]), k.x)
    return b.op(op.mul, [sum, b.f32([Math.fround(1 / k.operands.length)])])
  }),
  Concatenate: layer((k, b) => b.op(op.concatenation, k.operands, { axis: k.axis(k.num('axis', -1), k.rank) })),
}
