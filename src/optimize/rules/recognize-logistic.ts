import { op as ops } from '../../ops/index.ts'
import { isSplat } from '../constants.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, other, type Rule, rule } from '../rule.ts'
import { isReadOnce, keepsShape } from '../weighted.ts'

const expOfMinus = op('exp', { as: 'exp', inputs: [op('neg', { as: 'neg', inputs: [value('x')] })] })
const onePlusExp = op('add', { as: 'sum', anyOrder: true, attrs: { fusedActivation: 'none' }, inputs: [expOfMinus, constant('term')] })
const half = op('mul', { as: 'inner', anyOrder: true, attrs: { fusedActivation: 'none' }, inputs: [value('x'), constant('a')] })
const halfTanh = op('mul', {
  as: 'outer',
  anyOrder: true,
  attrs: { fusedActivation: 'none' },
  inputs: [op('tanh', { as: 'tanh', inputs: [half] }), constant('b')],
})

/** 1 / (1 + exp(-x)), 0.5 * tanh(0.5 * x) + 0.5  =>  logistic(x). */
export const recognizeLogistic: readonly Rule[] = [
  rule('recognize-logistic', {
    semantics: 'reassociating',
    pattern: op('div', { as: 'root', attrs: { fusedActivation: 'none' }, inputs: [constant('one'), onePlusExp] }),
    check: ({ root, one, term, x }, graph) => (isSplat(one, 1) && isSplat(term, 1) && keepsShape(graph, root, x) ? hit() : other),
    rewrite: ({ x }, _, b) => b.op(ops.logistic, [x]),
  }),
  rule('recognize-logistic', {
    semantics: 'reassociating',
    pattern: op('add', { as: 'root', anyOrder: true, attrs: { fusedActivation: 'none' }, inputs: [halfTanh, constant('c')] }),
    check({ root, tanh, outer, a, b, c, x }, graph) {
      const fits = [a, b, c].every((v) => isSplat(v, 0.5)) && keepsShape(graph, root, x)
      return fits && isReadOnce(graph, tanh) && isReadOnce(graph, outer) ? hit() : other
    },
    rewrite: ({ x }, _, b) => b.op(ops.logistic, [x]),
  }),
]
