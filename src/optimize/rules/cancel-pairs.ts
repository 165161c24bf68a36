import { bitsOf, type DType } from '../../core/dtype.ts'
import type { Node } from '../../ir/types.ts'
import { op as ops } from '../../ops/index.ts'
import { constInts } from '../../ops/view.ts'
import { boundsOf } from '../bounds.ts'
import { op, value } from '../pattern.ts'
import { hit, other, type Rule, rule } from '../rule.ts'

/** Ops that undo themselves. */
const involutions = ['neg', 'logical_not'] as const

const reverseTwice = rule('cancel-pairs', {
  semantics: 'exact',
  pattern: op('reverse_v2', { as: 'root', inputs: [op('reverse_v2', { as: 'inner', inputs: [value('x')] })] }),
  check({ root, inner, x }, graph) {
    const axesOf = (node: Node) =>
      constInts(graph.operands(node)[1])
        ?.map((a) => (a < 0 ? a + x.type.shape.length : a))
        .sort()
        .join()
    return axesOf(root) !== undefined && axesOf(root) === axesOf(inner) ? hit() : other
  },
  rewrite: ({ x }) => x,
})

/** bitcast(bitcast(x)) of elements of one size  =>  bitcast(x), or x when that is its type. */
const bitcastTwice = rule('cancel-pairs', {
  semantics: 'exact',
  pattern: op('bitcast', { as: 'root', inputs: [op('bitcast', { as: 'inner', inputs: [value('x')] })] }),
  check: ({ root, inner, x }) =>
    [root, inner].every((n) => bitsOf(n.attrs.to as DType) === bitsOf(x.type.dtype)) ? hit({ to: root.attrs.to as DType }) : other,
  rewrite: ({ x }, { to }, b) => (to === x.type.dtype ? x : b.op(ops.bitcast, [x], { to })),
})

/** neg(neg(x)), logical_not(logical_not(x)), reverse_v2 along the same axes twice, abs(x) of an x that is not negative  =>  x. */
export const cancelPairs: readonly Rule[] = [
  ...involutions.map((name) =>
    rule('cancel-pairs', {
      semantics: 'exact',
      pattern: op(name, { inputs: [op(name, { inputs: [value('x')] })] }),
      check: () => hit(),
      rewrite: ({ x }) => x,
    }),
  ),
  reverseTwice,
  bitcastTwice,
  rule('cancel-pairs', {
    semantics: 'exact',
    pattern: op('abs', { inputs: [value('x')] }),
    check: ({ x }, graph) => (boundsOf(graph, x)[0] >= 0 ? hit() : other),
    rewrite: ({ x }) => x,
  }),
]

/** square(neg(x)), square(abs(x)), abs(neg(x)), abs(abs(x))  =>  square(x), abs(x). */
export const dropSign = rule('drop-sign', {
  semantics: 'exact',
  pattern: op(['square', 'abs'], { as: 'root', inputs: [op(['neg', 'abs'], { as: 'inner', inputs: [value('x')] })] }),
  check: ({ x }) => (x.type.dtype === 'f32' ? hit() : other),
  rewrite: ({ root, x }, _, b) => b.like(root, { inputs: [x] }),
})
