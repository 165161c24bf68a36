import { attr, defineOp, elementsAtBatchOne, operand } from '../spec.ts'
import { checkWindow, windowOutput } from './window.ts'

const conv3dAttrs = {
  padding: attr.padding(),
  stride: attr.tuple(['strideD', 'strideH', 'strideW'], [1, 1, 1]),
  dilation: attr.tuple(['dilationDFactor', 'dilationHFactor', 'dilationWFactor'], [1, 1, 1]),
  fusedActivation: attr.activation(),
}

/** 3-D convolution of [N,D,H,W,C]; filter [D,H,W,I,O]. */
export const conv3d = defineOp({
  name: 'conv_3d',
  builtin: 'CONV_3D',
  summary: '3-D convolution, filter [D,H,W,I,O]',
  operands: [
    operand('input', ['f32']),
    operand('filter', ['f32'], { preparing: true }),
    operand('bias', ['f32'], { optional: true, preparing: true }),
  ],
  attrs: conv3dAttrs,
  options: 'Conv3DOptions',
  infer(n) {
    const { shape, dtype } = n.type('input')
    const filter = n.type('filter').shape
    if (shape.length !== 5 || filter.length !== 5) n.fail('input and filter must have rank 5')
    if (typeof shape[4] === 'number' && typeof filter[3] === 'number' && shape[4] !== filter[3])
      n.fail(`the input has ${shape[4]} channels, the filter expects ${filter[3]}`)
    const { stride, dilation, padding } = n.attrs
    checkWindow(n, stride, dilation, filter)
    const spatial = [0, 1, 2].map((i) => windowOutput(shape[i + 1]!, filter[i] as number, stride[i]!, dilation[i]!, padding))
    return [{ dtype, shape: [shape[0]!, ...spatial, filter[4]!] }]
  },
  quant: { floatOnly: 'no integer kernel' },
  version: () => 1,
  releases: { 1: '2.5.0' },
  accuracy: 'rounding',
  cost: (n) => ({ macs: elementsAtBatchOne(n.results[0]!.shape) * elementsAtBatchOne(n.types[1]!.shape.slice(0, 4)), elementOps: 0 }),
})

/** Gradient of a 3-D convolution by its input; filter [D,H,W,O,I], `outputShape` is [N,D,H,W,O]. */
export const conv3dTranspose = defineOp({
  name: 'conv_3d_transpose',
  builtin: 'CONV_3D_TRANSPOSE',
  summary: '3-D transposed convolution, filter [D,H,W,O,I]',
  operands: [
    operand('outputShape', ['i32'], { preparing: true }),
    operand('filter', ['f32'], { preparing: true }),
    operand('input', ['f32']),
    operand('bias', ['f32'], { optional: true, preparing: true }),
  ],
  attrs: conv3dAttrs,
  options: 'Conv3DOptions',
  infer(n) {
    const { shape, dtype } = n.type('input')
    const filter = n.type('filter').shape
    if (shape.length !== 5 || filter.length !== 5) n.fail('input and filter must have rank 5')
    const out = n.dims('outputShape')
    checkWindow(n, n.attrs.stride, n.attrs.dilation, filter)
    if (out && out.length !== 5) n.fail('the output shape must have 5 elements')
    return [{ dtype, shape: out ?? [shape[0]!, n.unknown(1), n.unknown(2), n.unknown(3), filter[3]!] }]
  },
  quant: { floatOnly: 'no integer kernel' },
  version: () => 1,
  releases: { 1: '2.6.0' },
  accuracy: 'rounding',
  cost: (n) => ({ macs: elementsAtBatchOne(n.type('input').shape) * elementsAtBatchOne(n.types[1]!.shape.slice(0, 4)), elementOps: 0 }),
})
