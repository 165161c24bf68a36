import type { Node } from '../../ir/types.ts'
import { samePadding } from '../../ops/nn/window.ts'
import { constInts } from '../../ops/view.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, rule } from '../rule.ts'
import { isReadOnce, operandAt } from '../weighted.ts'

/**
 * pad  ->  conv | depthwise, VALID   =>  the convolution with SAME padding: zeros on H and W only, exactly as many as
 * SAME adds for this input size, and no more than one more after than before.
 */
export const foldPad = rule('fold-pad', {
  semantics: 'exact',
  pattern: op(['conv_2d', 'depthwise_conv_2d'], {
    as: 'conv',
    attrs: { padding: 'valid' },
    inputs: [op('pad', { as: 'pad', inputs: [value('x'), constant('paddings')] })],
  }),
  check({ conv, pad, x, paddings }, graph) {
    const p = constInts(paddings)!
    const filter = operandAt(graph, conv, 1)!.type.shape
    if (!isReadOnce(graph, pad)) return miss('the padded value has other readers', pad)
    if (p.length !== 8 || [p[0], p[1], p[6], p[7]].some((n) => n !== 0)) return miss('it pads more than height and width', pad)
    for (const axis of [0, 1] as const) {
      const before = p[2 + 2 * axis]!
      const after = p[3 + 2 * axis]!
      const size = x.type.shape[1 + axis]
      if (typeof size !== 'number') return miss('the input size is unknown, and with it what SAME adds', pad)
      if (after - before < 0 || after - before > 1)
        return miss(`${before} before and ${after} after is not how SAME divides its padding`, pad)
      const [, total] = samePadding(size, filter[1 + axis] as number, attrAt(conv, 'stride', axis), attrAt(conv, 'dilation', axis))
      if (before + after !== total) return miss(`it pads ${before + after}, SAME would pad ${total}`, pad)
    }
    return hit()
  },
  rewrite: ({ conv, x }, _, b) => b.like(conv, { inputs: [x, ...b.graph.operands(conv).slice(1)], attrs: { padding: 'same' } }),
})

function attrAt(node: Node, name: string, i: number): number {
  return (node.attrs[name] as readonly number[])[i]!
}
