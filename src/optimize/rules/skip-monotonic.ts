import { normalizeAxis } from '../../core/shape.ts'
import { constInts } from '../../ops/view.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, rule } from '../rule.ts'

/** arg_max | arg_min of softmax | log_softmax along the last axis  =>  of the logits: the order is the same. */
export const skipMonotonic = rule('skip-monotonic', {
  semantics: 'reassociating',
  pattern: op(['arg_max', 'arg_min'], {
    as: 'root',
    inputs: [op(['softmax', 'log_softmax'], { as: 'inner', inputs: [value('x')] }), constant('axis')],
  }),
  check({ root, inner, x, axis }) {
    const rank = x.type.shape.length
    const beta = inner.attrs.beta
    if (typeof beta === 'number' && !(beta > 0)) return miss('beta is not positive', inner)
    return normalizeAxis(constInts(axis)![0]!, rank) === rank - 1 ? hit() : miss('it compares along another axis', root)
  },
  rewrite: ({ root, x, axis }, _, b) => b.like(root, { inputs: [x, axis] }),
})
