import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { constantOf, permute, sliceAxis } from '../operands.ts'
import type { SourceOp } from '../source-op.ts'

type Spatial = readonly number[]

/** Sizes along the spatial dims of a window attribute `[1,h,w,1]` (`[1,1,h,w]`, `[1,d,h,w,1]`). Throws `lower/bad-attribute`. */
export function windowOf(n: SourceOp, name: string, spatial: Spatial): number[] {
  const rank = spatial.length + 2
  const list = n.list(name, rank)
  if (list.length !== rank) n.reject(`${name} must have ${rank} elements`)
  if (list.some((v, i) => !spatial.includes(i) && v !== 1)) n.reject(`${name} [${list.join(',')}] reaches over batch or channels`)
  if (list.some((v) => v < 1)) n.reject(`${name} [${list.join(',')}] must be positive`)
  return spatial.map((i) => list[i]!)
}

/** `dilations`; 1 where the file leaves them out, as it may. */
export function dilationsOf(n: SourceOp, spatial: Spatial): number[] {
  return n.has('dilations') && n.list('dilations').length > 0 ? windowOf(n, 'dilations', spatial) : spatial.map(() => 1)
}

/** SAME or VALID. */
export function paddingMode(n: SourceOp): 'same' | 'valid' {
  const mode = n.string('padding')
  return mode === 'SAME' ? 'same' : mode === 'VALID' ? 'valid' : n.reject(`padding ${mode} is not supported`)
}

/** (before, after) of each spatial dim of `explicit_paddings`. */
export function explicitPads(n: SourceOp, spatial: Spatial): number[] {
  const p = n.list('explicit_paddings', 2 * (spatial.length + 2))
  return spatial.flatMap((i) => [p[2 * i] ?? 0, p[2 * i + 1] ?? 0])
}

/** SAME or VALID, with explicit pads put in front: of zeros, or of `fill`. `x` has its channels last. */
export function padded(n: SourceOp, b: OpBuilder, x: Value, spatial: Spatial, fill?: number): { x: Value; padding: 'same' | 'valid' } {
  if (n.string('padding') !== 'EXPLICIT') return { x, padding: paddingMode(n) }
  const pads = explicitPads(n, spatial)
  if (pads.every((v) => v === 0)) return { x, padding: 'valid' }
  const paddings = b.i32([0, 0, ...pads, 0, 0], [spatial.length + 2, 2])
  const y = fill === undefined ? b.op(op.pad, [x, paddings]) : b.op(op.padv2, [x, paddings, constantOf(b, x.type.dtype, [fill])])
  return { x: y, padding: 'valid' }
}

/** Where the file has the channels before the sizes (NCHW, NCDHW). Throws for formats that are neither. */
export function isChannelsFirst(n: SourceOp, rank: number): boolean {
  const sizes = rank === 5 ? 'DHW' : 'HW'
  const format = n.string('data_format', `N${sizes}C`)
  if (format !== `N${sizes}C` && format !== `NC${sizes}`) n.reject(`data format ${format} is not supported`)
  return format === `NC${sizes}`
}

/** Channels moved behind the sizes. */
export function toChannelsLast(b: OpBuilder, x: Value): Value {
  const rank = x.type.shape.length
  return permute(b, x, [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1])
}

/** Channels moved back before the sizes. */
export function toChannelsFirst(b: OpBuilder, x: Value): Value {
  const rank = x.type.shape.length
  return permute(b, x, [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)])
}

/** Runs `work` on channels-last data; channels-first operands and results are transposed around it. `spatial` are dims in the attributes. */
export function channelsLast(n: SourceOp, b: OpBuilder, x: Value, work: (x: Value, spatial: number[]) => Value): Value {
  const rank = x.type.shape.length
  const first = isChannelsFirst(n, rank)
  const spatial = Array.from({ length: rank - 2 }, (_, i) => i + (first ? 2 : 1))
  return first ? toChannelsFirst(b, work(toChannelsLast(b, x), spatial)) : work(x, spatial)
}

/**
 * Where strides skip more than a window and SAME has elements left over, TensorFlow's kernels of volumes begin behind the first half of them,
 * those of pictures at the first element. `x` [N,D,H,W,C] without what is skipped at its beginning.
 * @see Eigen TensorVolumePatch.h
 */
export function betweenWindows(n: SourceOp, b: OpBuilder, x: Value, size: readonly number[], stride: readonly number[]): Value {
  if (paddingMode(n) !== 'same') return x
  return size.reduce<Value>((y, reach, i) => {
    const [step, length] = [stride[i]!, x.type.shape[i + 1]!]
    if (step < reach + 2) return y
    if (typeof length !== 'number') return n.reject(`with strides of ${step} over windows of ${reach} the size must be known`)
    const left = length - ((Math.ceil(length / step) - 1) * step + reach)
    return left < 2 ? y : sliceAxis(b, y, i + 1, Math.floor(left / 2), -1)
  }, x)
}
