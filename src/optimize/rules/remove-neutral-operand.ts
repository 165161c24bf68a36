import { sameShape } from '../../core/shape.ts'
import type { GraphEditor } from '../../ir/graph.ts'
import { isSplat } from '../constants.ts'
import { constant, type Match, op, value } from '../pattern.ts'
import { hit, miss, other, type Rule, rule } from '../rule.ts'
import { resultOf } from '../weighted.ts'

const neutral: Readonly<Record<string, number>> = { add: 0, sub: 0, mul: 1, div: 1, pow: 1 }

function check({ root, x, c }: Match<'root', 'x' | 'c'>, graph: GraphEditor) {
  if (!isSplat(c, neutral[root.op]!)) return other
  if ((root.attrs.fusedActivation ?? 'none') !== 'none') return miss('the op also applies an activation', root)
  if (!sameShape(x.type.shape, resultOf(graph, root).type.shape)) return miss('the constant broadcasts the other operand', root)
  return hit()
}

/** x + 0, 0 + x, x - 0, x * 1, 1 * x, x / 1, x ^ 1  =>  x. */
export const removeNeutralOperand: readonly Rule[] = [
  rule('remove-neutral-operand', {
    semantics: 'exact',
    pattern: op(['add', 'mul'], { as: 'root', anyOrder: true, inputs: [value('x'), constant('c')] }),
    check,
    rewrite: ({ x }) => x,
  }),
  rule('remove-neutral-operand', {
    semantics: 'exact',
    pattern: op(['sub', 'div', 'pow'], { as: 'root', inputs: [value('x'), constant('c')] }),
    check,
    rewrite: ({ x }) => x,
  }),
]
