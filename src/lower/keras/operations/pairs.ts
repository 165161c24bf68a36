import type { Json } from '../../../core/json.ts'
import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { loop } from '../../../ops/control/flow.ts'
import { op } from '../../../ops/index.ts'
import { elementwise } from '../../broadcast.ts'
import { Formula } from '../../formula.ts'
import { castTo, reshapeTo, toBool, toF32 } from '../../operands.ts'
import type { Lowering, LoweringRegistry } from '../../registry.ts'
import { promoted, tensorOf } from '../arguments.ts'
import { type KerasOp, layer } from '../keras-op.ts'
import { nonzero } from './indexing.ts'
import { floatPair, numericPair, option, pair, run, tensorPair, tfBoolPair, tfFloatPair, tfPair } from './operation.ts'

/*
 * Functions of two elements or more, broadcast.
 */

const by = (work: (f: Formula, x: Value, y: Value, k: KerasOp) => Value): Lowering =>
  layer((k, b) => work(new Formula(b), ...floatPair(k, b), k))

const isNan = (f: Formula, x: Value): Value => f.notEqual(x, x)

/** Bools count as integers. */
const arithmetic = (name: string): Lowering => layer((k, b) => run(k, b, name, numericPair(k, b)))

/** The sign of x and the remainder of the sizes. */
function fmod(k: KerasOp, b: OpBuilder): Value {
  const [x, y] = tensorPair(k, b)
  const { dtype } = x.type
  const work = /^u/.test(dtype) ? 'i32' : dtype
  return castTo(b, run(k, b, 'TruncateMod', [castTo(b, x, work), castTo(b, y, work)]), dtype)
}

/** log(base^x + base^y) to the base, by the larger one. */
const logOfSum = (base: number): Lowering =>
  by((f, x, y, k) => {
    const delta = f.sub(x, y)
    const rate = Math.log(base)
    const tail = run(k, f.b, 'Log1p', [f.exp(f.mul(f.neg(f.abs(delta)), rate))])
    return f.select(isNan(f, delta), f.add(x, y), f.add(f.max(x, y), f.div(tail, rate)))
  })

/** Of x and NaN it is x. */
function withoutNan(name: 'Maximum' | 'Minimum'): Lowering {
  return layer((k, b) => {
    const f = new Formula(b)
    const [x, y] = pair(k, b)
    const best = run(k, b, name, [x, y])
    if (x.type.dtype !== 'f32') return best
    return f.select(isNan(f, x), y, f.select(isNan(f, y), x, best))
  })
}

function isClose(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const [x, y] = pair(k, b)
  if (x.type.dtype !== 'f32') return run(k, b, 'Equal', [x, y])
  const tolerance = (name: string, position: number, def: number) => toF32(b, tensorOf(k, b, option(k, name, position) ?? def, 'f32'))
  const most = f.add(tolerance('atol', 3, 1e-8), f.mul(tolerance('rtol', 2, 1e-5), f.abs(y)))
  const close = f.lessEqual(f.abs(f.sub(x, y)), most)
  return option(k, 'equal_nan') === true ? f.or(close, f.and(isNan(f, x), isNan(f, y))) : close
}

/** Euclid's algorithm on all pairs until the last has ended. */
function greatestDivisor(b: OpBuilder, x: Value, y: Value): Value {
  const f = new Formula(b)
  const zero = f.mul(f.add(x, y), 0)
  const all = Array.from({ length: zero.type.shape.length }, (_, i) => i)
  const [divisor] = loop(
    b,
    [f.add(x, zero), f.add(y, zero)],
    (inner, [, rest]) => {
      const g = new Formula(inner)
      return inner.op(op.reduceAny, [g.notEqual(rest!, 0), inner.i32(all)])
    },
    (inner, [value, rest]) => {
      const g = new Formula(inner)
      const ends = g.equal(rest!, 0)
      return [g.select(ends, value!, rest!), g.select(ends, 0, g.floorMod(value!, g.select(ends, 1, rest!)))]
    },
  )
  return divisor!
}

/** Both sizes as i32, and the type of the result. */
function whole(work: (f: Formula, x: Value, y: Value) => Value): Lowering {
  return layer((k, b) => {
    const [x, y] = tensorPair(k, b)
    const { dtype } = x.type
    if (dtype === 'f32' || dtype === 'bool' || dtype === 'i64' || dtype === 'u32') return k.reject(`divisors of ${dtype} are not supported`)
    const [l, r] = [x, y].map((v) => b.op(op.abs, [castTo(b, v, 'i32')])) as [Value, Value]
    return castTo(b, work(new Formula(b), l, r), dtype)
  })
}

/** The first choice whose condition holds, or the default. */
function select(k: KerasOp, b: OpBuilder): Value {
  const lists = [k.argument(0, 'condlist'), k.argument(1, 'choicelist')]
  const [conditions, choices] = lists.map((v) => (Array.isArray(v) ? (v as readonly Json[]) : [v ?? null])) as [
    readonly Json[],
    readonly Json[],
  ]
  const values = promoted(k, b, [...choices, k.argument(2, 'default') ?? option(k, 'default') ?? 0])
  if (conditions.length !== choices.length) return k.reject(`it has ${conditions.length} conditions for ${choices.length} choices`)
  return conditions.reduceRight<Value>(
    (rest, condition, i) => elementwise(b, op.selectV2, [toBool(b, tensorOf(k, b, condition)), values[i]!, rest]),
    values.at(-1)!,
  )
}

