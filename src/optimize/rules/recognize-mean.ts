import { elementCount } from '../../core/shape.ts'
import { op as ops } from '../../ops/index.ts'
import { constAxes } from '../../ops/view.ts'
import { splatOf } from '../constants.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, type Rule, rule } from '../rule.ts'
import { isReadOnce, keepsShape, resultOf } from '../weighted.ts'
import { isNear } from './factors.ts'

const sum = op('sum', { as: 'sum', inputs: [value('x'), constant('axes')] })

/** sum(x) * (1 / n), sum(x) / n, where n elements are summed  =>  mean(x). */
export const recognizeMean: readonly Rule[] = (['mul', 'div'] as const).map((name) =>
  rule('recognize-mean', {
    semantics: 'reassociating',
    pattern: op(name, { as: 'root', anyOrder: name === 'mul', attrs: { fusedActivation: 'none' }, inputs: [sum, constant('c')] }),
    check({ root, sum, x, axes, c }, graph) {
      const rank = x.type.shape.length
      const reduced = new Set(constAxes(axes, rank)!)
      const count = elementCount([...reduced].map((a) => x.type.shape[a]!))
      const number = splatOf(c)
      if (x.type.dtype !== 'f32' || number === undefined) return miss('it is scaled by more than one number', root)
      if (!count || !isNear(name === 'div' ? number : 1 / number, count)) return miss('it is not divided by the number of its terms', root)
      if (!keepsShape(graph, root, resultOf(graph, sum))) return miss('the number broadcasts the sum', root)
      return isReadOnce(graph, sum) ? hit() : miss('the sum has other readers', sum)
    },
    rewrite: ({ sum, x, axes }, _, b) => b.op(ops.mean, [x, axes], { keepDims: sum.attrs.keepDims === true }),
  }),
)
