import type { GraphEditor } from '../../ir/graph.ts'
import { op as ops } from '../../ops/index.ts'
import { isSplat, splatOf } from '../constants.ts'
import { constant, type Match, op, value } from '../pattern.ts'
import { hit, miss, type Rule, rule } from '../rule.ts'
import { isReadOnce } from '../weighted.ts'

const product = op('mul', { as: 'mul', anyOrder: true, attrs: { fusedActivation: 'none' }, inputs: [value('x'), constant('alpha')] })

function slopeOf({ root, mul, x, alpha }: Match<'root' | 'mul', 'x' | 'alpha'>, graph: GraphEditor) {
  const a = splatOf(alpha)
  if (x.type.dtype !== 'f32' || a === undefined || alpha.type.shape.length > x.type.shape.length)
    return miss('alpha is not one number', mul)
  if (!isReadOnce(graph, mul)) return miss('the product has other readers', root)
  return hit({ alpha: a })
}

/** select on x > 0, x >= 0 (or 0 < x, 0 <= x): x where it holds, the product where not. */
const selected = (comparison: readonly string[], inputs: readonly ['x' | 'zero', 'x' | 'zero']) =>
  rule('recognize-leaky-relu', {
    semantics: 'exact',
    pattern: op(['select', 'select_v2'], {
      as: 'root',
      inputs: [
        op(comparison, {
          as: 'comparison',
          inputs: [inputs[0] === 'x' ? value('x') : constant('zero'), inputs[1] === 'x' ? value('x') : constant('zero')],
        }),
        value('x'),
        product,
      ],
    }),
    check(match, graph) {
      const { zero, x } = match as unknown as Match<'root', 'zero' | 'x'>
      if (!isSplat(zero, 0) || zero.type.shape.length > x.type.shape.length)
        return miss('it compares with another number than 0', match.root)
      return slopeOf(match, graph)
    },
    rewrite: ({ x }, found, b) => b.op(ops.leakyRelu, [x], found),
  })

/** maximum(x * alpha, x), 0 < alpha < 1, or x > 0 ? x : x * alpha; in any order  =>  leaky_relu(x). */
export const recognizeLeakyRelu: readonly Rule[] = [
  rule('recognize-leaky-relu', {
    semantics: 'exact',
    pattern: op('maximum', { as: 'root', anyOrder: true, inputs: [product, value('x')] }),
    check(match, graph) {
      const slope = slopeOf(match, graph)
      if (slope.kind === 'hit' && !(slope.facts.alpha > 0 && slope.facts.alpha < 1)) return miss('alpha is not between 0 and 1', match.mul)
      return slope
    },
    rewrite: ({ x }, found, b) => b.op(ops.leakyRelu, [x], found),
  }),
  selected(['greater', 'greater_equal'], ['x', 'zero']),
  selected(['less', 'less_equal'], ['zero', 'x']),
]
