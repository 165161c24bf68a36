import { isInteger } from '../../core/dtype.ts'
import { type Size, type } from './body.ts'
import { type Bound, type HloOp, isWhole, type Translate } from './hlo-op.ts'
import { countedElements, lowBits } from './wide-integers.ts'

/** One op to one op; where a second is given it is that of truth values. */
const rows: Readonly<Record<string, string | readonly [string, string]>> = {
  abs: 'Abs',
  add: ['AddV2', 'LogicalOr'],
  and: ['BitwiseAnd', 'LogicalAnd'],
  atan2: 'Atan2',
  ceil: 'Ceil',
  complex: 'Complex',
  cosine: 'Cos',
  exponential: 'Exp',
  exponential_minus_one: 'Expm1',
  floor: 'Floor',
  imag: 'Imag',
  is_finite: 'IsFinite',
  log: 'Log',
  log_plus_one: 'Log1p',
  logistic: 'Sigmoid',
  maximum: ['Maximum', 'LogicalOr'],
  minimum: ['Minimum', 'LogicalAnd'],
  multiply: ['Mul', 'LogicalAnd'],
  negate: 'Neg',
  not: ['Invert', 'LogicalNot'],
  or: ['BitwiseOr', 'LogicalOr'],
  power: 'Pow',
  round_nearest_even: 'Round',
  rsqrt: 'Rsqrt',
  select: 'SelectV2',
  sign: 'Sign',
  sine: 'Sin',
  sqrt: 'Sqrt',
  subtract: 'Sub',
  tan: 'Tan',
  tanh: 'Tanh',
  xor: ['BitwiseXor', 'NotEqual'],
}

/** Functions of CHLO, StableHLO's companion, which arrive by name. */
const functions: Readonly<Record<string, string>> = {
  acos: 'Acos',
  acosh: 'Acosh',
  asin: 'Asin',
  asinh: 'Asinh',
  atan: 'Atan',
  atanh: 'Atanh',
  bessel_i1e: 'BesselI1e',
  cosh: 'Cosh',
  digamma: 'Digamma',
  erf: 'Erf',
  erf_inv: 'Erfinv',
  erfc: 'Erfc',
  is_inf: 'IsInf',
  lgamma: 'Lgamma',
  sinh: 'Sinh',
  square: 'Square',
  tan: 'Tan',
}

const bounds = (o: HloOp): Bound[] => o.op.operands.map((_, i) => o.bound(i))

/** The function that `chlo.erf` or `mhlo.erf` names. */
export function namedFunction(o: HloOp, name: string): Bound | undefined {
  const op = /^[cm]hlo\.(\w+)$/.exec(name)?.[1]
  const as = op === undefined ? undefined : functions[op]
  return as === undefined || o.op.operands.length !== 1 ? undefined : o.map(as, bounds(o))
}

function byRow(row: string | readonly [string, string]): Translate {
  return (o) => {
    if (typeof row === 'string') return o.map(row, bounds(o))
    return o.map(row[o.dtype(0) === 'bool' ? 1 : 0], bounds(o))
  }
}

const comparisons: Readonly<Record<string, string>> = {
  EQ: 'Equal',
  NE: 'NotEqual',
  GE: 'GreaterEqual',
  GT: 'Greater',
  LE: 'LessEqual',
  LT: 'Less',
}

function compare(o: HloOp): Bound {
  const as = comparisons[o.word('comparison_direction')] ?? o.refuse()
  const isOrder = as !== 'Equal' && as !== 'NotEqual'
  const operands = bounds(o)
  return o.map(as, o.dtype(0) === 'bool' && isOrder ? operands.map((x) => cast(o, x, 'i32')) : operands)
}

function cast(o: HloOp, x: Bound, to: Parameters<typeof type>[0]): Bound {
  return o.map('Cast', [x], { DstT: type(to) })
}

function convert(o: HloOp): Bound {
  const [from, to] = [o.dtype(0), o.resultDtype()]
  const x = o.bound(0)
  if (from === to) return x
  const counted = from === 'u64' && (to === 'u32' || to === 'i32') ? countedElements(o.scope, o.operand(0)) : undefined
  if (counted) {
    const shape = o.result() as readonly number[]
    return {
      tensor: o.body.numbers(
        to as 'u32',
        counted.map((v) => Number(BigInt.asUintN(32, v))),
        shape,
      ),
      own: shape,
    }
  }
  const low = from === 'u64' && (to === 'u32' || to === 'i32') ? lowBits(o, o.operand(0)) : undefined
  if (low) return to === 'i32' ? low : o.map('Bitcast', [low], { type: type(to) })
  if (to === 'bool') return o.map('NotEqual', [x, o.scalar(from, 0)])
  if (from.startsWith('c') && !to.startsWith('c')) return cast(o, o.map('Real', [x]), to)
  return cast(o, x, to)
}

