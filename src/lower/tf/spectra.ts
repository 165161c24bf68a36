import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { complexOf, type Parts, partsOf } from '../complex.ts'
import { Formula } from '../formula.ts'
import { castTo, countUp, expandDims, reshapeTo, sliceAxis, withLast } from '../operands.ts'
import type { Lowering, LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'
import { product } from './linear.ts'
import { atan2 } from './special.ts'

/*
 * Complex numbers and Fourier transforms. Where LiteRT's RFFT2D does not serve, a transform is a product with its matrix.
 */

/** Larger matrices would outweigh the model. */
const maxLength = 1024

type Wave = (turn: number) => number

/** [rows, columns] of wave(2 pi row column / length), times a factor of the row. */
function waves(b: OpBuilder, rows: number, columns: number, length: number, wave: Wave, factor: (row: number) => number = () => 1): Value {
  const cells = Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns]
    // The product is taken modulo the length first: the angle stays exact.
    return Math.fround(factor(row) * wave((2 * Math.PI * ((row * column) % length)) / length))
  })
  return b.f32(cells, [rows, columns])
}

/** A vector is a matrix of one row. */
function times(b: OpBuilder, x: Value, matrix: Value): Value {
  if (x.type.shape.length > 1) return product(b, x, matrix, false, false)
  return reshapeTo(b, product(b, reshapeTo(b, x, [1, x.type.shape[0]!]), matrix, false, false), [matrix.type.shape[1]!])
}

function lengthOf(n: SourceOp, size: number | string | undefined): number {
  if (typeof size !== 'number') return n.reject('the length of the transform must be known')
  if (size > maxLength) n.reject(`a transform of ${size} elements is too long, ${maxLength} at most`)
  return size
}

/** The last dim cut or filled with zeros to `length`. */
function fitted(n: SourceOp, b: OpBuilder, x: Value, length: number): Value {
  const rank = x.type.shape.length
  const size = x.type.shape.at(-1)
  if (typeof size !== 'number') return n.reject('the size of the last dim must be known')
  if (size > length) return sliceAxis(b, x, rank - 1, 0, length)
  if (size === length) return x
  return b.op(op.pad, [x, b.i32([...new Array<number>(2 * rank - 1).fill(0), length - size], [rank, 2])])
}

/** The matrix of the transform along the last dim of `x`: cosines and sines. */
function wavesFor(n: SourceOp, b: OpBuilder, x: Value, sign: 1 | -1): Parts {
  const length = lengthOf(n, x.type.shape.at(-1))
  const factor = () => (sign === 1 ? 1 / length : 1)
  return { re: waves(b, length, length, length, Math.cos, factor), im: waves(b, length, length, length, Math.sin, factor) }
}

/** The same where only a run tells the length. */
function wavesAtRun(b: OpBuilder, x: Value, sign: 1 | -1): Parts {
  const f = new Formula(b)
  const length = reshapeTo(b, sliceAxis(b, b.op(op.shape, [x]), 0, x.type.shape.length - 1, 1), [])
  const column = countUp(b, length)
  const row = expandDims(b, column, 1)
  const size = castTo(b, length, 'f32')
  const angle = f.mul(castTo(b, f.floorMod(f.mul(row, column), length), 'f32'), f.div(2 * Math.PI, size))
  const scaled = (wave: Value) => (sign === 1 ? f.div(wave, size) : wave)
  return { re: scaled(f.cos(angle)), im: scaled(f.sin(angle)) }
}

/** Along the last dim; `sign` -1 forward, 1 backward with 1 / length. */
function transformed(n: SourceOp, b: OpBuilder, { re, im }: Parts, sign: 1 | -1): Parts {
  const f = new Formula(b)
  const { re: cos, im: sin } = typeof re.type.shape.at(-1) === 'string' ? wavesAtRun(b, re, sign) : wavesFor(n, b, re, sign)
  const [a, c] = [f.sub(times(b, re, cos), times(b, im, sin)), f.add(times(b, im, cos), times(b, re, sin))]
  const [d, e] = [f.add(times(b, re, cos), times(b, im, sin)), f.sub(times(b, im, cos), times(b, re, sin))]
  return sign === 1 ? { re: a, im: c } : { re: d, im: e }
}

