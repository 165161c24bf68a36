import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { reshapeTo, toI32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'

/** (exp(x) + sign * exp(-x)) / 2 */
function hyperbolic(spec: typeof op.sub | typeof op.add) {
  return (n: SourceOp, b: OpBuilder): Value => {
    const x = n.in(0)
    const both = b.op(spec as typeof op.sub, [b.op(op.exp, [x]), b.op(op.exp, [b.op(op.neg, [x])])])
    return b.op(op.mul, [both, b.f32([0.5])])
  }
}

/** ATAN2 does not broadcast, so the ones have the operand's shape. */
function atan(n: SourceOp, b: OpBuilder): Value {
  const x = n.in(0)
  const ones = b.op(op.add, [b.op(op.zerosLike, [x]), b.f32([1])])
  return b.op(op.atan2, [x, ones])
}

function euclideanNorm(n: SourceOp, b: OpBuilder): Value {
  const squares = b.op(op.mul, [n.in(0), n.in(0)])
  return b.op(op.sqrt, [b.op(op.sum, [squares, toI32(b, n.in(1))], { keepDims: n.bool('keep_dims', false) })])
}

/** Integers: DIV truncates. */
function truncateDiv(n: SourceOp, b: OpBuilder): Value {
  if (n.in(0).type.dtype !== 'i32') n.reject(`only i32 is supported, found ${n.in(0).type.dtype}`)
  return b.op(op.div, [n.in(0), n.in(1)])
}

/** RFFT2D over one row. */
function rfft(n: SourceOp, b: OpBuilder): Value {
  const { shape } = n.in(0).type
  const length = n.ints(1, 'the length of the transform')[0]!
  const row = reshapeTo(b, n.in(0), [...shape.slice(0, -1), 1, shape.at(-1)!])
  const spectrum = b.op(op.rfft2d, [row, b.i32([1, length])])
  return reshapeTo(b, spectrum, [...shape.slice(0, -1), spectrum.type.shape.at(-1)!])
}

/** The last axes rotated by constant amounts: two slices and a concatenation for each axis. */
function roll(n: SourceOp, b: OpBuilder): Value {
  const shifts = n.ints(1, 'the shifts')
  const axes = n.ints(2, 'the axes')
  return shifts.reduce<Value>((x, shift, i) => {
    const { shape } = x.type
    const axis = n.axis(axes[i] ?? n.reject('there are fewer axes than shifts'), shape.length)
    const size = shape[axis]!
    if (typeof size !== 'number') return n.reject('the size of the axis must be known')
    const by = size === 0 ? 0 : ((shift % size) + size) % size
    if (by === 0) return x
    const part = (begin: number, length: number) =>
      b.op(op.slice, [x, b.i32(shape.map((_, k) => (k === axis ? begin : 0))), b.i32(shape.map((_, k) => (k === axis ? length : -1)))])
    return b.op(op.concatenation, [part(size - by, by), part(0, size - by)], { axis })
  }, n.in(0))
}

/** Of the versions with a band, the main diagonal alone. */
function requireMainDiagonal(n: SourceOp, k: number): void {
  if (n.ints(k, 'the band').some((v) => v !== 0)) n.reject('only the main diagonal is supported')
}

function matrixDiag(n: SourceOp, b: OpBuilder): Value {
  requireMainDiagonal(n, 1)
  const sizes = [...n.ints(2, 'the number of rows'), ...n.ints(3, 'the number of columns')]
  const last = n.in(0).type.shape.at(-1)
  if (sizes.some((s) => s !== -1 && s !== last)) n.reject('only square results are supported')
  return b.op(op.matrixDiag, [n.in(0)])
}

function matrixSetDiag(n: SourceOp, b: OpBuilder): Value {
  requireMainDiagonal(n, 2)
  return b.op(op.matrixSetDiag, [n.in(0), n.in(1)])
}

/** Keeps elements with row - column <= lower and column - row <= upper; a negative bound keeps all. */
function bandPart(n: SourceOp, b: OpBuilder): Value {
  const x = n.in(0)
  const [rows, columns] = x.type.shape.slice(-2)
  const [lower, upper] = [n.ints(1, 'the lower bound')[0]!, n.ints(2, 'the upper bound')[0]!]
  if (typeof rows !== 'number' || typeof columns !== 'number') return n.reject('the size of the matrices must be known')
  if (x.type.dtype !== 'f32') return n.reject(`only f32 is supported, found ${x.type.dtype}`)
  const inBand = Array.from({ length: rows * columns }, (_, i) => {
    const below = Math.floor(i / columns) - (i % columns)
    return (lower < 0 || below <= lower) && (upper < 0 || -below <= upper) ? 1 : 0
  })
  const mask = b.op(op.notEqual, [b.i32(inBand, [rows, columns]), b.i32([0], [])])
  return b.op(op.selectV2, [mask, x, b.f32([0])])
}

export const math: LoweringRegistry = {
  Tan: (n, b) => b.op(op.div, [b.op(op.sin, [n.in(0)]), b.op(op.cos, [n.in(0)])]),
  Sinh: hyperbolic(op.sub),
  Cosh: hyperbolic(op.add),
  Atan: atan,
  EuclideanNorm: euclideanNorm,
  TruncateDiv: truncateDiv,
  RFFT: rfft,
  RFFT2D: (n, b) => b.op(op.rfft2d, [n.in(0), toI32(b, n.in(1))]),
  ComplexAbs: (n, b) => b.op(op.complexAbs, [n.in(0)]),
  Real: (n, b) => b.op(op.real, [n.in(0)]),
  Imag: (n, b) => b.op(op.imag, [n.in(0)]),
  Roll: roll,
  MatrixDiagV2: matrixDiag,
  MatrixDiagV3: matrixDiag,
  MatrixSetDiagV2: matrixSetDiag,
  MatrixSetDiagV3: matrixSetDiag,
  MatrixBandPart: bandPart,
  Bitcast: (n, b) => b.op(op.bitcast, [n.in(0)], { to: n.type('type') }),
  Unique: (n, b) => b.ops(op.unique, [n.in(0)], { idxOutType: n.type('out_idx', 'i32') }),
  Bucketize: (n, b) => b.op(op.bucketize, [n.in(0)], { boundaries: n.floats('boundaries') }),
}
