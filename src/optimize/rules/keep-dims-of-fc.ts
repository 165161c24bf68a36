import { sameShape } from '../../core/shape.ts'
import { op, value } from '../pattern.ts'
import { hit, miss, rule } from '../rule.ts'
import { isReadOnce, operandAt, resultOf } from '../weighted.ts'

/** fc on [..,K]  ->  reshape to [..,O]   =>  fc with keepNumDims. */
export const keepDimsOfFc = rule('keep-dims-of-fc', {
  semantics: 'exact',
  pattern: op('reshape', {
    as: 'reshape',
    inputs: [op('fully_connected', { as: 'fc', attrs: { keepNumDims: false }, inputs: [value('x')] })],
  }),
  check({ reshape, fc, x }, graph) {
    const [out, inner] = operandAt(graph, fc, 1)!.type.shape
    const restored = [...x.type.shape.slice(0, -1), out!]
    if (x.type.shape.at(-1) !== inner || !sameShape(restored, resultOf(graph, reshape).type.shape))
      return miss('the reshape does not restore the leading dims of the input', reshape)
    if (!isReadOnce(graph, fc)) return miss('the flat result has other readers', fc)
    return hit()
  },
  rewrite: ({ fc }, _, b) => b.like(fc, { attrs: { keepNumDims: true } }),
})
