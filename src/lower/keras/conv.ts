import { addDims, mulDims } from '../../core/dim.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { convolution, depthwiseConvolution, transposedConvolution } from '../layers.ts'
import { expandDims, reshapeTo, squeezeDim } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import { volumeConvolution } from '../volume-convolution.ts'
import { activate } from './activations.ts'
import { type KerasOp, layer } from './keras-op.ts'

/** One choice for each spatial dim of a convolution. */
interface Window {
  readonly padding: 'same' | 'valid'
  readonly stride: number[]
  readonly dilation: number[]
}

function windowOf(k: KerasOp, rank: number): Window & { readonly isCausal: boolean } {
  if (k.rank !== rank + 2) k.reject(`the input must have rank ${rank + 2}, found ${k.rank}`)
  const padding = k.text('padding', 'valid').toLowerCase()
  const isCausal = padding === 'causal'
  if (padding !== 'same' && padding !== 'valid' && !(isCausal && rank === 1)) k.reject(`padding ${padding} is not supported`)
  return {
    padding: padding === 'same' ? 'same' : 'valid',
    stride: k.sizes('strides', rank, 1),
    dilation: k.sizes('dilation_rate', rank, 1),
    isCausal,
  }
}

/** `v` as pairs for a picture: one dim comes as a picture of one row. */
const picture = (list: readonly number[]): [number, number] => (list.length === 1 ? [1, list[0]!] : [list[0]!, list[1]!])

type Convolution = typeof convolution

/** A convolution over one or two spatial dims. */
function slide(b: OpBuilder, convolve: Convolution, x: Value, filter: Value, w: Window): Value {
  const options = { padding: w.padding, stride: picture(w.stride), dilation: picture(w.dilation) }
  if (w.stride.length === 2) return convolve(b, x, filter, options)
  return squeezeDim(b, convolve(b, expandDims(b, x, 1), expandDims(b, filter, 0), options), 1)
}

/** A convolution over one to three spatial dims. */
export function slideAny(b: OpBuilder, x: Value, filter: Value, w: Window): Value {
  if (w.stride.length < 3) return slide(b, convolution, x, filter, w)
  return volumeConvolution(b, x, filter, { padding: w.padding, stride: triple(w.stride), dilation: triple(w.dilation) })
}

const triple = (list: readonly number[]): [number, number, number] => [list[0]!, list[1]!, list[2]!]

/** With causal padding zeros before the first step, so that no output sees a later input. */
function causal(b: OpBuilder, x: Value, filter: Value, { isCausal, dilation }: ReturnType<typeof windowOf>): Value {
  const reach = isCausal ? ((filter.type.shape[0] as number) - 1) * dilation[0]! : 0
  return reach === 0 ? x : b.op(op.pad, [x, b.i32([0, 0, reach, 0, 0, 0], [3, 2])])
}

function biased(k: KerasOp, b: OpBuilder, y: Value): Value {
  const bias = k.weight('bias')
  return bias ? b.op(op.add, [y, bias]) : y
}

/** Runs `work` on channels-last data, then the activation on data as the layer gives it: some go along the last dim, whatever lies there. */
const activated = (k: KerasOp, b: OpBuilder, work: (x: Value) => Value): Value => activate(k, b, k.channelsLast(k.f32, work))

/** Over `rank` spatial dims, with the layer's bias and activation where it has them. */
export function convolved(k: KerasOp, b: OpBuilder, rank: number, filter: Value): Value {
  return activated(k, b, (input) => {
    const w = windowOf(k, rank)
    const x = causal(b, input, filter, w)
    return biased(k, b, slideAny(b, x, filter, w))
  })
}

export function depthwiseConvolved(k: KerasOp, b: OpBuilder, rank: number, filter: Value): Value {
  return activated(k, b, (input) => {
    const w = windowOf(k, rank)
    return biased(k, b, slide(b, depthwiseConvolution, causal(b, input, filter, w), filter, w))
  })
}

export function separablyConvolved(k: KerasOp, b: OpBuilder, rank: number, filter: Value, pointwise: Value): Value {
  return activated(k, b, (input) => {
    const w = windowOf(k, rank)
    const ones = new Array<number>(rank).fill(1)
    const depth = slide(b, depthwiseConvolution, causal(b, input, filter, w), filter, w)
    return biased(k, b, slide(b, convolution, depth, pointwise, { padding: 'valid', stride: ones, dilation: ones }))
  })
}

