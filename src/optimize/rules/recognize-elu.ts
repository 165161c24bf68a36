import type { GraphEditor } from '../../ir/graph.ts'
import type { Value } from '../../ir/types.ts'
import { op as ops } from '../../ops/index.ts'
import { isSplat } from '../constants.ts'
import { constant, type Match, op, value } from '../pattern.ts'
import { hit, other, type Rule, rule } from '../rule.ts'
import { keepsShape } from '../weighted.ts'

/** exp(x) - 1, or exp(x) + -1; also of min(x, 0), which is the same where it counts. */
function isExpMinusOne(graph: GraphEditor, v: Value, x: Value): boolean {
  const node = graph.producer(v.id)
  if ((node?.op !== 'sub' && node?.op !== 'add') || node.attrs.fusedActivation !== 'none') return false
  const [a, b] = graph.operands(node)
  const [inner, one] = node.op === 'add' && a!.data ? [b!, a!] : [a!, b!]
  const exp = graph.producer(inner.id)
  return isSplat(one, node.op === 'sub' ? 1 : -1) && exp?.op === 'exp' && isNegativePart(graph, graph.value(exp.inputs[0]!), x)
}

function isNegativePart(graph: GraphEditor, v: Value, x: Value): boolean {
  const node = graph.producer(v.id)
  if (v === x || node?.op !== 'minimum') return v === x
  return node.inputs.some((id, i) => id === x.id && isSplat(graph.value(node.inputs[1 - i]!), 0))
}

const comparisons = [
  { names: ['greater', 'greater_equal'], swapped: false, x: 1, otherwise: 2 },
  { names: ['less', 'less_equal'], swapped: true, x: 1, otherwise: 2 },
  { names: ['less', 'less_equal'], swapped: false, x: 2, otherwise: 1 },
  { names: ['greater', 'greater_equal'], swapped: true, x: 2, otherwise: 1 },
] as const

/** x > 0 ? x : exp(x) - 1, whatever way the comparison is written  =>  elu(x). */
export const recognizeElu: readonly Rule[] = comparisons.map(({ names, swapped, x: positive, otherwise }) =>
  rule('recognize-elu', {
    semantics: 'reassociating',
    pattern: op(['select', 'select_v2'], {
      as: 'root',
      inputs: [op(names, { inputs: swapped ? [constant('zero'), value('x')] : [value('x'), constant('zero')] })],
    }),
    check(match, graph) {
      const { root, zero, x } = match as unknown as Match<'root', 'zero' | 'x'>
      const fits = x.type.dtype === 'f32' && isSplat(zero, 0) && root.inputs[positive] === x.id && keepsShape(graph, root, x)
      return fits && isExpMinusOne(graph, graph.value(root.inputs[otherwise]!), x) ? hit({ x }) : other
    },
    rewrite: (_, { x }, b) => b.op(ops.elu, [x]),
  }),
)
