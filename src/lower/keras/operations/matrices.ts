import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { op } from '../../../ops/index.ts'
import { Formula } from '../../formula.ts'
import { constantOf, reshapeTo } from '../../operands.ts'
import type { LoweringRegistry } from '../../registry.ts'
import { axesOf } from '../arguments.ts'
import { type KerasOp, layer } from '../keras-op.ts'
import { alongAxis, first, knownSize, numberOption, option, placesAlong, run, sumType } from './operation.ts'
import { moved } from './shapes.ts'

/*
 * Diagonals and triangles of matrices, the last two dims.
 */

/** The elements on or below diagonal `k`, or on and above it; zeros elsewhere. */
function triangle(isLower: boolean) {
  return layer((k, b) => {
    const f = new Formula(b)
    const x = first(k, b)
    const rank = x.type.shape.length
    if (rank < 2) return k.reject('it takes matrices')
    const rows = reshapeTo(b, placesAlong(b, x, rank - 2), [x.type.shape[rank - 2]!, 1])
    const above = f.sub(placesAlong(b, x, rank - 1), rows)
    const offset = numberOption(k, 'k', 0)
    const mask = isLower ? f.lessEqual(above, offset) : f.greaterEqual(above, offset)
    if (x.type.dtype === 'bool') return f.and(x, mask)
    return f.select(mask, x, constantOf(b, x.type.dtype, [0]))
  })
}

/** The elements `offset` places right of the diagonal of the last two dims, as the last dim. */
function diagonalOf(k: KerasOp, b: OpBuilder, x: Value, offset: number): Value {
  const rank = x.type.shape.length
  const [rows, columns] = [knownSize(k, x, rank - 2), knownSize(k, x, rank - 1)]
  const count = Math.max(0, Math.min(rows - Math.max(0, -offset), columns - Math.max(0, offset)))
  const start = offset >= 0 ? offset : -offset * columns
  const flat = reshapeTo(b, x, [...x.type.shape.slice(0, -2), rows * columns])
  return b.op(op.gather, [flat, b.i32(Array.from({ length: count }, (_, i) => start + i * (columns + 1)))], {
    axis: rank - 2,
    batchDims: 0,
  })
}

function diagonal(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const rank = x.type.shape.length
  const axes = axesOf(k, [numberOption(k, 'axis1', 0), numberOption(k, 'axis2', 1)], rank)
  return diagonalOf(k, b, moved(b, x, axes, [rank - 2, rank - 1]), numberOption(k, 'offset', 0))
}

/** A matrix with the vector on diagonal `offset`, zeros elsewhere. */
function matrixOf(k: KerasOp, b: OpBuilder, x: Value, offset: number): Value {
  const matrix = run(k, b, 'MatrixDiag', [x])
  const [before, after] = [Math.max(0, -offset), Math.max(0, offset)]
  return offset === 0 ? matrix : run(k, b, 'Pad', [matrix, b.i32([before, after, after, before], [2, 2])])
}

function diag(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const offset = numberOption(k, 'k', 0)
  return x.type.shape.length === 1 ? matrixOf(k, b, x, offset) : diagonalOf(k, b, x, offset)
}

function trace(k: KerasOp, b: OpBuilder): Value {
  const values = diagonal(k, b)
  const sum = run(k, b, 'Cast', [values], { DstT: { type: sumType(values.type.dtype) } })
  return new Formula(b).sum(sum, [values.type.shape.length - 1])
}

/** Powers of each element of a vector: descending unless `increasing`. */
function vander(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const count = option(k, 'N') == null ? knownSize(k, x, 0) : numberOption(k, 'N', 0)
  const powers = Array.from({ length: count }, (_, i) => (option(k, 'increasing') === true ? i : count - 1 - i))
  const base = run(k, b, 'Cast', [reshapeTo(b, x, [...x.type.shape, 1])], { DstT: { type: 'f32' } })
  return run(k, b, 'Cast', [new Formula(b).apply(op.pow, base, b.f32(powers, [count]))], { DstT: { type: x.type.dtype } })
}

export const matrices: LoweringRegistry = {
  Tril: triangle(true),
  Triu: triangle(false),
  Diag: layer(diag),
  Diagflat: layer((k, b) => matrixOf(k, b, alongAxis(k, b, first(k, b), null).x, numberOption(k, 'k', 0))),
  Diagonal: layer(diagonal),
  Trace: layer(trace),
  Vander: layer(vander),
}
