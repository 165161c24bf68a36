import { op as ops } from '../../ops/index.ts'
import { isSplat } from '../constants.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, other, type Rule, rule } from '../rule.ts'
import { isReadOnce, keepsShape } from '../weighted.ts'

/** 1 / sqrt(x), sqrt(1 / x)  =>  rsqrt(x);  1 / rsqrt(x), rsqrt(1 / x)  =>  sqrt(x). */
export const recognizeRsqrt: readonly Rule[] = [
  rule('recognize-rsqrt', {
    semantics: 'reassociating',
    pattern: op('div', {
      as: 'root',
      attrs: { fusedActivation: 'none' },
      inputs: [constant('one'), op(['sqrt', 'rsqrt'], { as: 'inner', inputs: [value('x')] })],
    }),
    check({ root, one, inner, x }, graph) {
      if (!isSplat(one, 1) || !keepsShape(graph, root, x)) return other
      return isReadOnce(graph, inner) ? hit() : miss('the root has other readers', inner)
    },
    rewrite: ({ inner, x }, _, b) => b.op(inner.op === 'sqrt' ? ops.rsqrt : ops.sqrt, [x]),
  }),
  rule('recognize-rsqrt', {
    semantics: 'reassociating',
    pattern: op(['sqrt', 'rsqrt'], {
      as: 'root',
      inputs: [op('div', { as: 'inner', attrs: { fusedActivation: 'none' }, inputs: [constant('one'), value('x')] })],
    }),
    check({ root, one, inner, x }, graph) {
      if (!isSplat(one, 1) || !keepsShape(graph, root, x)) return other
      return isReadOnce(graph, inner) ? hit() : miss('the quotient has other readers', inner)
    },
    rewrite: ({ root, x }, _, b) => b.op(root.op === 'sqrt' ? ops.rsqrt : ops.sqrt, [x]),
  }),
]
