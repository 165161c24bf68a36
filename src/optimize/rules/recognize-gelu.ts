import type { GraphEditor } from '../../ir/graph.ts'
import type { Node, Value } from '../../ir/types.ts'
import { op as ops } from '../../ops/index.ts'
import { isSplat } from '../constants.ts'
import { op } from '../pattern.ts'
import { hit, other, rule } from '../rule.ts'
import { isNear, productOf, shiftedBy } from './factors.ts'

/**
 * 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))), the products in any order  =>  gelu(x), approximate.
 * @see Hendrycks and Gimpel, Gaussian Error Linear Units, arXiv:1606.08415
 */
export const recognizeGelu = rule('recognize-gelu', {
  semantics: 'reassociating',
  pattern: op('mul', { as: 'root' }),
  check({ root }, graph) {
    const product = productOf(graph, root)
    if (product?.factors.length !== 2 || !isNear(product.scale, 0.5)) return other
    for (const [i, gate] of product.factors.entries()) {
      const sum = graph.producer(gate.id)
      const tanhNode = graph.producer(shiftedBy(graph, sum, 1)?.id ?? -1)
      const x = product.factors[1 - i]!
      if (tanhNode?.op === 'tanh' && isTanhArgument(graph, graph.producer(tanhNode.inputs[0]!), x))
        return hit({ x }, [...product.nodes, sum!, tanhNode])
    }
    return other
  },
  rewrite: (_, { x }, b) => b.op(ops.gelu, [x], { approximate: true }),
})

/** sqrt(2 / pi) * (x + 0.044715 * x^3) */
function isTanhArgument(graph: GraphEditor, node: Node | undefined, x: Value): boolean {
  const product = productOf(graph, node)
  if (product?.factors.length !== 1 || !isNear(product.scale, Math.sqrt(2 / Math.PI))) return false
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
