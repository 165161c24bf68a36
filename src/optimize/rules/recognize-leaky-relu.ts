import type { GraphEditor } from '../../ir/graph.ts'
import { op as ops } from '../../ops/index.ts'
import { isSplat, splatOf } from '../constants.ts'
import { constant, type Match, op, value } from '../pattern.ts'
import { hit, miss, type Rule, rule } from '../rule.ts'
import { isReadOnce, keepsShape } from '../weighted.ts'

const product = op('mul', { as: 'mul', anyOrder: true, attrs: { fusedActivation: 'none' }, inputs: [value('x'), constant('alpha')] })

function slopeOf({ root, mul, x, alpha }: Match<'root' | 'mul', 'x' | 'alpha'>, graph: GraphEditor) {
  const a = splatOf(alpha)
  if (x.type.dtype !== 'f32' || a === undefined || !keepsShape(graph, root, x)) return miss('alpha is not one number', mul)
  if (!isReadOnce(graph, mul)) return miss('the product has other readers', root)
  return hit({ alpha: a })
}

/** select by the sign of x: x where it is positive, the product where it is not. */
const selected = (comparison: readonly string[], compared: readonly ['x' | 'zero', 'x' | 'zero'], whenTrue: 'x' | 'product') =>
  rule('recognize-leaky-relu', {
    semantics: 'exact',
    pattern: op(['select', 'select_v2'], {
      as: 'root',
      inputs: [
        op(comparison, { as: 'comparison', inputs: compared.map((name) => (name === 'x' ? value('x') : constant('zero'))) }),
        ...(whenTrue === 'x' ? [value('x'), product] : [product, value('x')]),
      ],
    }),
    check(match, graph) {
      const found = match as unknown as Match<'root' | 'mul', 'zero' | 'x' | 'alpha'>
      if (!isSplat(found.zero, 0)) return miss('it compares with another number than 0', found.root)
      return slopeOf(found, graph)
    },
    rewrite: (match, found, b) => b.op(ops.leakyRelu, [(match as unknown as Match<'root', 'x'>).x], found),
  })

const above = ['greater', 'greater_equal']
const below = ['less', 'less_equal']

/**
 * maximum(x * alpha, x) with 0 < alpha < 1, minimum(x * alpha, x) with alpha > 1, or x > 0 ? x : x * alpha, whatever way the
 * comparison is written and the operands are ordered  =>  leaky_relu(x).
 */
export const recognizeLeakyRelu: readonly Rule[] = [
  ...(['maximum', 'minimum'] as const).map((name) =>
    rule('recognize-leaky-relu', {
      semantics: 'exact',
      pattern: op(name, { as: 'root', anyOrder: true, inputs: [product, value('x')] }),
      check(match, graph) {
        const slope = slopeOf(match, graph)
        if (slope.kind !== 'hit') return slope
        const { alpha } = slope.facts
        if (name === 'maximum' && !(alpha > 0 && alpha < 1)) return miss('alpha is not between 0 and 1', match.mul)
        if (name === 'minimum' && !(alpha > 1)) return miss('alpha is not above 1', match.mul)
        return slope
      },
      rewrite: ({ x }, found, b) => b.op(ops.leakyRelu, [x], found),
    }),
  ),
  selected(above, ['x', 'zero'], 'x'),
  selected(below, ['zero', 'x'], 'x'),
  selected(below, ['x', 'zero'], 'product'),
  selected(above, ['zero', 'x'], 'product'),
]
