import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { permute, toI32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'
import { dilationsOf, paddingMode, windowOf } from './window.ts'

function resize(spec: typeof op.resizeBilinear | typeof op.resizeNearestNeighbor) {
  return (n: SourceOp, b: OpBuilder): Value => {
    const x = n.in(0).type.dtype === 'f32' ? n.in(0) : b.op(op.cast, [n.in(0)], { to: 'f32' })
    return b.op(spec as typeof op.resizeBilinear, [x, toI32(b, n.in(1))], {
      alignCorners: n.bool('align_corners', false),
      halfPixelCenters: n.bool('half_pixel_centers', false),
    })
  }
}

/** Filter [H,W,O,I] -> [O,H,W,I]. */
function transposeConv(n: SourceOp, b: OpBuilder): Value {
  if (n.string('data_format', 'NHWC') !== 'NHWC') n.reject('only data format NHWC is supported')
  if (dilationsOf(n, [1, 2]).some((d) => d !== 1)) n.reject('dilations are not supported')
  const weights = permute(b, n.in(1), [2, 0, 1, 3])
  return b.op(op.transposeConv, [toI32(b, n.in(0)), weights, n.in(2)], { padding: paddingMode(n), stride: windowOf(n, 'strides', [1, 2]) })
}

/** `[d, h, w]` of an attribute `[1,d,h,w,1]`. */
function volumeOf(n: SourceOp, name: string): [number, number, number] {
  const list = n.has(name) ? n.list(name) : [1, 1, 1, 1, 1]
  if (list.length !== 5 || list[0] !== 1 || list[4] !== 1) n.reject(`${name} [${list.join(',')}] must be [1,d,h,w,1]`)
  return [list[1]!, list[2]!, list[3]!]
}

/** Filter [D,H,W,I,O], as TFLite has it. */
function conv3d(n: SourceOp, b: OpBuilder): Value {
  if (n.string('data_format', 'NDHWC') !== 'NDHWC') n.reject('only data format NDHWC is supported')
  return b.op(op.conv3d, [n.in(0), n.in(1), null], {
    padding: paddingMode(n),
    stride: volumeOf(n, 'strides'),
    dilation: volumeOf(n, 'dilations'),
  })
}

function conv3dTranspose(n: SourceOp, b: OpBuilder): Value {
  if (n.string('data_format', 'NDHWC') !== 'NDHWC') n.reject('only data format NDHWC is supported')
  const attrs = { padding: paddingMode(n), stride: volumeOf(n, 'strides'), dilation: volumeOf(n, 'dilations') }
  return b.op(op.conv3dTranspose, [toI32(b, n.in(0)), n.in(1), n.in(2), null], attrs)
}

function blocks(spec: typeof op.depthToSpace | typeof op.spaceToDepth) {
  return (n: SourceOp, b: OpBuilder): Value => {
    if (n.string('data_format', 'NHWC') !== 'NHWC') n.reject('only data format NHWC is supported')
    return b.op(spec as typeof op.depthToSpace, [n.in(0)], { blockSize: n.int('block_size') })
  }
}

export const image: LoweringRegistry = {
  ResizeBilinear: resize(op.resizeBilinear),
  ResizeNearestNeighbor: resize(op.resizeNearestNeighbor),
  Conv2DBackpropInput: transposeConv,
  Conv3D: conv3d,
  Conv3DBackpropInputV2: conv3dTranspose,
  DepthToSpace: blocks(op.depthToSpace),
  SpaceToDepth: blocks(op.spaceToDepth),
  SpaceToBatchND: (n, b) => b.op(op.spaceToBatchNd, [n.in(0), toI32(b, n.in(1)), toI32(b, n.in(2))]),
  BatchToSpaceND: (n, b) => b.op(op.batchToSpaceNd, [n.in(0), toI32(b, n.in(1)), toI32(b, n.in(2))]),
  LRN: (n, b) =>
    b.op(op.localResponseNormalization, [n.in(0)], {
      radius: n.int('depth_radius', 5),
      bias: n.float('bias', 1),
      alpha: n.float('alpha', 1),
      beta: n.float('beta', 0.5),
    }),
}
