import { op as ops } from '../../ops/index.ts'
import { splatOf } from '../constants.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, rule } from '../rule.ts'
import { isReadOnce } from '../weighted.ts'

/** maximum(x * alpha, x), 0 < alpha < 1, in any order  =>  leaky_relu(x). */
export const recognizeLeakyRelu = rule('recognize-leaky-relu', {
  semantics: 'exact',
  pattern: op('maximum', {
    as: 'root',
    anyOrder: true,
    inputs: [
      op('mul', { as: 'mul', anyOrder: true, attrs: { fusedActivation: 'none' }, inputs: [value('x'), constant('alpha')] }),
      value('x'),
    ],
  }),
  check({ root, mul, x, alpha }, graph) {
    const a = splatOf(alpha)
    if (x.type.dtype !== 'f32' || a === undefined || alpha.type.shape.length > x.type.shape.length)
      return miss('alpha is not one number', mul)
    if (!(a > 0 && a < 1)) return miss('alpha is not between 0 and 1', mul)
    if (!isReadOnce(graph, mul)) return miss('the product has other readers', root)
    return hit({ alpha: a })
  },
  rewrite: ({ x }, found, b) => b.op(ops.leakyRelu, [x], found),
})
