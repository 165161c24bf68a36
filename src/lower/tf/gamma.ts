import { sameShape } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { loop } from '../../ops/control/flow.ts'
import { op } from '../../ops/index.ts'
import { broadcastTogether } from '../broadcast.ts'
import { Formula } from '../formula.ts'
import type { Lowering, LoweringRegistry } from '../registry.ts'
import { log1p } from './elementwise.ts'
import { digamma, lgamma } from './special.ts'

/*
 * Incomplete gamma and beta functions, and sums of powers. What converges is repeated in a loop until it has for all elements.
 */

const epsilon = 2 ** -24
/** Where a fraction has not converged by then, its terms have long been rounded. */
const maxSteps = 2000
/** Keeps denominators from 0. @see Lentz, Generating Bessel functions in Mie scattering calculations, 1976 */
const tiny = 1e-30

/** All operands at one shape. */
const together =
  (work: (f: Formula, ...values: readonly Value[]) => Value): Lowering =>
  (n, b) =>
    work(new Formula(b), ...ofOneShape(b, broadcastTogether(b, n.operands)))

/** Values that have one shape, of which names of free sizes may differ. */
function ofOneShape(b: OpBuilder, values: readonly Value[]): readonly Value[] {
  const { shape } = values[0]!.type
  return values.map((v) => (v.data || sameShape(v.type.shape, shape) ? v : b.graph.updateValue(v.id, { type: { ...v.type, shape } })))
}

const allAxes = (x: Value): readonly number[] => x.type.shape.map((_, i) => i)
const largestOf = (b: OpBuilder, x: Value): Value => (x.type.shape.length === 0 ? x : b.op(op.reduceMax, [x, b.i32(allAxes(x))]))

/** `vars` after as many steps as they take until the last of them, how much the step changed, is below epsilon everywhere. */
function untilConverged(
  f: Formula,
  vars: readonly Value[],
  step: (f: Formula, count: Value, vars: readonly Value[]) => readonly Value[],
): readonly Value[] {
  const { b } = f
  const results = loop(
    b,
    [b.f32([1], []), ...vars],
    (inner, [count, ...now]) => {
      const g = new Formula(inner)
      return g.and(g.greater(largestOf(inner, now.at(-1)!), epsilon), g.less(count!, maxSteps))
    },
    (inner, [count, ...now]) => {
      const g = new Formula(inner)
      return [g.add(count!, 1), ...step(g, count!, now)]
    },
  )
  return results.slice(1)
}

/** x^a exp(-x) / gamma(a): above 4 by Stirling's series, which does not cancel where x is near a. */
function density(f: Formula, a: Value, x: Value): Value {
  const small = f.min(a, 4)
  const plain = f.sub(f.sub(f.mul(small, f.log(x)), x), lgamma(f, small))
  const large = f.max(a, 4)
  const distance = f.div(f.sub(x, large), large)
  const inverse = f.div(1, large)
  const rest = f.mul(inverse, f.polynomial(f.square(inverse), [1 / 1260, -1 / 360, 1 / 12]))
  const near = f.sub(f.mul(large, f.sub(log1p(f, distance), distance)), rest)
  return f.select(f.less(a, 4), f.exp(plain), f.mul(f.exp(near), f.sqrt(f.mul(large, 1 / (2 * Math.PI)))))
}

/** The part of gamma(a) below x, or above it: a series up to a + 1, a continued fraction beyond. @see Abramowitz and Stegun, 6.5.29 and 6.5.31 */
function incompleteGamma(f: Formula, a: Value, x: Value, isUpper: boolean): Value {
  const turn = f.add(a, 1)
  const [low, high] = [f.min(x, turn), f.max(x, turn)]
  const ones = f.add(f.mul(a, 0), 1)
  const sum = untilConverged(f, [low, a, ones, ones, ones], (g, count, [z, s, term, total]) => {
    const next = g.mul(term!, g.div(z!, g.add(s!, count)))
    const sum = g.add(total!, next)
    return [z!, s!, next, sum, g.div(next, sum)]
  })[3]!
  const start = f.sub(f.add(high, 1), a)
  const first = f.div(1, start)
  const fraction = untilConverged(f, [a, start, f.mul(ones, 1 / tiny), first, first, ones], (g, count, [s, b0, c0, d0, h0]) => {
    const numerator = g.mul(g.neg(count), g.sub(count, s!))
    const b1 = g.add(b0!, 2)
    const d1 = g.div(1, awayFrom0(g, g.add(g.mul(numerator, d0!), b1)))
    const c1 = awayFrom0(g, g.add(b1, g.div(numerator, c0!)))
    const factor = g.mul(c1, d1)
    return [s!, b1, c1, d1, g.mul(h0!, factor), g.abs(g.sub(factor, 1))]
  })[4]!
  const lower = f.div(f.mul(sum, density(f, a, low)), a)
  const upper = f.mul(fraction, density(f, a, high))
  const isLow = f.less(x, turn)
  const inside = isUpper ? f.select(isLow, f.sub(1, lower), upper) : f.select(isLow, lower, f.sub(1, upper))
  const atZero = f.select(f.equal(x, 0), isUpper ? 1 : 0, inside)
  const whole = f.select(f.equal(x, Number.POSITIVE_INFINITY), isUpper ? 0 : 1, atZero)
  return f.select(f.and(f.greater(a, 0), f.greaterEqual(x, 0)), whole, Number.NaN)
}

const awayFrom0 = (f: Formula, x: Value): Value => f.select(f.less(f.abs(x), tiny), tiny, x)

