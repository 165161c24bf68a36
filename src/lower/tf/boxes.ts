import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'
import { shapeOf, sliceAxis } from '../operands.ts'

/** Beyond it the places of stand-ins would not be exact. */
const farthest = 2 ** 22

/**
 * Boxes [N,4] where each has an area. LiteRT's kernel of suppression looks at a selected box again, which only its overlap with itself rules
 * out; one without area overlaps nothing and would be selected until all places are full. For it stands a square that is apart from all
 * others: like it, it suppresses nothing and is suppressed by nothing.
 * @see tensorflow/lite/kernels/internal/reference/non_max_suppression.h
 */
export function withArea(b: OpBuilder, boxes: Value): Value {
  const f = new Formula(b)
  const sides = f.sub(sliceAxis(b, boxes, 1, 2, 2), sliceAxis(b, boxes, 1, 0, 2))
  const area = f.abs(b.op(op.reduceProd, [sides, b.i32([1])], { keepDims: true }))
  const has = f.greater(area, 0)
  const largest = b.op(op.reduceMax, [f.select(has, boxes, 0), b.i32([0, 1])])
  const beyond = f.floor(f.min(f.max(largest, 0), farthest))
  const ones = b.op(op.fill, [shapeOf(b, area), b.f32([1], [])])
  const place = b.op(op.cumsum, [ones, b.i32([0], [])])
  return f.select(has, boxes, f.add(f.add(f.mul(place, 2), beyond), b.f32([0, 0, 1, 1], [1, 4])))
}

/**
 * The next number above a threshold from 0 to below 1: LiteRT's kernel suppresses boxes that overlap as much as it says, TensorFlow those that
 * overlap more. One box overlaps itself by 1, and must.
 */
export function beyond(f: Formula, threshold: Value): Value {
  return f.min(f.max(f.mul(threshold, 1 + 2 ** -23), 2 ** -126), 1)
}
