import { isInteger, largestF32 } from '../../core/dtype.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'
import { pool } from '../layers.ts'
import { countUp, expandDims, reshapeTo, sizeAt, toBool, toF32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import { tensorflowOp } from '../tf/call.ts'
import { type KerasOp, layer } from './keras-op.ts'

/** Over as many spatial dims as the operand has, unless `wanted` says how many there must be. */
export function windowPool(spec: typeof op.maxPool2d | typeof op.averagePool2d, wanted?: number) {
  return layer((k, b) => {
    const rank = wanted ?? k.rank - 2
    if (k.rank !== rank + 2) k.reject(`the input must have rank ${rank + 2}, found ${k.rank}`)
    const padding = k.text('padding', 'valid').toLowerCase()
    if (padding !== 'same' && padding !== 'valid') return k.reject(`padding ${padding} is not supported`)
    const filter = k.sizes('pool_size', rank, 2)
    const stride = k.config('strides') == null ? filter : k.sizes('strides', rank, 1)
    return k.keepingIntegers((floats) => k.channelsLast(floats, (x) => pool(b, spec, x, { padding, filter, stride })))
  })
}

/** The spatial dims: all but the batch and the channels. */
function spatialAxes(k: KerasOp): number[] {
  const first = k.isChannelsFirst ? 2 : 1
  return Array.from({ length: k.rank - 2 }, (_, i) => i + first)
}

function globalPool(spec: typeof op.mean | typeof op.reduceMax) {
  return layer((k, b) => {
    const axes = b.i32(spatialAxes(k))
    const keepDims = k.flag('keepdims', false)
    if (spec === op.reduceMax) return b.op(op.reduceMax, [k.x, axes], { keepDims })
    return meanOf(k, b, axes, keepDims)
  })
}

/** Of integers Keras 2 leaves the mean to TensorFlow, which gives integers. */
function meanOf(k: KerasOp, b: OpBuilder, axes: Value, keepDims: boolean): Value {
  if (k.keras.version === 2 && isInteger(k.x.type.dtype)) return tensorflowOp(k, b, 'Mean', [k.x, axes], { keep_dims: keepDims })[0]!
  return b.op(op.mean, [k.f32, axes], { keepDims })
}

/** The mean over steps, with a mask over those where it is true. */
function globalAverage1d(k: KerasOp, b: OpBuilder): Value {
  const axes = b.i32(spatialAxes(k))
  const keepDims = k.flag('keepdims', false)
  const mask = k.tensor(1, 'mask')
  if (!mask) return meanOf(k, b, axes, keepDims)
  const weights = expandDims(b, toF32(b, toBool(b, mask)), k.isChannelsFirst ? 1 : 2)
  const sum = b.op(op.sum, [b.op(op.mul, [k.f32, weights]), axes], { keepDims })
  return b.op(op.div, [sum, b.op(op.sum, [weights, axes], { keepDims })])
}

/** Beyond what a picture has in one direction; a file may state any number. */
const maxWindows = 8192

/** Window i of `count` over `size` elements: from floor(i * size / count) to ceil((i + 1) * size / count). @see PyTorch adaptive pooling */
function adaptiveAlong(k: KerasOp, b: OpBuilder, spec: typeof op.mean | typeof op.reduceMax, x: Value, axis: number, count: number): Value {
  const { shape } = x.type
  const size = shape[axis]!
  if (size === count) return x
  if (!(count >= 1 && count <= maxWindows))
    k.reject(`an output_size of ${count} is not supported: each window takes ops of its own, at most ${maxWindows}`)
  if (typeof size !== 'number') return adaptiveOverOpen(k, b, spec, x, axis, count)
  const parts = Array.from({ length: count }, (_, i) => {
    const begin = Math.floor((i * size) / count)
    const length = Math.ceil(((i + 1) * size) / count) - begin
    const part = b.op(op.slice, [
      x,
      b.i32(shape.map((_, a) => (a === axis ? begin : 0))),
      b.i32(shape.map((_, a) => (a === axis ? length : -1))),
    ])
    return b.op(spec as typeof op.mean, [part, b.i32([axis])], { keepDims: true })
  })
  return count === 1 ? parts[0]! : b.op(op.concatenation, parts, { axis })
}

/** The same windows along a size that is known at run time alone, each as a row that says which elements are in it. */
function adaptiveOverOpen(k: KerasOp, b: OpBuilder, spec: typeof op.mean | typeof op.reduceMax, x: Value, axis: number, count: number) {
  const f = new Formula(b)
  const size = sizeAt(b, x, axis)
  const i = b.i32(
    Array.from({ length: count }, (_, n) => n),
    [count, 1],
  )
  const places = countUp(b, size)
  const begin = f.floorDiv(f.mul(i, size), count)
  const end = f.floorDiv(f.add(f.mul(f.add(i, 1), size), count - 1), count)
  const isIn = f.and(f.lessEqual(begin, places), f.less(places, end))
  if (spec === op.mean) {
    const letters = x.type.shape.map((_, a) => String.fromCharCode(97 + a))
    const weights = f.div(toF32(b, isIn), toF32(b, f.sub(end, begin)))
    const equation = `${letters.join('')},z${letters[axis]}->${letters.with(axis, 'z').join('')}`
    return tensorflowOp(k, b, 'Einsum', [x, weights], { equation })[0]!
  }
  const behind = x.type.shape.slice(axis + 1).map(() => 1)
  const wide = reshapeTo(b, isIn, [count, ...isIn.type.shape.slice(1), ...behind], [isIn])
  const least = isInteger(x.type.dtype) ? b.op(op.reduceMin, [x, b.i32(x.type.shape.map((_, a) => a))]) : b.f32([-largestF32], [])
  const shown = b.op(op.selectV2, [wide, expandDims(b, x, axis), least])
  return b.op(op.reduceMax, [shown, b.i32([axis + 1])])
}

/** Over as many spatial dims as the operand has, unless `wanted` says how many there must be. */
export function adaptivePool(spec: typeof op.mean | typeof op.reduceMax, wanted?: number) {
  return layer((k, b) => {
    const rank = wanted ?? k.rank - 2
    if (k.rank !== rank + 2) k.reject(`the input must have rank ${rank + 2}, found ${k.rank}`)
    const counts = k.sizes('output_size', rank, 1)
    return spatialAxes(k).reduce((x, axis, i) => adaptiveAlong(k, b, spec, x, axis, counts[i]!), spec === op.reduceMax ? k.x : k.f32)
  })
}

export const poolingLayers: LoweringRegistry = {
  MaxPooling1D: windowPool(op.maxPool2d, 1),
  MaxPooling2D: windowPool(op.maxPool2d, 2),
  MaxPooling3D: windowPool(op.maxPool2d, 3),
  AveragePooling1D: windowPool(op.averagePool2d, 1),
  AveragePooling2D: windowPool(op.averagePool2d, 2),
  AveragePooling3D: windowPool(op.averagePool2d, 3),
  GlobalAveragePooling1D: layer(globalAverage1d),
  GlobalAveragePooling2D: globalPool(op.mean),
  GlobalAveragePooling3D: globalPool(op.mean),
  GlobalMaxPooling1D: globalPool(op.reduceMax),
  GlobalMaxPooling2D: globalPool(op.reduceMax),
  GlobalMaxPooling3D: globalPool(op.reduceMax),
  AdaptiveAveragePooling1D: adaptivePool(op.mean, 1),
  AdaptiveAveragePooling2D: adaptivePool(op.mean, 2),
  AdaptiveAveragePooling3D: adaptivePool(op.mean, 3),
  AdaptiveMaxPooling1D: adaptivePool(op.reduceMax, 1),
  AdaptiveMaxPooling2D: adaptivePool(op.reduceMax, 2),
  AdaptiveMaxPooling3D: adaptivePool(op.reduceMax, 3),
}
