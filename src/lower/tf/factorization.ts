import { mulDims } from '../../core/dim.ts'
import { broadcastOf, broadcastShapes, type Dim, type Shape, sameShape } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { loop } from '../../ops/control/flow.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'
import { castTo, identityMatrix, reshapeTo, shapeOf, shapeOperand, sizes, transposed } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'

/*
 * Determinants, inverses, systems of equations and factors of small matrices, the last two dims: the textbook algorithms, whose every
 * step works on whole matrices [B,n,m].  @see Golub and Van Loan, Matrix Computations, 4th ed., 3.4 (pivoting), 4.2.5 (Cholesky), 5.2.2 (QR)
 */

/** So many steps stand one after another; more of them run in a loop, unless all they work on is constant. */
const maxUnrolled = 4

type Step = (f: Formula, at: Value, state: readonly Value[]) => readonly Value[]

/** `count` steps; `at` is the number of each, a scalar. */
export function stepped(b: OpBuilder, count: number, init: readonly Value[], step: Step): readonly Value[] {
  if (count <= maxUnrolled || init.every((v) => v.data))
    return Array.from({ length: count }).reduce<readonly Value[]>((s, _, i) => step(new Formula(b), b.i32([i], []), s), init)
  const [, ...state] = loop(
    b,
    [b.i32([0], []), ...init],
    (inner, [at]) => inner.op(op.less, [at!, inner.i32([count], [])]),
    (inner, [at, ...now]) => [inner.op(op.add, [at!, inner.i32([1], [])]), ...step(new Formula(inner), at!, now)],
  )
  return state
}

export const numbered = (f: Formula, n: number, shape: Shape): Value => f.b.i32([...new Array(n).keys()], shape)
export const rowsOf = (f: Formula, n: number): Value => numbered(f, n, [n, 1])
/** Row `at` of [B,n,m] as [B,1,m], or column `at` as [B,n,1]. */
export const pick = (f: Formula, x: Value, axis: 1 | 2, at: Value): Value =>
  f.b.op(op.gather, [x, reshapeTo(f.b, at, [1])], { axis, batchDims: 0 })

interface Matrices {
  /** [B,n,m] */
  readonly x: Value
  readonly batch: Shape
  readonly rows: number
  readonly columns: number
}

export function matricesOf(n: SourceOp, b: OpBuilder, x: Value): Matrices {
  const { shape } = x.type
  const [rows, columns] = shape.slice(-2)
  if (x.type.dtype !== 'f32') return n.reject(`matrices of ${x.type.dtype} are not supported`)
  if (typeof rows !== 'number' || typeof columns !== 'number' || shape.length < 2)
    return n.reject('the size of the matrices must be known', 'Export the model with a fixed size of the matrices.')
  const batch = shape.slice(0, -2)
  return { x: reshapeTo(b, x, [mulDims(...batch), rows, columns]), batch, rows, columns }
}

export function square(n: SourceOp, b: OpBuilder, x: Value): Matrices {
  const m = matricesOf(n, b, x)
  return m.rows === m.columns && m.rows > 0 ? m : n.reject(`the matrices must be square, found ${m.rows}x${m.columns}`)
}

/** [B,..] of what was made of `m`, its batch as it was. */
export const unfolded = (b: OpBuilder, y: Value, batch: Shape, from: Value): Value =>
  reshapeTo(b, y, [...batch, ...y.type.shape.slice(1)], [from])

const filled = (b: OpBuilder, x: Value, size: readonly Dim[], value: number): Value =>
  b.op(op.fill, [shapeOperand(b, [x.type.shape[0]!, ...size], [x]), b.f32([value], [])])

/**
 * Gauss and Jordan's elimination of the first `n` columns, with the largest element of each as its pivot: they become the identity, the
 * columns right of them the inverse times what they were. `collect` sees each pivot [B,1,1], negative where rows change places.
 */
