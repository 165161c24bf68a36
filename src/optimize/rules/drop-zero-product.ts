import { elementCount } from '../../core/shape.ts'
import { boundsOf } from '../bounds.ts'
import { isSplat } from '../constants.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, other, rule } from '../rule.ts'
import { resultOf } from '../weighted.ts'

/**
 * x * 0, where x is finite whatever it is made from (a logistic, a softmax ...)  =>  zeros. An x that is not known to be finite
 * stays: its infinities would become NaN. The first step of an unrolled LSTM forgets a state of zeros in this way.
 */
export const dropZeroProduct = rule('drop-zero-product', {
  semantics: 'exact',
  pattern: op('mul', { as: 'root', anyOrder: true, inputs: [value('x'), constant('c')] }),
  check({ root, x, c }, graph) {
    if (x.data || c.type.dtype !== 'f32' || !isSplat(c, 0)) return other
    if (!boundsOf(graph, x).every(Number.isFinite)) return miss('the other factor may be infinite', root)
    const { type, name } = resultOf(graph, root)
    const count = elementCount(type.shape)
    if (count === undefined || count > maxElements) return miss('the zeros would be of unknown or large size', root)
    return hit({ name, shape: type.shape, count })
  },
  rewrite: (_, { name, shape, count }, b) => b.f32(new Array<number>(count).fill(0), shape, name),
})

/** Zeros beyond this size are worth an op. */
const maxElements = 4096
