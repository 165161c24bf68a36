import { largestF32 } from '../../core/dtype.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'
import { castTo, reshapeTo, sliceAxis, toI32 } from '../operands.ts'
import type { SourceOp } from '../source-op.ts'
import { beyond, withArea } from './boxes.ts'

/** One suppression for each image and class: the file would outgrow its use. */
const maxSuppressions = 512

interface Limits {
  readonly perClass: number
  readonly total: number
  readonly iou: Value
  readonly score: Value
}

/**
 * Boxes [B,N,Q,4] (Q is 1, or the classes), scores [B,N,C]: each class on its own, then the best of all classes. Results are boxes, scores,
 * classes (as f32) and how many of them are valid; zeros follow those. @see TensorFlow non_max_suppression_op.cc, CombinedNonMaxSuppression
 */
export function combinedNonMaxSuppression(n: SourceOp, b: OpBuilder): readonly Value[] {
  const [boxes, scores] = [n.in(0), n.in(1)]
  const [batch, places, shared] = boxes.type.shape
  const classes = scores.type.shape[2]
  if (typeof batch !== 'number' || typeof classes !== 'number' || typeof places !== 'number' || typeof shared !== 'number')
    return n.reject('the number of images, boxes and classes must be known', 'Export the model with a fixed batch.')
  if (batch * classes > maxSuppressions) n.reject(`${batch} images of ${classes} classes are too many, ${maxSuppressions} together at most`)
  const [perClass, wanted] = [n.ints(2, 'the boxes of a class')[0]!, n.ints(3, 'the boxes of an image')[0]!]
  const limits: Limits = {
    perClass: Math.min(perClass, places),
    total: n.bool('pad_per_class', false) ? Math.min(wanted, perClass * classes) : wanted,
    iou: beyond(new Formula(b), n.in(4)),
    score: n.in(5),
  }
  const images = Array.from({ length: batch }, (_, i) => {
    const own = reshapeTo(b, sliceAxis(b, boxes, 0, i, 1), [places, shared, 4])
    return bestOfImage(b, own, reshapeTo(b, sliceAxis(b, scores, 0, i, 1), [places, classes]), limits)
  })
  const results = [0, 1, 2, 3].map((k) =>
    b.op(
      op.pack,
      images.map((image) => image[k]!),
      { valuesCount: batch, axis: 0 },
    ),
  ) as [Value, Value, Value, Value]
  const f = new Formula(b)
  return n.bool('clip_boxes', true) ? [f.min(f.max(results[0], 0), 1), ...results.slice(1)] : results
}

/** @returns boxes [total,4], scores [total], classes [total], number of valid ones */
function bestOfImage(b: OpBuilder, boxes: Value, scores: Value, limits: Limits): readonly Value[] {
  const f = new Formula(b)
  const [places, shared] = boxes.type.shape as [number, number]
  const classes = scores.type.shape[1] as number
  const { perClass, total } = limits
  const found = Array.from({ length: classes }, (_, c) => {
    const own = reshapeTo(b, sliceAxis(b, boxes, 1, shared === 1 ? 0 : c, 1), [places, 4])
    const scored = reshapeTo(b, sliceAxis(b, scores, 1, c, 1), [places])
    const [at, count] = b.ops(op.nonMaxSuppressionV4, [withArea(b, own), scored, b.i32([perClass], []), limits.iou, limits.score]) as [
      Value,
      Value,
    ]
    const isValid = f.less(b.i32(Array.from({ length: perClass }, (__, i) => i)), count)
    const picked = b.op(op.gather, [scored, at], { axis: 0 })
    return { boxes: b.op(op.gather, [own, at], { axis: 0 }), scores: f.select(isValid, picked, -largestF32), count }
  })
  const joined = (parts: readonly Value[]) => (parts.length === 1 ? parts[0]! : b.op(op.concatenation, parts, { axis: 0 }))
  const all = classes * perClass
  const kept = Math.min(total, all)
  const [best, order] = b.ops(op.topkV2, [joined(found.map((x) => x.scores)), b.i32([kept], [])]) as [Value, Value]
  const counts = found.map((x) => x.count).reduce((a, c) => f.add(a, c))
  const valid = f.min(counts, total)
  const isValid = f.less(b.i32(Array.from({ length: kept }, (_, i) => i)), valid)
  const coordinates = b.op(op.gather, [joined(found.map((x) => x.boxes)), order], { axis: 0 })
  const results = [
    f.select(reshapeTo(b, isValid, [kept, 1]), coordinates, 0),
    f.select(isValid, best, 0),
    castTo(b, f.select(isValid, f.floorDiv(order, perClass), 0), 'f32'),
  ]
  const filled = results.map((x) => {
    if (kept === total) return x
    const paddings = x.type.shape.flatMap((_, i) => [0, i === 0 ? total - kept : 0])
    return b.op(op.pad, [x, b.i32(paddings, [x.type.shape.length, 2])])
  })
  return [...filled, toI32(b, valid)]
}
