import { normalizeAxis } from '../../core/shape.ts'
import { op } from '../pattern.ts'
import { hit, other, rule } from '../rule.ts'
import { isReadOnce, resultOf } from '../weighted.ts'

/** concatenation of a concatenation along the same axis that nobody else reads  =>  one concatenation of all operands. */
export const flattenConcatenation = rule('flatten-concatenation', {
  semantics: 'exact',
  pattern: op('concatenation', { as: 'root' }),
  check({ root }, graph) {
    const axisOf = (node: typeof root) => normalizeAxis(node.attrs.axis as number, resultOf(graph, node).type.shape.length)
    const inner = root.inputs.map((id) => {
      const node = graph.producer(id!)
      const fits =
        node?.op === 'concatenation' && node.attrs.fusedActivation === 'none' && axisOf(node) === axisOf(root) && isReadOnce(graph, node)
      return fits ? node : undefined
    })
    if (!inner.some((n) => n)) return other
    const inputs = root.inputs.flatMap((id, i) => (inner[i] ? graph.operands(inner[i]) : [graph.value(id!)]))
    return inputs.length > maxOperands
      ? other
      : hit(
          { inputs },
          inner.flatMap((n) => n ?? []),
        )
  },
  rewrite: ({ root }, { inputs }, b) => b.like(root, { inputs }),
})

/** A chain of concatenations is joined up to this many operands, so that its length does not count twice. */
const maxOperands = 64
