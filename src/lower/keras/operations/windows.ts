import { mulDims } from '../../../core/dim.ts'
import type { Json } from '../../../core/json.ts'
import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { op } from '../../../ops/index.ts'
import { convolution } from '../../layers.ts'
import { castTo, permute, reshapeTo, shapeOperand, sliceAxis, toF32 } from '../../operands.ts'
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

/** The inverse of `unfold`, where windows meet their sums: a transposed convolution with one filter for each place of a window. */
function fold(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const of = (name: string, def: number) => k.sizes(name, 2, def) as [number, number]
  const [target, size, stride, dilation, pads] = [
    of('output_size', 1),
    of('kernel_size', 1),
    of('stride', 1),
    of('dilation', 1),
    of('padding', 0),
  ]
  const cells = size[0] * size[1]
  const [batch, channels] = [x.type.shape[0]!, knownSize(k, x, 1) / cells]
  if (!Number.isInteger(channels)) return k.reject(`windows of ${cells} cells do not divide ${knownSize(k, x, 1)} channels`)
  const reach = size.map((s, i) => (s - 1) * dilation[i]! + 1) as [number, number]
  const counts = target.map((t, i) => Math.floor((t + 2 * pads[i]! - reach[i]!) / stride[i]!) + 1) as [number, number]
  const columns = reshapeTo(b, toF32(b, x), [mulDims(batch, channels), cells, counts[0] * counts[1]])
  const images = reshapeTo(b, permute(b, columns, [0, 2, 1]), [mulDims(batch, channels), ...counts, cells])
  const filter = new Array<number>(reach[0] * reach[1] * cells).fill(0)
  for (let i = 0; i < cells; i++) {
    const [row, column] = [Math.floor(i / size[1]) * dilation[0], (i % size[1]) * dilation[1]]
    filter[(row * reach[1] + column) * cells + i] = 1
  }
  const whole = counts.map((c, i) => (c - 1) * stride[i]! + reach[i]!) as [number, number]
  const shape = shapeOperand(b, [images.type.shape[0]!, ...whole, 1], [images])
  const y = b.op(op.transposeConv, [shape, b.f32(filter, [1, ...reach, cells]), images], { padding: 'valid', stride })
  const missing = target.map((t, i) => Math.max(0, pads[i]! + t - whole[i]!)) as [number, number]
  const wide = missing.some((m) => m > 0) ? b.op(op.pad, [y, b.i32([0, 0, 0, missing[0], 0, missing[1], 0, 0], [4, 2])]) : y
  const cut = b.op(op.slice, [wide, b.i32([0, ...pads, 0]), b.i32([-1, ...target, -1])])
  return castTo(b, reshapeTo(b, cut, [batch, channels, ...target], [x]), x.type.dtype)
}

/** Sums of products of the first row with the second at each place, as a picture of one row. */
function correlate(k: KerasOp, b: OpBuilder): Value {
  const [x, y] = [0, 1].map((i) => toF32(b, tensorOf(k, b, k.argument(i, `x${i + 1}`)))) as [Value, Value]
  if (x.type.shape.length !== 1 || y.type.shape.length !== 1) return k.reject('it takes two vectors')
  const [n, m] = [knownSize(k, x, 0), knownSize(k, y, 0)]
  const mode = k.text('mode', 'valid')
  if (mode === 'valid' && m > n) return k.reject(`TensorFlow cannot slide ${m} elements within ${n}`)
  const image = reshapeTo(b, x, [1, 1, n, 1])
  const padded = mode === 'valid' ? image : b.op(op.pad, [image, b.i32([0, 0, 0, 0, m - 1, m - 1, 0, 0], [4, 2])])
  const options = { padding: 'valid' as const, stride: [1, 1] as [number, number], dilation: [1, 1] as [number, number] }
  const all = convolution(b, padded, reshapeTo(b, y, [1, m, 1, 1]), options)
  const sums = reshapeTo(b, all, [mode === 'valid' ? n - m + 1 : n + m - 1])
  return mode === 'same' ? sliceAxis(b, sums, 0, Math.floor((n + m - 1 - Math.max(n, m)) / 2), Math.max(n, m)) : sums
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
  Fold: layer(fold),
  Correlate: layer(correlate),
  ExtractSequences: layer((k, b) =>
    framesOf(k, b, first(k, b), numberOption(k, 'sequence_length', 1), numberOption(k, 'sequence_stride', 1)),
  ),
}
