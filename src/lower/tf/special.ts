import type { Value } from '../../ir/types.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'
import type { Lowering, LoweringRegistry } from '../registry.ts'
import { log1p } from './elementwise.ts'

/*
 * Functions that LiteRT has no builtin for, by formulas that keep their relative accuracy near 0 and do not overflow early.
 */

/** An op by a formula of its operand. */
export const by =
  (work: (f: Formula, x: Value) => Value): Lowering =>
  (n, b) =>
    work(new Formula(b), n.in(0))

/** f(|x|) with the sign of x. */
const odd = (work: (f: Formula, size: Value) => Value): Lowering => by((f, x) => f.mul(f.b.op(op.sign, [x]), work(f, f.abs(x))))

/** sqrt(1 - x^2) without cancellation at the ends; NaN outside [-1, 1]. */
const cosineOf = (f: Formula, x: Value): Value => f.sqrt(f.mul(f.sub(1, x), f.add(x, 1)))

export function atan2(f: Formula, y: Value, x: Value): Value {
  return f.apply(op.atan2, y, x)
}

/** ATAN2 does not broadcast, so the ones have the operand's shape. */
const atan = by((f, x) => atan2(f, x, f.add(f.b.op(op.zerosLike, [x]), 1)))

/** Near 0 from t = tanh(x / 2): 2t / (1 - t^2). */
const sinh = by((f, x) => {
  const t = f.b.op(op.tanh, [f.mul(x, 0.5)])
  const near = f.div(f.mul(t, 2), f.sub(1, f.square(t)))
  // exp(|x| - log 2) stays finite a little longer than exp(x) / 2.
  const far = f.sub(f.exp(f.sub(x, Math.LN2)), f.exp(f.sub(f.neg(x), Math.LN2)))
  return f.select(f.less(f.abs(x), 1), near, far)
})
const cosh = by((f, x) => f.add(f.exp(f.sub(x, Math.LN2)), f.exp(f.sub(f.neg(x), Math.LN2))))

/** log(1 + u), u = |x| + x^2 / (1 + sqrt(1 + x^2)), written by 1/|x| so that no square overflows. */
const asinh = odd((f, x) => {
  const inverse = f.div(1, x)
  return log1p(f, f.add(x, f.div(x, f.add(inverse, f.sqrt(f.add(f.square(inverse), 1))))))
})
/** log(1 + t + sqrt(t) * sqrt(t + 2)), t = x - 1. */
const acosh = by((f, x) => {
  const t = f.sub(x, 1)
  return log1p(f, f.add(t, f.mul(f.sqrt(t), f.sqrt(f.add(t, 2)))))
})
const atanh = odd((f, x) => f.mul(log1p(f, f.div(f.mul(x, 2), f.sub(1, x))), 0.5))

/** Distance of |x| to the nearest integer, and sin(pi x) of that size: what the reflections need. */
function sineOfPi(f: Formula, x: Value): { distance: Value; sine: Value } {
  const size = f.abs(x)
  const fraction = f.sub(size, f.floor(size))
  const distance = f.min(fraction, f.sub(1, fraction))
  return { distance, sine: f.sin(f.mul(distance, Math.PI)) }
}

