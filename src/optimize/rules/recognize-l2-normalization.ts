import { normalizeAxis } from '../../core/shape.ts'
import { op as ops } from '../../ops/index.ts'
import { constInts } from '../../ops/view.ts'
import { splatOf } from '../constants.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, type Rule, rule } from '../rule.ts'
import { isNear } from './factors.ts'

const squares = [
  op('square', { as: 'square', inputs: [value('x')] }),
  op('mul', { as: 'square', attrs: { fusedActivation: 'none' }, inputs: [value('x'), value('x')] }),
]

/**
 * x * rsqrt(maximum(sum(x^2, last axis), 1e-12)), the products in any order  =>  l2_normalization(x).
 * The kernel divides by max(norm, 1e-6), which is the same for this epsilon and for no other.
 * @see LiteRT kernels/l2norm.cc
 */
export const recognizeL2Normalization: readonly Rule[] = squares.map((square) =>
  rule('recognize-l2-normalization', {
    semantics: 'reassociating',
    pattern: op('mul', {
      as: 'root',
      anyOrder: true,
      attrs: { fusedActivation: 'none' },
      inputs: [
        value('x'),
        op('rsqrt', {
          as: 'rsqrt',
          inputs: [
            op('maximum', {
              as: 'maximum',
              anyOrder: true,
              inputs: [op('sum', { as: 'sum', attrs: { keepDims: true }, inputs: [square, constant('axes')] }), constant('epsilon')],
            }),
          ],
        }),
      ],
    }),
    check({ root, sum, x, axes, epsilon }) {
      const rank = x.type.shape.length
      const reduced = constInts(axes)!.map((a) => normalizeAxis(a, rank))
      if (x.type.dtype !== 'f32' || reduced.length !== 1 || reduced[0] !== rank - 1)
        return miss('the sum is not over the last axis alone', sum)
      const e = splatOf(epsilon)
      if (e === undefined || !isNear(e, 1e-12)) return miss(`epsilon is ${e}, the kernel's is 1e-12`, root)
      return hit()
    },
    rewrite: ({ x }, _, b) => b.op(ops.l2Normalization, [x]),
  }),
)