function eliminated(
  b: OpBuilder,
  n: number,
  [matrices, ...found]: readonly [Value, ...Value[]],
  collect: (f: Formula, pivot: Value, found: readonly Value[]) => readonly Value[],
) {
  return stepped(b, n, [matrices, ...found], (f, at, [x, ...sofar]) => {
    const { swapped, top, pivot, place, isHere } = withPivot(f, n, x!, at)
    const unit = f.div(top, f.select(f.equal(pivot, 0), 1, pivot))
    const rest = f.sub(swapped, f.mul(pick(f, swapped, 2, at), unit))
    return [f.select(isHere, unit, rest), ...collect(f, f.select(f.equal(place, at), pivot, f.neg(pivot)), sofar)]
  })
}

/** The row with the largest element of column `at`, among those from `at` on, changed with the one there. */
function withPivot(f: Formula, n: number, x: Value, at: Value) {
  const rows = rowsOf(f, n)
  const isHere = f.equal(rows, at)
  const candidates = f.select(f.greaterEqual(rows, at), f.abs(pick(f, x, 2, at)), -1)
  const best = f.b.op(op.argMax, [candidates, f.b.i32([1], [])], { outputType: 'i32' })
  const place = reshapeTo(f.b, best, [x.type.shape[0]!, 1, 1])
  const isBest = f.equal(rows, place)
  const top = f.sum(f.select(isBest, x, 0), [1], true)
  const swapped = f.select(isHere, top, f.select(isBest, pick(f, x, 1, at), x))
  return { swapped, top, pivot: pick(f, top, 2, at), place, isHere }
}

function determinant(n: SourceOp, b: OpBuilder): Value {
  const m = square(n, b, n.in(0))
  const [, product] = eliminated(b, m.rows, [m.x, filled(b, m.x, [1, 1], 1)], (f, pivot, [p]) => [f.mul(p!, pivot)])
  return reshapeTo(b, product!, m.batch, [n.in(0)])
}

/** The sign of the determinant and the logarithm of its size. */
function logDeterminant(n: SourceOp, b: OpBuilder): readonly Value[] {
  const m = square(n, b, n.in(0))
  const init = [m.x, filled(b, m.x, [1, 1], 1), filled(b, m.x, [1, 1], 0)] as const
  const [, sign, log] = eliminated(b, m.rows, init, (f, pivot, [s, l]) => [
    f.mul(s!, f.b.op(op.sign, [pivot])),
    f.add(l!, f.log(f.abs(pivot))),
  ])
  return [sign!, log!].map((v) => reshapeTo(b, v, m.batch, [n.in(0)]))
}

/** Both triangles in one matrix, and which row came where: rows carry their number as a last column along. */
function lu(n: SourceOp, b: OpBuilder): readonly Value[] {
  const m = square(n, b, n.in(0))
  const size = m.rows
  const numbers = b.op(op.add, [filled(b, m.x, [size, 1], 0), b.f32([...new Array(size).keys()], [size, 1])])
  const [both] = stepped(b, size, [b.op(op.concatenation, [m.x, numbers], { axis: 2 })], (f, at, [x]) => {
    const { swapped, top, pivot } = withPivot(f, size, x!, at)
    const columns = numbered(f, size + 1, [1, size + 1])
    const share = f.div(pick(f, swapped, 2, at), f.select(f.equal(pivot, 0), 1, pivot))
    const isRest = f.and(f.greater(columns, at), f.less(columns, size))
    const below = f.select(f.equal(columns, at), share, f.select(isRest, f.sub(swapped, f.mul(share, top)), swapped))
    return [f.select(f.greater(rowsOf(f, size), at), below, swapped)]
  })
  const order = reshapeTo(b, b.op(op.slice, [both!, b.i32([0, 0, size]), b.i32([-1, -1, 1])]), [...m.batch, size], [n.in(0)])
  const factors = b.op(op.slice, [both!, b.i32([0, 0, 0]), b.i32([-1, -1, size])])
  return [unfolded(b, factors, m.batch, n.in(0)), castTo(b, order, n.type('output_idx_type', 'i32'))]
}

