import { normalizeAxis } from '../../core/shape.ts'
import type { GraphEditor } from '../../ir/graph.ts'
import type { Node, Value } from '../../ir/types.ts'
import { op as ops } from '../../ops/index.ts'
import { constInts } from '../../ops/view.ts'
import { splatOf } from '../constants.ts'
import { op, value } from '../pattern.ts'
import { hit, miss, other, rule } from '../rule.ts'
import { isNear } from './factors.ts'

/** max(value, number) in either order: the value, the number, the node. */
function flooredOf(graph: GraphEditor, node: Node | undefined): { inner: Node | undefined; bound: number; node: Node } | undefined {
  if (node?.op !== 'maximum') return undefined
  const [a, b] = graph.operands(node)
  const bound = splatOf(b!.data ? b! : a!)
  return bound === undefined ? undefined : { inner: graph.producer((b!.data ? a! : b!).id), bound, node }
}

/** A norm bounded from below: the sum of squares it is made from, the bound on the norm, and the nodes on the way. */
function boundedNorm(
  graph: GraphEditor,
  root: Node | undefined,
): { sum: Node | undefined; least: number; nodes: readonly Node[] } | undefined {
  if (root?.op === 'sqrt' || root?.op === 'rsqrt') {
    const floored = flooredOf(graph, graph.producer(root.inputs[0]!))
    return floored && { sum: floored.inner, least: Math.sqrt(floored.bound), nodes: [floored.node, root] }
  }
  const floored = flooredOf(graph, root)
  if (floored?.inner?.op !== 'sqrt') return undefined
  return { sum: graph.producer(floored.inner.inputs[0]!), least: floored.bound, nodes: [floored.inner, floored.node] }
}

function isSquareOf(node: Node | undefined, x: Value): boolean {
  if (node?.op === 'square') return node.inputs[0] === x.id
  return node?.op === 'mul' && node.attrs.fusedActivation === 'none' && node.inputs.every((id) => id === x.id)
}

/**
 * x * rsqrt(max(sum(x^2), 1e-12)), x / sqrt(max(sum(x^2), 1e-12)), x / max(sqrt(sum(x^2)), 1e-6), the sum over the last axis and
 * axes of size 1  =>  l2_normalization(x). The kernel divides by max(norm, 1e-6), which is the same for this epsilon and for no other.
 * @see LiteRT kernels/l2norm.cc
 */
export const recognizeL2Normalization = rule('recognize-l2-normalization', {
  semantics: 'reassociating',
  pattern: op(['mul', 'div'], { as: 'root', attrs: { fusedActivation: 'none' }, inputs: [value('a'), value('b')] }),
  check({ root, a, b }, graph) {
    const choices =
      root.op === 'mul'
        ? ([
            [a, b],
            [b, a],
          ] as const)
        : ([[a, b]] as const)
    for (const [x, factor] of choices) {
      const norm = boundedNorm(graph, graph.producer(factor.id))
      const { sum } = norm ?? {}
      if (!norm || (norm.nodes.at(-1)!.op === 'rsqrt') !== (root.op === 'mul') || sum?.op !== 'sum') continue
      const square = graph.producer(sum.inputs[0]!)
      if (!isSquareOf(square, x)) continue
      const rank = x.type.shape.length
      const reduced = new Set(constInts(graph.operands(sum)[1])?.map((axis) => normalizeAxis(axis, rank)))
      const isRow = reduced.has(rank - 1) && [...reduced].every((axis) => axis === rank - 1 || x.type.shape[axis!] === 1)
      if (x.type.dtype !== 'f32' || !isRow || !(sum.attrs.keepDims === true || rank === 1))
        return miss('the sum is not over the last axis alone', sum)
      if (!isNear(norm.least, 1e-6)) return miss(`the norm is at least ${Number(norm.least.toPrecision(6))} here, in the kernel 1e-6`, root)
      return hit({ x }, [square!, sum, ...norm.nodes])
    }
    return other
  },
  rewrite: (_, { x }, b) => b.op(ops.l2Normalization, [x]),
})