/** Over the last `dims` dims. */
function fft(sign: 1 | -1, dims: number): Lowering {
  return (n, b) => {
    let parts = partsOf(b, n.in(0))
    const last = parts.re.type.shape.length - 1
    for (let k = 0; k < dims; k++) parts = turnedParts(b, transformed(n, b, turnedParts(b, parts, last - k), sign), last - k)
    return complexOf(b, parts)
  }
}

/** RFFT2D over one row where the length is a power of two. */
function rfft(n: SourceOp, b: OpBuilder): Value {
  const { shape } = n.in(0).type
  const length = n.ints(1, 'the length of the transform')[0]!
  if ((length & (length - 1)) === 0 && length > 1) {
    const row = reshapeTo(b, n.in(0), [...shape.slice(0, -1), 1, shape.at(-1)!])
    const spectrum = b.op(op.rfft2d, [row, b.i32([1, length])])
    return reshapeTo(b, spectrum, [...shape.slice(0, -1), spectrum.type.shape.at(-1)!])
  }
  lengthOf(n, length)
  const x = fitted(n, b, n.in(0), length)
  const bins = Math.floor(length / 2) + 1
  const sine = waves(b, length, bins, length, (t) => -Math.sin(t))
  return complexOf(b, { re: times(b, x, waves(b, length, bins, length, Math.cos)), im: times(b, x, sine) })
}

/** The real signal of a half spectrum: all bins but the first, and the middle one, count twice. */
function irfftOf(n: SourceOp, b: OpBuilder, { re, im }: Parts, wanted: number): Value {
  const length = lengthOf(n, wanted)
  const bins = Math.floor(length / 2) + 1
  const weight = (row: number) => (row === 0 || 2 * row === length ? 1 : 2) / length
  const cos = times(b, fitted(n, b, re, bins), waves(b, bins, length, length, Math.cos, weight))
  return new Formula(b).sub(cos, times(b, fitted(n, b, im, bins), waves(b, bins, length, length, Math.sin, weight)))
}

type Arithmetic = (f: Formula, x: Parts, y: Parts) => Parts

/** A product or quotient where an operand is complex; others as `real` has it. */
function complexArithmetic(real: Lowering, work: Arithmetic): Lowering {
  return (n, b) => {
    if (n.in(0).type.dtype !== 'c64') return real(n, b)
    return complexOf(b, work(new Formula(b), partsOf(b, n.in(0)), partsOf(b, n.in(1))))
  }
}

const multiplied: Arithmetic = (f, x, y) => ({
  re: f.sub(f.mul(x.re, y.re), f.mul(x.im, y.im)),
  im: f.add(f.mul(x.re, y.im), f.mul(x.im, y.re)),
})
const divided: Arithmetic = (f, x, y) => {
  const norm = f.add(f.square(y.re), f.square(y.im))
  const { re, im } = multiplied(f, x, { re: y.re, im: f.neg(y.im) })
  return { re: f.div(re, norm), im: f.div(im, norm) }
}

/** Equal numbers have equal parts. */
function complexComparison(real: Lowering, join: (f: Formula, re: Value, im: Value) => Value): Lowering {
  return (n, b) => {
    if (n.in(0).type.dtype !== 'c64') return real(n, b)
    const [x, y] = [partsOf(b, n.in(0)), partsOf(b, n.in(1))]
    const [re, im] = [real(n.with([x.re, y.re]), b), real(n.with([x.im, y.im]), b)]
    return join(new Formula(b), re as Value, im as Value)
  }
}

