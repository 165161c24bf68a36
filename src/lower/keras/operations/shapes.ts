import { mulDims } from '../../../core/dim.ts'
import type { Json } from '../../../core/json.ts'
import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { op } from '../../../ops/index.ts'
import { castTo, expandDims, permute, reshapeTo, squeezeDim } from '../../operands.ts'
import type { LoweringRegistry } from '../../registry.ts'
import { axesOf, promoted, tensorOf, vectorOf } from '../arguments.ts'
import { type KerasOp, layer } from '../keras-op.ts'
import { alongAxis, first, numberOption, option, run } from './operation.ts'

/*
 * Elements in another order or more often.
 */

const dimsOf = (x: Value): number[] => Array.from({ length: x.type.shape.length }, (_, i) => i)

function reshape(k: KerasOp, b: OpBuilder): Value {
  return run(k, b, 'Reshape', [first(k, b), vectorOf(k, b, option(k, 'newshape', 1) ?? option(k, 'shape', 1))])
}

function transpose(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const axes = option(k, 'axes')
  return permute(b, x, axes === undefined || axes === null ? dimsOf(x).reverse() : axesOf(k, axes, x.type.shape.length))
}

/** `x` with the dims `from` moved to the places `to`, the others in order. */
export function moved(b: OpBuilder, x: Value, from: readonly number[], to: readonly number[]): Value {
  const others = dimsOf(x).filter((i) => !from.includes(i))
  return permute(
    b,
    x,
    dimsOf(x).map((i) => (to.includes(i) ? from[to.indexOf(i)]! : others.shift()!)),
  )
}

function moveaxis(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const rank = x.type.shape.length
  return moved(b, x, axesOf(k, option(k, 'source'), rank), axesOf(k, option(k, 'destination'), rank))
}

function swapped(b: OpBuilder, x: Value, i: number, j: number): Value {
  return permute(b, x, dimsOf(x).with(i, j).with(j, i))
}

