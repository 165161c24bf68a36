import { op as ops } from '../../ops/index.ts'
import { splatOf } from '../constants.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, other, rule } from '../rule.ts'
import { keepsShape } from '../weighted.ts'

const powers = new Map([
  [2, 'square'],
  [0.5, 'sqrt'],
  [-0.5, 'rsqrt'],
  [-1, 'reciprocal'],
  [3, 'cube'],
] as const)

/** x ^ 2, x ^ 3, x ^ 0.5, x ^ -0.5, x ^ -1  =>  square(x), square(x) * x, sqrt(x), rsqrt(x), 1 / x. */
export const simplifyPower = rule('simplify-power', {
  semantics: 'reassociating',
  pattern: op('pow', { as: 'root', inputs: [value('x'), constant('exponent')] }),
  check({ root, x, exponent }, graph) {
    const number = splatOf(exponent)
    const power = powers.get(number as 2)
    if (x.type.dtype !== 'f32' || !power) return other
    return keepsShape(graph, root, x) ? hit({ power }) : miss('the exponent broadcasts the base', root)
  },
  rewrite({ x }, { power }, b) {
    if (power === 'reciprocal') return b.op(ops.div, [b.f32([1]), x])
    return power === 'cube' ? b.op(ops.mul, [b.op(ops.square, [x]), x]) : b.op(ops[power], [x])
  },
})
