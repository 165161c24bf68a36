import { broadcastShapes, elementCount } from '../../core/shape.ts'
import { findSpec } from '../../ops/index.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, type Rule, rule } from '../rule.ts'
import { isReadOnce } from '../weighted.ts'

/** (x + a) + b  =>  x + (a + b)  and  (x * a) * b  =>  x * (a * b). */
export const mergeConstantOperands: readonly Rule[] = (['add', 'mul'] as const).map((name) =>
  rule('merge-constant-operands', {
    semantics: 'reassociating',
    pattern: op(name, {
      as: 'outer',
      anyOrder: true,
      inputs: [op(name, { as: 'inner', anyOrder: true, inputs: [value('x'), constant('a')] }), constant('b')],
    }),
    check({ outer, inner, a, b }, graph) {
      if (a.type.dtype !== 'f32') return miss('integers are left as they are', outer)
      if (inner.attrs.fusedActivation !== 'none') return miss('the first op applies an activation', inner)
      if (!isReadOnce(graph, inner)) return miss('the result in between has other readers', inner)
      const count = elementCount(broadcastShapes(a.type.shape, b.type.shape) ?? [])
      if (count === undefined || count > Math.max(elementCount(a.type.shape)!, elementCount(b.type.shape)!))
        return miss('the merged constant would be larger than both', outer)
      return hit()
    },
    rewrite({ outer, x, a, b: second }, _, b) {
      const merged = b.op(findSpec(name)!, [a, second], {})
      return b.like(outer, { inputs: [x, merged] })
    },
  }),
)
