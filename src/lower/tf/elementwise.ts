import { constFromBytes } from '../../core/bytes.ts'
import { bytesOf, largestF32, typedView } from '../../core/dtype.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import type { AttrSchema, OpSpec } from '../../ops/spec.ts'
import { constInts } from '../../ops/view.ts'
import { elementwise as broadcasting } from '../broadcast.ts'
import { asI32, integersAsI32, smallAsI32 } from '../conversions.ts'
import { Formula } from '../formula.ts'
import { softplus } from '../layers.ts'
import { castTo, constantOf, reshapeTo } from '../operands.ts'
import type { Lowering, LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'

/** One op to one op, operands in order. */
const as =
  (spec: unknown): Lowering =>
  (n, b) =>
    broadcasting(b, spec as OpSpec<string, AttrSchema>, n.operands)

const first: Lowering = (n) => n.in(0)

/** By a formula over the operands. */
const formula =
  (work: (f: Formula, x: Value, y: Value) => Value): Lowering =>
  (n, b) =>
    work(new Formula(b), n.in(0), n.operands[1] ?? n.in(0))

/** Adds the bias along the channel axis: last for NHWC, dim 1 for NCHW. */
function biasAdd(n: SourceOp, b: OpBuilder): Value {
  const [x, bias] = [n.in(0), n.in(1)]
  const rank = x.type.shape.length
  if (n.string('data_format', 'NHWC') === 'NHWC' || rank === 2) return broadcasting(b, op.add, [x, bias])
  const shape = [bias.type.shape[0]!, ...new Array<number>(rank - 2).fill(1)]
  return broadcasting(b, op.add, [x, reshapeTo(b, bias, shape)])
}

/** Has no builtin: the optimizer makes GELU of it where it can and expands it elsewhere. */
function withoutBuiltin(n: SourceOp, b: OpBuilder): Value {
  if (n.in(0).type.dtype !== 'f32') n.reject(`only f32 is supported, found ${n.in(0).type.dtype}`)
  const results = [{ name: b.name, type: n.in(0).type }]
  return b.graph.addNode({ op: 'custom', attrs: { customCode: n.node.op }, inputs: [n.in(0)], results, origin: b.origin }).results[0]!
}

function constantExponent(y: Value): number | undefined {
  if (y.type.shape.some((d) => d !== 1) || y.type.shape.length > 0) return undefined
  return y.type.dtype === 'f32' && y.data ? typedView('f32', y.data.bytes())[0] : constInts(y)?.[0]
}

function pow(n: SourceOp, b: OpBuilder): Value {
  const [x, y] = [n.in(0), n.in(1)]
  const e = constantExponent(y)
  if (e === 1) return x
  if (e === 2) return b.op(op.mul, [x, x])
  if (x.type.dtype === 'f32' && e === 0.5) return b.op(op.sqrt, [x])
  if (x.type.dtype === 'f32' && e === -0.5) return b.op(op.rsqrt, [x])
  if (x.type.dtype === 'i64' && e === 3) return b.op(op.mul, [b.op(op.mul, [x, x]), x])
  return x.type.dtype === 'i64' ? powOfI32(n, b) : broadcasting(b, op.pow, [x, y])
}
const powOfI32 = asI32((n, b) => broadcasting(b, op.pow, n.operands)) as (n: SourceOp, b: OpBuilder) => Value

/** The kernel of f32 and of integers; for i64 SUB and MUL. */
const squaredDifference = formula((f, x, y) => {
  if (x.type.dtype !== 'i64') return f.apply(op.squaredDifference, x, y)
  const difference = f.sub(x, y)
  return f.mul(difference, difference)
})

/** The kernel of floats divides in double, where 1 / 0.1 lies below 10, and refuses zeros. */
const floorDiv = formula((f, x, y) => (x.type.dtype === 'f32' ? f.floor(f.div(x, y)) : f.floorDiv(x, y)))

/** x where the sign of both is the same or the result is whole, as C's division: towards zero. */
const truncateDiv = formula((f, x, y) => {
  const quotient = f.div(x, y)
  if (x.type.dtype === 'i32') return quotient
  return f.select(f.less(quotient, 0), f.apply(op.ceil, quotient), f.floor(quotient))
})

/**
 * Half of x divided by y and doubled is what the signed kernel can tell of x / y, or one less; a y from 2^31 on goes at most once.
 * @see Warren, Hacker's Delight, 9-3
 */
const quotientOfU32 = formula((f, x, y) => {
  const signed = (v: Value) => f.b.op(op.bitcast, [v], { to: 'i32' })
  const [own, by] = [signed(x), signed(y)]
  const half = signed(f.apply(op.rightShift, x, f.b.const('', 'u32', [], constFromBytes(bytesOf(Uint32Array.of(1))))))
  const twice = f.mul(f.div(half, f.max(by, 1)), 2)
  const flipped = (v: Value) => f.add(v, -(2 ** 31))
  const goes = (v: Value) => f.select(f.less(flipped(v), flipped(by)), 0, f.b.i32([1], []))
  const quotient = f.select(f.less(by, 0), goes(own), f.add(twice, goes(f.sub(own, f.mul(twice, by)))))
  return f.b.op(op.bitcast, [quotient], { to: 'u32' })
})

const ofU32 =
  (wide: Lowering, others: Lowering): Lowering =>
  (n, b) =>
    n.in(0).type.dtype === 'u32' ? wide(n, b) : others(n, b)

/**
 * x - y * truncated(x / y): the sign of x. FLOOR_MOD of the sizes is exact where the product would be rounded; the smallest integer has no size,
 * and there what FLOOR_MOD adds for the sign of y is taken off again.
 */
const truncateMod = formula((f, x, y) => {
  if (x.type.dtype !== 'f32') {
    // By a size, not by -1: the smallest integer by -1 traps.
    const divisor = absolute(f, y)
    const floored = f.floorMod(x, divisor)
    const hasOtherSign = f.notEqual(f.less(x, 0), f.less(divisor, 0))
    return f.sub(floored, f.select(f.and(f.notEqual(floored, 0), hasOtherSign), divisor, 0))
  }
  const size = f.floorMod(absolute(f, x), absolute(f, y))
  return f.select(f.less(x, 0), f.neg(size), size)
})

function absolute(f: Formula, x: Value): Value {
  return x.type.dtype === 'i64' ? f.max(x, f.neg(x)) : f.abs(x)
}

/** -1, 0 or 1 of i64: how many of `x > 0` less how many of `x < 0`. */
const sign = formula((f, x) => {
  if (x.type.dtype !== 'i64') return f.b.op(op.sign, [x])
  return f.sub(castTo(f.b, f.greater(x, 0), 'i64'), castTo(f.b, f.less(x, 0), 'i64'))
})

/** 0 where `zero` is 0, even if the other operand makes no number of it. */
const zeroWhere = (zero: 'x' | 'y', work: (f: Formula, x: Value, y: Value) => Value): Lowering =>
  formula((f, x, y) => f.select(f.equal(zero === 'x' ? x : y, 0), constantOf(f.b, x.type.dtype, [0]), work(f, x, y)))

/** log(1 + x) with what the sum loses added again: w = 1 + x, log(w) + (x - (w - 1)) / w. @see Higham, Accuracy and Stability, 1.14.1 */
export function log1p(f: Formula, x: Value): Value {
  const w = f.add(x, 1)
  const lost = f.sub(f.min(x, largestF32), f.min(f.sub(w, 1), largestF32))
  return f.add(f.log(w), f.div(lost, f.max(w, smallest)))
}
const smallest = 1.1754943508222875e-38

/** exp(x) - 1: near 0 it is 2t / (1 - t) with t = tanh(x / 2), which loses nothing. */
export function expm1(f: Formula, x: Value): Value {
  const t = f.b.op(op.tanh, [f.mul(x, 0.5)])
  const near = f.div(f.mul(t, 2), f.sub(1, t))
  return f.select(f.less(f.abs(x), 0.5), near, f.sub(f.exp(x), 1))
}

/** scale * (x > 0 ? x : alpha * (exp(x) - 1)). @see Klambauer et al., Self-Normalizing Neural Networks, 2017 */
const selu = formula((f, x) => {
  const [scale, alpha] = [1.0507009873554805, 1.6732632423543772]
  return f.select(f.greater(x, 0), f.mul(x, scale), f.mul(f.sub(f.exp(x), 1), scale * alpha))
})

/** Only NaN differs from itself. */
const isNan = formula((f, x) => f.notEqual(x, x))
/** x - x is 0 for finite x and NaN otherwise. */
const isFiniteNumber = formula((f, x) => f.equal(f.sub(x, x), 0))
/** Neither NaN nor finite: exact for the largest float, which TensorFlow's own lowering takes for infinite. */
const isInf = formula((f, x) => f.and(f.equal(x, x), f.not(f.equal(f.sub(x, x), 0))))

function cast(n: SourceOp, b: OpBuilder): Value {
  return castTo(b, n.in(0), n.type('DstT'))
}

function clip(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  return f.min(f.max(n.in(0), n.in(1)), n.in(2))
}

/** Operands and results of one numeric type; integers that kernels lack are widened. */
const arithmetic: LoweringRegistry = {
  Add: as(op.add),
  AddV2: as(op.add),
  Sub: as(op.sub),
  Mul: as(op.mul),
  BiasAdd: biasAdd,
  BiasAddV1: as(op.add),
  Maximum: as(op.maximum),
  Minimum: as(op.minimum),
  SquaredDifference: squaredDifference,
  Pow: pow,
  FloorMod: as(op.floorMod),
  TruncateMod: truncateMod,
  Mod: truncateMod,
  Greater: as(op.greater),
  GreaterEqual: as(op.greaterEqual),
  Less: as(op.less),
  LessEqual: as(op.lessEqual),
  Relu: (n, b) => (n.in(0).type.dtype === 'f32' ? b.op(op.relu, [n.in(0)]) : new Formula(b).max(n.in(0), 0)),
  Relu6: (n, b) => (n.in(0).type.dtype === 'f32' ? b.op(op.relu6, [n.in(0)]) : new Formula(b).min(new Formula(b).max(n.in(0), 0), 6)),
  Abs: formula(absolute),
  Neg: as(op.neg),
  Sign: sign,
  Square: (n, b) => (n.in(0).type.dtype === 'f32' ? b.op(op.square, [n.in(0)]) : b.op(op.mul, [n.in(0), n.in(0)])),
  ClipByValue: clip,
}

/** Arithmetic for whose integers there are 32-bit kernels only. */
const division: LoweringRegistry = {
  Div: truncateDivOfIntegers,
  RealDiv: as(op.div),
  FloorDiv: floorDiv,
  TruncateDiv: truncateDiv,
}

function truncateDivOfIntegers(n: SourceOp, b: OpBuilder): Value {
  return broadcasting(b, op.div, n.operands)
}

const comparisons: LoweringRegistry = {
  Equal: as(op.equal),
  NotEqual: as(op.notEqual),
}

export const elementwise: LoweringRegistry = {
  Identity: first,
  IdentityN: (n) => n.operands,
  StopGradient: first,
  PreventGradient: first,
  CheckNumerics: first,
  CheckNumericsV2: first,
  DeepCopy: first,
  Snapshot: first,
  Print: first,
  PlaceholderWithDefault: first,
  EnsureShape: first,
  ...smallAsI32(arithmetic),
  ...smallAsI32(comparisons),
  ...integersAsI32(division),
  FloorDiv: ofU32(quotientOfU32, integersAsI32(division).FloorDiv!),
  TruncateDiv: ofU32(quotientOfU32, integersAsI32(division).TruncateDiv!),
  ApproximateEqual: (n, b) => {
    const f = new Formula(b)
    return f.less(f.abs(f.sub(n.in(0), n.in(1))), Math.fround(n.float('tolerance', 1e-5)))
  },
  DivNoNan: zeroWhere('y', (f, x, y) => f.div(x, y)),
  MulNoNan: zeroWhere('y', (f, x, y) => f.mul(x, y)),
  Xdivy: zeroWhere('x', (f, x, y) => f.div(x, y)),
  Xlogy: zeroWhere('x', (f, x, y) => f.mul(x, f.log(y))),
  Xlog1py: zeroWhere('x', (f, x, y) => f.mul(x, log1p(f, y))),
  LogicalAnd: as(op.logicalAnd),
  LogicalOr: as(op.logicalOr),
  LogicalNot: as(op.logicalNot),
  LeakyRelu: (n, b) => b.op(op.leakyRelu, [n.in(0)], { alpha: Math.fround(n.float('alpha', 0.2)) }),
  Elu: as(op.elu),
  Selu: selu,
  Sigmoid: as(op.logistic),
  Tanh: as(op.tanh),
  Softplus: (n, b) => softplus(b, n.in(0)),
  Softsign: formula((f, x) => f.div(x, f.add(f.abs(x), 1))),
  Erf: withoutBuiltin,
  Erfc: withoutBuiltin,
  Exp: as(op.exp),
  Log: as(op.log),
  Sqrt: as(op.sqrt),
  Rsqrt: as(op.rsqrt),
  Sin: as(op.sin),
  Cos: as(op.cos),
  Floor: as(op.floor),
  Ceil: as(op.ceil),
  Round: (n, b) => (n.in(0).type.dtype === 'f32' ? b.op(op.round, [n.in(0)]) : n.in(0)),
  Rint: as(op.round),
  Reciprocal: formula((f, x) => f.div(1, x)),
  Inv: formula((f, x) => f.div(1, x)),
  Log1p: formula(log1p),
  Expm1: formula(expm1),
  Atan2: as(op.atan2),
  IsNan: isNan,
  IsFinite: isFiniteNumber,
  IsInf: isInf,
  Cast: cast,
}
