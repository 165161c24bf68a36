import { op as ops } from '../../ops/index.ts'
import { isSplat } from '../constants.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, other, rule } from '../rule.ts'

const expOfMinus = op('exp', { as: 'exp', inputs: [op('neg', { as: 'neg', inputs: [value('x')] })] })

/** 1 / (1 + exp(-x))  =>  logistic(x). */
export const recognizeLogistic = rule('recognize-logistic', {
  semantics: 'reassociating',
  pattern: op('div', {
    as: 'root',
    attrs: { fusedActivation: 'none' },
    inputs: [
      constant('one'),
      op('add', { as: 'sum', anyOrder: true, attrs: { fusedActivation: 'none' }, inputs: [expOfMinus, constant('term')] }),
    ],
  }),
  check({ one, term, x }) {
    const fits = [one, term].every((c) => isSplat(c, 1) && c.type.shape.length <= x.type.shape.length)
    return fits ? hit() : other
  },
  rewrite: ({ x }, _, b) => b.op(ops.logistic, [x]),
})
