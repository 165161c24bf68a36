import { broadcastShapes, sameShape } from '../../core/shape.ts'
import { op as ops } from '../../ops/index.ts'
import { constant, type Match, op, value } from '../pattern.ts'
import { hit, miss, type Rule, rule } from '../rule.ts'

const positive = op('relu', { as: 'positive', inputs: [value('x')] })
const slope = op('mul', {
  as: 'slope',
  anyOrder: true,
  attrs: { fusedActivation: 'none' },
  inputs: [op('relu', { as: 'negative', inputs: [op('neg', { as: 'neg', inputs: [value('x')] })] }), constant('alpha')],
})

function check({ root, x, alpha }: Match<'root', 'x' | 'alpha'>) {
  const shape = broadcastShapes(x.type.shape, alpha.type.shape)
  if (!shape || !sameShape(shape, x.type.shape)) return miss('alpha does not fit the input', root)
  return hit()
}

/** relu(x) - alpha * relu(-x), or relu(x) + (-alpha) * relu(-x), in any order  =>  prelu(x, alpha). */
export const recognizePrelu: readonly Rule[] = [
  rule('recognize-prelu', {
    semantics: 'exact',
    pattern: op('sub', { as: 'root', attrs: { fusedActivation: 'none' }, inputs: [positive, slope] }),
    check,
    rewrite: ({ x, alpha }, _, b) => b.op(ops.prelu, [x, alpha]),
  }),
  rule('recognize-prelu', {
    semantics: 'exact',
    pattern: op('add', { as: 'root', anyOrder: true, attrs: { fusedActivation: 'none' }, inputs: [positive, slope] }),
    check,
    rewrite: ({ x, alpha }, _, b) => b.op(ops.prelu, [x, b.op(ops.neg, [alpha])]),
  }),
]
