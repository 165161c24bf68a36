import type { GraphEditor } from '../../ir/graph.ts'
import type { Node, Value } from '../../ir/types.ts'
import { op as ops } from '../../ops/index.ts'
import { isSplat } from '../constants.ts'
import { isCustom } from '../custom.ts'
import { op } from '../pattern.ts'
import { hit, other, rule } from '../rule.ts'
import { keepsShape } from '../weighted.ts'
import { isNear, productOf, shiftedBy } from './factors.ts'

/**
 * 0.5 * x * (1 + erf(x / sqrt(2))), or with erfc(-x / sqrt(2)) for the sum  =>  gelu(x);
 * 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))  =>  gelu(x), approximate; the products in any order.
 * @see Hendrycks and Gimpel, Gaussian Error Linear Units, arXiv:1606.08415
 */
export const recognizeGelu = rule('recognize-gelu', {
  semantics: 'reassociating',
  pattern: op(['mul', 'div'], { as: 'root' }),
  check({ root }, graph) {
    const product = productOf(graph, root)
    if (product?.factors.length !== 2 || !isNear(product.scale, 0.5)) return other
    for (const [i, factor] of product.factors.entries()) {
      const gate = gateOf(graph, graph.producer(factor.id), product.factors[1 - i]!)
      if (gate && keepsShape(graph, root, product.factors[1 - i]!))
        return hit({ x: product.factors[1 - i]!, approximate: gate.approximate }, [...product.nodes, ...gate.nodes])
    }
    return other
  },
  rewrite: (_, { x, approximate }, b) => b.op(ops.gelu, [x], { approximate }),
})

function gateOf(graph: GraphEditor, node: Node | undefined, x: Value): { approximate: boolean; nodes: readonly Node[] } | undefined {
  if (isCustom(node, 'Erfc')) return isScaled(graph, node!, x, -Math.SQRT1_2) ? { approximate: false, nodes: [node!] } : undefined
  const inner = graph.producer(shiftedBy(graph, node, 1)?.id ?? -1)
  if (!inner) return undefined
  const approximate = inner.op === 'tanh' && isTanhArgument(graph, graph.producer(inner.inputs[0]!), x)
  const exact = isCustom(inner, 'Erf') && isScaled(graph, inner, x, Math.SQRT1_2)
  return approximate || exact ? { approximate, nodes: [node!, inner] } : undefined
}

/** The node's operand is x times `scale`. */
function isScaled(graph: GraphEditor, node: Node, x: Value, scale: number): boolean {
  const product = productOf(graph, graph.producer(node.inputs[0]!))
  return product?.factors.length === 1 && product.factors[0]!.id === x.id && isNear(product.scale, scale)
}

/** sqrt(2 / pi) * (x + 0.044715 * x^3), or sqrt(2 / pi) * x * (1 + 0.044715 * x^2) */
function isTanhArgument(graph: GraphEditor, node: Node | undefined, x: Value): boolean {
  const product = productOf(graph, node)
  if (!product || !isNear(product.scale, Math.sqrt(2 / Math.PI))) return false
  if (product.factors.length === 2) {
    const factor = product.factors.find((f) => f !== x)
    const square = factor && shiftedBy(graph, graph.producer(factor.id), 1)
    const inner = square && product.factors.includes(x) ? productOf(graph, graph.producer(square.id)) : undefined
    return inner?.factors.length === 2 && inner.factors.every((f) => f === x) && isNear(inner.scale, 0.044715)
  }
  if (product.factors.length !== 1) return false
  const sum = graph.producer(product.factors[0]!.id)
  if (sum?.op !== 'add' || sum.attrs.fusedActivation !== 'none') return false
  return sum.inputs.some((id, i) => id === x.id && isCube(graph, graph.producer(sum.inputs[1 - i]!), x))
}

/** 0.044715 * x^3 */
function isCube(graph: GraphEditor, node: Node | undefined, x: Value): boolean {
  const product = productOf(graph, node)
  if (!product || !isNear(product.scale, 0.044715)) return false
  if (product.factors.length === 3) return product.factors.every((f) => f.id === x.id)
  const [power] = product.factors
  const pow = power && product.factors.length === 1 ? graph.producer(power.id) : undefined
  return pow?.op === 'pow' && pow.inputs[0] === x.id && isSplat(graph.value(pow.inputs[1]!), 3)
}
