import { constFromBytes } from '../../core/bytes.ts'
import { bytesOf } from '../../core/dtype.ts'
import { op as ops } from '../../ops/index.ts'
import { floatsOf } from '../constants.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, other, rule } from '../rule.ts'

const smallestNormal = 2 ** -126

/** x / c  =>  x * (1 / c), the reciprocal rounded to f32. */
export const divideByConstant = rule('divide-by-constant', {
  semantics: 'reassociating',
  pattern: op('div', { as: 'root', inputs: [value('x'), constant('c')] }),
  check({ root, c }) {
    const divisors = floatsOf(c)
    if (!divisors) return other
    const reciprocals = divisors.map((d) => 1 / d)
    // A reciprocal that is no normal number has lost bits, or is infinite where the quotient need not be.
    if (!reciprocals.every((r) => Math.abs(r) >= smallestNormal && Number.isFinite(r)))
      return miss('a reciprocal leaves the range of f32', root)
    return hit({ reciprocals })
  },
  rewrite: ({ root, x, c }, { reciprocals }, b) =>
    b.op(ops.mul, [x, b.const(c.name, 'f32', c.type.shape, constFromBytes(bytesOf(reciprocals)))], {
      fusedActivation: root.attrs.fusedActivation as 'none',
    }),
})
