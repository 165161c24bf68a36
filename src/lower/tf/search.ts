import { largestF32 } from '../../core/dtype.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { widened } from '../conversions.ts'
import { Formula } from '../formula.ts'
import { castTo, countUp, reshapeTo, shapeOf, toI32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'
import { beyond, withArea } from './boxes.ts'
import { combinedNonMaxSuppression } from './combined-nms.ts'

/** `x` with a dim of size 1 more, at the end or before it. */
const asColumn = (b: OpBuilder, x: Value): Value => reshapeTo(b, x, [...x.type.shape, 1])
const asRow = (b: OpBuilder, x: Value): Value => reshapeTo(b, x, [...x.type.shape.slice(0, -1), 1, x.type.shape.at(-1)!])

/** How many elements of the sorted row lie before each value: all pairs are compared. */
function searchSorted(side: 'left' | 'right') {
  return (n: SourceOp, b: OpBuilder): Value => {
    const f = new Formula(b)
    const [sorted, values] = [asRow(b, widened(b, n.in(0))), asColumn(b, widened(b, n.in(1)))]
    const before = side === 'left' ? f.less(sorted, values) : f.lessEqual(sorted, values)
    return castTo(b, f.sum(castTo(b, before, 'i32'), [before.type.shape.length - 1]), n.type('out_type', 'i32'))
  }
}

/** Elements of x that are not in y, and their positions. */
function listDiff(n: SourceOp, b: OpBuilder): readonly Value[] {
  const f = new Formula(b)
  const [x, y] = [n.in(0), n.in(1)]
  const found = b.op(op.reduceAny, [f.equal(asColumn(b, widened(b, x)), asRow(b, widened(b, y))), b.i32([1])])
  const rows = b.op(op.where, [f.not(found)])
  const at = reshapeTo(b, castTo(b, rows, 'i32'), [rows.type.shape[0]!])
  return [b.op(op.gather, [x, at], { axis: 0 }), castTo(b, at, n.type('out_idx', 'i32'))]
}

function unique(n: SourceOp, b: OpBuilder): Value[] {
  const isAlongAxis = n.operands.length > 1 && n.in(1).type.shape[0] !== 0
  if (n.in(0).type.shape.length !== 1 || (isAlongAxis && n.axis(n.ints(1, 'the axis')[0]!, 1) !== 0)) n.reject('only vectors are supported')
  const x = n.in(0)
  const kept = op.unique.operands[0]!.dtypes.includes(x.type.dtype)
  const [values, positions] = b.ops(op.unique, [kept ? x : castTo(b, x, x.type.dtype === 'u32' ? 'i64' : 'i32')], {
    idxOutType: n.type('out_idx', 'i32'),
  }) as [Value, Value]
  return [castTo(b, values, x.type.dtype), positions]
}

function uniqueWithCounts(n: SourceOp, b: OpBuilder): readonly Value[] {
  const [values, positions] = unique(n, b) as [Value, Value]
  const ids = toI32(b, positions)
  const ones = b.op(op.fill, [shapeOf(b, ids), b.i32([1], [])])
  const count = reshapeTo(b, b.op(op.shape, [values]), [])
  return [values, positions, castTo(b, b.op(op.unsortedSegmentSum, [ones, ids, count]), n.type('out_idx', 'i32'))]
}

const threshold = (n: SourceOp, b: OpBuilder, i: number): Value => (n.operands[i] ? castTo(b, n.operands[i], 'f32') : b.f32([-largestF32]))

/** LiteRT's kernel always fills up to the largest number; without padding what is beyond the valid ones is cut off. */
function cut(b: OpBuilder, x: Value, count: Value): Value {
  return b.op(op.slice, [x, b.i32([0]), reshapeTo(b, count, [1])])
}

/** The best boxes that do not overlap. Version 1 has no thresholds by operand, 1 and 2 no score threshold. */
function nonMaxSuppression(n: SourceOp, b: OpBuilder): readonly Value[] {
  const f = new Formula(b)
  const iou = n.operands[3] ? castTo(b, n.operands[3], 'f32') : b.f32([Math.fround(n.float('iou_threshold', 0.5))])
  const boxes = withArea(b, castTo(b, n.in(0), 'f32'))
  const operands = [boxes, castTo(b, n.in(1), 'f32'), reshapeTo(b, toI32(b, n.in(2)), []), beyond(f, iou), threshold(n, b, 4)]
  const pads = n.bool('pad_to_max_output_size', false)
  if (n.node.op === 'NonMaxSuppressionV5') {
    const sigma = castTo(b, n.in(5), 'f32')
    // Where overlaps lower scores TensorFlow suppresses nothing besides; LiteRT's kernel would. It looks at a selected box again, which
    // only its overlap of 1 with itself rules out.
    operands[3] = f.select(f.greater(sigma, 0), b.f32([1]), operands[3]!)
    const [indices, scores, valid] = b.ops(op.nonMaxSuppressionV5, [...operands, sigma]) as [Value, Value, Value]
    return pads ? [indices, scores, valid] : [cut(b, indices, valid), cut(b, scores, valid), valid]
  }
  const [indices, valid] = inOrder(b, operands)
  return [pads ? indices : cut(b, indices, valid), valid]
}

/**
 * Of equal scores LiteRT's kernel takes any first, TensorFlow the first box. So boxes are sorted, equal ones staying in their order, and
 * their places from the end stand for their scores.
 */
function inOrder(b: OpBuilder, [boxes, scores, limit, iou, least]: readonly Value[]): [indices: Value, valid: Value] {
  const f = new Formula(b)
  const count = reshapeTo(b, b.op(op.shape, [scores!]), [])
  const [sorted, order] = b.ops(op.topkV2, [scores!, count]) as [Value, Value]
  const places = b.op(op.range, [castTo(b, count, 'f32'), b.f32([0]), b.f32([-1])])
  const ranks = f.select(f.greater(sorted, least!), places, -1)
  const picked = b.op(op.gather, [boxes!, order], { axis: 0 })
  const [at, valid] = b.ops(op.nonMaxSuppressionV4, [picked, ranks, limit!, iou!, b.f32([0])]) as [Value, Value]
  const isValid = f.less(countUp(b, limit!), valid)
  // Where there are no boxes the kernel's zeros still point at something.
  const [size] = scores!.type.shape
  const boxesInOrder = typeof size === 'number' && size > 0 ? order : b.op(op.concatenation, [order, b.i32([0])], { axis: 0 })
  return [f.select(isValid, b.op(op.gather, [boxesInOrder, at], { axis: 0 }), 0), valid]
}

export const search: LoweringRegistry = {
  LowerBound: searchSorted('left'),
  UpperBound: searchSorted('right'),
  ListDiff: listDiff,
  Unique: unique,
  UniqueV2: unique,
  UniqueWithCounts: uniqueWithCounts,
  UniqueWithCountsV2: uniqueWithCounts,
  NonMaxSuppression: nonMaxSuppression,
  NonMaxSuppressionV2: nonMaxSuppression,
  NonMaxSuppressionV3: nonMaxSuppression,
  NonMaxSuppressionV4: nonMaxSuppression,
  NonMaxSuppressionV5: nonMaxSuppression,
  CombinedNonMaxSuppression: combinedNonMaxSuppression,
}
