import { constFromBytes } from '../../core/bytes.ts'
import { op as ops } from '../../ops/index.ts'
import { constInts } from '../../ops/view.ts'
import { constant, op, value } from '../pattern.ts'
import type { RewriteBuilder } from '../rewrite-builder.ts'
import { hit, miss, other, type Rule, rule } from '../rule.ts'
import { isReadOnce, keepsShape } from '../weighted.ts'

const marks = op('equal', {
  as: 'equal',
  anyOrder: true,
  inputs: [op('reshape', { as: 'reshape', inputs: [value('x')] }), constant('range')],
})

const numeric = ['f32', 'i32', 'i64'] as const
const castOfMarks = op('cast', {
  as: 'root',
  inputs: [op('one_hot', { as: 'oneHot', inputs: [value('x'), value('depth'), constant('on'), constant('off')] })],
})

/** equal(x[.., 1], [0, 1, .. n-1])  =>  one_hot(x, n) of booleans;  cast(one_hot) to numbers  =>  one_hot of numbers. */
export const recognizeOneHot: readonly Rule[] = [
  rule('recognize-one-hot', {
    semantics: 'exact',
    pattern: marks,
    check({ equal, reshape, x, range }, graph) {
      const numbers = constInts(range)
      const to = graph.value(reshape.outputs[0]!).type.shape
      if (!numbers || range.type.shape.at(-1) !== numbers.length || (x.type.dtype !== 'i32' && x.type.dtype !== 'i64')) return other
      if (!numbers.every((k, i) => k === i) || to.length !== x.type.shape.length + 1) return other
      if (to.at(-1) !== 1 || !x.type.shape.every((d, i) => d === to[i])) return other
      const fits = range.type.shape.length <= to.length
      return fits ? hit({ depth: numbers.length }) : miss('the range broadcasts the indices', equal)
    },
    rewrite: ({ x }, { depth }, b) => b.op(ops.oneHot, [x, b.i32([depth], []), bool(b, true), bool(b, false)], { axis: -1 }),
  }),
  rule('recognize-one-hot', {
    semantics: 'exact',
    pattern: castOfMarks,
    check({ oneHot, root, on, off }, graph) {
      if (on.type.dtype !== 'bool' || !keepsShape(graph, root, graph.value(oneHot.outputs[0]!))) return other
      const to = numeric.find((dtype) => dtype === root.attrs.to)
      if (!to) return other
      if (constInts(on)![0] !== 1 || constInts(off)![0] !== 0) return other
      return isReadOnce(graph, oneHot) ? hit({ to }) : miss('the booleans have other readers', oneHot)
    },
    rewrite({ oneHot, x, depth }, { to }, b) {
      const [on, off] = [1, 0].map((k) => b.op(ops.cast, [b.f32([k])], { to }))
      return b.like(oneHot, { inputs: [x, depth, on!, off!] })
    },
  }),
]

function bool(b: RewriteBuilder, is: boolean) {
  return b.const('', 'bool', [], constFromBytes(Uint8Array.of(is ? 1 : 0)))
}
