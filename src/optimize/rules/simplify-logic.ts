import { constInts } from '../../ops/view.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, other, type Rule, rule } from '../rule.ts'
import { keepsShape, resultOf } from '../weighted.ts'

/** x and true, x or false  =>  x;  x and false, x or true  =>  the constant. */
export const simplifyLogic: Rule = rule('simplify-logic', {
  semantics: 'exact',
  pattern: op(['logical_and', 'logical_or'], { as: 'root', anyOrder: true, inputs: [value('x'), constant('c')] }),
  check({ root, x, c }, graph) {
    const elements = new Set(constInts(c))
    if (elements.size !== 1) return other
    const isNeutral = elements.has(0) === (root.op === 'logical_or')
    const result = isNeutral ? x : c
    if (isNeutral ? keepsShape(graph, root, x) : resultOf(graph, root).type.shape.join() === c.type.shape.join()) return hit({ result })
    return miss('the result is broadcast', root)
  },
  rewrite: (_, { result }) => result,
})
