import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'
import { castTo, countUp, permute, reshapeTo, shapeOf, sliceAxis, toI32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'

/**
 * The likeliest class of each step [T,N], without the blank one and, with `merge_repeated`, without those that repeat the step before:
 * positions and values of a sparse [N,longest] matrix, its size, and minus the sum of the scores taken.
 * @see TensorFlow core/util/ctc/ctc_decoder.h, CTCGreedyDecoder
 */
function greedy(n: SourceOp, b: OpBuilder): readonly Value[] {
  const f = new Formula(b)
  const [scores, lengths] = [n.in(0), toI32(b, n.in(1))]
  const [steps, batch, classes] = scores.type.shape
  if (typeof classes !== 'number') return n.reject('the number of classes must be known')
  const stated = n.int('blank_index', -1)
  const blank = stated < 0 ? stated + classes : stated
  const best = b.op(op.argMax, [scores, b.i32([2], [])], { outputType: 'i32' })
  const count = reshapeTo(b, sliceAxis(b, shapeOf(b, scores), 0, 0, 1), [])
  const step = reshapeTo(b, countUp(b, count), [steps!, 1])
  const isWithin = f.less(step, reshapeTo(b, lengths, [1, batch!]))
  const isLabel = f.and(isWithin, f.notEqual(best, blank))
  const before = b.op(op.pad, [
    b.op(op.slice, [best, b.i32([0, 0]), b.op(op.sub, [shapeOf(b, best), b.i32([1, 0])])]),
    b.i32([1, 0, 0, 0], [2, 2]),
  ])
  const isNew = f.or(f.notEqual(best, before), f.equal(step, 0))
  const isKept = permute(b, n.bool('merge_repeated', false) ? f.and(isLabel, isNew) : isLabel, [1, 0])
  const marks = castTo(b, isKept, 'i32')
  const found = castTo(b, b.op(op.where, [isKept]), 'i32')
  const place = f.sub(b.op(op.cumsum, [marks, b.i32([1], [])]), 1)
  const at = (x: Value): Value => b.op(op.gatherNd, [x, found])
  const rows = sliceAxis(b, found, 1, 0, 1)
  const columns = reshapeTo(b, at(place), [found.type.shape[0]!, 1])
  const longest = b.op(op.reduceMax, [f.sum(marks, [1]), b.i32([0])], { keepDims: true })
  const size = b.op(op.concatenation, [sliceAxis(b, shapeOf(b, scores), 0, 1, 1), longest], { axis: 0 })
  const sum = f.sum(f.select(isWithin, b.op(op.reduceMax, [scores, b.i32([2])]), 0), [0])
  return [
    castTo(b, b.op(op.concatenation, [rows, columns], { axis: 1 }), 'i64'),
    castTo(b, at(permute(b, best, [1, 0])), 'i64'),
    castTo(b, size, 'i64'),
    reshapeTo(b, f.neg(sum), [batch!, 1]),
  ]
}

export const ctcDecoders: LoweringRegistry = { CTCGreedyDecoder: greedy }
