import { mulDims } from '../../core/dim.ts'
import { isJsonObject, type Json, member } from '../../core/json.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { softmaxOver } from '../layers.ts'
import { expandDims, permute, reshapeTo, squeezeDim, toBool, toF32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import { tensorflowOp } from '../tf/call.ts'
import { activationNamed } from './activations.ts'
import { axesOf, dtypeNamed, isArray, promoted, tensorOf, vectorOf } from './arguments.ts'
import { type KerasOp, layer } from './keras-op.ts'
import { resizeTo } from './resize.ts'
import { sliceBy } from './slicing.ts'

/*
 * Operations of Keras 3 (`keras.ops`) that stand in a functional model as layers do. What they compute is TensorFlow's; most are said
 * in terms of its ops.
 */

const first = (k: KerasOp, b: OpBuilder): Value =>
  tensorOf(k, b, k.argument(0, 'x') ?? k.argument(0, 'inputs') ?? k.argument(0, 'x1') ?? k.argument(0, 'tensor'))
const floats = (k: KerasOp, b: OpBuilder): Value => toF32(b, first(k, b))
const pair = (k: KerasOp, b: OpBuilder): [Value, Value] => {
  const [x, y] = promoted(k, b, [k.argument(0, 'x1') ?? k.argument(0, 'x'), k.argument(1, 'x2') ?? k.argument(1, 'y')])
  return [x!, y!]
}
/** An option of the operation: of its configuration, or of the call where it is written there. */
const option = (k: KerasOp, name: string, position = 99): Json | undefined => k.config(name) ?? k.argument(position, name)
const tf = (name: string) => layer((k, b) => tensorflowOp(k, b, name, [first(k, b)])[0]!)
const tfFloat = (name: string) => layer((k, b) => tensorflowOp(k, b, name, [floats(k, b)])[0]!)
const tfPair = (name: string) => layer((k, b) => tensorflowOp(k, b, name, pair(k, b))[0]!)
const tfFloatPair = (name: string) =>
  layer(
    (k, b) =>
      tensorflowOp(
        k,
        b,
        name,
        pair(k, b).map((v) => toF32(b, v)),
      )[0]!,
  )
const logical = (name: string) =>
  layer(
    (k, b) =>
      tensorflowOp(
        k,
        b,
        name,
        pair(k, b).map((v) => toBool(b, v)),
      )[0]!,
  )
const activation = (name: string) => layer((k, b) => activationNamed(k, b, name, floats(k, b)))
const scalar = (b: OpBuilder, v: number): Value => b.f32([Math.fround(v)])

function reduction(name: string, of: (k: KerasOp, b: OpBuilder) => Value = first) {
  return layer((k, b) => {
    const x = of(k, b)
    const axes = axesOf(k, option(k, 'axis'), x.type.shape.length)
    return tensorflowOp(k, b, name, [x, b.i32(axes)], { keep_dims: option(k, 'keepdims') === true })[0]!
  })
}

function variance(k: KerasOp, b: OpBuilder): Value {
  const x = floats(k, b)
  const axes = b.i32(axesOf(k, option(k, 'axis'), x.type.shape.length))
  const mean = b.op(op.mean, [x, axes], { keepDims: true })
  return b.op(op.mean, [b.op(op.squaredDifference, [x, mean]), axes], { keepDims: option(k, 'keepdims') === true })
}

function arg(name: string) {
  return layer((k, b) => {
    const x = first(k, b)
    const axis = option(k, 'axis')
    const flat = axis === undefined || axis === null
    const source = flat ? reshapeTo(b, x, [mulDims(...x.type.shape)]) : x
    const at = flat ? 0 : axesOf(k, axis, x.type.shape.length)[0]!
    const index = tensorflowOp(k, b, name, [source, b.i32([at], [])], { output_type: { type: 'i32' } })[0]!
    return option(k, 'keepdims') === true && !flat ? expandDims(b, index, at) : index
  })
}

const listOf = (k: KerasOp, b: OpBuilder, name: string): Value[] => {
  const v = k.argument(0, name) ?? k.argument(0, 'inputs')
  const list = Array.isArray(v) ? (v as readonly Json[]) : [v]
  return list.length > 0 ? promoted(k, b, list) : k.reject('it takes at least one tensor')
}

function concatenate(k: KerasOp, b: OpBuilder): Value {
  const xs = listOf(k, b, 'xs')
  return xs.length === 1 ? xs[0]! : b.op(op.concatenation, xs, { axis: k.axis(Number(option(k, 'axis') ?? -1), xs[0]!.type.shape.length) })
}

function stack(k: KerasOp, b: OpBuilder): Value {
  const xs = listOf(k, b, 'x')
  return b.op(op.pack, xs, { valuesCount: xs.length, axis: k.axis(Number(option(k, 'axis') ?? 0), xs[0]!.type.shape.length + 1) })
}

function split(k: KerasOp, b: OpBuilder): readonly Value[] {
  const x = first(k, b)
  const axis = k.axis(Number(option(k, 'axis') ?? 0), x.type.shape.length)
  const at = option(k, 'indices_or_sections')
  if (typeof at === 'number') return at === 1 ? [x] : b.ops(op.split, [b.i32([axis], []), x], { numSplits: at })
  const size = x.type.shape[axis]!
  if (typeof size !== 'number' || !Array.isArray(at)) return k.reject('it splits a size that is not known')
  const ends = [...(at as number[]).map((i) => Math.min(i < 0 ? i + size : i, size)), size]
  const sizes = ends.map((end, i) => Math.max(0, end - (ends[i - 1] ?? 0)))
  return b.ops(op.splitV, [x, b.i32(sizes), b.i32([axis], [])], { numSplits: sizes.length })
}

function reshape(k: KerasOp, b: OpBuilder): Value {
  return tensorflowOp(k, b, 'Reshape', [first(k, b), vectorOf(k, b, option(k, 'newshape', 1) ?? option(k, 'shape', 1))])[0]!
}

function transpose(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const rank = x.type.shape.length
  const axes = option(k, 'axes')
  return permute(b, x, axes === undefined || axes === null ? Array.from({ length: rank }, (_, i) => rank - 1 - i) : axesOf(k, axes, rank))
}

/** The dims `from` moved to the places `to`, the others in order. */
function moveaxis(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const rank = x.type.shape.length
  const [from, to] = [axesOf(k, option(k, 'source'), rank), axesOf(k, option(k, 'destination'), rank)]
  const others = Array.from({ length: rank }, (_, i) => i).filter((i) => !from.includes(i))
  const perm = Array.from({ length: rank }, (_, i) => (to.includes(i) ? from[to.indexOf(i)]! : -1)).map((p) =>
    p === -1 ? others.shift()! : p,
  )
  return permute(b, x, perm)
}

function swapaxes(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const rank = x.type.shape.length
  const [i, j] = [axesOf(k, option(k, 'axis1'), rank)[0]!, axesOf(k, option(k, 'axis2'), rank)[0]!]
  const perm = Array.from({ length: rank }, (_, d) => d)
    .with(i, j)
    .with(j, i)
  return permute(b, x, perm)
}

function insertDims(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const axis = option(k, 'axis')
  const list = (Array.isArray(axis) ? axis : [axis ?? 0]) as readonly number[]
  const rank = x.type.shape.length + list.length
  return list
    .map((a) => k.axis(a, rank))
    .toSorted((p, q) => p - q)
    .reduce((y, a) => expandDims(b, y, a), x)
}

function squeeze(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const axis = option(k, 'axis')
  const axes =
    axis === undefined || axis === null ? x.type.shape.flatMap((d, i) => (d === 1 ? [i] : [])) : axesOf(k, axis, x.type.shape.length)
  return axes.toSorted((p, q) => q - p).reduce((y, a) => squeezeDim(b, y, a), x)
}

function where(k: KerasOp, b: OpBuilder): Value {
  const [x, y] = promoted(k, b, [k.argument(1, 'x1'), k.argument(2, 'x2')])
  return b.op(op.selectV2, [toBool(b, tensorOf(k, b, k.argument(0, 'condition'))), x!, y!])
}

function clip(k: KerasOp, b: OpBuilder): Value {
  const [x, low, high] = promoted(k, b, [k.argument(0, 'x'), option(k, 'x_min', 1), option(k, 'x_max', 2)])
  return b.op(op.minimum, [b.op(op.maximum, [x!, low!]), high!])
}

function pad(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const widths = option(k, 'pad_width')
  const rank = x.type.shape.length
  const pairs = typeof widths === 'number' ? [[widths, widths]] : (widths as readonly (readonly number[])[])
  const all = pairs.length === rank ? pairs : Array.from({ length: rank }, () => pairs[0]!)
  const paddings = b.i32(all.flat(), [rank, 2])
  const mode = option(k, 'mode') ?? 'constant'
  if (mode === 'reflect' || mode === 'symmetric') return b.op(op.mirrorPad, [x, paddings], { mode })
  if (mode !== 'constant') return k.reject(`the mode ${JSON.stringify(mode)} is not supported`)
  const value = k.argument(1, 'constant_values')
  return value === undefined ? b.op(op.pad, [x, paddings]) : b.op(op.padv2, [x, paddings, tensorOf(k, b, value, x.type.dtype)])
}

/** Each element several times in a row. */
function repeat(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const [repeats, axis] = [option(k, 'repeats'), option(k, 'axis')]
  if (typeof repeats !== 'number') return k.reject('the number of repeats must be one constant')
  const flat = axis === undefined || axis === null
  const source = flat ? reshapeTo(b, x, [mulDims(...x.type.shape)]) : x
  const at = flat ? 0 : axesOf(k, axis, x.type.shape.length)[0]!
  const { shape } = source.type
  const tiled = b.op(op.tile, [
    expandDims(b, source, at + 1),
    b.i32([...shape.map(() => 1).slice(0, at + 1), repeats, ...shape.slice(at + 1).map(() => 1)]),
  ])
  return reshapeTo(b, tiled, shape.with(at, mulDims(shape[at]!, repeats)), [source, tiled])
}

function tile(k: KerasOp, b: OpBuilder): Value {
  const repeats = option(k, 'repeats')
  const list = (Array.isArray(repeats) ? repeats : [repeats]) as readonly number[]
  let x = first(k, b)
  while (x.type.shape.length < list.length) x = expandDims(b, x, 0)
  return b.op(op.tile, [x, b.i32([...new Array<number>(x.type.shape.length - list.length).fill(1), ...list])])
}

function take(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const axis = option(k, 'axis')
  const flat = axis === undefined || axis === null
  const source = flat ? reshapeTo(b, x, [mulDims(...x.type.shape)]) : x
  const at = flat ? 0 : axesOf(k, axis, x.type.shape.length)[0]!
  const size = source.type.shape[at]!
  const indices = tensorOf(k, b, wrapped(option(k, 'indices', 1), typeof size === 'number' ? size : 0), 'i32')
  return b.op(op.gather, [source, indices], { axis: at, batchDims: 0 })
}

/** Constant indices below 0 count from the end. */
function wrapped(v: Json | undefined, size: number): Json | undefined {
  if (typeof v === 'number') return v < 0 ? v + size : v
  if (Array.isArray(v)) return (v as readonly Json[]).map((i) => wrapped(i, size) ?? null)
  const config = v !== undefined && v !== null && isJsonObject(v) && isArray(v) ? member(v, 'config') : undefined
  return config !== undefined && isJsonObject(config!) ? (wrapped(member(config, 'value'), size) ?? null) : v
}

function matmul(k: KerasOp, b: OpBuilder): Value {
  const [x, y] = pair(k, b).map((v) => toF32(b, v)) as [Value, Value]
  if (x.type.shape.length < 2 || y.type.shape.length < 2) return k.reject('vectors are not supported')
  return tensorflowOp(k, b, 'BatchMatMulV2', [x, y])[0]!
}

/** Sums over the last dim of x and the one before the last of y. */
function dot(k: KerasOp, b: OpBuilder): Value {
  const [x, y] = pair(k, b).map((v) => toF32(b, v)) as [Value, Value]
  if (x.type.shape.length === 0 || y.type.shape.length === 0) return b.op(op.mul, [x, y])
  if (y.type.shape.length !== 2 || x.type.shape.length < 2) return k.reject('only a matrix on the right is supported')
  return tensorflowOp(k, b, 'BatchMatMulV2', [x, y])[0]!
}

function einsum(k: KerasOp, b: OpBuilder): Value {
  const operands = k.operands.map((v) => toF32(b, v))
  return tensorflowOp(k, b, 'Einsum', operands, { equation: String(option(k, 'subscripts') ?? '') })[0]!
}

function oneHot(k: KerasOp, b: OpBuilder): Value {
  const count = option(k, 'num_classes')
  if (typeof count !== 'number') return k.reject('num_classes must be constant')
  const x = first(k, b)
  const ids = x.type.dtype === 'i32' || x.type.dtype === 'i64' ? x : b.op(op.cast, [x], { to: 'i32' })
  const axis = Number(option(k, 'axis') ?? -1)
  return b.op(op.oneHot, [ids, b.i32([count], []), b.f32([1]), b.f32([0])], { axis })
}

function topK(k: KerasOp, b: OpBuilder): readonly Value[] {
  return tensorflowOp(k, b, 'TopKV2', [first(k, b), b.i32([Number(option(k, 'k') ?? 1)], [])])
}

/** x / max(norm, epsilon) along axes. */
function normalize(k: KerasOp, b: OpBuilder): Value {
  const x = floats(k, b)
  if ((option(k, 'order') ?? 2) !== 2) return k.reject('only order 2 is supported')
  const squares = b.op(op.sum, [b.op(op.mul, [x, x]), b.i32(axesOf(k, option(k, 'axis') ?? -1, x.type.shape.length))], { keepDims: true })
  const epsilon = Number(option(k, 'epsilon') ?? 1e-7)
  return b.op(op.mul, [x, b.op(op.rsqrt, [b.op(op.maximum, [squares, scalar(b, epsilon * epsilon)])])])
}

function norm(k: KerasOp, b: OpBuilder): Value {
  const x = floats(k, b)
  const order = option(k, 'ord')
  if (order !== undefined && order !== null && order !== 2) return k.reject('only the euclidean norm is supported')
  const axes = b.i32(axesOf(k, option(k, 'axis'), x.type.shape.length))
  return b.op(op.sqrt, [b.op(op.sum, [b.op(op.mul, [x, x]), axes], { keepDims: option(k, 'keepdims') === true })])
}

function logSumExp(k: KerasOp, b: OpBuilder): Value {
  const x = floats(k, b)
  const axes = axesOf(k, option(k, 'axis'), x.type.shape.length)
  const max = b.op(op.reduceMax, [x, b.i32(axes)], { keepDims: true })
  const sum = b.op(op.sum, [b.op(op.exp, [b.op(op.sub, [x, max])]), b.i32(axes)], { keepDims: true })
  const y = b.op(op.add, [b.op(op.log, [sum]), max])
  return option(k, 'keepdims') === true ? y : axes.toSorted((p, q) => q - p).reduce((v, a) => squeezeDim(b, v, a), y)
}

function softmax(name: 'softmax' | 'log_softmax') {
  return layer((k, b) => {
    const x = floats(k, b)
    const axis = axesOf(k, option(k, 'axis') ?? -1, x.type.shape.length)[0]!
    if (name === 'softmax') return softmaxOver(b, x, axis)
    return axis === x.type.shape.length - 1 ? b.op(op.logSoftmax, [x]) : b.op(op.log, [softmaxOver(b, x, axis)])
  })
}

function gelu(k: KerasOp, b: OpBuilder): Value {
  return b.op(op.gelu, [floats(k, b)], { approximate: option(k, 'approximate') !== false })
}

function flip(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  return tensorflowOp(k, b, 'ReverseV2', [x, b.i32(axesOf(k, option(k, 'axis'), x.type.shape.length))])[0]!
}

function roll(k: KerasOp, b: OpBuilder): Value {
  const axis = option(k, 'axis')
  if (axis === undefined || axis === null) return k.reject('the axis must be given')
  const x = first(k, b)
  return tensorflowOp(k, b, 'Roll', [x, vectorOf(k, b, option(k, 'shift')), b.i32(axesOf(k, axis, x.type.shape.length))])[0]!
}

function cumulative(name: string) {
  return layer((k, b) => {
    const axis = option(k, 'axis')
    if (typeof axis !== 'number') return k.reject('the axis must be given')
    const x = first(k, b)
    return tensorflowOp(k, b, name, [x, b.i32([k.axis(axis, x.type.shape.length)], [])])[0]!
  })
}

function average(k: KerasOp, b: OpBuilder): Value {
  if (k.argument(1, 'weights') !== undefined) return k.reject('weights are not supported')
  const x = floats(k, b)
  return b.op(op.mean, [x, b.i32(axesOf(k, option(k, 'axis'), x.type.shape.length))])
}

/** Every element of x times every one of y. */
function outer(k: KerasOp, b: OpBuilder): Value {
  const [x, y] = pair(k, b)
  const [rows, columns] = [mulDims(...x.type.shape), mulDims(...y.type.shape)]
  return b.op(op.mul, [reshapeTo(b, x, [rows, 1]), reshapeTo(b, y, [1, columns])])
}

function unstack(k: KerasOp, b: OpBuilder): readonly Value[] {
  const x = first(k, b)
  const axis = k.axis(Number(option(k, 'axis') ?? 0), x.type.shape.length)
  const size = x.type.shape[axis]!
  return typeof size === 'number' ? b.ops(op.unpack, [x], { num: size, axis }) : k.reject('the size of the axis must be known')
}

function stacked(axis: 0 | 1) {
  return layer((k, b) => {
    const xs = listOf(k, b, 'xs').map((x) => (x.type.shape.length === 1 && axis === 0 ? expandDims(b, x, 0) : x))
    return xs.length === 1 ? xs[0]! : b.op(op.concatenation, xs, { axis: xs[0]!.type.shape.length === 1 ? 0 : axis })
  })
}

/** x / y; integers as floats. */
const divide = layer((k, b) =>
  b.op(
    op.div,
    pair(k, b).map((v) => toF32(b, v)),
  ),
)

function cast(k: KerasOp, b: OpBuilder): Value {
  return tensorflowOp(k, b, 'Cast', [first(k, b)], { DstT: { type: dtypeNamed(k, option(k, 'dtype')) } })[0]!
}

function likeWith(value: 0 | 1) {
  return layer((k, b) => {
    const x = first(k, b)
    const stated = option(k, 'dtype')
    const dtype = stated === undefined || stated === null ? x.type.dtype : dtypeNamed(k, stated)
    const zeros = b.op(op.mul, [toF32(b, x), b.f32([0])])
    const filled = value === 0 ? b.op(op.zerosLike, [toF32(b, x)]) : b.op(op.add, [b.op(op.zerosLike, [zeros]), b.f32([1])])
    return dtype === 'f32' ? filled : b.op(op.cast, [filled], { to: dtype })
  })
}

function window(name: 'MaxPool' | 'AvgPool') {
  return layer((k, b) => {
    const x = floats(k, b)
    if (x.type.shape.length !== 4) return k.reject('only pictures are supported')
    const size = k.sizes('pool_size', 2, 1)
    const stride = option(k, 'strides') == null ? size : k.sizes('strides', 2, 1)
    return k.channelsLast(
      x,
      (v) =>
        tensorflowOp(k, b, name, [v], {
          ksize: [1, ...size, 1],
          strides: [1, ...stride, 1],
          padding: k.text('padding', 'valid').toUpperCase(),
        })[0]!,
    )
  })
}

function resize(k: KerasOp, b: OpBuilder): Value {
  const [h, w] = k.sizes('size', 2, 1)
  if (k.flag('antialias', false) || k.flag('crop_to_aspect_ratio', false) || k.flag('pad_to_aspect_ratio', false))
    return k.reject('antialias and aspect ratios are not supported')
  const x = tensorOf(k, b, k.argument(0, 'images') ?? k.argument(0, 'x'))
  return k.channelsLast(x, (v) => resizeTo(k, b, v, [h!, w!], k.text('interpolation', 'bilinear')))
}

/** 0.2989 R + 0.5870 G + 0.1140 B */
function grayscale(k: KerasOp, b: OpBuilder): Value {
  const x = toF32(b, tensorOf(k, b, k.argument(0, 'images')))
  return k.channelsLast(x, (v) =>
    b.op(op.sum, [b.op(op.mul, [v, b.f32([0.2989, 0.587, 0.114].map(Math.fround), [3])]), b.i32([v.type.shape.length - 1])], {
      keepDims: true,
    }),
  )
}

const operations: LoweringRegistry = {
  Add: tfPair('AddV2'),
  Subtract: tfPair('Sub'),
  Multiply: tfPair('Mul'),
  Divide: divide,
  TrueDivide: divide,
  FloorDivide: tfPair('FloorDiv'),
  Mod: tfPair('FloorMod'),
  DivideNoNan: tfFloatPair('DivNoNan'),
  Power: tfPair('Pow'),
  Maximum: tfPair('Maximum'),
  Minimum: tfPair('Minimum'),
  Arctan2: tfFloatPair('Atan2'),
  Greater: tfPair('Greater'),
  GreaterEqual: tfPair('GreaterEqual'),
  Less: tfPair('Less'),
  LessEqual: tfPair('LessEqual'),
  Equal: tfPair('Equal'),
  NotEqual: tfPair('NotEqual'),
  LogicalAnd: logical('LogicalAnd'),
  LogicalOr: logical('LogicalOr'),
  LogicalXor: layer((k, b) =>
    b.op(
      op.notEqual,
      pair(k, b).map((v) => b.op(op.cast, [toBool(b, v)], { to: 'i32' })),
    ),
  ),
  LogicalNot: layer((k, b) => b.op(op.logicalNot, [toBool(b, first(k, b))])),
  Absolute: tf('Abs'),
  Abs: tf('Abs'),
  Negative: tf('Neg'),
  Sign: tf('Sign'),
  Square: tf('Square'),
  Sqrt: tfFloat('Sqrt'),
  Rsqrt: tfFloat('Rsqrt'),
  Exp: tfFloat('Exp'),
  Expm1: tfFloat('Expm1'),
  Log: tfFloat('Log'),
  Log1p: tfFloat('Log1p'),
  Log2: layer((k, b) => b.op(op.mul, [b.op(op.log, [floats(k, b)]), scalar(b, 1 / Math.LN2)])),
  Log10: layer((k, b) => b.op(op.mul, [b.op(op.log, [floats(k, b)]), scalar(b, 1 / Math.LN10)])),
  Sin: tfFloat('Sin'),
  Cos: tfFloat('Cos'),
  Tan: tfFloat('Tan'),
  Sinh: tfFloat('Sinh'),
  Cosh: tfFloat('Cosh'),
  Tanh: tfFloat('Tanh'),
  Arctan: tfFloat('Atan'),
  Erf: tfFloat('Erf'),
  Floor: tfFloat('Floor'),
  Ceil: tfFloat('Ceil'),
  Round: tfFloat('Round'),
  Reciprocal: tfFloat('Reciprocal'),
  Isnan: tfFloat('IsNan'),
  Isfinite: tfFloat('IsFinite'),
  Isinf: tfFloat('IsInf'),
  Sum: reduction('Sum'),
  Mean: reduction('Mean', floats),
  Max: reduction('Max'),
  Min: reduction('Min'),
  Amax: reduction('Max'),
  Amin: reduction('Min'),
  Prod: reduction('Prod'),
  Any: reduction('Any', (k, b) => toBool(b, first(k, b))),
  All: reduction('All', (k, b) => toBool(b, first(k, b))),
  Var: layer(variance),
  Std: layer((k, b) => b.op(op.sqrt, [variance(k, b)])),
  Average: layer(average),
  Argmax: arg('ArgMax'),
  Argmin: arg('ArgMin'),
  Norm: layer(norm),
  Normalize: layer(normalize),
  Logsumexp: layer(logSumExp),
  Cumsum: cumulative('Cumsum'),
  Cumprod: cumulative('Cumprod'),
  Matmul: layer(matmul),
  Dot: layer(dot),
  Einsum: layer(einsum),
  Outer: layer(outer),
  Concatenate: layer(concatenate),
  Stack: layer(stack),
  Vstack: stacked(0),
  Hstack: stacked(1),
  Split: layer(split),
  Unstack: layer(unstack),
  Reshape: layer(reshape),
  Ravel: layer((k, b) => reshapeTo(b, first(k, b), [mulDims(...first(k, b).type.shape)])),
  Transpose: layer(transpose),
  Moveaxis: layer(moveaxis),
  Swapaxes: layer(swapaxes),
  ExpandDims: layer(insertDims),
  Squeeze: layer(squeeze),
  BroadcastTo: layer((k, b) => b.op(op.broadcastTo, [first(k, b), vectorOf(k, b, option(k, 'shape'))])),
  GetItem: layer((k, b) => sliceBy(k, b, k.argument(1, 'key'))),
  Where: layer(where),
  Clip: layer(clip),
  Pad: layer(pad),
  Repeat: layer(repeat),
  Tile: layer(tile),
  Take: layer(take),
  Flip: layer(flip),
  Roll: layer(roll),
  TopK: layer(topK),
  OneHot: layer(oneHot),
  ZerosLike: likeWith(0),
  OnesLike: likeWith(1),
  Cast: layer(cast),
  SaturateCast: layer(cast),
  StopGradient: layer((k) => k.x),
  Copy: layer((k) => k.x),
  ConvertToTensor: layer((k) => k.x),
  Softmax: softmax('softmax'),
  LogSoftmax: softmax('log_softmax'),
  Gelu: layer(gelu),
  LeakyRelu: layer((k, b) => b.op(op.leakyRelu, [floats(k, b)], { alpha: Math.fround(Number(option(k, 'negative_slope') ?? 0.2)) })),
  MaxPool: window('MaxPool'),
  AveragePool: window('AvgPool'),
  Resize: layer(resize),
  RGBToGrayscale: layer(grayscale),
  ...Object.fromEntries(
    [
      [
        'Relu',
        'Relu6',
        'Sigmoid',
        'Softplus',
        'Softsign',
        'Silu',
        'HardSigmoid',
        'HardSilu',
        'HardTanh',
        'HardShrink',
        'SoftShrink',
        'TanhShrink',
      ],
      ['Selu', 'Elu', 'Celu', 'Glu', 'LogSigmoid', 'SparsePlus', 'SparseSigmoid', 'Squareplus'],
    ]
      .flat()
      .map((name) => [name, activation(name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase())]),
  ),
}

/** By the name the importer gives them: `keras.ops.Add`. */
export const kerasOperations: LoweringRegistry = Object.fromEntries(
  Object.entries(operations).map(([name, lowering]) => [`keras.ops.${name}`, lowering]),
)