function swapaxes(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const rank = x.type.shape.length
  return swapped(b, x, axesOf(k, option(k, 'axis1'), rank)[0]!, axesOf(k, option(k, 'axis2'), rank)[0]!)
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

function pad(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const widths = option(k, 'pad_width')
  const rank = x.type.shape.length
  const list = (Array.isArray(widths) ? widths : [widths]) as readonly (number | readonly number[])[]
  const sides = (v: number | readonly number[]): readonly number[] => (typeof v === 'number' ? [v, v] : v.length === 1 ? [v[0]!, v[0]!] : v)
  // One pair may stand without a list around it.
  const pairs = list.length === 2 && list.every((v) => typeof v === 'number') ? [list as readonly number[]] : list.map(sides)
  const all = pairs.length === rank ? pairs : dimsOf(x).map(() => pairs[0]!)
  if (!all.flat().every((n) => Number.isInteger(n))) return k.reject('the widths must be constant integers')
  const paddings = b.i32(all.flat(), [rank, 2])
  const mode = option(k, 'mode') ?? 'constant'
  if (mode === 'reflect' || mode === 'symmetric') return b.op(op.mirrorPad, [x, paddings], { mode })
  if (mode !== 'constant') return k.reject(`the mode ${JSON.stringify(mode)} is not supported`)
  const value = k.argument(1, 'constant_values')
  if (value === undefined) return run(k, b, 'Pad', [x, paddings])
  return run(k, b, 'PadV2', [x, paddings, castTo(b, tensorOf(k, b, value, x.type.dtype), x.type.dtype)])
}

/** Each element several times in a row: one number for all, or one for each. */
function repeat(k: KerasOp, b: OpBuilder): Value {
  const repeats = option(k, 'repeats')
  const { x, axis } = alongAxis(k, b, first(k, b), option(k, 'axis'))
  const { shape } = x.type
  const list = Array.isArray(repeats) ? (repeats as readonly Json[]) : [repeats ?? null]
  if (!list.every((n): n is number => typeof n === 'number')) return k.reject('the number of repeats must be constant')
  if (list.length > 1) {
    const places = list.flatMap((n, i) => new Array<number>(n).fill(i))
    return b.op(op.gather, [x, b.i32(places)], { axis, batchDims: 0 })
  }
  const [count] = list as [number]
  const tiled = b.op(op.tile, [expandDims(b, x, axis + 1), b.i32([...shape, 1].map((_, i) => (i === axis + 1 ? count : 1)))])
  return reshapeTo(b, tiled, shape.with(axis, mulDims(shape[axis]!, count)), [x, tiled])
}

function tile(k: KerasOp, b: OpBuilder): Value {
  const repeats = option(k, 'repeats')
  const list = (Array.isArray(repeats) ? repeats : [repeats]) as readonly number[]
  let x = first(k, b)
  while (x.type.shape.length < list.length) x = expandDims(b, x, 0)
  return run(k, b, 'Tile', [x, b.i32([...new Array<number>(x.type.shape.length - list.length).fill(1), ...list])])
}

function flipped(k: KerasOp, b: OpBuilder, x: Value, axes: readonly number[]): Value {
  return run(k, b, 'ReverseV2', [x, b.i32(axes)])
}

function flip(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  return flipped(k, b, x, axesOf(k, option(k, 'axis'), x.type.shape.length))
}

function flipAxis(axis: 0 | 1) {
  return layer((k, b) => flipped(k, b, first(k, b), [axis]))
}

/** By quarters from the first axis towards the second. */
function rotate(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const rank = x.type.shape.length
  const axes = axesOf(k, option(k, 'axes') ?? [0, 1], rank)
  const turns = ((numberOption(k, 'k', 1) % 4) + 4) % 4
  if (turns === 0) return x
  const last = [rank - 2, rank - 1]
  const quarter = (v: Value): Value => swapped(b, flipped(k, b, v, [rank - 1]), rank - 2, rank - 1)
  let y = quarter(moved(b, x, axes, last))
  if (turns > 1) {
    // Two quarters of what is no square: Keras gives the matrix its first sizes again between them.
    const sizes = turns === 2 ? axes.map((a) => x.type.shape[a]!) : y.type.shape.slice(-2)
    const shape = [...y.type.shape.slice(0, -2), ...sizes]
    y = reshapeTo(b, y, shape, [y])
    for (let i = 1; i < turns; i++) y = quarter(y)
    y = reshapeTo(b, y, shape, [y])
  }
  return moved(b, y, last, axes)
}

function roll(k: KerasOp, b: OpBuilder): Value {
  const axis = option(k, 'axis')
  const x = first(k, b)
  const shift = vectorOf(k, b, option(k, 'shift'))
  if (axis !== undefined && axis !== null) {
    const axes = axesOf(k, axis, x.type.shape.length)
    const isOne = shift.type.shape[0] === 1 && axes.length > 1
    return run(k, b, 'Roll', [x, isOne ? b.op(op.tile, [shift, b.i32([axes.length])]) : shift, b.i32(axes)])
  }
  return reshapeTo(b, run(k, b, 'Roll', [alongAxis(k, b, x, null).x, shift, b.i32([0])]), x.type.shape, [x])
}

/** Each vector along a dim of its own, spread over those of the others. */
function meshgrid(k: KerasOp, b: OpBuilder): readonly Value[] {
  const xs = k.operands.map((v) => reshapeTo(b, v, [mulDims(...v.type.shape)]))
  const sizes = xs.map((v) => v.type.shape[0]!)
  const isSwapped = option(k, 'indexing') !== 'ij' && xs.length > 1
  const place = (i: number): number => (isSwapped && i < 2 ? 1 - i : i)
  const shape = sizes.map((_, i) => sizes[place(i)]!)
  const target = vectorOfSizes(b, xs, shape)
  return xs.map((v, i) =>
    b.op(op.broadcastTo, [
      reshapeTo(
        b,
        v,
        shape.map((d, j) => (j === place(i) ? d : 1)),
      ),
      target,
    ]),
  )
}

function vectorOfSizes(b: OpBuilder, xs: readonly Value[], shape: readonly (number | string)[]): Value {
  const parts = shape.map((d) => {
    if (typeof d === 'number') return b.i32([d])
    return b.op(op.shape, [xs.find((v) => v.type.shape[0] === d)!])
  })
  return parts.length === 1 ? parts[0]! : b.op(op.concatenation, parts, { axis: 0 })
}

/** As TensorFlow broadcasts: sizes of the operand where the shape says null. */
function broadcastTo(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const shape = option(k, 'shape')
  const stated = Array.isArray(shape) ? (shape as readonly Json[]) : [shape ?? null]
  const missing = stated.length - x.type.shape.length
  const list = stated.map((d, i) => (d === null || d === -1 ? (x.type.shape[i - missing] ?? null) : d))
  if (list.some((d) => typeof d === 'string')) {
    const parts = list.map((d, i) =>
      typeof d === 'string' ? b.op(op.slice, [b.op(op.shape, [x]), b.i32([i - missing]), b.i32([1])]) : vectorOf(k, b, [d]),
    )
    return run(k, b, 'BroadcastTo', [x, b.op(op.concatenation, parts, { axis: 0 })])
  }
  return run(k, b, 'BroadcastTo', [x, vectorOf(k, b, list as Json)])
}

function append(k: KerasOp, b: OpBuilder): Value {
  const xs = promoted(k, b, [k.argument(0, 'x1'), k.argument(1, 'x2')])
  const axis = option(k, 'axis')
  const parts = axis === undefined || axis === null ? xs.map((x) => alongAxis(k, b, x, null).x) : xs
  return b.op(op.concatenation, parts, { axis: axis === undefined || axis === null ? 0 : k.axis(Number(axis), xs[0]!.type.shape.length) })
}

export const shapes: LoweringRegistry = {
  Reshape: layer(reshape),
  Ravel: layer((k, b) => alongAxis(k, b, first(k, b), null).x),
  Transpose: layer(transpose),
  Moveaxis: layer(moveaxis),
  Swapaxes: layer(swapaxes),
  ExpandDims: layer(insertDims),
  Squeeze: layer(squeeze),
  BroadcastTo: layer(broadcastTo),
  Pad: layer(pad),
  Repeat: layer(repeat),
  Tile: layer(tile),
  Flip: layer(flip),
  Fliplr: flipAxis(1),
  Flipud: flipAxis(0),
  Rot90: layer(rotate),
  Roll: layer(roll),
  Meshgrid: layer(meshgrid),
  Append: layer(append),
  Size: layer((k, b) => run(k, b, 'Size', [first(k, b)], { out_type: { type: 'i32' } })),
  Ndim: layer((k, b) => b.i32([first(k, b).type.shape.length], [])),
}