/** The least squares solution by the normal equations, as TensorFlow's fast way has it. @see Golub and Van Loan, 5.3.2 */
function leastSquares(n: SourceOp, b: OpBuilder): Value {
  if (!n.bool('fast', true))
    n.reject('only fast=True is supported', 'Use tf.linalg.lstsq(.., fast=True) where the matrices have full rank.')
  const f = new Formula(b)
  const [m, y] = [matricesOf(n, b, n.in(0)), matricesOf(n, b, n.in(1))]
  const size = Math.min(m.rows, m.columns)
  const isTall = m.rows >= m.columns
  const times = (u: Value, v: Value) => b.op(op.batchMatmul, [u, v])
  const across = transposed(b, m.x)
  const normal = f.add(isTall ? times(across, m.x) : times(m.x, across), f.mul(identityMatrix(b, size), n.in(2)))
  const x = isTall ? solved(b, size, normal, times(across, y.x)) : times(across, solved(b, size, normal, y.x))
  // The regularizer is f64 whatever the matrices are.
  return castTo(b, unfolded(b, x, m.batch, n.in(0)), n.type('T', 'f32'))
}

/** The inverse times [B,n,k]. */
function solved(b: OpBuilder, n: number, x: Value, y: Value): Value {
  const [both] = eliminated(b, n, [b.op(op.concatenation, [x, y], { axis: 2 })], () => [])
  return b.op(op.slice, [both!, b.i32([0, 0, n]), b.i32([-1, -1, y.type.shape[2] as number])])
}

function inverse(n: SourceOp, b: OpBuilder): Value {
  const m = square(n, b, n.in(0))
  const target = shapeOperand(b, [m.x.type.shape[0]!, m.rows, m.rows], [m.x])
  const x = n.bool('adjoint', false) ? transposed(b, m.x) : m.x
  return unfolded(b, solved(b, m.rows, x, b.op(op.broadcastTo, [identityMatrix(b, m.rows), target])), m.batch, n.in(0))
}

/** Both operands with the batch that they share. */
function system(n: SourceOp, b: OpBuilder): { m: Matrices; y: Matrices; from: Value } {
  const [x, y] = [n.in(0), n.in(1)]
  const [p, q] = [x.type.shape.slice(0, -2), y.type.shape.slice(0, -2)]
  const batch = broadcastShapes(p, q) ?? n.reject('the batches of the matrices do not fit each other')
  if ([x, y].some((v) => v.type.shape.slice(-2).some((d) => typeof d !== 'number'))) n.reject('the size of the matrices must be known')
  const spread = (v: Value): Value => {
    const target = [...batch, ...v.type.shape.slice(-2)]
    if (sameShape(v.type.shape, target)) return v
    const outer = (of: Value): Value => b.op(op.slice, [shapeOf(b, of), b.i32([0]), b.i32([of.type.shape.length - 2])])
    const size = (): Value =>
      b.op(op.concatenation, [b.op(op.broadcastArgs, [outer(x), outer(y)]), b.i32(target.slice(-2).map(Number))], { axis: 0 })
    const isOpen = batch.some((d) => broadcastOf(d))
    return b.op(op.broadcastTo, [v, (isOpen ? undefined : sizes(b, target, [x, y])) ?? size()])
  }
  const [left, right] = [spread(x), spread(y)]
  const m = square(n, b, left)
  const of = matricesOf(n, b, right)
  if (of.rows !== m.rows) return n.reject(`matrices of ${m.rows} rows have no solution for ${of.rows} values`)
  return { m, y: of, from: sameShape(q, batch) ? y : x }
}

function solve(n: SourceOp, b: OpBuilder): Value {
  const { m, y, from } = system(n, b)
  const x = n.bool('adjoint', false) ? transposed(b, m.x) : m.x
  return unfolded(b, solved(b, m.rows, x, y.x), m.batch, from)
}

/** Row after row, from the first for a lower triangle, from the last for an upper one; the other triangle is not read. */
function triangularSolve(n: SourceOp, b: OpBuilder): Value {
  const { m, y, from } = system(n, b)
  const adjoint = n.bool('adjoint', false)
  const isLower = n.bool('lower', true) !== adjoint
  const size = m.rows
  const [, result] = stepped(b, size, [adjoint ? transposed(b, m.x) : m.x, y.x], (f, step, [x, rest]) => {
    const at = isLower ? step : f.sub(f.b.i32([size - 1], []), step)
    const rows = rowsOf(f, size)
    const column = pick(f, x!, 2, at)
    const value = f.div(pick(f, rest!, 1, at), pick(f, column, 1, at))
    const isLeft = isLower ? f.greater(rows, at) : f.less(rows, at)
    const next = f.select(isLeft, f.sub(rest!, f.mul(column, value)), rest!)
    return [x!, f.select(f.equal(rows, at), value, next)]
  })
  return unfolded(b, result!, m.batch, from)
}

