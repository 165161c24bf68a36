import { bitsOf, type DType, largestF32 } from '../../../core/dtype.ts'
import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { op } from '../../../ops/index.ts'
import { Formula } from '../../formula.ts'
import { castTo, constantOf, reshapeTo, toBool, toF32 } from '../../operands.ts'
import type { Lowering, LoweringRegistry } from '../../registry.ts'
import { modified } from '../../tf/bessel.ts'
import { dtypeNamed } from '../arguments.ts'
import { type KerasOp, layer } from '../keras-op.ts'
import { first, floats, knownSize, numeric, ofFloats, option, run, tf, tfFloat } from './operation.ts'

/*
 * Functions of each element.
 */

/** Integers and bools stay as they are. */
const ofFloatsAlone = (work: (f: Formula, x: Value, k: KerasOp) => Value): Lowering =>
  layer((k, b) => {
    const x = first(k, b)
    return x.type.dtype === 'f32' ? work(new Formula(b), x, k) : x
  })
const tfNumeric = (name: string): Lowering => layer((k, b) => run(k, b, name, [numeric(b, first(k, b))]))

/** Rounded to `decimals` digits after the point, before it where that is negative. */
function round(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const decimals = Number(option(k, 'decimals') ?? 0)
  if (x.type.dtype !== 'f32' && decimals >= 0) return x
  if (decimals === 0) return run(k, b, 'Round', [x])
  const f = new Formula(b)
  const factor = 10 ** decimals
  return castTo(b, f.div(run(k, b, 'Round', [f.mul(toF32(b, x), factor)]), factor), x.type.dtype)
}

function nanToNum(f: Formula, x: Value, k: KerasOp): Value {
  const number = (name: string, def: number) => Number(option(k, name) ?? def)
  const finite = f.select(f.equal(x, x), x, number('nan', 0))
  const below = f.select(f.equal(finite, Number.POSITIVE_INFINITY), number('posinf', largestF32), finite)
  return f.select(f.equal(below, Number.NEGATIVE_INFINITY), number('neginf', -largestF32), below)
}

/** Of floats the bit itself: -0 has it too. */
function signbit(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const f = new Formula(b)
  if (x.type.dtype === 'bool') return f.less(castTo(b, x, 'i32'), 0)
  return f.less(x.type.dtype === 'f32' ? b.op(op.bitcast, [x], { to: 'i32' }) : castTo(b, x, 'i32'), 0)
}

/** `x` of complex numbers is `ofComplex`'s, of others `ofReal`'s. */
function part(name: string, ofReal: (f: Formula, x: Value) => Value): Lowering {
  return layer((k, b) => {
    const x = first(k, b)
    return x.type.dtype === 'c64' ? run(k, b, name, [x]) : ofReal(new Formula(b), x)
  })
}

const absolute = layer((k, b) => {
  const x = first(k, b)
  if (x.type.dtype === 'bool') return x
  return run(k, b, x.type.dtype === 'c64' ? 'ComplexAbs' : 'Abs', [x])
})

const cast = layer((k, b) => run(k, b, 'Cast', [first(k, b)], { DstT: { type: dtypeNamed(k, option(k, 'dtype')) } }))

/** The range of integers that f32 tells apart at its ends: the largest floats below 2^31 and 2^32. */
const ranges = new Map<string, readonly [number, number]>([
  ['i8', [-128, 127]],
  ['u8', [0, 255]],
  ['i16', [-32768, 32767]],
  ['u16', [0, 65535]],
  ['i32', [-2147483648, 2147483520]],
  ['u32', [0, 4294967040]],
])

/** `x` as another type; numbers outside the range of the type become its ends. */
export function saturated(b: OpBuilder, x: Value, to: DType): Value {
  const f = new Formula(b)
  const range = ranges.get(to)
  if (!range || x.type.dtype === 'bool') return castTo(b, x, to)
  if (x.type.dtype === 'f32') return castTo(b, f.max(f.min(x, range[1]), range[0]), to)
  const own = ranges.get(x.type.dtype)
  const low = Math.max(range[0], own?.[0] ?? range[0])
  const high = Math.min(range[1], own?.[1] ?? range[1])
  return castTo(b, f.max(f.min(x, high), low), to)
}

/** The same bytes as elements of another type, which take more or fewer of the last dim. */
function view(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const stated = option(k, 'dtype')
  if (stated == null) return x
  if (typeof stated === 'string' && /^(b?float(16|64))$/.test(stated)) return k.reject(`views as ${stated} are not supported`)
  const to = dtypeNamed(k, stated)
  const { dtype, shape } = x.type
  const [from, size] = [bitsOf(dtype), bitsOf(to)]
  if (dtype === 'bool' || to === 'bool') return k.reject('views of bools are not supported')
  if (from === size) return b.op(op.bitcast, [x], { to })
  const last = knownSize(k, x, shape.length - 1)
  if ((last * from) % size !== 0) return k.reject(`${last} elements of ${dtype} are no whole elements of ${to}`)
  const outer = shape.slice(0, -1)
  if (from < size) return b.op(op.bitcast, [reshapeTo(b, x, [...outer, (last * from) / size, size / from])], { to })
  return reshapeTo(b, b.op(op.bitcast, [x], { to }), [...outer, (last * from) / size])
}