/** Of one operand alone the places where it holds. */
function where(k: KerasOp, b: OpBuilder): Value | readonly Value[] {
  if (k.argument(1, 'x1') === undefined) return nonzero(k, b)
  const [x, y] = promoted(k, b, [k.argument(1, 'x1'), k.argument(2, 'x2')])
  return elementwise(b, op.selectV2, [toBool(b, tensorOf(k, b, k.argument(0, 'condition'))), x!, y!])
}

/** Which elements of x are among those of y. */
function isIn(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const [x, y] = numericPair(k, b)
  const found = b.op(op.reduceAny, [
    f.equal(reshapeTo(b, x, [...x.type.shape, 1]), b.op(op.reshape, [y, b.i32([-1])])),
    b.i32([x.type.shape.length]),
  ])
  return option(k, 'invert') === true ? f.not(found) : found
}

function clip(k: KerasOp, b: OpBuilder): Value {
  const [x, low, high] = promoted(k, b, [k.argument(0, 'x'), option(k, 'x_min', 1), option(k, 'x_max', 2)])
  return elementwise(b, op.minimum, [elementwise(b, op.maximum, [x!, low!]), high!])
}

/** x / y; integers as floats. */
const divide = by((f, x, y) => f.div(x, y))

/** Keras takes the step in f64, which f32 rounds away: the first operand is left, or NaN where one of both is. */
function nextAfter(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const [x, y] = floatPair(k, b)
  return f.select(f.and(f.equal(x, x), f.equal(y, y)), x, Number.NaN)
}

export const pairs: LoweringRegistry = {
  Add: tfPair('AddV2'),
  Subtract: tfPair('Sub'),
  Multiply: arithmetic('Mul'),
  Divide: divide,
  TrueDivide: divide,
  FloorDivide: arithmetic('FloorDiv'),
  Mod: arithmetic('FloorMod'),
  Fmod: layer(fmod),
  DivideNoNan: tfFloatPair('DivNoNan'),
  Power: arithmetic('Pow'),
  Maximum: arithmetic('Maximum'),
  Minimum: arithmetic('Minimum'),
  Fmax: withoutNan('Maximum'),
  Fmin: withoutNan('Minimum'),
  Arctan2: tfFloatPair('Atan2'),
  Heaviside: by((f, x, y) => f.select(f.less(x, 0), 0, f.select(f.greater(x, 0), 1, y))),
  Hypot: by((f, x, y, k) => {
    const [l, r] = [f.abs(x), f.abs(y)]
    const most = f.max(l, r)
    return f.mul(most, f.sqrt(f.add(f.square(run(k, f.b, 'DivNoNan', [f.min(l, r), most])), 1)))
  }),
  Logaddexp: logOfSum(Math.E),
  Logaddexp2: logOfSum(2),
  Ldexp: by((f, x, y) => f.select(f.or(f.equal(f.abs(x), Number.POSITIVE_INFINITY), f.equal(x, 0)), x, f.mul(x, f.apply(op.pow, 2, y)))),
  Gcd: whole((f, x, y) => greatestDivisor(f.b, x, y)),
  Lcm: whole((f, x, y) => f.mul(x, f.floorDiv(y, f.max(greatestDivisor(f.b, x, y), 1)))),
  Greater: arithmetic('Greater'),
  GreaterEqual: arithmetic('GreaterEqual'),
  Less: arithmetic('Less'),
  LessEqual: arithmetic('LessEqual'),
  Equal: tfPair('Equal'),
  NotEqual: tfPair('NotEqual'),
  Isclose: layer(isClose),
  AllClose: layer((k, b) => {
    const close = isClose(k, b)
    return b.op(op.reduceAll, [close, b.i32(close.type.shape.map((_, i) => i))])
  }),
  LogicalAnd: tfBoolPair('LogicalAnd'),
  LogicalOr: tfBoolPair('LogicalOr'),
  LogicalXor: layer((k, b) => {
    const [x, y] = pair(k, b).map((v) => castTo(b, toBool(b, v), 'i32')) as [Value, Value]
    return new Formula(b).notEqual(x, y)
  }),
  BitwiseAnd: tfPair('BitwiseAnd'),
  BitwiseOr: tfPair('BitwiseOr'),
  BitwiseXor: tfPair('BitwiseXor'),
  BitwiseLeftShift: tfPair('LeftShift'),
  LeftShift: tfPair('LeftShift'),
  BitwiseRightShift: tfPair('RightShift'),
  RightShift: tfPair('RightShift'),
  IsIn: layer(isIn),
  Select: layer(select),
  Where: layer(where),
  Clip: layer(clip),
  Nextafter: layer(nextAfter),
}
