import { mulDims } from '../core/dim.ts'
import type { Dim } from '../core/shape.ts'
import type { Value } from '../ir/types.ts'
import type { OpBuilder } from '../ops/build.ts'
import { op } from '../ops/index.ts'
import { samePadding, windowOutput } from '../ops/nn/window.ts'
import { convolution, depthwiseConvolution, type WindowOptions } from './layers.ts'
import { reshapeTo, shapeOf, sliceAxis } from './operands.ts'

type Triple = [depth: number, height: number, width: number]

export interface VolumeOptions {
  readonly padding: 'same' | 'valid'
  readonly stride: Triple
  readonly dilation: Triple
}

/**
 * Input [N,D,H,W,C], filter [d,h,w,I,O] of known sizes, without a bias. A filter that is flat, along D or along H and W, is one of
 * pictures: CONV_2D is faster and takes integers, and its kernels have groups. CONV_3D has none: where the filter takes fewer channels than
 * there are, each of its d slices is a convolution of pictures, and these add up; where the pictures cannot be told, each group is on its own.
 */
export function volumeConvolution(b: OpBuilder, x: Value, filter: Value, options: VolumeOptions): Value {
  const [taps, h, w, each] = filter.type.shape as number[] as [number, number, number, number]
  const { stride } = options
  const channels = x.type.shape[4]
  const groups = typeof channels === 'number' ? channels / each : 1
  if (x.type.shape.slice(2).every((d) => typeof d === 'number') && Number.isInteger(groups)) {
    if (taps === 1 && stride[0] === 1) return addedUp(b, [x], filter, options)
    if (h === 1 && w === 1 && stride[1] === 1 && stride[2] === 1) return alongDepth(b, x, filter, options)
  }
  if (groups === 1 || !Number.isInteger(groups)) return b.op(op.conv3d, [x, filter, null], options)
  const frames = framesOf(b, x, taps, options)
  return frames ? addedUp(b, frames, filter, options) : ofGroups(b, x, filter, options, groups)
}

/** A filter [d,1,1,I,O], over pictures of as many rows as slices and a column for each place. */
function alongDepth(b: OpBuilder, x: Value, filter: Value, { padding, stride, dilation }: VolumeOptions): Value {
  const [batch, depth, height, width, channels] = x.type.shape as [Dim, Dim, number, number, number]
  const rows = reshapeTo(b, x, [batch, depth, height * width, channels])
  const y = ofPictures(b, rows, squeezed(b, filter, 2), { padding, stride: [stride[0], 1], dilation: [dilation[0], 1] })
  return reshapeTo(b, y, [batch, y.type.shape[1]!, height, width, y.type.shape[3]!], [y])
}

/** Input [N,H,W,C], filter [h,w,I,O], in groups where I is less than C. */
function ofPictures(b: OpBuilder, x: Value, filter: Value, options: WindowOptions): Value {
  const [h, w, each, out] = filter.type.shape as number[] as [number, number, number, number]
  const channels = x.type.shape[3] as number
  // The depthwise kernel strides alike both ways.
  const isDepthwise = each === 1 && channels > 1 && options.stride[0] === options.stride[1]
  return isDepthwise
    ? depthwiseConvolution(b, x, reshapeTo(b, filter, [h, w, channels, out / channels]), options)
    : convolution(b, x, filter, options)
}

/** For each slice of the filter, the slices of the input that it meets: [N,D',H,W,C]. Undefined where their number is open and not that of the input. */
function framesOf(b: OpBuilder, x: Value, taps: number, { padding, stride, dilation }: VolumeOptions): Value[] | undefined {
  const [step, apart] = [stride[0], dilation[0]]
  const depth = x.type.shape[1]!
  const isAll = step === 1 && (padding === 'same' || taps === 1)
  if (typeof depth === 'string' && !isAll) return undefined
  // Without steps it is the same for every depth.
  const [before, total] = padding === 'same' ? samePadding(typeof depth === 'number' ? depth : 1, taps, step, apart) : [0, 0]
  const wide = total === 0 ? x : b.op(op.pad, [x, b.i32([0, 0, before, total - before, 0, 0, 0, 0, 0, 0], [5, 2])])
  return Array.from({ length: taps }, (_, t) => {
    const begin = b.i32([0, t * apart, 0, 0, 0])
    if (isAll) return b.op(op.slice, [wide, begin, shapeOf(b, x)])
    const count = windowOutput(depth, taps, step, apart, padding) as number
    const end = b.i32([0, t * apart + (count - 1) * step + 1, 0, 0, 0])
    const others = 0b11101
    return b.op(op.stridedSlice, [wide, begin, end, b.i32([1, step, 1, 1, 1])], { beginMask: others, endMask: others })
  })
}

function addedUp(b: OpBuilder, frames: readonly Value[], filter: Value, { padding, stride, dilation }: VolumeOptions): Value {
  const [batch, depth, ...picture] = frames[0]!.type.shape
  const options: WindowOptions = { padding, stride: [stride[1], stride[2]], dilation: [dilation[1], dilation[2]] }
  const parts = frames.map((frame, t) => {
    const pictures = reshapeTo(b, frame, [mulDims(batch!, depth!), ...picture])
    return ofPictures(b, pictures, squeezed(b, sliceAxis(b, filter, 0, t, 1), 0), options)
  })
  const sum = parts.reduce((y, part) => b.op(op.add, [y, part]))
  return reshapeTo(b, sum, [batch!, depth!, ...sum.type.shape.slice(1)], [frames[0]!, sum])
}

/** Without the axis, of size 1. */
const squeezed = (b: OpBuilder, x: Value, axis: number): Value => reshapeTo(b, x, x.type.shape.toSpliced(axis, 1))

function ofGroups(b: OpBuilder, x: Value, filter: Value, options: VolumeOptions, groups: number): Value {
  const split = (v: Value) => b.ops(op.split, [b.i32([4], []), v], { numSplits: groups })
  const filters = split(filter)
  const parts = split(x).map((part, i) => b.op(op.conv3d, [part, filters[i]!, null], options))
  return b.op(op.concatenation, parts, { axis: 4 })
}
