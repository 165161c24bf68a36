import { elementCount, isStatic } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { constInts } from '../../ops/view.ts'
import { Formula, type Term } from '../formula.ts'
import { castTo, constantOf, countUp, reshapeTo, shapeOf, sliceAxis, toI32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'

/*
 * Diagonals and bands of matrices (the last two dims). Main diagonals have kernels; every other band is a gather by a constant map from
 * the flattened matrix to the flattened band or back. A band [k0,k1] has one row for each diagonal, the uppermost first.
 */

/** Columns of the band's rows: where diagonal d of an rows x columns matrix lies in them, by `align`. */
interface Band {
  readonly lower: number
  readonly upper: number
  readonly width: number
  /** Position of element i of diagonal d within its row of the band. */
  place(d: number, i: number): number
}

const lengthOf = (d: number, rows: number, columns: number): number =>
  Math.max(0, Math.min(rows + Math.min(d, 0), columns - Math.max(d, 0)))

/** @see TensorFlow matrix_diag_op.cc, ComputeDiagLenAndContentOffset */
function bandOf(n: SourceOp, k: readonly number[], rows: number, columns: number): Band {
  const [lower, upper] = [k[0]!, k[1] ?? k[0]!]
  if (!(lower <= upper && lower > -rows - 1 && upper < columns + 1))
    n.reject(`the band [${k.join(',')}] does not fit ${rows}x${columns} matrices`)
  const lengths = Array.from({ length: upper - lower + 1 }, (_, i) => lengthOf(lower + i, rows, columns))
  const width = Math.max(...lengths)
  const align = n.string('align', n.node.op.endsWith('V2') ? 'LEFT_LEFT' : 'RIGHT_LEFT')
  const [above, below] = align.split('_')
  const isRight = (d: number) => (d >= 0 ? above : below) === 'RIGHT'
  return { lower, upper, width, place: (d, i) => i + (isRight(d) ? width - lengthOf(d, rows, columns) : 0) }
}

/** For each cell of `size`, the cell of the source it comes from; -1 for none. */
function mapping(band: Band, rows: number, columns: number, visit: (matrixCell: number, bandCell: number) => void): void {
  for (let d = band.lower; d <= band.upper; d++) {
    const length = lengthOf(d, rows, columns)
    for (let i = 0; i < length; i++)
      visit((i + Math.max(0, -d)) * columns + i + Math.max(0, d), (band.upper - d) * band.width + band.place(d, i))
  }
}

/** Last dim `from` gathered by `map`; cells of -1 become `fill`. */
function remapped(b: OpBuilder, x: Value, map: readonly number[], fill: Value | undefined): Value {
  const picked = b.op(op.gather, [x, b.i32(map.map((v) => Math.max(v, 0)))], { axis: x.type.shape.length - 1 })
  if (!map.includes(-1)) return picked
  const f = new Formula(b)
  const mask = castTo(b, b.i32(map.map((v) => Number(v >= 0))), 'bool')
  return f.select(mask, picked, fill ?? constantOf(b, x.type.dtype, [0]))
}

function matrixSizes(n: SourceOp, x: Value): [rows: number, columns: number] {
  const [rows, columns] = x.type.shape.slice(-2)
  if (typeof rows !== 'number' || typeof columns !== 'number' || x.type.shape.length < 2)
    return n.reject('the size of the matrices must be known')
  return [rows, columns]
}

function diagPart(n: SourceOp, b: OpBuilder): Value {
  const x = n.in(0)
  const [rows, columns] = matrixSizes(n, x)
  const band = bandOf(n, n.operands.length > 1 ? n.ints(1, 'the band') : [0], rows, columns)
  const count = band.upper - band.lower + 1
  const map = new Array<number>(count * band.width).fill(-1)
  mapping(band, rows, columns, (matrixCell, bandCell) => {
    map[bandCell] = matrixCell
  })
  const batch = x.type.shape.slice(0, -2)
  const y = remapped(b, reshapeTo(b, x, [...batch, rows * columns]), map, n.operands[2])
  return count === 1 ? y : reshapeTo(b, y, [...batch, count, band.width])
}

function diag(n: SourceOp, b: OpBuilder): Value {
  const x = n.in(0)
  const k = n.operands.length > 1 ? n.ints(1, 'the band') : [0]
  const [lower, upper] = [k[0]!, k[1] ?? k[0]!]
  const width = x.type.shape.at(-1)
  const given = [2, 3].map((i) => (n.operands[i] ? n.ints(i, 'the size of the matrices')[0]! : -1))
  const isZero = !n.operands[4] || (n.operands[4].data?.bytes().every((v) => v === 0) ?? false)
  if (lower === 0 && upper === 0 && isZero && given.every((size) => size === -1)) return b.op(op.matrixDiag, [x])
  if (typeof width !== 'number') return n.reject('the size of the diagonal must be known')
  const [leastRows, leastColumns] = [width + Math.max(-upper, 0), width + Math.max(lower, 0)]
  const square = Math.max(leastRows, leastColumns)
  const [rows, columns] =
    given[0] === -1 && given[1] === -1
      ? [square, square]
      : [given[0] === -1 ? leastRows : given[0]!, given[1] === -1 ? leastColumns : given[1]!]
  if (lower === 0 && upper === 0 && isZero && rows === width && columns === width) return b.op(op.matrixDiag, [x])
  const band = bandOf(n, k, rows, columns)
  const map = new Array<number>(rows * columns).fill(-1)
  mapping({ ...band, width }, rows, columns, (matrixCell, bandCell) => {
    map[matrixCell] = bandCell
  })
  const isBand = k.length > 1 && lower !== upper
  const batch = x.type.shape.slice(0, isBand ? -2 : -1)
  const flat = reshapeTo(b, x, [...batch, (upper - lower + 1) * width])
  return reshapeTo(b, remapped(b, flat, map, n.operands[4]), [...batch, rows, columns])
}

function setDiag(n: SourceOp, b: OpBuilder): Value {
  const [x, diagonal] = [n.in(0), n.in(1)]
  const k = n.operands.length > 2 ? n.ints(2, 'the band') : [0]
  if (k.every((v) => v === 0)) return b.op(op.matrixSetDiag, [x, diagonal])
  const [rows, columns] = matrixSizes(n, x)
  const band = bandOf(n, k, rows, columns)
  const batch = x.type.shape.slice(0, -2)
  const cells = (band.upper - band.lower + 1) * band.width
  const map = Array.from({ length: rows * columns }, (_, i) => i)
  mapping(band, rows, columns, (matrixCell, bandCell) => {
    map[matrixCell] = rows * columns + bandCell
  })
  const both = [reshapeTo(b, x, [...batch, rows * columns]), reshapeTo(b, diagonal, [...batch, cells])]
  const y = remapped(b, b.op(op.concatenation, both, { axis: batch.length }), map, undefined)
  return reshapeTo(b, y, x.type.shape)
}

/** Keeps elements with row - column <= lower and column - row <= upper; a negative bound keeps all. */
function bandPart(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const x = n.in(0)
  const rank = x.type.shape.length
  const [lower, upper] = [constInts(n.in(1))?.[0], constInts(n.in(2))?.[0]]
  if (isAll(lower) && isAll(upper)) return x
  const [rows, columns] = x.type.shape.slice(-2)
  const zero = constantOf(b, x.type.dtype, [0])
  if (typeof rows === 'number' && typeof columns === 'number' && lower !== undefined && upper !== undefined) {
    const inBand = Array.from({ length: rows * columns }, (_, i) => {
      const below = Math.floor(i / columns) - (i % columns)
      return (isAll(lower) || below <= lower) && (isAll(upper) || -below <= upper) ? 1 : 0
    })
    return f.select(castTo(b, b.i32(inBand, [rows, columns]), 'bool'), x, zero)
  }
  const shape = shapeOf(b, x)
  const [down, across] = [rank - 2, rank - 1].map((i) => {
    const size = reshapeTo(b, sliceAxis(b, shape, 0, i, 1), [])
    return countUp(b, size)
  }) as [Value, Value]
  const below = f.sub(reshapeTo(b, down, [down.type.shape[0]!, 1]), across)
  const isNear = (known: number | undefined, operand: Value, within: (bound: Term) => Value): Value[] => {
    if (known !== undefined) return isAll(known) ? [] : [within(known)]
    const bound = toI32(b, operand)
    return [f.or(within(bound), f.less(bound, 0))]
  }
  const masks = [
    ...isNear(lower, n.in(1), (bound) => f.lessEqual(below, bound)),
    ...isNear(upper, n.in(2), (bound) => f.greaterEqual(below, typeof bound === 'number' ? -bound : f.neg(bound))),
  ]
  return f.select(
    masks.reduce((a, m) => f.and(a, m)),
    x,
    zero,
  )
}

/** A negative bound keeps all of its side. */
const isAll = (bound: number | undefined) => bound !== undefined && bound < 0

/** Of a tensor of any rank: zeros but where both halves of the position are equal. */
function wholeDiag(n: SourceOp, b: OpBuilder): Value {
  const { shape } = n.in(0).type
  const count = elementCount(shape)
  if (count === undefined || !isStatic(shape)) return n.reject('the shape must be known')
  return reshapeTo(b, b.op(op.matrixDiag, [reshapeTo(b, n.in(0), [count])]), [...shape, ...shape])
}

function wholeDiagPart(n: SourceOp, b: OpBuilder): Value {
  const { shape } = n.in(0).type
  const half = shape.slice(0, shape.length / 2)
  const count = elementCount(half)
  if (count === undefined) return n.reject('the shape must be known')
  const flat = reshapeTo(b, n.in(0), [count * count])
  const diagonal = b.op(op.gather, [flat, b.i32(Array.from({ length: count }, (_, i) => i * (count + 1)))], { axis: 0 })
  return reshapeTo(b, diagonal, half)
}

export const matrices: LoweringRegistry = {
  MatrixDiag: diag,
  MatrixDiagV2: diag,
  MatrixDiagV3: diag,
  MatrixDiagPart: diagPart,
  MatrixDiagPartV2: diagPart,
  MatrixDiagPartV3: diagPart,
  MatrixSetDiag: setDiag,
  MatrixSetDiagV2: setDiag,
  MatrixSetDiagV3: setDiag,
  MatrixBandPart: bandPart,
  BatchMatrixDiag: diag,
  BatchMatrixDiagPart: diagPart,
  BatchMatrixSetDiag: setDiag,
  BatchMatrixBandPart: bandPart,
  Diag: wholeDiag,
  DiagPart: wholeDiagPart,
}
