import { op as ops } from '../../ops/index.ts'
import { constInts } from '../../ops/view.ts'
import { constant, op, value } from '../pattern.ts'
import { hit, miss, rule } from '../rule.ts'
import { isReadOnce, operandAt } from '../weighted.ts'

/**
 * space_to_batch_nd -> conv | depthwise, VALID -> batch_to_space_nd   =>  the convolution dilated by the block; SAME where
 * the padding is what SAME adds, VALID where there is none, else pad and VALID. How TensorFlow writes dilated convolutions.
 */
export const foldSpaceToBatch = rule('fold-space-to-batch', {
  semantics: 'exact',
  pattern: op('batch_to_space_nd', {
    as: 'root',
    inputs: [
      op(['conv_2d', 'depthwise_conv_2d'], {
        as: 'conv',
        inputs: [op('space_to_batch_nd', { as: 'split', inputs: [value('x'), constant('block'), constant('paddings')] })],
      }),
      constant('blockBack'),
      constant('crops'),
    ],
  }),
  check({ root, conv, split, x, block, paddings, blockBack, crops }, graph) {
    const dilation = constInts(block)!
    const back = constInts(blockBack)!
    const p = constInts(paddings)!
    const c = constInts(crops)!
    const filter = operandAt(graph, conv, 1)!.type.shape
    const isPlain = ['stride', 'dilation'].every((name) => (conv.attrs[name] as readonly number[]).every((n) => n === 1))
    if (x.type.shape.length !== 4 || dilation.length !== 2) return miss('the block is not over height and width', split)
    if (!dilation.every((d, i) => d === back[i])) return miss('the blocks differ', root)
    if (conv.attrs.padding !== 'valid' || !isPlain) return miss('the convolution has a stride, a dilation or a padding of its own', conv)
    if (!isReadOnce(graph, conv) || !isReadOnce(graph, split)) return miss('a result in between has other readers', conv)
    const pads = [0, 1].map((i) => [p[2 * i]! - c[2 * i]!, p[2 * i + 1]! - c[2 * i + 1]!] as const)
    // Cropped rows at the start were computed from padding alone only when that padding starts a block.
    if (c[0] !== 0 || c[2] !== 0 || pads.some(([, after]) => after < 0)) return miss('the crops take away more than was padded', root)
    const isSame = pads.every(([before, after], i) => {
      const total = ((filter[1 + i] as number) - 1) * dilation[i]!
      return before === Math.floor(total / 2) && before + after === total
    })
    const isValid = pads.flat().every((n) => n === 0)
    return hit({
      dilation,
      padding: isValid || !isSame ? ('valid' as const) : ('same' as const),
      pads: isValid || isSame ? undefined : pads.flat(),
    })
  },
  rewrite({ conv, x }, { dilation, padding, pads }, b) {
    const input = pads ? b.op(ops.pad, [x, b.i32([0, 0, ...pads, 0, 0], [4, 2])]) : x
    return b.like(conv, { inputs: [input, ...b.graph.operands(conv).slice(1)], attrs: { padding, dilation } })
  },
})
