import { constFromBytes } from '../../core/bytes.ts'
import { bytesOf } from '../../core/dtype.ts'
import { op as ops } from '../../ops/index.ts'
import { floatsOf } from '../constants.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, other, rule } from '../rule.ts'

const smallestNormal = 2 ** -126

/** What jumps at whole numbers: 49 * (1 / 49) lies below 1. */
const stepsAtWholes: ReadonlySet<string> = new Set(['floor', 'ceil', 'cast', 'floor_mod', 'floor_div'])
const isPowerOfTwo = (d: number): boolean => Number.isInteger(Math.log2(Math.abs(d)))

/** x / c  =>  x * (1 / c), the reciprocal rounded to f32. */
export const divideByConstant = rule('divide-by-constant', {
  semantics: 'reassociating',
  pattern: op('div', { as: 'root', inputs: [value('x'), constant('c')] }),
  check({ root, c }, graph) {
    const divisors = floatsOf(c)
    if (!divisors) return other
    if (!divisors.every(isPowerOfTwo) && root.outputs.some((y) => graph.users(y).some((user) => stepsAtWholes.has(user.op))))
      return miss('whole quotients must stay whole for what reads them', root)
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
