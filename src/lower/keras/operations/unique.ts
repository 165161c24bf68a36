import { mulDims } from '../../../core/dim.ts'
import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { op } from '../../../ops/index.ts'
import { Formula } from '../../formula.ts'
import { castTo, countUp, reshapeTo, sizeAt, sliceAxis } from '../../operands.ts'
import type { LoweringRegistry } from '../../registry.ts'
import { type KerasOp, layer } from '../keras-op.ts'
import { first, numberOption, option } from './operation.ts'
import { ascending, sortable } from './sorting.ts'

/** Numbers of a segment without elements. */
const none = 0x7fff_ffff

/** The different elements, as many as `size` says: the row is sorted, equal ones make a segment. */
function unique(k: KerasOp, b: OpBuilder): readonly Value[] {
  const f = new Formula(b)
  const x = first(k, b)
  if (option(k, 'size') === undefined || option(k, 'size') === null)
    return k.reject('how many it finds is known only when it runs', 'Give it a size, which cuts or fills what it finds.')
  if (option(k, 'axis') != null && x.type.shape.length !== 1) return k.reject('different rows along an axis are not supported')
  if (x.type.dtype === 'i64' || x.type.dtype === 'u32') return k.reject(`sorting ${x.type.dtype} is not supported`)
  const size = numberOption(k, 'size', 0)
  const row = sortable(b, reshapeTo(b, x, [mulDims(...x.type.shape)]))
  const { values, indices } = ascending(b, row)
  const count = sizeAt(b, row, 0)
  const places = countUp(b, count)
  const isNew = f.or(f.notEqual(values, b.op(op.gather, [values, f.max(f.sub(places, 1), 0)], { axis: 0 })), f.equal(places, 0))
  const rank = f.sub(b.op(op.cumsum, [castTo(b, isNew, 'i32'), b.i32([0], [])]), 1)
  const found = f.add(b.op(op.reduceMax, [rank, b.i32([0])]), 1)
  const segments = f.max(count, size)
  const firstPlaces = b.op(op.unsortedSegmentMin, [indices, rank, segments])
  // Without an order the elements come as they are met.
  const [order, at] = option(k, 'sorted') === false ? inOrder(b, firstPlaces, segments) : []
  const ordered = (v: Value) => (order ? b.op(op.gather, [v, order], { axis: 0 }) : v)
  const isFound = f.less(b.i32(Array.from({ length: size }, (_, i) => i)), found)
  const filled = (v: Value, fill: number) => f.select(isFound, sliceAxis(b, ordered(v), 0, 0, size), fill)
  const fill = option(k, 'fill_value')
  const results = [
    castTo(
      b,
      filled(b.op(op.unsortedSegmentMax, [values, rank, segments]), fill == null ? 0 : numberOption(k, 'fill_value', 0)),
      x.type.dtype,
    ),
  ]
  if (option(k, 'return_index') === true) results.push(filled(firstPlaces, 1))
  if (option(k, 'return_inverse') === true) {
    const ranks = at ? b.op(op.gather, [at, rank], { axis: 0 }) : rank
    const back = b.op(op.scatterNd, [reshapeTo(b, indices, [indices.type.shape[0]!, 1]), ranks, reshapeTo(b, count, [1])])
    results.push(reshapeTo(b, b.graph.updateValue(back.id, { type: { ...back.type, shape: row.type.shape } }), x.type.shape, [x]))
  }
  if (option(k, 'return_counts') === true) {
    const ones = f.add(f.mul(rank, 0), 1)
    results.push(filled(b.op(op.unsortedSegmentSum, [ones, rank, segments]), 0))
  }
  return results
}

/** Segments by their first places, and where each of them goes; those that are empty come last. */
function inOrder(b: OpBuilder, firstPlaces: Value, segments: Value): readonly [order: Value, at: Value] {
  const f = new Formula(b)
  const [, order] = b.ops(op.topkV2, [f.neg(f.min(firstPlaces, none)), segments]) as [Value, Value]
  const at = b.op(op.scatterNd, [reshapeTo(b, order, [order.type.shape[0]!, 1]), countUp(b, segments), reshapeTo(b, segments, [1])])
  return [order, at]
}

export const uniqueOperations: LoweringRegistry = { Unique: layer(unique) }