/** Integers by zero, where kernels stop: a quotient has all bits set, a remainder is what was divided. */
function division(real: string, integral: string, byZero: (x: Bound, o: HloOp) => Bound): Translate {
  return (o) => {
    const [x, y] = bounds(o) as [Bound, Bound]
    const dtype = o.dtype(0)
    if (!isInteger(dtype)) return o.map(real, [x, y])
    if (o.known(1)?.every((v) => v !== 0)) return o.map(integral, [x, y])
    const isZero = o.map('Equal', [y, o.scalar(dtype, 0)])
    const divisor = o.map('SelectV2', [isZero, o.scalar(dtype, 1), y])
    return o.map('SelectV2', [isZero, byZero(x, o), o.map(integral, [x, divisor])])
  }
}

function clamp(o: HloOp): Bound {
  const [low, x, high] = bounds(o) as [Bound, Bound, Bound]
  return o.map('Minimum', [o.map('Maximum', [x, low]), high])
}

/** sign(x) |x|^(1/3) */
function cbrt(o: HloOp): Bound {
  const x = o.bound(0)
  return o.map('Mul', [o.map('Sign', [x]), o.map('Pow', [o.map('Abs', [x]), o.scalar(o.dtype(0), 1 / 3)])])
}

/** Halves away from zero: what is left of zero is turned over, as the nearest number below 0.5 is not to be rounded up. */
function roundAwayFromZero(o: HloOp): Bound {
  const x = o.bound(0)
  const size = o.map('Abs', [x])
  const whole = o.map('Floor', [size])
  const isUp = o.map('GreaterEqual', [o.map('Sub', [size, whole]), o.scalar(o.dtype(0), 0.5)])
  return o.map('Mul', [o.map('Sign', [x]), o.map('AddV2', [whole, cast(o, isUp, o.dtype(0))])])
}

/** Shifts by as many bits as there are, or more, leave nothing; of the arithmetic one the sign. */
function shift(kind: 'left' | 'logical' | 'arithmetic'): Translate {
  return (o) => {
    const dtype = o.dtype(0)
    const width = Number(dtype.slice(1))
    const [x, by] = bounds(o) as [Bound, Bound]
    const amount = o.splat(1)
    const isWithin = amount !== undefined && amount >= 0 && amount < width
    const as = (b: Bound, to: typeof dtype): Bound => o.map('Bitcast', [b], { type: type(to) })
    const turned = (sign: 'i' | 'u', work: (x: Bound, by: Bound) => Bound): Bound => {
      const own = `${sign}${width}` as typeof dtype
      return own === dtype ? work(x, by) : as(work(as(x, own), as(by, own)), dtype)
    }
    const fits = () => o.map('LogicalAnd', [o.map('GreaterEqual', [by, o.scalar(dtype, 0)]), o.map('Less', [by, o.scalar(dtype, width)])])
    if (kind === 'arithmetic') {
      const last = isWithin ? by : o.map('SelectV2', [fits(), by, o.scalar(dtype, width - 1)])
      return o.map('RightShift', [x, last])
    }
    const shifted = kind === 'left' ? o.map('LeftShift', [x, by]) : turned('u', (value, n) => o.map('RightShift', [value, n]))
    if (isWithin) return shifted
    return o.map('SelectV2', [fits(), shifted, o.scalar(dtype, 0)])
  }
}

function populationCount(o: HloOp): Bound {
  return cast(o, o.map('PopulationCount', bounds(o)), o.resultDtype())
}

/** How many bits lie above the highest that is set: all below it are set, too, and counted. */
function leadingZeros(o: HloOp): Bound {
  const dtype = o.dtype(0)
  const width = Number(dtype.slice(1))
  if (width > 32) return o.refuse()
  const own = `u${width}` as typeof dtype
  let x = dtype === own ? o.bound(0) : o.map('Bitcast', [o.bound(0)], { type: type(own) })
  for (let by = 1; by < width; by *= 2) x = o.map('BitwiseOr', [x, o.map('RightShift', [x, o.scalar(own, by)])])
  return cast(o, o.map('Sub', [o.scalar('i32', width), cast(o, o.map('PopulationCount', [x]), 'i32')]), dtype)
}

