import { normalizeAxis } from '../../core/shape.ts'
import type { GraphEditor } from '../../ir/graph.ts'
import type { Node, Value } from '../../ir/types.ts'
import { constInts } from '../../ops/view.ts'

/** What a split, split_v or unpack takes apart, and along which axis; undefined for other nodes. */
export function partsOf(graph: GraphEditor, node: Node): { x: Value; axis: number } | undefined {
  const [first, second, third] = graph.operands(node)
  const of = (x: Value | null | undefined, given: number | undefined) => {
    const axis = x && given !== undefined ? normalizeAxis(given, x.type.shape.length) : undefined
    return x && axis !== undefined ? { x, axis } : undefined
  }
  switch (node.op) {
    case 'split':
      return of(second, constInts(first)?.[0])
    case 'split_v':
      return of(first, constInts(third)?.[0])
    case 'unpack':
      return of(first, node.attrs.axis as number)
    default:
      return undefined
  }
}
