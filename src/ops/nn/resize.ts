import type { TensorType } from '../../ir/types.ts'
import { attr, defineOp, elementsAtBatchOne, type NodeView, operand } from '../spec.ts'

const resizable = ['f32', 'i8', 'u8', 'i16'] as const
const resizeAttrs = { alignCorners: attr.bool('alignCorners'), halfPixelCenters: attr.bool('halfPixelCenters') }

function resized(n: NodeView): readonly TensorType[] {
  const { shape, dtype } = n.type('input')
  if (shape.length !== 4) n.fail('the input must have rank 4')
  const size = n.dims('size')
  if (size && size.length !== 2) n.fail('the size must have 2 elements')
  const [h, w] = size ?? [n.unknown('h'), n.unknown('w')]
  return [{ dtype, shape: [shape[0]!, h!, w!, shape[3]!] }]
}

/** Images [N,H,W,C] at `size` = (height, width), each pixel between its four nearest. */
export const resizeBilinear = defineOp({
  name: 'resize_bilinear',
  builtin: 'RESIZE_BILINEAR',
  summary: 'resizes images, interpolating',
  operands: [operand('input', resizable), operand('size', ['i32'], { preparing: true })],
  attrs: resizeAttrs,
  options: 'ResizeBilinearOptions',
  infer: resized,
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['input'], results: [0] } },
  version(n) {
    const { dtype } = n.type('input')
    return dtype === 'i16' ? 4 : n.attrs.halfPixelCenters ? 3 : dtype === 'i8' ? 2 : 1
  },
  releases: { 1: '1.7.0', 2: '1.14.0', 3: '2.2.0', 4: '2.5.0' },
  accuracy: 'rounding',
  cost: (n) => ({ macs: 0, elementOps: 8 * elementsAtBatchOne(n.results[0]!.shape) }),
})

/** Images [N,H,W,C] at `size` = (height, width), each pixel a copy of the nearest. */
export const resizeNearestNeighbor = defineOp({
  name: 'resize_nearest_neighbor',
  builtin: 'RESIZE_NEAREST_NEIGHBOR',
  summary: 'resizes images, copying the nearest pixel',
  operands: [operand('input', resizable), operand('size', ['i32'], { preparing: true })],
  attrs: resizeAttrs,
  options: 'ResizeNearestNeighborOptions',
  infer: resized,
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['input'], results: [0] } },
  version(n) {
    const { dtype } = n.type('input')
    if (dtype === 'i16') return 4
    return n.attrs.halfPixelCenters || n.attrs.alignCorners ? 3 : dtype === 'i8' ? 2 : 1
  },
  releases: { 1: '1.13.1', 2: '1.14.0', 3: '2.3.0', 4: '2.4.0' },
  accuracy: 'exact',
})
