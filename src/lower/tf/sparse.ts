import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'
import { castTo, countUp, reshapeTo, shapeOf, sizeAt, toI32, transposed } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'
import { column, rowNumber } from './places.ts'

/*
 * Sparse tensors: the places of what is stored [count, rank], the values [count], the shape [rank].
 */

function columns(n: SourceOp, b: OpBuilder, x: Value): Value[] {
  const rank = x.type.shape.at(-1)
  if (typeof rank !== 'number') return n.reject('the rank of the sparse tensor must be known')
  return Array.from({ length: rank }, (_, k) => column(b, x, k))
}

/** The same elements under another shape, of which one size may be left open with -1. */
function sparseReshape(n: SourceOp, b: OpBuilder): readonly Value[] {
  const f = new Formula(b)
  const [places, from, given] = [toI32(b, n.in(0)), columns(n, b, toI32(b, n.in(1))), columns(n, b, toI32(b, n.in(2)))]
  if (from.length === 0 || given.length === 0) return n.reject('a sparse tensor without dims is not supported')
  const at = columns(n, b, places)
  if (at.length !== from.length) return n.reject(`places of ${at.length} numbers do not fit ${from.length} sizes`)
  const product = (sizes: readonly Value[]): Value => sizes.reduce<Value>((x, y) => f.mul(x, y), b.i32([1], []))
  const number = rowNumber(b, at, (dim) => from[dim]!)
  const isOpen = given.map((size) => f.less(size, 0))
  const stated = product(given.map((size, k) => f.select(isOpen[k]!, 1, size)))
  const open = f.floorDiv(product(from), f.max(stated, 1))
  const to = given.map((size, k) => f.select(isOpen[k]!, open, size))
  const found = to.map((size, k) => {
    const row = f.floorDiv(number, f.max(product(to.slice(k + 1)), 1))
    return k === 0 ? row : f.floorMod(row, f.max(size, 1))
  })
  return [b.op(op.pack, found, { valuesCount: found.length, axis: 1 }), b.op(op.pack, to, { valuesCount: to.length, axis: 0 })].map((v) =>
    castTo(b, v, 'i64'),
  )
}

/**
 * A value at the start of each row that has none. The places ascend by row, as TensorFlow's sparse tensors do by convention.
 * @see tensorflow/core/kernels/fill_empty_rows_functor.h
 */
function fillEmptyRows(n: SourceOp, b: OpBuilder): readonly Value[] {
  const f = new Formula(b)
  const [places, values, shape, filling] = [toI32(b, n.in(0)), n.in(1), toI32(b, n.in(2)), n.in(3)]
  const [one, zero] = [b.i32([1], []), b.i32([0], [])]
  const rank = places.type.shape[1]
  if (typeof rank !== 'number' || rank < 1) return n.reject('the rank of the sparse tensor must be known')
  const rows = column(b, shape, 0)
  const row = column(b, places, 0)
  const stored = sizeAt(b, places, 0)
  const inRow = b.op(op.unsortedSegmentSum, [b.op(op.fill, [shapeOf(b, row), one]), row, rows])
  const isEmpty = f.equal(inRow, 0)
  const empty = castTo(b, isEmpty, 'i32')
  const before = (x: Value): Value => b.op(op.cumsum, [x, zero], { exclusive: true })
  const emptyBefore = before(empty)
  const ofStored = f.add(countUp(b, stored), b.op(op.gather, [emptyBefore, row], { axis: 0 }))
  const where = b.op(op.where, [isEmpty])
  const emptyRow = reshapeTo(b, toI32(b, where), [where.type.shape[0]!])
  const ofEmpty = b.op(op.gather, [f.add(before(inRow), emptyBefore), emptyRow], { axis: 0 })
  const join = (x: Value, y: Value): Value => b.op(op.concatenation, [x, y], { axis: 0 })
  const target = join(ofStored, ofEmpty)
  const count = sizeAt(b, target, 0)
  const source = b.op(op.unsortedSegmentMax, [countUp(b, count), target, count])
  const added = b.op(op.pad, [reshapeTo(b, emptyRow, [emptyRow.type.shape[0]!, 1]), b.i32([0, 0, 0, rank - 1], [2, 2])])
  const fillings = b.op(op.fill, [shapeOf(b, emptyRow), filling])
  return [
    castTo(b, b.op(op.gather, [join(places, added), source], { axis: 0 }), 'i64'),
    b.op(op.gather, [join(values, fillings), source], { axis: 0 }),
    isEmpty,
    castTo(b, ofStored, 'i64'),
  ]
}

/** Rows of the matrix times the values that pick them, summed by row. */
function timesMatrix(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const [places, values, shape] = [toI32(b, n.in(0)), n.in(1), toI32(b, n.in(2))]
  const matrix = n.bool('adjoint_b', false) ? transposed(b, n.in(3)) : n.in(3)
  const [rows, inner] = n.bool('adjoint_a', false) ? [1, 0] : [0, 1]
  const picked = b.op(op.gather, [matrix, column(b, places, inner)], { axis: 0 })
  const weighted = f.mul(picked, reshapeTo(b, values, [values.type.shape[0]!, 1]))
  return b.op(op.unsortedSegmentSum, [weighted, column(b, places, rows), column(b, shape, rows)])
}

export const sparseTensors: LoweringRegistry = {
  SparseReshape: sparseReshape,
  SparseFillEmptyRows: fillEmptyRows,
  SparseTensorDenseMatMul: timesMatrix,
}
