import { isJsonObject, type Json, member } from '../../../core/json.ts'
import { broadcastShapes, sameShape } from '../../../core/shape.ts'
import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { op } from '../../../ops/index.ts'
import { Formula } from '../../formula.ts'
import { castTo, reshapeTo, sizes, sliceAxis, toI32 } from '../../operands.ts'
import type { LoweringRegistry } from '../../registry.ts'
import { dtypeNamed, isArray, tensorOf, vectorOf } from '../arguments.ts'
import { type KerasOp, layer } from '../keras-op.ts'
import { sliceBy } from '../slicing.ts'
import { alongAxis, first, numberOption, option, run, sizeOf } from './operation.ts'
import { moved } from './shapes.ts'

/*
 * Elements by their places.
 */

/** Constant indices below 0 count from the end. */
function wrapped(v: Json | undefined, size: number): Json | undefined {
  if (typeof v === 'number') return v < 0 ? v + size : v
  if (Array.isArray(v)) return (v as readonly Json[]).map((i) => wrapped(i, size) ?? null)
  const config = v !== undefined && v !== null && isJsonObject(v) && isArray(v) ? member(v, 'config') : undefined
  return config !== undefined && isJsonObject(config!) ? (wrapped(member(config, 'value'), size) ?? null) : v
}

/** The indices as i32, those below 0 counted from the end of dim `axis`. */
function indicesInto(k: KerasOp, b: OpBuilder, x: Value, axis: number, stated: Json | undefined): Value {
  const size = x.type.shape[axis]!
  if (typeof size === 'number' && !k.operandOf(stated)) return toI32(b, tensorOf(k, b, wrapped(stated, size), 'i32'))
  const f = new Formula(b)
  const indices = toI32(b, tensorOf(k, b, stated, 'i32'))
  const count = typeof size === 'number' ? b.i32([size], []) : sizeOf(b, x, axis)
  return f.select(f.less(indices, 0), f.add(indices, count), indices)
}

function take(k: KerasOp, b: OpBuilder): Value {
  const { x, axis } = alongAxis(k, b, first(k, b), option(k, 'axis'))
  return b.op(op.gather, [x, indicesInto(k, b, x, axis, option(k, 'indices', 1))], { axis, batchDims: 0 })
}

/** Along one axis, at the other dims' own places; those broadcast. */
function takeAlongAxis(k: KerasOp, b: OpBuilder): Value {
  const { x: source, axis } = alongAxis(k, b, first(k, b), option(k, 'axis'))
  const rank = source.type.shape.length
  const toLast = (v: Value) => moved(b, v, [axis], [rank - 1])
  const [x, at] = [source, indicesInto(k, b, source, axis, option(k, 'indices', 1))].map(toLast) as [Value, Value]
  const batch = broadcastShapes(x.type.shape.slice(0, -1), at.type.shape.slice(0, -1))
  if (!batch) return k.reject('the shapes of x and the indices do not broadcast')
  const spread = (v: Value): Value => {
    const target = [...batch, v.type.shape[rank - 1]!]
    if (sameShape(target, v.type.shape)) return v
    return run(k, b, 'BroadcastTo', [v, sizes(b, target, [x, at]) ?? k.reject('the shapes must be known')])
  }
  return moved(b, b.op(op.gather, [spread(x), spread(at)], { axis: rank - 1, batchDims: rank - 1 }), [rank - 1], [axis])
}

/** `shape` elements from `start_indices`. */
function slice(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const shape = option(k, 'shape')
  return run(k, b, 'Slice', [x, vectorOf(k, b, k.argument(1, 'start_indices')), vectorOf(k, b, shape)])
}

function sliceUpdate(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const updates = castTo(b, tensorOf(k, b, k.argument(2, 'updates'), x.type.dtype), x.type.dtype)
  return b.op(op.dynamicUpdateSlice, [x, updates, vectorOf(k, b, k.argument(1, 'start_indices'))])
}

