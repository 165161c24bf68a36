import { mulDims } from '../core/dim.ts'
import type { Value } from '../ir/types.ts'
import type { OpBuilder } from '../ops/build.ts'
import { op } from '../ops/index.ts'
import { convolution, depthwiseConvolution } from './layers.ts'
import { reshapeTo, shapeOf, sliceAxis } from './operands.ts'

type Triple = [depth: number, height: number, width: number]

export interface VolumeOptions {
  readonly padding: 'same' | 'valid'
  readonly stride: Triple
  readonly dilation: Triple
}

/**
 * Input [N,D,H,W,C], filter [d,h,w,I,O] of known sizes, without a bias. CONV_3D has no groups: where the filter takes fewer channels than
 * there are, each of its d slices is a convolution of pictures, and these add up; where the pictures cannot be told, each group is on its own.
 */
export function volumeConvolution(b: OpBuilder, x: Value, filter: Value, options: VolumeOptions): Value {
  const [channels, each] = [x.type.shape[4], filter.type.shape[3] as number]
  const groups = typeof channels === 'number' ? channels / each : 1
  if (groups === 1 || !Number.isInteger(groups)) return b.op(op.conv3d, [x, filter, null], options)
  const frames = framesOf(b, x, filter.type.shape[0] as number, options)
  return frames ? addedUp(b, frames, filter, options) : ofGroups(b, x, filter, options, groups)
}

/** For each slice of the filter, the slices of the input that it meets: [N,D',H,W,C]. Undefined where their number is open and not that of the input. */
function framesOf(b: OpBuilder, x: Value, taps: number, { padding, stride, dilation }: VolumeOptions): Value[] | undefined {
  const [step, apart] = [stride[0], dilation[0]]
  const depth = x.type.shape[1]!
  const reach = (taps - 1) * apart
  const isAll = step === 1 && (padding === 'same' || reach === 0)
  if (typeof depth === 'string' && !isAll) return undefined
  const short = typeof depth === 'number' ? (Math.ceil(depth / step) - 1) * step + reach + 1 - depth : reach
  const total = padding === 'same' ? Math.max(0, short) : 0
  const before = Math.floor(total / 2)
  const wide = total === 0 ? x : b.op(op.pad, [x, b.i32([0, 0, before, total - before, 0, 0, 0, 0, 0, 0], [5, 2])])
  if (isAll && total === 0) return [x]
  return Array.from({ length: taps }, (_, t) => {
    const begin = b.i32([0, t * apart, 0, 0, 0])
    if (isAll) return b.op(op.slice, [wide, begin, shapeOf(b, x)])
    const count = Math.floor(((depth as number) + total - reach - 1) / step) + 1
    const end = b.i32([0, t * apart + (count - 1) * step + 1, 0, 0, 0])
    const others = 0b11101
    return b.op(op.stridedSlice, [wide, begin, end, b.i32([1, step, 1, 1, 1])], { beginMask: others, endMask: others })
  })
}

function addedUp(b: OpBuilder, frames: readonly Value[], filter: Value, { padding, stride, dilation }: VolumeOptions): Value {
  const [, h, w, each, out] = filter.type.shape as number[] as [number, number, number, number, number]
  const [batch, depth, ...picture] = frames[0]!.type.shape
  const channels = picture[2] as number
  const options = { padding, stride: [stride[1], stride[2]], dilation: [dilation[1], dilation[2]] } as const
  const isDepthwise = each === 1 && stride[1] === stride[2]
  const parts = frames.map((frame, t) => {
    const pictures = reshapeTo(b, frame, [mulDims(batch!, depth!), ...picture])
    const slice = sliceAxis(b, filter, 0, t, 1)
    return isDepthwise
      ? depthwiseConvolution(b, pictures, reshapeTo(b, slice, [h, w, channels, out / channels]), { ...options })
      : convolution(b, pictures, reshapeTo(b, slice, [h, w, each, out]), { ...options })
  })
  const sum = parts.reduce((y, part) => b.op(op.add, [y, part]))
  return reshapeTo(b, sum, [batch!, depth!, ...sum.type.shape.slice(1)], [frames[0]!, sum])
}

function ofGroups(b: OpBuilder, x: Value, filter: Value, options: VolumeOptions, groups: number): Value {
  const split = (v: Value) => b.ops(op.split, [b.i32([4], []), v], { numSplits: groups })
  const filters = split(filter)
  const parts = split(x).map((part, i) => b.op(op.conv3d, [part, filters[i]!, null], options))
  return b.op(op.concatenation, parts, { axis: 4 })
}
