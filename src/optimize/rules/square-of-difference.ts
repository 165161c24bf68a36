import { op as ops } from '../../ops/index.ts'
import { op, value } from '../pattern.ts'
import { hit, miss, other, type Rule, rule } from '../rule.ts'
import { isReadOnce } from '../weighted.ts'

const difference = op('sub', { as: 'sub', attrs: { fusedActivation: 'none' }, inputs: [value('a'), value('b')] })

/** square(a - b)  =>  squared_difference(a, b). */
export const squareOfDifference: Rule = rule('square-of-difference', {
  semantics: 'exact',
  pattern: op('square', { as: 'root', inputs: [difference] }),
  check({ sub, a }, graph) {
    if (a.type.dtype !== 'f32') return other
    return isReadOnce(graph, sub) ? hit() : miss('the difference has other readers', sub)
  },
  rewrite: ({ a, b: second }, _, b) => b.op(ops.squaredDifference, [a, second]),
})