/** By a continued fraction of x, or of 1 - x where that converges. @see Abramowitz and Stegun, 26.5.8 */
function incompleteBeta(f: Formula, a: Value, b: Value, x: Value): Value {
  const isTurned = f.greater(x, f.div(f.add(a, 1), f.add(f.add(a, b), 2)))
  const [p, q] = [f.select(isTurned, b, a), f.select(isTurned, a, b)]
  const z = f.select(isTurned, f.sub(1, x), x)
  const ones = f.add(f.mul(a, 0), 1)
  const d = f.div(1, awayFrom0(f, f.sub(1, f.div(f.mul(f.add(p, q), z), f.add(p, 1)))))
  const fraction = untilConverged(f, [p, q, z, ones, d, d, ones], (g, m, [s, t, y, c0, d0, h0]) => {
    const twice = g.mul(m, 2)
    const part = (numerator: Value, c: Value, d: Value) => {
      const next = g.div(1, awayFrom0(g, g.add(g.mul(numerator, d), 1)))
      return { c: awayFrom0(g, g.add(g.div(numerator, c), 1)), d: next }
    }
    const even = g.div(g.mul(g.mul(g.sub(t!, m), m), y!), g.mul(g.add(g.sub(s!, 1), twice), g.add(s!, twice)))
    const first = part(even, c0!, d0!)
    const sum = g.add(s!, m)
    const odd = g.neg(g.div(g.mul(g.mul(sum, g.add(sum, t!)), y!), g.mul(g.add(s!, twice), g.add(g.add(s!, 1), twice))))
    const second = part(odd, first.c, first.d)
    const factor = g.mul(second.c, second.d)
    return [s!, t!, y!, second.c, second.d, g.mul(g.mul(h0!, g.mul(first.c, first.d)), factor), g.abs(g.sub(factor, 1))]
  })[5]!
  const beta = f.sub(f.sub(lgamma(f, f.add(a, b)), lgamma(f, a)), lgamma(f, b))
  const front = f.exp(f.add(beta, f.add(f.mul(a, f.log(x)), f.mul(b, log1p(f, f.neg(x))))))
  const part = f.div(f.mul(front, fraction), p)
  const inside = f.select(isTurned, f.sub(1, part), part)
  const atEnds = f.select(f.equal(x, 0), 0, f.select(f.equal(x, 1), 1, inside))
  const isValid = f.and(f.and(f.greater(a, 0), f.greater(b, 0)), f.and(f.greaterEqual(x, 0), f.lessEqual(x, 1)))
  return f.select(isValid, atEnds, Number.NaN)
}

/** B(2j) / (2j)! of the Bernoulli numbers. */
const bernoulli = [1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160]
/** So many terms are summed before the rest is an integral. */
const summed = 10

/** The sum of (q + k)^-x over all k from 0. @see Euler and Maclaurin's formula; Abramowitz and Stegun, 23.1.30 */
function zeta(f: Formula, x: Value, q: Value): Value {
  const { b } = f
  const power = (g: Formula, base: Value, exponent: Value) => g.apply(op.pow, base, g.neg(exponent))
  // Terms below 0 are all summed.
  const count = f.add(f.max(b.op(op.ceil, [largestOf(b, f.neg(q))]), 0), summed)
  const head = loop(
    b,
    [b.f32([0], []), count, q, x, f.mul(q, 0)],
    (inner, vars) => new Formula(inner).less(vars[0]!, vars[1]!),
    (inner, [k, end, base, exponent, sum]) => {
      const g = new Formula(inner)
      return [g.add(k!, 1), end!, base!, exponent!, g.add(sum!, power(g, g.add(base!, k!), exponent!))]
    },
  ).at(-1)!
  const a = f.add(q, count)
  const last = power(f, a, x)
  let tail = f.add(f.div(f.mul(last, a), f.sub(x, 1)), f.mul(last, 0.5))
  let [factor, term] = [x, f.div(last, a)]
  for (const [j, c] of bernoulli.entries()) {
    tail = f.add(tail, f.mul(f.mul(factor, term), c))
    factor = f.mul(f.mul(factor, f.add(x, 2 * j + 1)), f.add(x, 2 * j + 2))
    term = f.div(term, f.square(a))
  }
  const isWhole = (v: Value) => f.equal(v, f.floor(v))
  const isPole = f.and(f.lessEqual(q, 0), isWhole(q))
  const isEven = f.equal(f.floorMod(x, 2), 0)
  const isValid = f.and(f.greaterEqual(x, 1), f.or(f.greater(q, 0), f.select(isPole, isEven, isWhole(x))))
  const sum = f.select(isPole, Number.POSITIVE_INFINITY, f.add(head, tail))
  return f.select(f.equal(x, 1), Number.POSITIVE_INFINITY, f.select(isValid, sum, Number.NaN))
}

/** (-1)^(n+1) n! zeta(n + 1, x), and the digamma function for n = 0. */
function polygamma(f: Formula, n: Value, x: Value): Value {
  const sign = f.sub(f.mul(f.floorMod(n, 2), 2), 1)
  const derivative = f.mul(f.mul(sign, f.exp(lgamma(f, f.add(n, 1)))), zeta(f, f.add(n, 1), x))
  const isValid = f.and(f.greaterEqual(n, 0), f.equal(n, f.floor(n)))
  return f.select(isValid, f.select(f.equal(n, 0), digamma(f, x), derivative), Number.NaN)
}

export const gammaFunctions: LoweringRegistry = {
  Igamma: together((f, a, x) => incompleteGamma(f, a!, x!, false)),
  Igammac: together((f, a, x) => incompleteGamma(f, a!, x!, true)),
  Betainc: together((f, a, b, x) => incompleteBeta(f, a!, b!, x!)),
  Zeta: together((f, x, q) => zeta(f, x!, q!)),
  Polygamma: together((f, n, x) => polygamma(f, n!, x!)),
}
