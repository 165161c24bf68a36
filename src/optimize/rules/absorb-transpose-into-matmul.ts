import type { GraphEditor } from '../../ir/graph.ts'
import type { Value } from '../../ir/types.ts'
import { constInts } from '../../ops/view.ts'
import { op } from '../pattern.ts'
import { hit, other, rule } from '../rule.ts'

/** transpose of the last two dims -> batch_matmul   =>  batch_matmul with adjX or adjY turned over. */
export const absorbTransposeIntoMatmul = rule('absorb-transpose-into-matmul', {
  semantics: 'exact',
  pattern: op('batch_matmul', { as: 'root' }),
  check({ root }, graph) {
    const [x, y] = graph.operands(root).map((v) => swapped(graph, v!))
    if (!x && !y) return other
    return hit(
      { x, y },
      [x, y].flatMap((s) => (s ? [s.node] : [])),
    )
  },
  rewrite({ root }, { x, y }, b) {
    const [a, c] = b.graph.operands(root)
    return b.like(root, {
      inputs: [x?.from ?? a!, y?.from ?? c!],
      attrs: { adjX: root.attrs.adjX !== Boolean(x), adjY: root.attrs.adjY !== Boolean(y) },
    })
  },
})

function swapped(graph: GraphEditor, v: Value) {
  const node = graph.producer(v.id)
  if (node?.op !== 'transpose') return undefined
  const [from, p] = graph.operands(node)
  const perm = constInts(p)
  const last = (perm?.length ?? 0) - 1
  const isSwap = perm?.every((k, i) => k === (i === last ? last - 1 : i === last - 1 ? last : i))
  return isSwap ? { node, from: from! } : undefined
}