/** Values added up at their places, zeros elsewhere. */
function scatter(k: KerasOp, b: OpBuilder): Value {
  const indices = toI32(b, tensorOf(k, b, k.argument(0, 'indices'), 'i32'))
  return run(k, b, 'ScatterNd', [indices, tensorOf(k, b, k.argument(1, 'values')), vectorOf(k, b, option(k, 'shape'))])
}

const updaters = new Map([
  ['add', 'TensorScatterAdd'],
  ['max', 'TensorScatterMax'],
  ['min', 'TensorScatterMin'],
])

function scatterUpdate(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const reduction = option(k, 'reduction')
  const name = reduction === undefined || reduction === null ? 'TensorScatterUpdate' : updaters.get(String(reduction))
  if (!name) return k.reject(`the reduction ${JSON.stringify(reduction)} is not supported`)
  const indices = toI32(b, tensorOf(k, b, k.argument(1, 'indices'), 'i32'))
  return run(k, b, name, [x, indices, castTo(b, tensorOf(k, b, k.argument(2, 'updates'), x.type.dtype), x.type.dtype)])
}

/** A new dim with 1 at each index. */
function hot(k: KerasOp, b: OpBuilder): Value {
  if (option(k, 'sparse') === true) return k.reject('sparse results are not supported')
  const count = option(k, 'num_classes') ?? option(k, 'num_tokens')
  if (typeof count !== 'number') return k.reject('num_classes must be constant')
  const indices = toI32(b, first(k, b))
  return b.op(op.oneHot, [indices, b.i32([count], []), b.f32([1]), b.f32([0])], { axis: numberOption(k, 'axis', -1) })
}

function ofStatedType(k: KerasOp, b: OpBuilder, x: Value): Value {
  const stated = option(k, 'dtype')
  return stated === undefined || stated === null ? x : castTo(b, x, dtypeNamed(k, stated))
}

/** Where elements are not 0, a vector of places for each dim. */
export function nonzero(k: KerasOp, b: OpBuilder): readonly Value[] {
  const x = first(k, b)
  const f = new Formula(b)
  const places = toI32(b, b.op(op.where, [x.type.dtype === 'bool' ? x : f.notEqual(x, 0)]))
  return x.type.shape.map((_, i) => reshapeTo(b, sliceAxis(b, places, 1, i, 1), [places.type.shape[0]!]))
}

/** The place along each dim of row-major numbers; of numbers that are no vector Keras takes the dims in the opposite order. */
function unravelIndex(k: KerasOp, b: OpBuilder): readonly Value[] {
  const f = new Formula(b)
  const x = first(k, b)
  const shape = option(k, 'shape')
  if (!Array.isArray(shape) || !shape.every((n) => typeof n === 'number')) return k.reject('the shape must be constant')
  const isVector = x.type.shape.length === 1
  const dims = isVector ? (shape as readonly number[]) : (shape as readonly number[]).toReversed()
  const strides = dims.map((_, i) => dims.slice(i + 1).reduce((a, n) => a * n, 1))
  const numbers = toI32(b, x)
  return dims.map((n, i) => castTo(b, f.floorMod(f.floorDiv(numbers, strides[i]!), n), x.type.dtype))
}

export const indexing: LoweringRegistry = {
  GetItem: layer((k, b) => sliceBy(k, b, k.argument(1, 'key'))),
  Take: layer(take),
  TakeAlongAxis: layer(takeAlongAxis),
  Slice: layer(slice),
  SliceUpdate: layer(sliceUpdate),
  Scatter: layer(scatter),
  ScatterUpdate: layer(scatterUpdate),
  OneHot: layer((k, b) => ofStatedType(k, b, hot(k, b))),
  MultiHot: layer((k, b) => ofStatedType(k, b, b.op(op.reduceMax, [hot(k, b), b.i32([first(k, b).type.shape.length > 1 ? 1 : 0])]))),
  Nonzero: layer(nonzero),
  UnravelIndex: layer(unravelIndex),
}
