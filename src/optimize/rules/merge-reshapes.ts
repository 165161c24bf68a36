import { op as ops } from '../../ops/index.ts'
import { op, value } from '../pattern.ts'
import { hit, rule } from '../rule.ts'

/** reshape(reshape(x, a), b)  =>  reshape(x, b). The first may have other readers and stays for them. */
export const mergeReshapes = rule('merge-reshapes', {
  semantics: 'exact',
  pattern: op('reshape', {
    as: 'outer',
    inputs: [op(['reshape', 'squeeze', 'expand_dims'], { as: 'inner', inputs: [value('x')] }), value('shape')],
  }),
  check: () => hit(),
  rewrite: ({ x, shape }, _, b) => b.op(ops.reshape, [x, shape]),
})
