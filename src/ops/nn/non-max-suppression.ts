import type { TensorType } from '../../ir/types.ts'
import { defineOp, type NodeView, operand } from '../spec.ts'

const operands = [
  operand('boxes', ['f32']),
  operand('scores', ['f32']),
  operand('maxOutputSize', ['i32'], { preparing: true }),
  operand('iouThreshold', ['f32'], { preparing: true }),
  operand('scoreThreshold', ['f32'], { preparing: true }),
]

function selected(n: NodeView): TensorType {
  if (n.type('boxes').shape.length !== 2 || n.type('scores').shape.length !== 1) n.fail('boxes must be [N,4] and scores [N]')
  return { dtype: 'i32', shape: [n.dims('maxOutputSize')?.[0] ?? n.unknown('')] }
}

const count: TensorType = { dtype: 'i32', shape: [] }

/** Best boxes (y1,x1,y2,x2) that overlap no better one by the threshold; zeros follow the valid ones, whose number comes last. */
export const nonMaxSuppressionV4 = defineOp({
  name: 'non_max_suppression_v4',
  builtin: 'NON_MAX_SUPPRESSION_V4',
  summary: 'best boxes that do not overlap, and their number',
  operands,
  attrs: {},
  infer: (n) => [selected(n), count],
  quant: { floatOnly: 'no integer kernel' },
  version: () => 1,
  releases: { 1: '2.1.0' },
  accuracy: 'exact',
})

/** As version 4, with scores; a sigma above 0 lowers the scores of overlapping boxes by a Gaussian. */
export const nonMaxSuppressionV5 = defineOp({
  name: 'non_max_suppression_v5',
  builtin: 'NON_MAX_SUPPRESSION_V5',
  summary: 'best boxes that do not overlap, their scores and their number',
  operands: [...operands, operand('softNmsSigma', ['f32'], { preparing: true })],
  attrs: {},
  options: 'NonMaxSuppressionV5Options',
  infer(n) {
    const indices = selected(n)
    return [indices, { dtype: 'f32', shape: indices.shape }, count]
  },
  quant: { floatOnly: 'no integer kernel' },
  version: () => 1,
  releases: { 1: '2.1.0' },
  accuracy: 'rounding',
})
