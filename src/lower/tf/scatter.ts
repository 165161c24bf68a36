import { mulDims } from '../../core/dim.ts'
import { largestF32 } from '../../core/dtype.ts'
import { elementCount, isStatic, stridesOf } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { constInts } from '../../ops/view.ts'
import { smallAsI32 } from '../conversions.ts'
import { Formula } from '../formula.ts'
import { castTo, countUp, reshapeTo, shapeOf, sizeAt, toI32 } from '../operands.ts'
import type { Lowering, LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'
import { column, rowNumber } from './places.ts'
import { entries } from './strided-slice.ts'

/*
 * Writing into tensors. The result is gathered from the operand's rows and the updates, so any value may be written over any other
 * (infinities too), and of several updates of one place the last one counts, as in TensorFlow's kernel.
 */

/** A tensor as rows: the dims that an index vector addresses, and what lies at one address. */
interface Rows {
  /** [count, ...row] */
  readonly rows: Value
  /** A scalar: constant where the sizes are known. */
  readonly count: Value
  /** [updates, ...row] */
  readonly updates: Value
  /** Row of each update, i32 [updates]. */
  readonly at: Value
}

/** Index vectors as i32, and how many dims of a tensor of `rank` they address: where their size is open, what the updates leave of the rank. */
function addressOf(n: SourceOp, b: OpBuilder, indices: Value, updates: Value, rank: number): { indices: Value; depth: number } {
  const { shape } = indices.type
  const stated = shape.at(-1)
  const depth = typeof stated === 'number' ? stated : shape.length - 1 + rank - updates.type.shape.length
  if (!(depth >= 0 && depth <= rank)) return n.reject('the last dim of the indices must be at most the rank')
  const vectors = toI32(b, indices)
  return { indices: depth === stated ? vectors : reshapeTo(b, vectors, [...shape.slice(0, -1), depth]), depth }
}

function rowsOf(n: SourceOp, b: OpBuilder): Rows {
  const [x, updates] = [n.in(0), n.in(2)]
  const { indices, depth } = addressOf(n, b, n.in(1), updates, x.type.shape.length)
  const addressed = x.type.shape.slice(0, depth)
  const row = x.type.shape.slice(depth)
  const rows = reshapeTo(b, x, [mulDims(...addressed), ...row])
  const count = sizeAt(b, rows, 0)
  const places = indices.type.shape.slice(0, -1)
  const flattened = (v: Value) => {
    const { shape } = v.type
    return reshapeTo(b, v, [mulDims(...shape.slice(0, places.length)), ...shape.slice(places.length)])
  }
  return { rows, count, updates: flattened(updates), at: flattened(rowNumbers(b, indices, x, depth)) }
}

/** Row-major numbers of index vectors into the first `depth` dims of `x`, whose sizes may be known at run time only. */
function rowNumbers(b: OpBuilder, indices: Value, x: Value, depth: number): Value {
  const f = new Formula(b)
  const axis = indices.type.shape.length - 1
  const inner = x.type.shape.slice(0, depth)
  if (depth === 1) return f.sum(indices, [axis])
  if (isStatic(inner.slice(1))) return f.sum(f.mul(indices, b.i32(stridesOf([1, ...inner.slice(1)] as number[]))), [axis])
  const places = Array.from({ length: depth }, (_, k) => column(b, indices, k))
  return rowNumber(b, places, (dim) => sizeAt(b, x, dim))
}

/** For each of `count` rows the number of the last update of it, counted from 1; 0 where there is none. */
function lastUpdate(b: OpBuilder, at: Value, count: Value): Value {
  const f = new Formula(b)
  const numbers = constInts(at)
  const size = constInts(count)?.[0]
  if (numbers && size !== undefined) {
    const last = new Array<number>(size).fill(0)
    for (const [i, row] of numbers.entries()) if (row >= 0 && row < size) last[row] = i + 1
    return b.i32(last)
  }
  const given = reshapeTo(b, b.op(op.reduceProd, [shapeOf(b, at), b.i32([0])]), [])
  const positions = f.add(countUp(b, given), 1)
  return f.max(b.op(op.unsortedSegmentMax, [positions, at, count]), 0)
}

function update(n: SourceOp, b: OpBuilder): Value {
  if (elementCount(n.in(1).type.shape.slice(0, -1)) === 1) return updateOnce(n, b)
  const { rows, count, updates, at } = rowsOf(n, b)
  return reshapeTo(b, overwritten(b, rows, count, updates, lastUpdate(b, at, count)), n.in(0).type.shape, [n.in(0)])
}

/** A single update is a slice at a place of its own. */
function updateOnce(n: SourceOp, b: OpBuilder): Value {
  const x = n.in(0)
  const rank = x.type.shape.length
  const { indices, depth } = addressOf(n, b, n.in(1), n.in(2), rank)
  const start = b.op(op.pad, [reshapeTo(b, indices, [depth]), b.i32([0, rank - depth], [1, 2])])
  const slice = reshapeTo(b, n.in(2), [...new Array<number>(depth).fill(1), ...x.type.shape.slice(depth)])
  return b.op(op.dynamicUpdateSlice, [x, slice, start])
}

/** Rows, or where `last` is above 0 the update of that number. */
function overwritten(b: OpBuilder, rows: Value, count: Value, updates: Value, last: Value): Value {
  const f = new Formula(b)
  const own = countUp(b, count)
  const source = f.select(f.greater(last, 0), f.add(last, f.sub(count, 1)), own)
  return b.op(op.gather, [b.op(op.concatenation, [rows, updates], { axis: 0 }), source], { axis: 0 })
}

/** The kernel takes no single number as updates. */
function added(b: OpBuilder, indices: Value, updates: Value, shape: Value): Value {
  const isSingle = updates.type.shape.length === 0
  const [at, given] = isSingle ? [reshapeTo(b, indices, [1, ...indices.type.shape]), reshapeTo(b, updates, [1])] : [indices, updates]
  return b.op(op.scatterNd, [at, given, shape])
}

function accumulate(combine: (f: Formula, x: Value, sum: Value) => Value) {
  return (n: SourceOp, b: OpBuilder): Value => {
    const { indices } = addressOf(n, b, n.in(1), n.in(2), n.in(0).type.shape.length)
    const sums = added(b, indices, n.in(2), shapeOf(b, n.in(0)))
    return combine(new Formula(b), n.in(0), sums)
  }
}

/** The extreme of each row's updates; rows without one get the type's own extreme, which no element exceeds. */
function extreme(spec: typeof op.unsortedSegmentMax | typeof op.unsortedSegmentMin, combine: typeof op.maximum | typeof op.minimum) {
  return (n: SourceOp, b: OpBuilder): Value => {
    const { dtype } = n.in(0).type
    const work = dtype === 'f32' ? 'f32' : 'i32'
    const wide = n.with([castTo(b, n.in(0), work), n.in(1), castTo(b, n.in(2), work)])
    const { rows, count, updates, at } = rowsOf(wide, b)
    const best = b.op(spec as typeof op.unsortedSegmentMax, [updates, at, count])
    const both = b.op(combine as typeof op.maximum, [rows, best])
    const y = reshapeTo(b, work === 'f32' ? unlessNone(b, spec === op.unsortedSegmentMax, best, rows, both) : both, n.in(0).type.shape, [
      n.in(0),
    ])
    if (dtype !== work) n.scope.narrowings.note(n.layer ?? n.node.op, dtype, work, [y])
    return castTo(b, y, dtype)
  }
}

/** A row without updates stays as it is, which may be infinite: the kernel gives the last finite number there. */
function unlessNone(b: OpBuilder, isMax: boolean, best: Value, rows: Value, both: Value): Value {
  const f = new Formula(b)
  const none = isMax ? f.lessEqual(best, -largestF32) : f.greaterEqual(best, largestF32)
  return f.select(none, rows, both)
}

/** x[begin:end:stride] = value: elements are gathered from both by a constant map, one for each row where the number of rows is open. */
function stridedUpdate(n: SourceOp, b: OpBuilder): Value {
  const [x, value] = [n.in(0), n.in(4)]
  const [begin, end, strides] = [n.ints(1, 'begin'), n.ints(2, 'end'), n.ints(3, 'the strides')]
  const masked = (name: string, at: number | undefined) => at === undefined || (n.int(name, 0) >> at) & 1
  const all = entries(n, x.type.shape.length, strides.length)
  const [first] = all
  const keepsRows =
    first?.kind === 'range' &&
    masked('begin_mask', first.at) &&
    masked('end_mask', first.at) &&
    (first.at === undefined || strides[first.at] === 1)
  const rows = typeof x.type.shape[0] === 'string' && keepsRows ? 1 : 0
  const shape = x.type.shape.slice(rows)
  if (!isStatic(shape)) return n.reject(`the shape must be known, found [${x.type.shape.join(',')}]`)
  const dims = all.filter((e) => e.kind !== 'new').slice(rows)
  const picked = dims.map((e, i) => {
    const size = shape[i]!
    if (e.at === undefined) return Array.from({ length: size }, (_, k) => k)
    const step = strides[e.at]!
    if (step === 0) n.reject('a stride is 0')
    const low = begin[e.at]! < 0 ? begin[e.at]! + size : begin[e.at]!
    if (e.kind === 'index') return [low]
    const high = end[e.at]! < 0 ? end[e.at]! + size : end[e.at]!
    const [from, stop] =
      step > 0
        ? [masked('begin_mask', e.at) ? 0 : low, masked('end_mask', e.at) ? size : high]
        : [masked('begin_mask', e.at) ? size - 1 : low, masked('end_mask', e.at) ? -1 : high]
    const inRange: number[] = []
    for (
      let k = step > 0 ? Math.max(0, from) : Math.min(size - 1, from);
      step > 0 ? k < Math.min(stop, size) : k > Math.max(stop, -1);
      k += step
    )
      inRange.push(k)
    return inRange
  })
  const count = elementCount(shape)!
  const map = Int32Array.from({ length: count }, (_, i) => i)
  const pitch = stridesOf(shape)
  let next = count
  const visit = (dim: number, offset: number): void => {
    if (dim === shape.length) map[offset] = next++
    else for (const k of picked[dim]!) visit(dim + 1, offset + k * pitch[dim]!)
  }
  visit(0, 0)
  const given = elementCount(value.type.shape.slice(rows))
  if (given === 0 && next === count) return x
  if (given !== next - count) return n.reject(`${next - count} elements are written, the value has ${given}`)
  const flat = (v: Value, size: number) => reshapeTo(b, v, [...x.type.shape.slice(0, rows), size])
  const both = b.op(op.concatenation, [flat(x, count), flat(value, given)], { axis: rows })
  return reshapeTo(b, b.op(op.gather, [both, b.i32([...map])], { axis: rows }), x.type.shape)
}

/** Rows of `data` at the positions `indices`; the last of several counts, positions without one are zeros. */
function dynamicStitch(n: SourceOp, b: OpBuilder): Value {
  const count = n.operands.length / 2
  const indices = n.operands.slice(0, count).map((v) => reshapeTo(b, toI32(b, v), [mulDims(...v.type.shape)]))
  const isUsed = (_: Value, i: number) => indices[i]!.type.shape[0] !== 0
  const data = n.operands.slice(count).map((v, i) => {
    const rank = n.in(i).type.shape.length
    return rank === 1 ? v : reshapeTo(b, v, [...indices[i]!.type.shape, ...v.type.shape.slice(rank)], [v, indices[i]!])
  })
  const join = (values: readonly Value[]) => (values.length === 1 ? values[0]! : b.op(op.concatenation, values, { axis: 0 }))
  const isEmpty = !indices.some(isUsed)
  const [at, rows] = isEmpty ? [indices[0]!, data[0]!] : [join(indices.filter(isUsed)), join(data.filter(isUsed))]
  const numbers = constInts(at)
  if (numbers) {
    const size = Math.max(-1, ...numbers) + 1
    const last = new Array<number>(size).fill(-1)
    for (const [i, place] of numbers.entries()) last[place] = i
    if (last.includes(-1)) n.reject('the indices leave places out')
    return b.op(op.gather, [rows, b.i32(last)], { axis: 0 })
  }
  const f = new Formula(b)
  const size = f.add(b.op(op.reduceMax, [at, b.i32([0])]), 1)
  const positions = countUp(b, sizeAt(b, at, 0))
  const source = b.op(op.unsortedSegmentMax, [positions, at, size])
  return b.op(op.gather, [rows, f.max(source, 0)], { axis: 0 })
}

/** One result for each partition: the rows whose number it is, in their order. */
function dynamicPartition(n: SourceOp, b: OpBuilder): readonly Value[] {
  const f = new Formula(b)
  const rank = n.in(1).type.shape.length
  const numbers = reshapeTo(b, n.in(1), [mulDims(...n.in(1).type.shape)])
  const x = rank === 1 ? n.in(0) : reshapeTo(b, n.in(0), [numbers.type.shape[0]!, ...n.in(0).type.shape.slice(rank)], [n.in(0), numbers])
  return Array.from({ length: n.int('num_partitions') }, (_, i) => {
    const rows = b.op(op.where, [f.equal(numbers, i)])
    return b.op(op.gather, [x, reshapeTo(b, castTo(b, rows, 'i32'), [rows.type.shape[0]!])], { axis: 0 })
  })
}

/** Whole rows, counted in a circle. @see TensorFlow inplace_ops.cc */
function onRows(lowering: Lowering): Lowering {
  return (n, b) => {
    const f = new Formula(b)
    const [x, rows] = [n.in(0), toI32(b, n.in(1))]
    const at = f.floorMod(rows, sizeAt(b, x, 0))
    return lowering(n.with([x, reshapeTo(b, at, [...at.type.shape, 1]), n.in(2)]), b)
  }
}

function scatterNd(n: SourceOp, b: OpBuilder): Value {
  const shape = toI32(b, n.in(2))
  const rank = shape.type.shape[0]
  const indices = typeof rank === 'number' ? addressOf(n, b, n.in(0), n.in(1), rank).indices : toI32(b, n.in(0))
  return added(b, indices, n.in(1), shape)
}

/** The kernel takes f32 and wide integers. */
const sums = smallAsI32({
  ScatterNd: scatterNd,
  TensorScatterAdd: accumulate((f, x, sum) => f.add(x, sum)),
  TensorScatterSub: accumulate((f, x, sum) => f.sub(x, sum)),
})

export const scatter: LoweringRegistry = {
  ...sums,
  ScatterNdNonAliasingAdd: sums.TensorScatterAdd!,
  InplaceAdd: onRows(sums.TensorScatterAdd!),
  InplaceSub: onRows(sums.TensorScatterSub!),
  ...smallAsI32({ InplaceUpdate: onRows(update) }),
  TensorScatterUpdate: update,
  TensorScatterMax: extreme(op.unsortedSegmentMax, op.maximum),
  TensorScatterMin: extreme(op.unsortedSegmentMin, op.minimum),
  TensorStridedSliceUpdate: stridedUpdate,
  XlaDynamicUpdateSlice: (n, b) => b.op(op.dynamicUpdateSlice, [n.in(0), n.in(1), n.in(2)]),
  SparseToDense: (n, b) =>
    b.op(op.sparseToDense, [toI32(b, n.in(0)), toI32(b, n.in(1)), n.in(2), n.in(3)], { validateIndices: n.bool('validate_indices', true) }),
  DynamicStitch: dynamicStitch,
  ParallelDynamicStitch: dynamicStitch,
  DynamicPartition: dynamicPartition,
}
