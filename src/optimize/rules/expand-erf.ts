import { op as ops } from '../../ops/index.ts'
import { op, value } from '../pattern.ts'
import { hit, miss, type Rule, rule } from '../rule.ts'

/**
 * custom Erf | Erfc, which no recognized formula took   =>  a polynomial in builtin ops; at most 1.5e-7 off, and the rounding
 * of f32. @see Abramowitz and Stegun, 7.1.26
 */
export const expandErf: readonly Rule[] = (['Erf', 'Erfc'] as const).map((name) =>
  rule('expand-erf', {
    semantics: 'approximating',
    pattern: op('custom', { as: 'root', attrs: { customCode: name }, inputs: [value('x')] }),
    check: ({ root, x }) => (x.type.dtype === 'f32' ? hit() : miss(`there is no ${name} of ${x.type.dtype}`, root)),
    rewrite({ x }, _, b) {
      const number = (n: number) => b.f32([Math.fround(n)])
      const one = number(1)
      const size = b.op(ops.abs, [x])
      const t = b.op(ops.div, [one, b.op(ops.add, [b.op(ops.mul, [size, number(0.3275911)]), one])])
      const polynomial = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592].reduce(
        (sum, a, i) => (i === 0 ? number(a) : b.op(ops.add, [b.op(ops.mul, [sum, t]), number(a)])),
        one,
      )
      const decay = b.op(ops.exp, [b.op(ops.neg, [b.op(ops.square, [x])])])
      const tail = b.op(ops.mul, [b.op(ops.mul, [polynomial, t]), decay])
      const isNegative = b.op(ops.less, [x, number(0)])
      if (name === 'Erfc') return b.op(ops.selectV2, [isNegative, b.op(ops.sub, [number(2), tail]), tail])
      return b.op(ops.selectV2, [isNegative, b.op(ops.sub, [tail, one]), b.op(ops.sub, [one, tail])])
    },
  }),
)
