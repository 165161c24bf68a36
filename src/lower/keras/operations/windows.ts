import type { Json } from '../../../core/json.ts'
import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { op } from '../../../ops/index.ts'
import { permute, reshapeTo, toF32 } from '../../operands.ts'
import type { LoweringRegistry } from '../../registry.ts'
import { tensorOf } from '../arguments.ts'
import { convolved, depthwiseConvolved, separablyConvolved, transposeConvolved } from '../conv.ts'
import { type KerasOp, layer } from '../keras-op.ts'
import { adaptivePool, windowPool } from '../pooling.ts'
import { first, knownSize, numberOption, run } from './operation.ts'

/*
 * Windows that slide over the spatial dims: convolutions, pools, patches.
 */

const filter = (k: KerasOp, b: OpBuilder, position: number, name: string): Value => {
  const v: Json | undefined = k.argument(position, name)
  return v === undefined ? k.reject(`it has no ${name}`) : toF32(b, tensorOf(k, b, v, 'f32'))
}

const byKernel = (convolve: typeof convolved) => layer((k, b) => convolve(k, b, k.rank - 2, filter(k, b, 1, 'kernel')))

function blocks(name: 'DepthToSpace' | 'SpaceToDepth') {
  return layer((k, b) => k.channelsLast(first(k, b), (x) => run(k, b, name, [x], { block_size: numberOption(k, 'block_size', 2) })))
}

interface Patches {
  readonly size: readonly number[]
  readonly stride: readonly number[]
  readonly dilation: readonly number[]
  readonly padding: string
}

/** Of pictures [N,H,W,C] all windows [N,H',W',h*w*C]. */
export function patchesOf(k: KerasOp, b: OpBuilder, x: Value, { size, stride, dilation, padding }: Patches): Value {
  const wide = (v: readonly number[]) => [1, ...v, 1]
  return run(k, b, 'ExtractImagePatches', [x], {
    ksizes: wide(size),
    strides: wide(stride),
    rates: wide(dilation),
    padding: padding.toUpperCase(),
  })
}

/** Windows of channels-first pictures as columns [N,C*h*w,L]. */
function unfold(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const [size, pads] = [k.sizes('kernel_size', 2, 1), k.sizes('padding', 2, 0)]
  const [ph, pw] = pads as [number, number]
  const padded = ph + pw === 0 ? x : run(k, b, 'Pad', [x, b.i32([0, 0, 0, 0, ph, ph, pw, pw], [4, 2])])
  const options = { size, stride: k.sizes('stride', 2, 1), dilation: k.sizes('dilation', 2, 1), padding: 'valid' }
  const windows = patchesOf(k, b, permute(b, padded, [0, 2, 3, 1]), options)
  const [n, channels] = [x.type.shape[0]!, knownSize(k, x, 1)]
  const count = knownSize(k, windows, 1) * knownSize(k, windows, 2)
  const flat = reshapeTo(b, windows, [n, count, size[0]! * size[1]!, channels])
  return reshapeTo(b, permute(b, flat, [0, 3, 2, 1]), [n, channels * size[0]! * size[1]!, count])
}

/** Sequences of `length` each `step` elements along the last dim, as a new dim before it. */
export function framesOf(k: KerasOp, b: OpBuilder, x: Value, length: number, step: number): Value {
  const axis = x.type.shape.length - 1
  const count = Math.max(0, 1 + Math.floor((knownSize(k, x, axis) - length) / step))
  const places = Array.from({ length: count * length }, (_, i) => Math.floor(i / length) * step + (i % length))
  return b.op(op.gather, [x, b.i32(places, [count, length])], { axis, batchDims: 0 })
}

export const windows: LoweringRegistry = {
  Conv: byKernel(convolved),
  DepthwiseConv: byKernel(depthwiseConvolved),
  ConvTranspose: byKernel(transposeConvolved),
  SeparableConv: layer((k, b) =>
    separablyConvolved(k, b, k.rank - 2, filter(k, b, 1, 'depthwise_kernel'), filter(k, b, 2, 'pointwise_kernel')),
  ),
  MaxPool: windowPool(op.maxPool2d),
  AveragePool: windowPool(op.averagePool2d),
  AdaptiveMaxPool: adaptivePool(op.reduceMax),
  AdaptiveAveragePool: adaptivePool(op.mean),
  DepthToSpace: blocks('DepthToSpace'),
  SpaceToDepth: blocks('SpaceToDepth'),
  Unfold: layer(unfold),
  ExtractSequences: layer((k, b) =>
    framesOf(k, b, first(k, b), numberOption(k, 'sequence_length', 1), numberOption(k, 'sequence_stride', 1)),
  ),
}
