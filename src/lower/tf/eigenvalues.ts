import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'
import { transposed } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'
import { matricesOf, numbered, pick, rowsOf, square, stepped, unfolded } from './factorization.ts'

/*
 * Eigenvalues and singular values by rotations of two columns at a time. Vectors are left out: their signs are those that an algorithm
 * happens to find.  @see Golub and Van Loan, Matrix Computations, 4th ed., 8.5.4 (Jacobi) and 8.6.4 (one-sided Jacobi)
 */

/** Each sweep squares what is left; small matrices need six or seven. */
const sweeps = 9
/** The loop takes a rotation for each pair of columns in each sweep. */
const maxColumns = 32

/** Rotations of all pairs of `count` columns, several times over. */
function rotated(n: SourceOp, b: OpBuilder, count: number, x: Value, rotate: (f: Formula, x: Value, p: Value, q: Value) => Value): Value {
  if (count > maxColumns) n.reject(`matrices of ${count} columns are not supported, ${maxColumns} at most`)
  const pairs = Array.from({ length: count }, (_, q) => Array.from({ length: q }, (__, p) => [p, q] as const)).flat()
  if (pairs.length === 0) return x
  const [result] = stepped(b, sweeps * pairs.length, [x], (f, at, [now]) => {
    const pair = f.floorMod(at, pairs.length)
    const [p, q] = [0, 1].map((k) => f.b.op(op.gather, [f.b.i32(pairs.map((both) => both[k]!)), pair], { axis: 0 })) as [Value, Value]
    return [rotate(f, now!, p, q)]
  })
  return result!
}

/** Cosine and sine of the rotation that makes `off` vanish between two diagonal elements. */
function rotation(f: Formula, off: Value, first: Value, second: Value): { cos: Value; sin: Value } {
  const isZero = f.equal(off, 0)
  const ratio = f.div(f.mul(f.sub(second, first), 0.5), f.select(isZero, 1, off))
  const size = f.div(1, f.add(f.abs(ratio), f.sqrt(f.add(f.square(ratio), 1))))
  const tangent = f.select(isZero, 0, f.select(f.less(ratio, 0), f.neg(size), size))
  const cos = f.div(1, f.sqrt(f.add(f.square(tangent), 1)))
  return { cos, sin: f.mul(tangent, cos) }
}

/** Columns (axis 2) or rows (axis 1) p and q of [B,n,m] turned. */
function turn(f: Formula, x: Value, axis: 1 | 2, p: Value, q: Value, { cos, sin }: { cos: Value; sin: Value }): Value {
  const size = x.type.shape[axis] as number
  const places = axis === 1 ? rowsOf(f, size) : numbered(f, size, [1, size])
  const [first, second] = [pick(f, x, axis, p), pick(f, x, axis, q)]
  const left = f.sub(f.mul(cos, first), f.mul(sin, second))
  const right = f.add(f.mul(sin, first), f.mul(cos, second))
  return f.select(f.equal(places, p), left, f.select(f.equal(places, q), right, x))
}

const advice = 'Where the matrix is constant, compute them before export.'

/** In ascending order; of the matrix the lower triangle is read. */
function eigenvalues(n: SourceOp, b: OpBuilder): readonly (Value | undefined)[] {
  if (n.bool('compute_v', true) && n.isRead(1)) n.reject('eigenvectors are not supported: their signs would be others', advice)
  const f = new Formula(b)
  const m = square(n, b, n.in(0))
  const columns = numbered(f, m.rows, [1, m.rows])
  const both = f.select(f.greaterEqual(rowsOf(f, m.rows), columns), m.x, transposed(b, m.x))
  const turned = rotated(n, b, m.rows, both, (g, x, p, q) => {
    const column = pick(g, x, 2, p)
    const angle = rotation(g, pick(g, column, 1, q), pick(g, column, 1, p), pick(g, pick(g, x, 2, q), 1, q))
    return turn(g, turn(g, x, 2, p, q, angle), 1, p, q, angle)
  })
  const diagonal = f.sum(f.select(f.equal(rowsOf(f, m.rows), columns), turned, 0), [2])
  const [sorted] = b.ops(op.topkV2, [f.neg(diagonal), b.i32([m.rows], [])]) as [Value]
  return [unfolded(b, f.neg(sorted), m.batch, n.in(0)), undefined]
}

/** In descending order: the lengths of columns that rotations have made orthogonal. */
function singularValues(n: SourceOp, b: OpBuilder): readonly (Value | undefined)[] {
  if (n.bool('compute_uv', true) && (n.isRead(1) || n.isRead(2)))
    n.reject('singular vectors are not supported: their signs would be others', advice)
  const f = new Formula(b)
  const m = matricesOf(n, b, n.in(0))
  const count = Math.min(m.rows, m.columns)
  const tall = m.rows < m.columns ? transposed(b, m.x) : m.x
  const turned = rotated(n, b, count, tall, (g, x, p, q) => {
    const [first, second] = [pick(g, x, 2, p), pick(g, x, 2, q)]
    const dot = (u: Value, v: Value) => g.sum(g.mul(u, v), [1], true)
    return turn(g, x, 2, p, q, rotation(g, dot(first, second), dot(first, first), dot(second, second)))
  })
  const lengths = f.sqrt(f.sum(f.square(turned), [1]))
  const [sorted] = b.ops(op.topkV2, [lengths, b.i32([count], [])]) as [Value]
  return [unfolded(b, sorted, m.batch, n.in(0)), undefined, undefined]
}

export const eigenvalueOps: LoweringRegistry = {
  SelfAdjointEigV2: eigenvalues,
  BatchSelfAdjointEigV2: eigenvalues,
  Svd: singularValues,
  BatchSvd: singularValues,
}
