import { type ConstData, constFromBytes, lazyConst, scratch } from '../core/bytes.ts'
import { bytesOf, type DType, typedView } from '../core/dtype.ts'
import { elementCount, type Shape } from '../core/shape.ts'
import type { Value } from '../ir/types.ts'
import { stateSteps, stepsOf } from '../ops/steps.ts'
import type { RewriteBuilder } from './rewrite-builder.ts'

/** Constants beyond this many elements are weights: nobody asks what is in them, so that they are not read. */
const maxVectorElements = 65_536

/** Elements of a small f32 constant; undefined for others. */
export function floatsOf(value: Value): Float32Array | undefined {
  if (!value.data || value.type.dtype !== 'f32') return undefined
  const count = elementCount(value.type.shape)
  return count === undefined || count > maxVectorElements ? undefined : typedView('f32', value.data.bytes())
}

/** What was found of constants, since their bytes may be computed anew at each look. */
const splats = new WeakMap<ConstData, { readonly number: number | undefined }>()

/** The one number all elements of a small constant are; undefined when they differ. */
export function splatOf({ data, type }: Value): number | undefined {
  if (!data || (elementCount(type.shape) ?? 0) > maxVectorElements) return undefined
  const known = splats.get(data)
  if (known) return known.number
  const number = findSplat(data, type.dtype)
  splats.set(data, { number })
  return number
}

function findSplat(data: ConstData, dtype: DType): number | undefined {
  if (dtype !== 'f32' && dtype !== 'i32' && dtype !== 'i64') return undefined
  const elements = typedView(dtype, data.bytes())
  const first = elements[0]
  for (let i = 1; i < elements.length; i++) if (elements[i] !== first) return undefined
  return first === undefined ? undefined : Number(first)
}

/** True when `value` is a constant of this number, within `relative` of it. */
export function isSplat(value: Value, x: number, relative = 0): boolean {
  const found = splatOf(value)
  return found !== undefined && (found === x || Math.abs(found - x) <= relative * Math.abs(x))
}

/** True for a shape that broadcasts along the last axis only: scalar, [C] or [1,..,1,C], of a rank up to `rank`. */
export function isChannelShape(shape: Shape, channels: number, rank: number): boolean {
  if (shape.length > rank) return false
  const last = shape.at(-1) ?? 1
  return (last === 1 || last === channels) && shape.slice(0, -1).every((d) => d === 1)
}

/** One f32 per channel from a constant of channel shape. */
export function channelVector(value: Value, channels: number): Float32Array {
  const found = typedView('f32', value.data!.bytes())
  return found.length === channels ? found : new Float32Array(channels).fill(found[0]!)
}

/** A small f32 constant, from a computation whose every step has been rounded to f32. */
export function vector(b: RewriteBuilder, name: string, elements: Float32Array): Value {
  return b.const(name, 'f32', [elements.length], constFromBytes(bytesOf(elements)))
}

/**
 * `weights` with each element multiplied by (or divided by) its channel's factor, rounded once to f32; computed when
 * the bytes are asked for. `axis` is the channels' axis; the weights are static.
 */
export function scaledAlong(b: RewriteBuilder, weights: Value, axis: number, factors: Float32Array, how: 'mul' | 'div'): Value {
  const shape = weights.type.shape as readonly number[]
  const scaled = scaledData(weights.data!, shape, axis, factors, how)
  const steps = stepsOf(weights.data!)
  if (steps) stateSteps(scaled, scaledData(steps, shape, axis, factors.map(Math.abs), how))
  return b.const(weights.name, 'f32', shape, scaled)
}

function scaledData(data: ConstData, shape: readonly number[], axis: number, factors: Float32Array, how: 'mul' | 'div'): ConstData {
  const inner = elementCount(shape.slice(axis + 1))!
  const channels = shape[axis]!
  /** `from` begins at element `start`; `to` may be the same memory. */
  const scale = (from: Float32Array, to: Float32Array, start: number): void => {
    let left = inner - (start % inner)
    for (let i = Math.floor(start / inner) % channels, at = 0; at < from.length; i = (i + 1) % channels, left = inner) {
      const factor = factors[i]!
      const end = Math.min(from.length, at + left)
      if (how === 'mul') for (; at < end; at++) to[at] = from[at]! * factor
      else for (; at < end; at++) to[at] = from[at]! / factor
    }
  }
  const compute = (): Uint8Array => {
    const from = typedView('f32', data.bytes())
    const to = new Float32Array(from.length)
    scale(from, to, 0)
    return bytesOf(to)
  }
  const pieces = function* (): Iterable<Uint8Array> {
    let start = 0
    for (const piece of data.pieces!()) {
      const from = typedView('f32', piece)
      const to = typedView('f32', scratch('scaled', piece.byteLength))
      scale(from, to, start)
      start += from.length
      yield bytesOf(to)
    }
  }
  return lazyConst(data.byteLength, compute, undefined, data.pieces && pieces)
}
