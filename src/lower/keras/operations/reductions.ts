import type { Json } from '../../../core/json.ts'
import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { op } from '../../../ops/index.ts'
import { Formula } from '../../formula.ts'
import { castTo, constantOf, expandDims, reshapeTo, squeezeDim, toBool, toF32 } from '../../operands.ts'
import type { Lowering, LoweringRegistry } from '../../registry.ts'
import { axesOf, dtypeNamed, tensorOf } from '../arguments.ts'
import { type KerasOp, layer } from '../keras-op.ts'
import { alongAxis, first, floats, option, run, sumType } from './operation.ts'

/** `x` reduced as the options `axis` and `keepdims` say. */
export function reduced(k: KerasOp, b: OpBuilder, name: string, x: Value, keepDims: boolean = option(k, 'keepdims') === true): Value {
  const axes = axesOf(k, option(k, 'axis'), x.type.shape.length)
  return axes.length === 0 ? x : run(k, b, name, [x, b.i32(axes)], { keep_dims: keepDims })
}

function reduction(name: string, of: (k: KerasOp, b: OpBuilder) => Value): Lowering {
  return layer((k, b) => reduced(k, b, name, of(k, b)))
}

const bools = (k: KerasOp, b: OpBuilder): Value => toBool(b, first(k, b))
const summed = (k: KerasOp, b: OpBuilder): Value => {
  const x = first(k, b)
  // With a stated dtype Keras casts nothing.
  return option(k, 'dtype') == null ? castTo(b, x, sumType(x.type.dtype)) : x
}

/** Bools by whether any or all are true. */
export function extreme(k: KerasOp, b: OpBuilder, name: 'Max' | 'Min', x: Value): Value {
  const initial = option(k, 'initial')
  const y = x.type.dtype === 'bool' ? reduced(k, b, name === 'Max' ? 'Any' : 'All', x) : reduced(k, b, name, x)
  if (initial === undefined || initial === null) return y
  const bound = tensorOf(k, b, initial, y.type.dtype)
  const work = y.type.dtype === 'bool' ? 'i32' : y.type.dtype
  return castTo(b, run(k, b, name === 'Max' ? 'Maximum' : 'Minimum', [castTo(b, y, work), castTo(b, bound, work)]), y.type.dtype)
}

function variance(k: KerasOp, b: OpBuilder): Value {
  const x = floats(k, b)
  const mean = reduced(k, b, 'Mean', x, true)
  return reduced(k, b, 'Mean', b.op(op.squaredDifference, [x, mean]))
}

/** The position of an extreme along one axis or in the whole, of which it is the only element where dims are kept. */
export function position(k: KerasOp, b: OpBuilder, name: string, of: Value): Value {
  const { x, axis, isFlat } = alongAxis(k, b, of, option(k, 'axis'))
  const index = run(k, b, name, [x, b.i32([axis], [])], { output_type: { type: 'i32' } })
  if (option(k, 'keepdims') !== true) return index
  return isFlat
    ? reshapeTo(
        b,
        index,
        of.type.shape.map(() => 1),
      )
    : expandDims(b, index, axis)
}

function logSumExp(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const x = floats(k, b)
  const axes = axesOf(k, option(k, 'axis'), x.type.shape.length)
  const max = b.op(op.reduceMax, [x, b.i32(axes)], { keepDims: true })
  const y = f.add(f.log(f.sum(f.exp(f.sub(x, max)), axes, true)), max)
  return option(k, 'keepdims') === true ? y : axes.toSorted((p, q) => q - p).reduce((v, a) => squeezeDim(b, v, a), y)
}

/** The running sum or product along an axis, or of all elements in a row. */
export function cumulative(k: KerasOp, b: OpBuilder, name: 'Cumsum' | 'Cumprod', of: Value): Value {
  const stated = option(k, 'dtype')
  const { x, axis } = alongAxis(k, b, of, option(k, 'axis'))
  const to = stated === undefined || stated === null ? (x.type.dtype === 'bool' ? 'i32' : x.type.dtype) : dtypeNamed(k, stated)
  return run(k, b, name, [castTo(b, x, to), b.i32([axis], [])])
}

/** Weights have the shape of x, or are a vector along the axis. */
function average(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const x = floats(k, b)
  const stated: Json | undefined = k.argument(1, 'weights')
  if (stated === undefined) return reduced(k, b, 'Mean', x)
  const weights = toF32(b, tensorOf(k, b, stated, 'f32'))
  const axes = axesOf(k, option(k, 'axis'), x.type.shape.length)
  const isVector = weights.type.shape.length !== x.type.shape.length
  if (isVector && axes.length !== 1) return k.reject('weights of another rank need one axis')
  const wide = isVector
    ? reshapeTo(
        b,
        weights,
        x.type.shape.map((_, i) => (i === axes[0] ? weights.type.shape[0]! : 1)),
      )
    : weights
  const total = isVector ? f.sum(weights, [0]) : f.sum(weights, axes)
  return f.div(f.sum(f.mul(x, wide), axes), total)
}

function countNonzero(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const f = new Formula(b)
  return reduced(k, b, 'Sum', castTo(b, x.type.dtype === 'bool' ? x : f.notEqual(x, constantOf(b, x.type.dtype, [0])), 'i32'), false)
}

export const reductions: LoweringRegistry = {
  Sum: reduction('Sum', summed),
  Prod: reduction('Prod', summed),
  Mean: reduction('Mean', floats),
  Max: layer((k, b) => extreme(k, b, 'Max', first(k, b))),
  Min: layer((k, b) => extreme(k, b, 'Min', first(k, b))),
  Amax: layer((k, b) => extreme(k, b, 'Max', first(k, b))),
  Amin: layer((k, b) => extreme(k, b, 'Min', first(k, b))),
  Ptp: layer((k, b) => {
    const x = first(k, b)
    return run(k, b, 'Sub', [reduced(k, b, 'Max', x), reduced(k, b, 'Min', x)])
  }),
  Any: reduction('Any', bools),
  All: reduction('All', bools),
  Var: layer(variance),
  Std: layer((k, b) => b.op(op.sqrt, [variance(k, b)])),
  Average: layer(average),
  CountNonzero: layer(countNonzero),
  Argmax: layer((k, b) => position(k, b, 'ArgMax', first(k, b))),
  Argmin: layer((k, b) => position(k, b, 'ArgMin', first(k, b))),
  Logsumexp: layer(logSumExp),
  Cumsum: layer((k, b) => cumulative(k, b, 'Cumsum', first(k, b))),
  Cumprod: layer((k, b) => cumulative(k, b, 'Cumprod', first(k, b))),
}