/** @see Lanczos, A Precision Approximation of the Gamma Function, 1964; g = 7, n = 9 */
const lanczos = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905, -0.13857109526572012,
  9.9843695780195716e-6, 1.5056327351493116e-7,
]
export function lgamma(f: Formula, x: Value): Value {
  const reflects = f.less(x, 0.5)
  const z = f.select(reflects, f.neg(x), f.sub(x, 1))
  const series = lanczos.reduce<Value | number>((sum, c, i) => f.add(sum, f.div(c, f.add(z, i + 1))), 0.99999999999980993) as Value
  const t = f.add(z, 7.5)
  const direct = f.add(f.sub(f.mul(f.add(z, 0.5), f.log(t)), t), f.add(f.log(series), 0.5 * Math.log(2 * Math.PI)))
  const reflected = f.sub(f.sub(Math.log(Math.PI), f.log(sineOfPi(f, x).sine)), direct)
  return f.select(f.equal(f.abs(x), Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY, f.select(reflects, reflected, direct))
}

/** Six steps up, then the asymptotic series. @see Abramowitz and Stegun, 6.3.5, 6.3.7 and 6.3.18 */
export function digamma(f: Formula, x: Value): Value {
  const reflects = f.less(x, 0.5)
  const y = f.select(reflects, f.sub(1, x), x)
  const steps = [0, 1, 2, 3, 4, 5].map((i) => f.div(1, f.add(y, i))).reduce((a, s) => f.add(a, s))
  const z = f.add(y, 6)
  const square = f.div(1, f.square(z))
  const tail = f.mul(square, f.polynomial(square, [1 / 252, -1 / 120, 1 / 12]))
  const direct = f.sub(f.sub(f.sub(f.log(z), f.div(0.5, z)), tail), steps)
  // Of pi / tan(pi x): the sign is that of the side of the nearest integer on which x lies.
  const nearest = f.floor(f.add(x, 0.5))
  const side = f.mul(f.sub(x, nearest), Math.PI)
  const reflected = f.sub(direct, f.div(Math.PI, f.div(f.sin(side), f.cos(side))))
  // No number at the poles, 0, -1, -2 and so on.
  return f.select(reflects, f.select(f.equal(side, 0), Number.NaN, reflected), direct)
}

/** @see Giles, Approximating the erfinv function, 2010: single precision, relative error below 4e-7 */
const center = [
  2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 2.1858087e-4, -1.25372503e-3, -4.17768164e-3, 0.246640727, 1.50140941,
]
const tails = [
  -2.00214257e-4, 1.00950558e-4, 1.34934322e-3, -3.67342844e-3, 5.73950773e-3, -7.6224613e-3, 9.43887047e-3, 1.00167406, 2.83297682,
]
export function erfinv(f: Formula, x: Value): Value {
  const w = f.neg(f.log(f.mul(f.sub(1, x), f.add(x, 1))))
  const inner = f.polynomial(f.sub(w, 2.5), center)
  const outer = f.polynomial(f.sub(f.sqrt(w), 3), tails)
  // At -1 and 1 the polynomial of infinity has the sign of its first coefficient.
  const size = f.select(f.less(f.abs(x), 1), f.select(f.less(w, 5), inner, outer), f.abs(w))
  return f.mul(x, size)
}

/**
 * The quantile of the normal distribution: in the middle by q = p - 1/2, in the tails by the root of the logarithm of the smaller side.
 * @see Wichura, Algorithm AS 241: The percentage points of the normal distribution, 1988; PPND7, relative error about 1e-7
 */
const quantile = {
  middle: [
    [59.10937472, 159.29113202, 50.434271938, 3.3871327179],
    [67.1875636, 78.757757664, 17.895169469, 1],
  ],
  near: [
    [0.17023821103, 1.3067284816, 2.75681539, 1.4234372777],
    [0.12021132975, 0.7370016425, 1],
  ],
  far: [
    [0.017337203997, 0.42868294337, 3.081226386, 6.657905115],
    [0.012258202635, 0.24197894225, 1],
  ],
} as const

const ndtri = by((f, p) => {
  const ratio = (x: Value, [above, below]: readonly [readonly number[], readonly number[]]) =>
    f.div(f.polynomial(x, above), f.polynomial(x, below))
  const q = f.sub(p, 0.5)
  const middle = f.mul(q, ratio(f.sub(0.180625, f.square(q)), quantile.middle))
  const r = f.sqrt(f.neg(f.log(f.min(p, f.sub(1, p)))))
  const tail = f.select(f.lessEqual(r, 5), ratio(f.sub(r, 1.6), quantile.near), ratio(f.sub(r, 5), quantile.far))
  // At 0 and 1 the root is infinite, and the result with it.
  const side = f.mul(f.b.op(op.sign, [q]), f.select(f.equal(r, Number.POSITIVE_INFINITY), r, tail))
  return f.select(f.lessEqual(f.abs(q), 0.425), middle, side)
})

export const special: LoweringRegistry = {
  Tan: by((f, x) => f.div(f.sin(x), f.cos(x))),
  Asin: by((f, x) => atan2(f, x, cosineOf(f, x))),
  Acos: by((f, x) => atan2(f, cosineOf(f, x), x)),
  Atan: atan,
  Sinh: sinh,
  Cosh: cosh,
  Asinh: asinh,
  Acosh: acosh,
  Atanh: atanh,
  Lgamma: by(lgamma),
  Digamma: by(digamma),
  Erfinv: by(erfinv),
  Ndtri: ndtri,
}