/** The lower triangle whose product with its transpose is the matrix, of which only the lower triangle is read. */
function cholesky(n: SourceOp, b: OpBuilder): Value {
  const m = square(n, b, n.in(0))
  const size = m.rows
  const [, result] = stepped(b, size, [m.x, filled(b, m.x, [size, size], 0)], (f, at, [x, lower]) => {
    const column = pick(f, x!, 2, at)
    const scaled = f.div(column, f.sqrt(pick(f, column, 1, at)))
    const below = f.select(f.greaterEqual(rowsOf(f, size), at), scaled, 0)
    const rest = f.sub(x!, f.mul(below, transposed(f.b, below)))
    return [rest, f.select(f.equal(numbered(f, size, [1, size]), at), below, lower!)]
  })
  return unfolded(b, result!, m.batch, n.in(0))
}

/** By Householder's reflections, whose signs make the diagonal of R as LAPACK's and Eigen's. */
function qr(n: SourceOp, b: OpBuilder): readonly Value[] {
  const m = matricesOf(n, b, n.in(0))
  const { rows, columns } = m
  const target = shapeOperand(b, [m.x.type.shape[0]!, rows, rows], [m.x])
  const init = [m.x, b.op(op.broadcastTo, [identityMatrix(b, rows), target])]
  const [r, q] = stepped(b, Math.min(rows - 1, columns), init, (f, at, [x, product]) => {
    const isBelow = f.greater(rowsOf(f, rows), at)
    const column = pick(f, x!, 2, at)
    const first = pick(f, column, 1, at)
    const tail = f.select(isBelow, column, 0)
    const length = f.sum(f.square(tail), [1], true)
    const isDone = f.equal(length, 0)
    const norm = f.sqrt(f.add(f.square(first), length))
    const beta = f.select(f.greaterEqual(first, 0), f.neg(norm), norm)
    const scale = f.select(isDone, 1, f.sub(first, beta))
    const axis = f.select(f.equal(rowsOf(f, rows), at), 1, f.div(tail, scale))
    const tau = f.select(isDone, 0, f.div(f.sub(beta, first), f.select(isDone, 1, beta)))
    // x - tau v (v^T x), and product - tau (product v) v^T
    const across = f.sum(f.mul(axis, x!), [1], true)
    const down = f.sum(f.mul(product!, transposed(f.b, axis)), [2], true)
    const turned = f.sub(x!, f.mul(f.mul(axis, across), tau))
    const cleared = f.select(f.and(isBelow, f.equal(numbered(f, columns, [1, columns]), at)), 0, turned)
    return [cleared, f.sub(product!, f.mul(f.mul(down, transposed(f.b, axis)), tau))]
  })
  const size = n.bool('full_matrices', false) ? rows : Math.min(rows, columns)
  const cut = (x: Value, h: number, w: number): Value =>
    unfolded(b, b.op(op.slice, [x, b.i32([0, 0, 0]), b.i32([-1, h, w])]), m.batch, n.in(0))
  return [cut(q!, rows, size), cut(r!, size, columns)]
}

export const factorizations: LoweringRegistry = {
  MatrixDeterminant: determinant,
  BatchMatrixDeterminant: determinant,
  LogMatrixDeterminant: logDeterminant,
  MatrixInverse: inverse,
  BatchMatrixInverse: inverse,
  MatrixSolve: solve,
  BatchMatrixSolve: solve,
  MatrixTriangularSolve: triangularSolve,
  BatchMatrixTriangularSolve: triangularSolve,
  Cholesky: cholesky,
  BatchCholesky: cholesky,
  Qr: qr,
  Lu: lu,
  MatrixSolveLs: leastSquares,
  BatchMatrixSolveLs: leastSquares,
}