/** Fewer bits, as the types have that TensorFlow knows. */
function reducePrecision(o: HloOp): Bound {
  const dtype = o.dtype(0)
  const bits = `${o.int('exponent_bits')},${o.int('mantissa_bits')}`
  const to = ({ '8,23': 'f32', '11,52': 'f64', '8,7': 'bf16', '5,10': 'f16' } as const)[bits] ?? o.refuse()
  if (to === dtype || to === 'f64' || (to === 'f32' && dtype !== 'f64')) return o.bound(0)
  return cast(o, cast(o, o.bound(0), to), dtype)
}

function bitcastConvert(o: HloOp): Bound {
  const [from, to] = [o.dtype(0), o.resultDtype()]
  if (from === to) return o.bound(0)
  // A bf16 is the upper half of an f32.
  const bits = from === 'bf16' ? upperHalf(o, o.bound(0)) : o.bound(0)
  const middle = to === 'bf16' ? 'u16' : to
  const given = from === 'bf16' ? 'u16' : from
  const turned = given === middle ? bits : recast(o, bits, middle)
  return to === 'bf16' ? fromUpperHalf(o, turned) : turned
}

/** The same bits in another type; where its width is another one, a dim comes or goes. */
function recast(o: HloOp, x: Bound, to: Parameters<typeof type>[0]): Bound {
  if (o.rank(0) === o.result().length) return o.map('Bitcast', [x], { type: type(to) })
  return { tensor: o.body.op('Bitcast', [o.whole(x, o.shape(0))], { type: type(to) }), own: o.result() }
}

function upperHalf(o: HloOp, x: Bound): Bound {
  const bits = o.map('Bitcast', [cast(o, x, 'f32')], { type: type('u32') })
  return cast(o, o.map('RightShift', [bits, o.scalar('u32', 16)]), 'u16')
}

function fromUpperHalf(o: HloOp, bits: Bound): Bound {
  const wide = o.map('LeftShift', [cast(o, bits, 'u32'), o.scalar('u32', 16)])
  return cast(o, o.map('Bitcast', [wide], { type: type('f32') }), 'bf16')
}

/** A broadcast that the ops which take the result do themselves, as far as they can. */
function broadcastInDim(o: HloOp): Bound {
  const shape = o.result()
  const to = o.dims('broadcast_dimensions', shape.length, o.rank(0) === 0 ? [] : undefined)
  if (to.length !== o.rank(0)) return o.refuse()
  const dims = o.op.operands.length > 1 && shape.includes(undefined) ? o.in(1) : undefined
  const x = o.bound(0)
  const own: Size[] = o.body.sizesOf(x.tensor, x.own)
  const at = to.slice(to.length - own.length)
  const spread = (tensor: string, sizes: Bound['own']): Bound => ({ tensor, own: sizes, ...(dims && !isWhole(sizes, shape) && { dims }) })
  if (own.length === 0) return spread(x.tensor, [])
  const order = at.map((_, i) => i).sort((p, q) => at[p]! - at[q]!)
  const first = at[order[0]!]!
  const places = order.map((i) => at[i]!)
  const sorted = o.body.transpose(x.tensor, order)
  const sizes = shape.slice(first).map((_, i): Size => {
    const k = places.indexOf(first + i)
    const size = k < 0 ? 1 : own[order[k]!]!
    return typeof size === 'object' ? { of: sorted, axis: k } : size
  })
  const known = sizes.map((s) => (typeof s === 'number' ? s : undefined))
  return spread(sizes.length === own.length ? sorted : o.body.reshape(sorted, sizes), known)
}

export const elementwise: Readonly<Record<string, Translate>> = {
  ...Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, byRow(row)])),
  abs: (o) => o.map(o.dtype(0).startsWith('c') ? 'ComplexAbs' : 'Abs', bounds(o)),
  real: (o) => (o.dtype(0).startsWith('c') ? o.map('Real', bounds(o)) : o.bound(0)),
  sign: (o) =>
    o.dtype(0).startsWith('u') ? cast(o, o.map('NotEqual', [o.bound(0), o.scalar(o.dtype(0), 0)]), o.dtype(0)) : o.map('Sign', bounds(o)),
  bitcast_convert: bitcastConvert,
  broadcast_in_dim: broadcastInDim,
  cbrt,
  clamp,
  compare,
  convert,
  count_leading_zeros: leadingZeros,
  divide: division('RealDiv', 'TruncateDiv', (_, o) => o.scalar(o.dtype(0), -1)),
  dynamic_broadcast_in_dim: broadcastInDim,
  popcnt: populationCount,
  reduce_precision: reducePrecision,
  remainder: division('TruncateMod', 'TruncateMod', (x) => x),
  round_nearest_afz: roundAwayFromZero,
  shift_left: shift('left'),
  shift_right_arithmetic: shift('arithmetic'),
  shift_right_logical: shift('logical'),
}
