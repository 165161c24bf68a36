import type { GraphEditor } from '../../ir/graph.ts'
import { op as ops } from '../../ops/index.ts'
import { constant, type Match, op, value } from '../pattern.ts'
import { hit, miss, other, type Rule, rule } from '../rule.ts'
import { isReadOnce } from '../weighted.ts'
import { isMergedLarger } from './merge-constant-operands.ts'

function check({ outer, middle, inner, a, b, c }: Match<'outer' | 'middle' | 'inner', 'a' | 'b' | 'c'>, graph: GraphEditor) {
  if (a.type.dtype !== 'f32') return other
  if (middle.attrs.fusedActivation !== 'none' || inner.attrs.fusedActivation !== 'none')
    return miss('an op in between applies an activation', middle)
  if (!isReadOnce(graph, middle) || !isReadOnce(graph, inner)) return miss('a result in between has other readers', middle)
  if (isMergedLarger(a, b) || isMergedLarger(b, c) || isMergedLarger(a, c))
    return miss('a merged constant would be larger than both', outer)
  return hit()
}

const shifts = ['add', 'sub'] as const

/** (x * a + b) * c  =>  x * (a * c) + b * c  and  (x + a) * b + c  =>  x * b + (a * b + c); also with differences x - a, .. - c. */
export const mergeAffine: readonly Rule[] = [
  ...shifts.map((shift) =>
    rule('merge-affine', {
      semantics: 'reassociating',
      pattern: op('mul', {
        as: 'outer',
        anyOrder: true,
        inputs: [
          op(shift, {
            as: 'middle',
            anyOrder: shift === 'add',
            inputs: [op('mul', { as: 'inner', anyOrder: true, inputs: [value('x'), constant('a')] }), constant('b')],
          }),
          constant('c'),
        ],
      }),
      check,
      rewrite({ outer, middle, inner, x, a, b: offset, c }, _, b) {
        const product = b.like(inner, { inputs: [x, b.op(ops.mul, [a, c])] })
        return b.like(middle, { inputs: [product, b.op(ops.mul, [offset, c])], attrs: { fusedActivation: outer.attrs.fusedActivation! } })
      },
    }),
  ),
  ...shifts.flatMap((first) =>
    shifts.map((last) =>
      rule('merge-affine', {
        semantics: 'reassociating',
        pattern: op(last, {
          as: 'outer',
          anyOrder: last === 'add',
          inputs: [
            op('mul', {
              as: 'middle',
              anyOrder: true,
              inputs: [op(first, { as: 'inner', anyOrder: first === 'add', inputs: [value('x'), constant('a')] }), constant('b')],
            }),
            constant('c'),
          ],
        }),
        check,
        rewrite({ outer, middle, x, a, b: factor, c }, _, b) {
          const offset = b.op(ops.mul, [first === 'sub' ? b.op(ops.neg, [a]) : a, factor])
          const sum = b.op(last === 'sub' ? ops.sub : ops.add, [offset, c])
          return b.op(ops.add, [b.like(middle, { inputs: [x, factor] }), sum], { fusedActivation: outer.attrs.fusedActivation as 'none' })
        },
      }),
    ),
  ),
]
