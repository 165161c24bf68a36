import { op as ops } from '../../ops/index.ts'
import { isChannelShape } from '../constants.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, other, rule } from '../rule.ts'
import { channelsOf, isReadOnce, keepsShape, resultOf, weightedNames } from '../weighted.ts'

const sum = op('add', {
  as: 'inner',
  anyOrder: true,
  attrs: { fusedActivation: 'none' },
  inputs: [op(weightedNames, { as: 'weighted', attrs: { fusedActivation: 'none' } }), value('y')],
})

/** (weighted op + y) + c  =>  (weighted op + c) + y, so that c becomes its bias: how recurrent cells add two products and a bias. */
export const addBiasFirst = rule('add-bias-first', {
  semantics: 'reassociating',
  pattern: op('add', { as: 'outer', anyOrder: true, inputs: [sum, constant('c')] }),
  check({ outer, inner, weighted, y, c }, graph) {
    const result = resultOf(graph, weighted)
    const channels = channelsOf(graph, weighted)
    if (y.data || channels === undefined || c.type.dtype !== 'f32') return other
    if (!isChannelShape(c.type.shape, channels, result.type.shape.length))
      return miss('the constant is not one number, nor one per channel', outer)
    if (!keepsShape(graph, inner, result)) return miss('the sum broadcasts the result of the op with weights', inner)
    if (!isReadOnce(graph, inner) || !isReadOnce(graph, weighted)) return miss('a result in between has other readers', inner)
    return hit()
  },
  rewrite: ({ outer, weighted, y, c }, _, b) => b.like(outer, { inputs: [b.op(ops.add, [resultOf(b.graph, weighted), c]), y] }),
})
