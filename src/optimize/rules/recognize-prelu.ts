import { broadcastShapes, sameShape } from '../../core/shape.ts'
import type { GraphEditor } from '../../ir/graph.ts'
import type { Node, Value } from '../../ir/types.ts'
import { op as ops } from '../../ops/index.ts'
import { isSplat } from '../constants.ts'
import { op, value } from '../pattern.ts'
import { hit, miss, other, rule } from '../rule.ts'
import { keepsShape, operandAt } from '../weighted.ts'
import { type Product, productOf } from './factors.ts'

/** What the value is, as a multiple of min(x, 0): relu(-x) is -1, minimum(x, 0) is 1, x - |x| is 2. */
function negativePart(graph: GraphEditor, part: Value, x: Value): { multiple: number; nodes: readonly Node[] } | undefined {
  const node = graph.producer(part.id)
  if (!node || (node.attrs.fusedActivation ?? 'none') !== 'none') return undefined
  const [a, b] = graph.operands(node)
  const inner = graph.producer(a!.id)
  if (node.op === 'relu' && inner?.op === 'neg' && inner.inputs[0] === x.id) return { multiple: -1, nodes: [inner, node] }
  if (node.op === 'minimum' && ((a === x && isSplat(b!, 0)) || (b === x && isSplat(a!, 0)))) return { multiple: 1, nodes: [node] }
  const size = node.op === 'sub' && a === x ? graph.producer(b!.id) : undefined
  return size?.op === 'abs' && size.inputs[0] === x.id ? { multiple: 2, nodes: [size, node] } : undefined
}

/** The negative part of x times a slope: one number, a constant, or both. */
function slopeOf(graph: GraphEditor, product: Product, x: Value) {
  for (const [i, factor] of product.factors.entries()) {
    const part = negativePart(graph, factor, x)
    const rest = product.factors.filter((_, k) => k !== i)
    if (part && rest.length <= 1 && rest.every((f) => f.data))
      return { scale: product.scale * part.multiple, alpha: rest[0], nodes: part.nodes }
  }
  return undefined
}

/**
 * relu(x) - alpha * relu(-x), relu(x) + alpha * min(x, 0), relu(x) + alpha * (x - |x|) / 2, products and sums in any order
 * =>  prelu(x, alpha), or leaky_relu(x) when alpha is one number.
 */
export const recognizePrelu = rule('recognize-prelu', {
  semantics: 'reassociating',
  pattern: op(['add', 'sub'], { as: 'root', attrs: { fusedActivation: 'none' }, inputs: [value('left'), value('right')] }),
  check({ root, left, right }, graph) {
    for (const [positive, other] of root.op === 'add'
      ? ([
          [left, right],
          [right, left],
        ] as const)
      : ([[left, right]] as const)) {
      const relu = graph.producer(positive.id)
      const product = relu?.op === 'relu' ? productOf(graph, graph.producer(other.id)) : undefined
      const x = product && operandAt(graph, relu!, 0)!
      const slope = x && slopeOf(graph, product, x)
      if (!slope) continue
      const scale = root.op === 'sub' ? -slope.scale : slope.scale
      const shape = broadcastShapes(x.type.shape, slope.alpha?.type.shape ?? [])
      if (!shape || !sameShape(shape, x.type.shape) || !keepsShape(graph, root, x)) return miss('alpha does not fit the input', root)
      return hit({ x, scale, alpha: slope.alpha }, [...product.nodes, ...slope.nodes, relu!])
    }
    return other
  },
  rewrite(_, { x, scale, alpha }, b) {
    if (!alpha) return b.op(ops.leakyRelu, [x], { alpha: Math.fround(scale) })
    if (scale === 1) return b.op(ops.prelu, [x, alpha])
    return b.op(ops.prelu, [x, scale === -1 ? b.op(ops.neg, [alpha]) : b.op(ops.mul, [alpha, b.f32([Math.fround(scale)])])])
  },
})
