import { sameShape } from '../../core/shape.ts'
import { constInts } from '../../ops/view.ts'
import { op, value } from '../pattern.ts'
import { hit, miss, other, type Rule, rule } from '../rule.ts'
import { resultOf } from '../weighted.ts'

/** select on a condition that is the same everywhere, or between equal values  =>  the value selected. */
export const simplifySelect: Rule = rule('simplify-select', {
  semantics: 'exact',
  pattern: op(['select', 'select_v2'], { as: 'root', inputs: [value('condition'), value('x'), value('y')] }),
  check({ root, condition, x, y }, graph) {
    const choices = new Set(constInts(condition))
    const picked = x === y ? x : choices.size === 1 ? (choices.has(0) ? y : x) : undefined
    if (!picked) return other
    if (!sameShape(picked.type.shape, resultOf(graph, root).type.shape)) return miss('what is selected is broadcast', root)
    return hit({ picked })
  },
  rewrite: (_, { picked }) => picked,
})