/** The ops that compute on complex operands, around the lowerings for real ones. */
export function withComplex(registry: LoweringRegistry): LoweringRegistry {
  const cast: Lowering = (n, b) => {
    const [x, to] = [n.in(0), n.type('DstT')]
    if (x.type.dtype === 'c64') return to === 'c64' ? x : registry.Cast!(n.with([partsOf(b, x).re]), b)
    if (to !== 'c64') return registry.Cast!(n, b)
    const re = b.op(op.cast, [x], { to: 'f32' })
    return complexOf(b, { re: x.type.dtype === 'f32' ? x : re, im: new Formula(b).mul(x.type.dtype === 'f32' ? x : re, 0) })
  }
  return {
    ...registry,
    Cast: cast,
    Equal: complexComparison(registry.Equal!, (f, re, im) => f.and(re, im)),
    NotEqual: complexComparison(registry.NotEqual!, (f, re, im) => f.or(re, im)),
    Mul: complexArithmetic(registry.Mul!, multiplied),
    RealDiv: complexArithmetic(registry.RealDiv!, divided),
    Exp: (n, b) => {
      if (n.in(0).type.dtype !== 'c64') return registry.Exp!(n, b)
      const f = new Formula(b)
      const { re, im } = partsOf(b, n.in(0))
      const size = f.exp(re)
      return complexOf(b, { re: f.mul(size, f.cos(im)), im: f.mul(size, f.sin(im)) })
    },
    Complex: (n, b) => complexOf(b, { re: n.in(0), im: n.in(1) }),
    Real: (n, b) => partsOf(b, n.in(0)).re,
    Imag: (n, b) => partsOf(b, n.in(0)).im,
    Conj: (n, b) => {
      if (n.in(0).type.dtype !== 'c64') return n.in(0)
      const { re, im } = partsOf(b, n.in(0))
      return complexOf(b, { re, im: b.op(op.neg, [im]) })
    },
    ComplexAbs: (n, b) => {
      const f = new Formula(b)
      const { re, im } = partsOf(b, n.in(0))
      return f.sqrt(f.add(f.square(re), f.square(im)))
    },
    Angle: (n, b) => {
      const { re, im } = partsOf(b, n.in(0))
      return atan2(new Formula(b), im, re)
    },
    ...Object.fromEntries(
      ['', 'Batch'].flatMap((before) => [
        [`${before}FFT`, fft(-1, 1)],
        [`${before}IFFT`, fft(1, 1)],
        [`${before}FFT2D`, fft(-1, 2)],
        [`${before}IFFT2D`, fft(1, 2)],
        [`${before}FFT3D`, fft(-1, 3)],
        [`${before}IFFT3D`, fft(1, 3)],
      ]),
    ),
    RFFT: rfft,
    IRFFT: irfftOver(1),
    RFFT2D: rfftOver(2),
    IRFFT2D: irfftOver(2),
    RFFT3D: rfftOver(3),
    IRFFT3D: irfftOver(3),
  }
}

const turnedParts = (b: OpBuilder, { re, im }: Parts, i: number): Parts => ({ re: withLast(b, re, i), im: withLast(b, im, i) })

/** Lengths of the last dims, as operand 1 states them. */
function lengthsOf(n: SourceOp, dims: number): readonly number[] {
  const lengths = n.ints(1, 'the lengths of the transform')
  if (lengths.length !== dims) n.reject(`it takes ${dims} lengths, found ${lengths.length}`)
  return lengths
}

/** Over the last dims of real numbers, of which the very last becomes half a spectrum. */
function rfftOver(dims: number): Lowering {
  return (n, b) => {
    const lengths = lengthsOf(n, dims)
    const isPower = (v: number) => v > 0 && (v & (v - 1)) === 0
    // The kernel reads rows of one element beyond their end.
    if (dims === 2 && lengths.every(isPower) && lengths[1]! > 1) return b.op(op.rfft2d, [n.in(0), b.i32(lengths)])
    const rank = n.in(0).type.shape.length
    const outer = lengths.slice(0, -1).map((length, k) => ({ length: lengthOf(n, length), at: rank - dims + k }))
    const columns = lengthOf(n, lengths.at(-1))
    const bins = Math.floor(columns / 2) + 1
    const x = outer.reduce((v, { length, at }) => withLast(b, fitted(n, b, withLast(b, v, at), length), at), fitted(n, b, n.in(0), columns))
    const sine = waves(b, columns, bins, columns, (t) => -Math.sin(t))
    const half = { re: times(b, x, waves(b, columns, bins, columns, Math.cos)), im: times(b, x, sine) }
    const all = outer.reduce((p, { at }) => turnedParts(b, transformed(n, b, turnedParts(b, p, at), -1), at), half)
    return complexOf(b, all)
  }
}

/** The inverse: over all dims but the last as complex numbers, then along that one to real ones. */
function irfftOver(dims: number): Lowering {
  return (n, b) => {
    const lengths = lengthsOf(n, dims)
    const rank = n.in(0).type.shape.length
    const along = (p: Parts, length: number, at: number): Parts => {
      const { re, im } = turnedParts(b, p, at)
      lengthOf(n, length)
      return turnedParts(b, transformed(n, b, { re: fitted(n, b, re, length), im: fitted(n, b, im, length) }, 1), at)
    }
    const parts = lengths.slice(0, -1).reduce((p, length, k) => along(p, length, rank - dims + k), partsOf(b, n.in(0)))
    return irfftOf(n, b, parts, lengths.at(-1)!)
  }
}
