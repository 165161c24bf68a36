import { normalizeAxis } from '../../core/shape.ts'
import { op } from '../pattern.ts'
import { hit, other, rule } from '../rule.ts'
import { resultOf } from '../weighted.ts'

/** concatenation(x, nothing, y)  =>  concatenation(x, y), where nothing is an operand of size 0 along the axis: XNNPACK does not take it. */
export const dropEmptyParts = rule('drop-empty-parts', {
  semantics: 'exact',
  pattern: op('concatenation', { as: 'root' }),
  check({ root }, graph) {
    const axis = normalizeAxis(root.attrs.axis as number, resultOf(graph, root).type.shape.length)!
    const operands = graph.operands(root)
    const inputs = operands.filter((v) => v?.type.shape[axis] !== 0)
    return inputs.length === 0 || inputs.length === operands.length ? other : hit({ inputs })
  },
  rewrite: ({ root }, { inputs }, b) => b.like(root, { inputs }),
})
