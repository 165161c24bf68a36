import type { Value } from '../../ir/types.ts'
import { op } from '../../ops/index.ts'
import type { Formula } from '../formula.ts'
import type { LoweringRegistry } from '../registry.ts'
import { by } from './special.ts'

/*
 * Bessel functions of the orders 0 and 1.
 * @see Abramowitz and Stegun, 9.4.1 to 9.4.6 and 9.8.1 to 9.8.8: errors below 3e-7 of what the polynomials approximate
 */

/** c[0] + c[1] x + .. */
const series = (f: Formula, x: Value, coefficients: readonly number[]): Value => f.polynomial(x, coefficients.toReversed())

const inverseRoot = (f: Formula, x: Value): Value => f.b.op(op.rsqrt, [x])

/** I0 and I1 up to 3.75 by (x / 3.75)^2, beyond by 3.75 / x times exp(x) / sqrt(x). */
const i0 = {
  near: [1, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.0360768, 0.0045813],
  far: [0.39894228, 0.01328592, 0.00225319, -0.00157565, 0.00916281, -0.02057706, 0.02635537, -0.01647633, 0.00392377],
}
const i1 = {
  near: [0.5, 0.87890594, 0.51498869, 0.15084934, 0.02658733, 0.00301532, 0.00032411],
  far: [0.39894228, -0.03988024, -0.00362018, 0.00163801, -0.01031555, 0.02282967, -0.02895312, 0.01787654, -0.00420059],
}

/** The modified function of the first kind of |x|, without the factor x of the order 1; `scaled` times exp(-|x|). */
export function modified(f: Formula, x: Value, order: 0 | 1, isScaled: boolean): Value {
  const { near, far } = order === 0 ? i0 : i1
  const size = f.abs(x)
  const outer = f.max(size, 3.75)
  const inner = series(f, f.square(f.div(f.min(size, 3.75), 3.75)), near)
  const tail = f.mul(series(f, f.div(3.75, outer), far), inverseRoot(f, outer))
  const divided = order === 0 ? tail : f.div(tail, outer)
  // exp(x / 2) twice stays finite as long as the result does.
  const half = f.exp(f.mul(size, 0.5))
  const isNear = f.less(size, 3.75)
  if (isScaled) return f.select(isNear, f.mul(inner, f.exp(f.neg(size))), divided)
  return f.select(isNear, inner, f.mul(f.mul(divided, half), half))
}

/** K0 and K1 up to 2 by (x / 2)^2, beyond by 2 / x times exp(-x) / sqrt(x). */
const k0 = {
  near: [-0.57721566, 0.4227842, 0.23069756, 0.0348859, 0.00262698, 0.0001075, 0.0000074],
  far: [1.25331414, -0.07832358, 0.02189568, -0.01062446, 0.00587872, -0.0025154, 0.00053208],
}
const k1 = {
  near: [1, 0.15443144, -0.67278579, -0.18156897, -0.01919402, -0.00110404, -0.00004686],
  far: [1.25331414, 0.23498619, -0.0365562, 0.01504268, -0.00780353, 0.00325614, -0.00068245],
}

/** The modified function of the second kind, of positive x. */
function modifiedSecond(f: Formula, x: Value, order: 0 | 1, isScaled: boolean): Value {
  const { near, far } = order === 0 ? k0 : k1
  const [small, large] = [f.min(x, 2), f.max(x, 2)]
  const inner = series(f, f.square(f.mul(small, 0.5)), near)
  const first = f.mul(f.log(f.mul(small, 0.5)), modified(f, small, order, false))
  const whole = order === 0 ? f.sub(inner, first) : f.add(f.div(inner, small), f.mul(small, first))
  const tail = f.mul(series(f, f.div(2, large), far), inverseRoot(f, large))
  const scaledWhole = isScaled ? f.mul(whole, f.exp(small)) : whole
  return f.select(f.lessEqual(x, 2), scaledWhole, isScaled ? tail : f.mul(tail, f.exp(f.neg(large))))
}

