import { sameShape } from '../../core/shape.ts'
import type { GraphEditor } from '../../ir/graph.ts'
import type { Node, Value } from '../../ir/types.ts'
import { op } from '../pattern.ts'
import { hit, other, rule } from '../rule.ts'
import { resultOf } from '../weighted.ts'

/** pack | concatenation of sizes that a shape op further up has already  =>  the result of that shape op. */
export const reuseShape = rule('reuse-shape', {
  semantics: 'exact',
  pattern: op(['pack', 'concatenation'], { as: 'root' }),
  check({ root }, graph) {
    const wanted = resultOf(graph, root)
    const found = wanted.dims && shapeAbove(graph, root, wanted)
    return found ? hit({ found }) : other
  },
  rewrite: (_, { found }) => found,
})

/** A result of `shape` that the node is made from, with the elements of `wanted`. */
function shapeAbove(graph: GraphEditor, node: Node, wanted: Value, depth = 3): Value | undefined {
  for (const id of node.inputs) {
    const producer = id === null ? undefined : graph.producer(id)
    if (!producer) continue
    const result = resultOf(graph, producer)
    if (producer.op === 'shape' && result.type.dtype === wanted.type.dtype && sameShape(result.dims ?? [], wanted.dims!)) return result
    const above = depth > 0 ? shapeAbove(graph, producer, wanted, depth - 1) : undefined
    if (above) return above
  }
  return undefined
}
