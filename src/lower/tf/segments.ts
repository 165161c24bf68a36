import type { DType } from '../../core/dtype.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { constInts } from '../../ops/view.ts'
import { firstAsI32 } from '../conversions.ts'
import { Formula } from '../formula.ts'
import { castTo, constantOf, reshapeTo, shapeOf, sliceAxis, toI32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'

/*
 * Rows reduced by segment. LiteRT's SEGMENT_SUM refuses ids with gaps, so all of them are the unsorted kernels, which do not.
 */

type Reduction = 'sum' | 'prod' | 'max' | 'min'
const kernels = {
  sum: op.unsortedSegmentSum,
  prod: op.unsortedSegmentProd,
  max: op.unsortedSegmentMax,
  min: op.unsortedSegmentMin,
} as const

function reduced(b: OpBuilder, how: Reduction, data: Value, ids: Value, count: Value): Value {
  return b.op(kernels[how] as typeof op.unsortedSegmentSum, [data, ids, count])
}

/** Ids ascend: the last one tells how many segments there are. */
function segmentCount(b: OpBuilder, ids: Value): Value {
  const numbers = constInts(ids)
  if (numbers) return b.i32([(numbers.at(-1) ?? -1) + 1], [])
  const f = new Formula(b)
  const count = f.add(b.op(op.reduceMax, [ids, b.i32([0])]), 1)
  // Of no ids the largest is the lowest number.
  return typeof ids.type.shape[0] === 'number' && ids.type.shape[0] > 0 ? count : f.max(count, 0)
}

/** Rows in each segment, f32, with dims of size 1 for those of a row. */
function rowCounts(b: OpBuilder, ids: Value, count: Value, rowRank: number): Value {
  const ones = b.op(op.fill, [shapeOf(b, ids), b.f32([1])])
  const counts = reduced(b, 'sum', ones, ids, count)
  return reshapeTo(b, counts, [counts.type.shape[0]!, ...new Array<number>(rowRank).fill(1)])
}

/** A segment without rows is `empty` where TensorFlow says so; the kernels leave the extremes of the type. */
function segments(how: Reduction, empty?: number) {
  return (n: SourceOp, b: OpBuilder): Value => {
    const f = new Formula(b)
    const [data, ids] = [n.in(0), toI32(b, n.in(1))]
    const count = segmentCount(b, ids)
    const y = reduced(b, how, data, ids, count)
    if (empty === undefined) return y
    const rows = rowCounts(b, ids, count, data.type.shape.length - ids.type.shape.length)
    return f.select(f.greater(rows, 0), y, constantOf(b, data.type.dtype, [empty]))
  }
}

function unsorted(how: Reduction) {
  return (n: SourceOp, b: OpBuilder): Value => {
    const y = reduced(b, how, n.in(0), toI32(b, n.in(1)), toI32(b, n.in(2)))
    // A segment without rows holds the extreme of the model's type.
    const extreme = how === 'max' || how === 'min' ? extremes[n.type('T', 'f32')]?.[how] : undefined
    if (extreme === undefined) return y
    const f = new Formula(b)
    return how === 'max' ? f.max(y, extreme) : f.min(y, extreme)
  }
}

/** Lowest and largest finite numbers of types that are computed in wider ones. */
const extremes: Readonly<Partial<Record<DType, { readonly max: number; readonly min: number }>>> = {
  i8: { max: -128, min: 127 },
  u8: { max: 0, min: 255 },
  i16: { max: -32768, min: 32767 },
  u16: { max: 0, min: 65535 },
  u32: { max: 0, min: 0x7fff_ffff },
  f16: { max: -65504, min: 65504 },
  bf16: { max: -3.3895313892515355e38, min: 3.3895313892515355e38 },
}

/** Sum of the rows divided by their number, or its root. */
function average(b: OpBuilder, data: Value, ids: Value, count: Value, root: boolean): Value {
  const f = new Formula(b)
  const rows = f.max(rowCounts(b, ids, count, data.type.shape.length - ids.type.shape.length), 1)
  return f.div(reduced(b, 'sum', data, ids, count), castTo(b, root ? f.sqrt(rows) : rows, data.type.dtype))
}

function segmentMean(n: SourceOp, b: OpBuilder): Value {
  const ids = toI32(b, n.in(1))
  return average(b, n.in(0), ids, segmentCount(b, ids), false)
}

/** Rows are picked first. `WithNumSegments` says how many segments there are. */
function sparse(how: 'sum' | 'mean' | 'sqrt') {
  return (n: SourceOp, b: OpBuilder): Value => {
    const ids = toI32(b, n.in(2))
    const picked = b.op(op.gather, [n.in(0), toI32(b, n.in(1))], { axis: 0 })
    const count = n.operands[3] ? toI32(b, n.operands[3]) : segmentCount(b, ids)
    return how === 'sum' ? reduced(b, 'sum', picked, ids, count) : average(b, picked, ids, count, how === 'sqrt')
  }
}

/** How often each of 0 .. size-1 occurs (or the sum of its weights), in each row for itself; other numbers are left out. */
function counts(n: SourceOp, b: OpBuilder, x: Value, size: Value, weights: Value | undefined, binary: boolean): Value {
  const f = new Formula(b)
  const rank = x.type.shape.length
  if (rank !== 1 && rank !== 2) n.reject(`only vectors and matrices are supported, found rank ${rank}`)
  const isWeighted = weights !== undefined && weights.type.shape[0] !== 0
  const to = isWeighted ? weights.type.dtype : n.has('T') ? n.type('T') : 'i32'
  const work = to === 'f32' ? 'f32' : 'i32'
  if (rank === 2) {
    const hot = b.op(op.oneHot, [x, size, constantOf(b, work, [1]), constantOf(b, work, [0])], { axis: -1 })
    const each = isWeighted ? f.mul(hot, castTo(b, reshapeTo(b, weights, [...weights.type.shape, 1]), work)) : hot
    return castTo(b, binary ? b.op(op.reduceMax, [hot, b.i32([1])]) : f.sum(each, [1]), to)
  }
  const inRange = f.and(f.greaterEqual(x, 0), f.less(x, size))
  const ids = f.select(inRange, x, -1)
  const ones = isWeighted ? castTo(b, weights, work) : b.op(op.fill, [shapeOf(b, x), constantOf(b, work, [1])])
  const sums = reduced(b, 'sum', f.select(inRange, ones, constantOf(b, work, [0])), ids, size)
  return castTo(b, binary ? f.min(sums, 1) : sums, to)
}

/** Binary output says which numbers occur, whatever their weights. */
function denseBincount(n: SourceOp, b: OpBuilder): Value {
  const size = reshapeTo(b, toI32(b, n.in(1)), [])
  const binary = n.bool('binary_output', false)
  return counts(n, b, toI32(b, n.in(0)), size, binary ? undefined : n.operands[2], binary)
}

/** The same of all numbers together. */
function bincount(n: SourceOp, b: OpBuilder): Value {
  const size = reshapeTo(b, toI32(b, n.in(1)), [])
  const flat = (v: Value) => (v.type.shape.length === 1 ? v : b.op(op.reshape, [v, b.i32([-1])]))
  return counts(n, b, flat(toI32(b, n.in(0))), size, n.operands[2] && flat(n.operands[2]), false)
}

/** Numbers outside the range count for the bins at its ends. */
function histogram(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const [x, bins] = [n.in(0), toI32(b, n.in(2))]
  const range = castTo(b, n.in(1), x.type.dtype)
  const flat = b.op(op.reshape, [x, b.i32([-1])])
  const [low, high] = [0, 1].map((i) => reshapeTo(b, sliceAxis(b, range, 0, i, 1), [])) as [Value, Value]
  const isWhole = x.type.dtype !== 'f32'
  const position = isWhole
    ? f.floorDiv(f.mul(f.sub(flat, low), bins), f.sub(high, low))
    : castTo(b, f.floor(f.max(f.mul(f.div(f.sub(flat, low), f.sub(high, low)), castTo(b, bins, 'f32')), 0)), 'i32')
  const bin = f.max(f.min(position, f.sub(bins, 1)), 0)
  const ones = b.op(op.fill, [shapeOf(b, bin), b.i32([1], [])])
  return castTo(b, reduced(b, 'sum', ones, bin, bins), n.type('dtype', 'i32'))
}

const reducedSegments = firstAsI32({
  SegmentSum: segments('sum'),
  SegmentProd: segments('prod'),
  SegmentMax: segments('max', 0),
  SegmentMin: segments('min', 0),
  SegmentMean: segmentMean,
  UnsortedSegmentSum: unsorted('sum'),
  UnsortedSegmentProd: unsorted('prod'),
  UnsortedSegmentMax: unsorted('max'),
  UnsortedSegmentMin: unsorted('min'),
  SparseSegmentSum: sparse('sum'),
  SparseSegmentMean: sparse('mean'),
  SparseSegmentSqrtN: sparse('sqrt'),
  SparseSegmentSumWithNumSegments: sparse('sum'),
  SparseSegmentMeanWithNumSegments: sparse('mean'),
  SparseSegmentSqrtNWithNumSegments: sparse('sqrt'),
})

const countedNumbers = firstAsI32(
  { Bincount: bincount, DenseBincount: denseBincount, HistogramFixedWidth: histogram },
  { keepsResults: true },
)

export const segmentOps: LoweringRegistry = { ...reducedSegments, ...countedNumbers }
