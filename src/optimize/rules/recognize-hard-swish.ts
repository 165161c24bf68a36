import type { GraphEditor } from '../../ir/graph.ts'
import type { Node, Value } from '../../ir/types.ts'
import { op as ops } from '../../ops/index.ts'
import { isSplat } from '../constants.ts'
import { op } from '../pattern.ts'
import { hit, miss, other, rule } from '../rule.ts'
import { isReadOnce, keepsShape } from '../weighted.ts'
import { isNear, productOf, shiftedBy } from './factors.ts'

/** For clip(x / 6 + 0.5, 0, 1): the nodes that make it. */
function hardSigmoidOf(graph: GraphEditor, clamp: Node | undefined, x: Value): readonly Node[] | undefined {
  const sum = clamp?.op === 'relu_0_to_1' ? graph.producer(clamp.inputs[0]!) : undefined
  if (sum?.op !== 'add' || sum.attrs.fusedActivation !== 'none') return undefined
  const [a, b] = graph.operands(sum)
  const [scaled, shift] = a!.data ? [b!, a!] : [a!, b!]
  const product = isSplat(shift, 0.5) ? productOf(graph, graph.producer(scaled.id)) : undefined
  const fits = product?.factors.length === 1 && product.factors[0] === x && isNear(product.scale, 1 / 6)
  return fits ? [...product.nodes, sum, clamp!] : undefined
}

/** x * relu6(x + 3) / 6, x * clip(x / 6 + 0.5, 0, 1), the products in any order  =>  hard_swish(x). */
export const recognizeHardSwish = rule('recognize-hard-swish', {
  semantics: 'reassociating',
  pattern: op(['mul', 'div'], { as: 'root' }),
  check({ root }, graph) {
    const product = productOf(graph, root)
    if (product?.factors.length !== 2) return other
    for (const [i, gate] of product.factors.entries()) {
      const clamp = graph.producer(gate.id)
      const sigmoid = hardSigmoidOf(graph, clamp, product.factors[1 - i]!)
      if (sigmoid && product.scale === 1 && isReadOnce(graph, clamp!))
        return hit({ x: product.factors[1 - i]! }, [...product.nodes, ...sigmoid])
      const inner = clamp?.op === 'relu6' ? graph.producer(clamp.inputs[0]!) : clamp
      const x = shiftedBy(graph, inner, 3, clamp?.op === 'relu6' ? 'none' : 'relu6')
      if (!x || product.factors[1 - i]!.id !== x.id || !keepsShape(graph, root, x)) continue
      if (!isNear(product.scale, 1 / 6)) return miss(`the product is scaled by ${product.scale}, not by 1/6`, root)
      if (!isReadOnce(graph, clamp!)) return miss('the gate has other readers', clamp!)
      return hit({ x }, [...product.nodes, clamp!, ...(inner === clamp ? [] : [inner!])])
    }
    return other
  },
  rewrite: (_, { x }, b) => b.op(ops.hardSwish, [x]),
})
