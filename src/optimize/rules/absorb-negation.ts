import { op as ops } from '../../ops/index.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, other, type Rule, rule } from '../rule.ts'
import { isReadOnce } from '../weighted.ts'

const negated = op('neg', { as: 'neg', inputs: [value('x')] })

/** y + -x  =>  y - x,  y - -x  =>  y + x,  and  c * -x, -x / c, -(c * x)  =>  -c * x. */
export const absorbNegation: readonly Rule[] = [
  ...(['add', 'sub'] as const).map((name) =>
    rule('absorb-negation', {
      semantics: 'exact',
      pattern: op(name, { as: 'root', anyOrder: name === 'add', inputs: [value('y'), negated] }),
      check: ({ neg }, graph) => (isReadOnce(graph, neg) ? hit() : miss('the negated value has other readers', neg)),
      rewrite: ({ root, x, y }, _, b) =>
        b.op(name === 'add' ? ops.sub : ops.add, [y, x], { fusedActivation: root.attrs.fusedActivation as 'none' }),
    }),
  ),
  ...(['mul', 'div'] as const).map((name) =>
    rule('absorb-negation', {
      semantics: 'exact',
      pattern: op(name, { as: 'root', anyOrder: name === 'mul', inputs: [negated, constant('c')] }),
      check({ neg, c }, graph) {
        if (c.type.dtype !== 'f32') return other
        return isReadOnce(graph, neg) ? hit() : miss('the negated value has other readers', neg)
      },
      rewrite: ({ root, x, c }, _, b) => b.like(root, { inputs: [x, b.op(ops.neg, [c])] }),
    }),
  ),
  rule('absorb-negation', {
    semantics: 'exact',
    pattern: op('neg', {
      inputs: [op('mul', { as: 'product', anyOrder: true, attrs: { fusedActivation: 'none' }, inputs: [value('x'), constant('c')] })],
    }),
    check({ product, c }, graph) {
      if (c.type.dtype !== 'f32') return other
      return isReadOnce(graph, product) ? hit() : miss('the product has other readers', product)
    },
    rewrite: ({ product, x, c }, _, b) => b.like(product, { inputs: [x, b.op(ops.neg, [c])] }),
  }),
]
