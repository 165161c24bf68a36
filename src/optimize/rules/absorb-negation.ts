import { op as ops } from '../../ops/index.ts'
import { op, value } from '../pattern.ts'
import { hit, miss, type Rule, rule } from '../rule.ts'
import { isReadOnce } from '../weighted.ts'

const negated = op('neg', { as: 'neg', inputs: [value('x')] })

/** y + -x  =>  y - x  and  y - -x  =>  y + x. */
export const absorbNegation: readonly Rule[] = (['add', 'sub'] as const).map((name) =>
  rule('absorb-negation', {
    semantics: 'exact',
    pattern: op(name, { as: 'root', anyOrder: name === 'add', inputs: [value('y'), negated] }),
    check: ({ neg }, graph) => (isReadOnce(graph, neg) ? hit() : miss('the negated value has other readers', neg)),
    rewrite: ({ root, x, y }, _, b) =>
      b.op(name === 'add' ? ops.sub : ops.add, [y, x], { fusedActivation: root.attrs.fusedActivation as 'none' }),
  }),
)
