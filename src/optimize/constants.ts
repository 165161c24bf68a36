import { type ConstData, constFromBytes, lazyConst } from '../core/bytes.ts'
import { byteLengthOf, bytesOf, isViewable, typedView } from '../core/dtype.ts'
import { isScratch, scratch } from '../core/scratch.ts'
import { scratchKernel } from '../core/scratch-kernel.ts'
import { elementCount, type Shape } from '../core/shape.ts'
import type { Value } from '../ir/types.ts'
import { foldedFrom } from '../ops/fold.ts'
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
const repeats = new WeakMap<ConstData, { readonly element: Uint8Array | undefined }>()

/**
 * Bytes of the one element that all others of a constant are like, bit by bit; undefined when they differ, when there are none, and for
 * large constants of which nothing can be said without computing them.
 */
export function repeatedElement({ data, type }: Value): Uint8Array | undefined {
  if (!data || !isViewable(type.dtype)) return undefined
  const known = repeats.get(data)
  if (known) return known.element
  const element = findRepeated(data, byteLengthOf(type.dtype, 1))
  repeats.set(data, { element })
  return element
}

/** Enough to tell weights from a repeated number. */
const headBytes = 16

function findRepeated(data: ConstData, size: number): Uint8Array | undefined {
  if (data.byteLength < size) return undefined
  if (data.element?.byteLength === size) return data.element
  const head = data.head?.(headBytes)
  if (head ? !isRepeated(head, head.subarray(0, size)) : !isCheap(data)) return undefined
  let element: Uint8Array | undefined
  for (const piece of data.pieces?.() ?? [data.bytes()]) {
    element ??= piece.slice(0, size)
    if (!isRepeated(piece, element)) return undefined
  }
  return element
}

const smallBytes = 64

/** Small, or computed from little. */
function isCheap(data: ConstData): boolean {
  const from = foldedFrom(data)?.from
  return data.byteLength <= maxVectorElements * 4 || (from !== undefined && [...from].every((c) => c.byteLength <= smallBytes || c.element))
}

function isRepeated(bytes: Uint8Array, element: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== element[i % element.length]) return false
  return true
}

/** What was found of constants as numbers. */
const splats = new WeakMap<ConstData, { readonly number: number | undefined }>()

/** The one number all elements of a small constant are, 0 and -0 being one; undefined when they differ. */
export function splatOf({ data, type }: Value): number | undefined {
  const { dtype, shape } = type
  if ((dtype !== 'f32' && dtype !== 'i32' && dtype !== 'i64') || !data || (elementCount(shape) ?? 0) > maxVectorElements) return undefined
  const known = splats.get(data)
  if (known) return known.number
  const head = data.head?.(headBytes)
  const number = head && sameNumber(dtype, head) === undefined ? undefined : sameNumber(dtype, data.bytes())
  splats.set(data, { number })
  return number
}

function sameNumber(dtype: 'f32' | 'i32' | 'i64', bytes: Uint8Array): number | undefined {
  const elements = typedView(dtype, bytes)
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
  if (steps?.zeroPoint === 128) stateSteps(scaled, { of: scaledData(steps.of, shape, axis, factors.map(Math.abs), how), zeroPoint: 128 })
  return b.const(weights.name, 'f32', shape, scaled)
}

/** Runs from this length on are worth a call of the kernel. */
const longRun = 64

/** Elements `start` to `end`. */
function scaleRun(from: Float32Array, to: Float32Array, start: number, end: number, factor: number, how: 'mul' | 'div'): void {
  let at = start
  const kernel = end - start >= longRun && isScratch(from) && isScratch(to) ? scratchKernel(end - start) : undefined
  if (kernel) {
    at = end - ((end - start) % 8)
    const run = how === 'mul' ? kernel.multiply : kernel.divide
    run(from.byteOffset + 4 * start, from.byteOffset + 4 * at, to.byteOffset + 4 * start, factor)
  }
  if (how === 'mul') for (; at < end; at++) to[at] = from[at]! * factor
  else for (; at < end; at++) to[at] = from[at]! / factor
}

/** Neighbours have different factors, from the one at `first` on in turn. */
function scaleInTurn(from: Float32Array, to: Float32Array, factors: Float32Array, first: number, how: 'mul' | 'div'): void {
  const last = factors.length - 1
  let i = first
  for (let at = 0; at < from.length; at++) {
    to[at] = how === 'mul' ? from[at]! * factors[i]! : from[at]! / factors[i]!
    i = i === last ? 0 : i + 1
  }
}

function scaledData(data: ConstData, shape: readonly number[], axis: number, factors: Float32Array, how: 'mul' | 'div'): ConstData {
  const inner = elementCount(shape.slice(axis + 1))!
  const channels = shape[axis]!
  /** `from` begins at element `start`; `to` may be the same memory. */
  const scale = (from: Float32Array, to: Float32Array, start: number): void => {
    if (inner === 1) {
      scaleInTurn(from, to, factors, start % channels, how)
      return
    }
    let left = inner - (start % inner)
    for (let i = Math.floor(start / inner) % channels, at = 0; at < from.length; i = i + 1 === channels ? 0 : i + 1, left = inner) {
      const end = Math.min(from.length, at + left)
      scaleRun(from, to, at, end, factors[i]!, how)
      at = end
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
  const head = (n: number): Uint8Array => {
    const from = typedView('f32', data.head!(n))
    const to = new Float32Array(from.length)
    scale(from, to, 0)
    return bytesOf(to)
  }
  return lazyConst(data.byteLength, compute, undefined, { pieces: data.pieces && pieces, head: data.head && head })
}
