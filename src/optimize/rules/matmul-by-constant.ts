import { op as ops } from '../../ops/index.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, other, rule } from '../rule.ts'

/** batch_matmul with one constant matrix on the right  =>  fully_connected, which takes a bias, an activation and int8 weights by channel. */
export const matmulByConstant = rule('matmul-by-constant', {
  semantics: 'exact',
  pattern: op('batch_matmul', { as: 'root', inputs: [value('x'), constant('y')] }),
  check({ root, x, y }) {
    const { shape } = y.type
    if (y.type.dtype !== 'f32' || x.data) return other
    if (!shape.slice(0, -2).every((d) => d === 1) || shape.length > x.type.shape.length)
      return miss('there is a matrix for each batch', root)
    if (root.attrs.adjX) return miss('the left operand is transposed', root)
    return hit({ matrix: shape.slice(-2) as number[] })
  },
  rewrite({ root, x, y }, { matrix }, b) {
    const flat = y.type.shape.length === 2 ? y : b.const(y.name, 'f32', matrix, y.data!)
    const weights = root.attrs.adjY ? flat : b.op(ops.transpose, [flat, b.i32([1, 0])])
    return b.op(ops.fullyConnected, [x, weights, null], { keepNumDims: x.type.shape.length > 2 })
  },
})
