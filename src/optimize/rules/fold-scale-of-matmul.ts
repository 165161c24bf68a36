import type { GraphEditor } from '../../ir/graph.ts'
import type { Node, Value } from '../../ir/types.ts'
import { op as ops } from '../../ops/index.ts'
import { splatOf } from '../constants.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, type Rule, rule } from '../rule.ts'
import { isReadOnce, operandAt, weightedNames, weightedOp } from '../weighted.ts'

const maxSteps = 4

/** The op with constant weights that a value comes from through reshapes and transposes, none with other readers. */
function weightedBefore(graph: GraphEditor, v: Value): Node | undefined {
  let node = graph.producer(v.id)
  for (let step = 0; step < maxSteps && node && isReadOnce(graph, node); step++) {
    if (weightedNames.includes(node.op)) {
      const weights = operandAt(graph, node, weightedOp(node).weights)
      const isPlain = node.attrs.fusedActivation === 'none' && weights?.data !== undefined && weights.type.dtype === 'f32'
      return isPlain && graph.useCount(weights.id) === 1 ? node : undefined
    }
    if (node.op !== 'reshape' && node.op !== 'transpose') return undefined
    node = graph.producer(node.inputs[0]!)
  }
  return undefined
}

/** The chain with `weighted` at its start rebuilt on the scaled result. */
function scaled(b: Parameters<Rule['rewrite']>[2], v: Value, weighted: Node, scale: Value): Value {
  const node = b.graph.producer(v.id)!
  if (node === weighted) return b.op(ops.mul, [v, scale])
  const [x, ...rest] = b.graph.operands(node)
  return b.like(node, { inputs: [scaled(b, x!, weighted, scale), ...rest] })
}

/**
 * batch_matmul(q, k) * number, where q or k comes from a convolution or fully_connected through reshapes and transposes
 * =>  the product of the scaled operand; the scale then folds into the weights. How attention scales its logits.
 */
export const foldScaleOfMatmul: readonly Rule[] = (['mul', 'div'] as const).map((name) =>
  rule('fold-scale-of-matmul', {
    semantics: 'reassociating',
    pattern: op(name, {
      as: 'root',
      anyOrder: name === 'mul',
      attrs: { fusedActivation: 'none' },
      inputs: [op('batch_matmul', { as: 'matmul', inputs: [value('x'), value('y')] }), constant('c')],
    }),
    check({ root, matmul, x, y, c }, graph) {
      const number = splatOf(c)
      if (number === undefined || c.data!.byteLength !== 4 || x.type.dtype !== 'f32')
        return miss('the product is not scaled by one number', root)
      const scale = Math.fround(name === 'div' ? 1 / number : number)
      if (!Number.isFinite(scale) || scale === 0) return miss('the scale is zero or not finite', root)
      if (!isReadOnce(graph, matmul)) return miss('the product has other readers', matmul)
      const [left, right] = [weightedBefore(graph, x), weightedBefore(graph, y)]
      if (x === y || (!left && !right)) return miss('no weights are near that could take the scale', matmul)
      return hit({ scale, side: left ? 0 : 1, weighted: (left ?? right)! })
    },
    rewrite({ matmul, x, y }, { scale, side, weighted }, b) {
      const number = b.f32([scale])
      return b.like(matmul, { inputs: side === 0 ? [scaled(b, x, weighted, number), y] : [x, scaled(b, y, weighted, number)] })
    },
  }),
)