export const functions: LoweringRegistry = {
  View: layer(view),
  Absolute: absolute,
  Abs: absolute,
  Fabs: layer((k, b) => run(k, b, 'Abs', [floats(k, b)])),
  Negative: tf('Neg'),
  Sign: tf('Sign'),
  Square: tfNumeric('Square'),
  Sqrt: tfFloat('Sqrt'),
  Rsqrt: tfFloat('Rsqrt'),
  Cbrt: ofFloats((f, x) => f.mul(f.b.op(op.sign, [x]), f.apply(op.pow, f.abs(x), 1 / 3))),
  Exp: tfFloat('Exp'),
  Exp2: ofFloats((f, x) => f.apply(op.pow, 2, x)),
  Expm1: tfFloat('Expm1'),
  Log: tfFloat('Log'),
  Log1p: tfFloat('Log1p'),
  Log2: ofFloats((f, x) => f.mul(f.log(x), 1 / Math.LN2)),
  Log10: ofFloats((f, x) => f.mul(f.log(x), 1 / Math.LN10)),
  Sin: tfFloat('Sin'),
  Cos: tfFloat('Cos'),
  Tan: tfFloat('Tan'),
  Arcsin: tfFloat('Asin'),
  Arccos: tfFloat('Acos'),
  Arctan: tfFloat('Atan'),
  Sinh: tfFloat('Sinh'),
  Cosh: tfFloat('Cosh'),
  Tanh: tfFloat('Tanh'),
  Arcsinh: tfFloat('Asinh'),
  Arccosh: tfFloat('Acosh'),
  Arctanh: tfFloat('Atanh'),
  Sinc: ofFloats((f, x) => {
    const angle = f.mul(x, Math.PI)
    return f.select(f.equal(x, 0), 1, f.div(f.sin(angle), angle))
  }),
  Deg2rad: ofFloats((f, x) => f.mul(x, Math.PI / 180)),
  Rad2deg: ofFloats((f, x) => f.mul(x, 180 / Math.PI)),
  Erf: tfFloat('Erf'),
  Erfc: tfFloat('Erfc'),
  Erfinv: tfFloat('Erfinv'),
  I0: ofFloats((f, x) => modified(f, x, 0, false)),
  Floor: tfFloat('Floor'),
  Ceil: tfFloat('Ceil'),
  Round: layer(round),
  Trunc: ofFloatsAlone((f, x) => f.select(f.less(x, 0), f.b.op(op.ceil, [x]), f.floor(x))),
  Reciprocal: tfFloat('Reciprocal'),
  NanToNum: ofFloatsAlone(nanToNum),
  Signbit: layer(signbit),
  Isnan: tfFloat('IsNan'),
  Isfinite: tfFloat('IsFinite'),
  Isinf: tfFloat('IsInf'),
  Isposinf: ofFloats((f, x) => f.equal(x, Number.POSITIVE_INFINITY)),
  Isneginf: ofFloats((f, x) => f.equal(x, Number.NEGATIVE_INFINITY)),
  Isreal: layer((k, b) => new Formula(b).equal(imaginary(k, b), 0)),
  Real: part('Real', (_, x) => x),
  Imag: layer(imaginary),
  Conj: part('Conj', (_, x) => x),
  Conjugate: part('Conj', (_, x) => x),
  Angle: part('Angle', (f, x) => {
    const real = toF32(f.b, x)
    return f.select(f.less(real, 0), Math.PI, f.mul(real, 0))
  }),
  LogicalNot: layer((k, b) => b.op(op.logicalNot, [toBool(b, first(k, b))])),
  BitwiseInvert: tf('Invert'),
  BitwiseNot: tf('Invert'),
  Cast: cast,
  SaturateCast: layer((k, b) => saturated(b, first(k, b), dtypeNamed(k, option(k, 'dtype')))),
  Threshold: layer((k, b) => {
    const f = new Formula(b)
    const x = first(k, b)
    const number = (name: string) => constantOf(b, x.type.dtype, [Number(option(k, name))])
    return f.select(f.greater(x, number('threshold')), x, number('default_value'))
  }),
}

/** Real numbers have an imaginary part of 0. */
function imaginary(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  return run(k, b, x.type.dtype === 'c64' ? 'Imag' : 'ZerosLike', [x])
}