/**
 * Output size of a transposed convolution as `n * factor + extra`.
 * @see keras compute_conv_transpose_output_shape
 */
function transposedSize(size: number, stride: number, padding: 'same' | 'valid', extra: number | undefined): [number, number] {
  if (padding === 'valid') return [stride, size - stride + (extra ?? Math.max(size, stride) - size)]
  return [stride, extra === undefined ? 0 : (size % 2) + extra - stride]
}

/** A filter with zeros between its elements along `axis`, so that a plain window acts as a dilated one. */
function dilated(b: OpBuilder, filter: Value, axis: number, rate: number): Value {
  const { shape } = filter.type
  const size = shape[axis] as number
  if (rate === 1 || size === 1) return filter
  const [before, after] = [mulDims(...shape.slice(0, axis)), mulDims(...shape.slice(axis + 1))]
  const spread = b.op(op.pad, [reshapeTo(b, filter, [before, size, 1, after]), b.i32([0, 0, 0, 0, 0, rate - 1, 0, 0], [4, 2])])
  const length = (size - 1) * rate + 1
  const cut = b.op(op.slice, [reshapeTo(b, spread, [before, size * rate, after]), b.i32([0, 0, 0]), b.i32([-1, length, -1])])
  return reshapeTo(b, cut, shape.with(axis, length))
}

export function transposeConvolved(k: KerasOp, b: OpBuilder, rank: number, weights: Value): Value {
  return activated(k, b, (input) => {
    const { padding, stride, dilation } = windowOf(k, rank)
    const kernel = dilation.reduce((f, rate, i) => dilated(b, f, i, rate), weights)
    const extra = k.config('output_padding') == null ? undefined : k.sizes('output_padding', rank, 0)
    const [x, filter] = rank === 1 ? [expandDims(b, input, 1), expandDims(b, kernel, 0)] : [input, kernel]
    const spatial = Array.from({ length: rank }, (_, i) =>
      resized(b, input, i + 1, ...transposedSize(kernel.type.shape[i] as number, stride[i]!, padding, extra?.[i])),
    )
    const one = rank === 1 ? [b.i32([1])] : []
    const channels = b.i32([kernel.type.shape[rank] as number])
    const shape = b.op(op.concatenation, [resized(b, input, 0, 1, 0), ...one, ...spatial, channels], { axis: 0 })
    if (rank === 3) {
      return b.op(op.conv3dTranspose, [shape, filter, x, k.weight('bias') ?? null], { padding, stride: triple(stride) })
    }
    const y = transposedConvolution(b, x, filter, shape, { padding, stride: picture(stride) })
    return biased(k, b, rank === 1 ? squeezeDim(b, y, 1) : y)
  })
}

/** The size of dim `axis` times `factor` plus `extra`, as a vector of one element. */
function resized(b: OpBuilder, x: Value, axis: number, factor: number, extra: number): Value {
  const size = x.type.shape[axis]!
  if (typeof size === 'number') return b.i32([addDims(size * factor, extra) as number])
  const read = b.op(op.slice, [b.op(op.shape, [x]), b.i32([axis]), b.i32([1])])
  const scaled = factor === 1 ? read : b.op(op.mul, [read, b.i32([factor])])
  return extra === 0 ? scaled : b.op(op.add, [scaled, b.i32([extra])])
}

const withKernel = (convolve: typeof convolved, rank: number) => layer((k, b) => convolve(k, b, rank, k.required('kernel')))
const separable = (rank: number) =>
  layer((k, b) => separablyConvolved(k, b, rank, k.required('depthwise_kernel'), k.required('pointwise_kernel')))

export const convLayers: LoweringRegistry = {
  Conv1D: withKernel(convolved, 1),
  Conv2D: withKernel(convolved, 2),
  Conv3D: withKernel(convolved, 3),
  DepthwiseConv1D: withKernel(depthwiseConvolved, 1),
  DepthwiseConv2D: withKernel(depthwiseConvolved, 2),
  SeparableConv1D: separable(1),
  SeparableConv2D: separable(2),
  Conv1DTranspose: withKernel(transposeConvolved, 1),
  Conv2DTranspose: withKernel(transposeConvolved, 2),
  Conv3DTranspose: withKernel(transposeConvolved, 3),
}
