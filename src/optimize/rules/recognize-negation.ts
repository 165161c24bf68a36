import { op as ops } from '../../ops/index.ts'
import { isSplat } from '../constants.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, other, type Rule, rule } from '../rule.ts'
import { keepsShape } from '../weighted.ts'

/** 0 - x, x * -1, x / -1  =>  neg(x). */
export const recognizeNegation: readonly Rule[] = (
  [
    ['sub', 0, [constant('c'), value('x')], false],
    ['mul', -1, [value('x'), constant('c')], true],
    ['div', -1, [value('x'), constant('c')], false],
  ] as const
).map(([name, number, inputs, anyOrder]) =>
  rule('recognize-negation', {
    semantics: 'exact',
    pattern: op(name, { as: 'root', anyOrder, attrs: { fusedActivation: 'none' }, inputs }),
    check: ({ root, x, c }, graph) => (x.type.dtype === 'f32' && isSplat(c, number) && keepsShape(graph, root, x) ? hit() : other),
    rewrite: ({ x }, _, b) => b.op(ops.neg, [x]),
  }),
)