/** J0, J1 (without a factor x), Y0 and x Y1 up to 3 by (x / 3)^2; beyond modulus and phase by 3 / x. */
const j0 = {
  near: [1, -2.2499997, 1.2656208, -0.3163866, 0.0444479, -0.0039444, 0.00021],
  second: [0.36746691, 0.60559366, -0.74350384, 0.25300117, -0.04261214, 0.00427916, -0.00024846],
  modulus: [0.79788456, -0.00000077, -0.0055274, -0.00009512, 0.00137237, -0.00072805, 0.00014476],
  phase: [-0.78539816, -0.04166397, -0.00003954, 0.00262573, -0.00054125, -0.00029333, 0.00013558],
}
const j1 = {
  near: [0.5, -0.56249985, 0.21093573, -0.03954289, 0.00443319, -0.00031761, 0.00001109],
  second: [-0.6366198, 0.2212091, 2.1682709, -1.3164827, 0.3123951, -0.0400976, 0.0027873],
  modulus: [0.79788456, 0.00000156, 0.01659667, 0.00017105, -0.00249511, 0.00113653, -0.00020033],
  phase: [-2.35619449, 0.12499612, 0.0000565, -0.00637879, 0.00074348, 0.00079824, -0.00029166],
}

function oscillating(f: Formula, x: Value, order: 0 | 1, kind: 'first' | 'second'): Value {
  const { near, second, modulus, phase } = order === 0 ? j0 : j1
  const size = f.abs(x)
  const [small, large] = [f.min(size, 3), f.max(size, 3)]
  const square = f.square(f.div(small, 3))
  const inner = order === 0 ? series(f, square, near) : f.mul(small, series(f, square, near))
  const inverse = f.div(3, large)
  const amplitude = f.mul(series(f, inverse, modulus), inverseRoot(f, large))
  const angle = f.add(large, series(f, inverse, phase))
  const isNear = f.less(size, 3)
  if (kind === 'first') {
    const y = f.select(isNear, inner, f.mul(amplitude, f.cos(angle)))
    return order === 0 ? y : f.mul(f.b.op(op.sign, [x]), y)
  }
  const logarithmic = f.mul(f.mul(f.log(f.mul(small, 0.5)), 2 / Math.PI), inner)
  const rest = series(f, square, second)
  const y = f.add(logarithmic, order === 0 ? rest : f.div(rest, small))
  return f.select(f.less(x, 0), Number.NEGATIVE_INFINITY, f.select(isNear, y, f.mul(amplitude, f.sin(angle))))
}

const ofPositive = (f: Formula, x: Value, y: Value): Value => f.select(f.less(x, 0), Number.POSITIVE_INFINITY, y)

export const besselFunctions: LoweringRegistry = {
  BesselI0: by((f, x) => modified(f, x, 0, false)),
  BesselI0e: by((f, x) => modified(f, x, 0, true)),
  BesselI1: by((f, x) => f.mul(x, modified(f, x, 1, false))),
  BesselI1e: by((f, x) => f.mul(x, modified(f, x, 1, true))),
  BesselK0: by((f, x) => ofPositive(f, x, modifiedSecond(f, f.abs(x), 0, false))),
  BesselK0e: by((f, x) => ofPositive(f, x, modifiedSecond(f, f.abs(x), 0, true))),
  BesselK1: by((f, x) => ofPositive(f, x, modifiedSecond(f, f.abs(x), 1, false))),
  BesselK1e: by((f, x) => ofPositive(f, x, modifiedSecond(f, f.abs(x), 1, true))),
  BesselJ0: by((f, x) => oscillating(f, x, 0, 'first')),
  BesselJ1: by((f, x) => oscillating(f, x, 1, 'first')),
  BesselY0: by((f, x) => oscillating(f, x, 0, 'second')),
  BesselY1: by((f, x) => oscillating(f, x, 1, 'second')),
}
