import { op as ops } from '../../ops/index.ts'
import { op } from '../pattern.ts'
import { hit, miss, other, rule } from '../rule.ts'
import { isReadOnce } from '../weighted.ts'
import { isNear, productOf, shiftedBy } from './factors.ts'

/** x * relu6(x + 3) / 6, the product in any order  =>  hard_swish(x). */
export const recognizeHardSwish = rule('recognize-hard-swish', {
  semantics: 'reassociating',
  pattern: op(['mul', 'div'], { as: 'root' }),
  check({ root }, graph) {
    const product = productOf(graph, root)
    if (product?.factors.length !== 2) return other
    for (const [i, gate] of product.factors.entries()) {
      const clamp = graph.producer(gate.id)
      const inner = clamp?.op === 'relu6' ? graph.producer(clamp.inputs[0]!) : clamp
      const x = shiftedBy(graph, inner, 3, clamp?.op === 'relu6' ? 'none' : 'relu6')
      if (!x || product.factors[1 - i]!.id !== x.id) continue
      if (!isNear(product.scale, 1 / 6)) return miss(`the product is scaled by ${product.scale}, not by 1/6`, root)
      if (!isReadOnce(graph, clamp!)) return miss('the gate has other readers', clamp!)
      return hit({ x }, [...product.nodes, clamp!, ...(inner === clamp ? [] : [inner!])])
    }
    return other
  },
  rewrite: (_, { x }, b) => b.op(ops.hardSwish, [x]),
})
