import { broadcastShapes, elementCount } from '../../core/shape.ts'
import type { GraphEditor } from '../../ir/graph.ts'
import type { Value } from '../../ir/types.ts'
import { findSpec, op as ops } from '../../ops/index.ts'
import { constant, type Match, op, value } from '../pattern.ts'
import type { RewriteBuilder } from '../rewrite-builder.ts'
import { hit, miss, type Rule, rule } from '../rule.ts'
import { isReadOnce } from '../weighted.ts'

function check({ outer, inner, a, b }: Match<'outer' | 'inner', 'a' | 'b'>, graph: GraphEditor) {
  if (a.type.dtype !== 'f32') return miss('integers are left as they are', outer)
  if (inner.attrs.fusedActivation !== 'none') return miss('the first op applies an activation', inner)
  if (!isReadOnce(graph, inner)) return miss('the result in between has other readers', inner)
  if (isMergedLarger(a, b)) return miss('the merged constant would be larger than both', outer)
  return hit()
}

/** The two constants broadcast to more elements than the larger has. */
export function isMergedLarger(a: Value, b: Value): boolean {
  const count = elementCount(broadcastShapes(a.type.shape, b.type.shape) ?? ['?'])
  return count === undefined || count > Math.max(elementCount(a.type.shape)!, elementCount(b.type.shape)!)
}

/** Sums and differences with a constant: where the other operand stands, and the signs of the two in the result. */
const sums = [
  { op: 'add', at: 'either', sign: 1, constantSign: 1 },
  { op: 'sub', at: 'first', sign: 1, constantSign: -1 },
  { op: 'sub', at: 'second', sign: -1, constantSign: 1 },
] as const
type Sum = (typeof sums)[number]

const operands = <const A, const B>(at: Sum['at'], other: A, c: B): readonly [A | B, A | B] => (at === 'second' ? [c, other] : [other, c])

/** sign(first) * a + sign(second) * b, of two constants. */
function combined(b: RewriteBuilder, first: readonly [number, Value], second: readonly [number, Value]): Value {
  if (second[0] > 0) return first[0] > 0 ? b.op(ops.add, [first[1], second[1]]) : b.op(ops.sub, [second[1], first[1]])
  return first[0] > 0 ? b.op(ops.sub, [first[1], second[1]]) : b.op(ops.neg, [b.op(ops.add, [first[1], second[1]])])
}

/** (x * a) * b  =>  x * (a * b)  and  (x + a) + b, (x - a) + b, a - (b - x) ..  =>  x + c or c - x. */
export const mergeConstantOperands: readonly Rule[] = [
  rule('merge-constant-operands', {
    semantics: 'reassociating',
    pattern: op('mul', {
      as: 'outer',
      anyOrder: true,
      inputs: [op('mul', { as: 'inner', anyOrder: true, inputs: [value('x'), constant('a')] }), constant('b')],
    }),
    check,
    rewrite: ({ outer, x, a, b: second }, _, b) => b.like(outer, { inputs: [x, b.op(findSpec('mul')!, [a, second], {})] }),
  }),
  ...sums.flatMap((o) =>
    sums.map((i) =>
      rule('merge-constant-operands', {
        semantics: 'reassociating',
        pattern: op(o.op, {
          as: 'outer',
          anyOrder: o.at === 'either',
          inputs: operands(
            o.at,
            op(i.op, { as: 'inner', anyOrder: i.at === 'either', inputs: operands(i.at, value('x'), constant('a')) }),
            constant('b'),
          ),
        }),
        check: (match, graph) => check(match as unknown as Match<'outer' | 'inner', 'a' | 'b'>, graph),
        rewrite(match, _, b) {
          const { outer, x, a, b: second } = match as unknown as Match<'outer', 'x' | 'a' | 'b'>
          const c = combined(b, [o.sign * i.constantSign, a], [o.constantSign, second])
          const { fusedActivation } = outer.attrs as { fusedActivation: 'none' }
          return o.sign * i.sign > 0 ? b.op(ops.add, [x, c], { fusedActivation }) : b.op(ops.sub, [c, x], { fusedActivation })
        },
      }),
    ),
  ),
]
