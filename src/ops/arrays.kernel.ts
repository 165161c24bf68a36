import { invariant } from '../core/diagnostics.ts'
import { byteLengthOf, bytesOf, type DType, isViewable, typedView } from '../core/dtype.ts'
import { type NdArray, sizeOf } from '../core/nd-array.ts'
import { elementCount, isStatic } from '../core/shape.ts'
import type { TensorType } from '../ir/types.ts'
import type { KernelContext } from './fold.ts'

/** Elements that are numbers to JavaScript; storing rounds (f32) or wraps (integers up to 32 bits). */
export type Numbers = Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array
export type BigInts = BigInt64Array | BigUint64Array

const numberArrays = {
  f32: Float32Array,
  f64: Float64Array,
  i4: Int8Array,
  i8: Int8Array,
  i16: Int16Array,
  i32: Int32Array,
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  bool: Uint8Array,
} as const

/** A present operand. */
export function operandAt(context: KernelContext, index: number): NdArray {
  const array = context.inputs[index]
  invariant(array, `operand ${index} is missing`)
  return array
}

export function isBig(dtype: DType): dtype is 'i64' | 'u64' {
  return dtype === 'i64' || dtype === 'u64'
}

/** Elements as numbers; i4 is unpacked, low nibble first. */
export function numbersOf(array: NdArray): Numbers {
  if (array.dtype === 'i4') return Int8Array.from(unpackNibbles(array.bytes, sizeOf(array)), (n) => (n << 28) >> 28)
  invariant(array.dtype in numberArrays && isViewable(array.dtype), `no plain numbers in ${array.dtype}`)
  return typedView(array.dtype, array.bytes) as Numbers
}

export function floatsOf(array: NdArray): Float32Array {
  invariant(array.dtype === 'f32', `expected f32, found ${array.dtype}`)
  return typedView('f32', array.bytes)
}

export function bigsOf(array: NdArray): BigInts {
  invariant(isBig(array.dtype), `expected 64-bit integers, found ${array.dtype}`)
  return typedView(array.dtype, array.bytes)
}

/** Elements of an integer operand (axes, sizes, indices) as numbers. */
export function intsOf(array: NdArray): readonly number[] | Numbers {
  return isBig(array.dtype) ? Array.from(bigsOf(array), Number) : numbersOf(array)
}

/** Zeros to store results in. */
export function makeNumbers(dtype: DType, count: number): Numbers {
  invariant(dtype in numberArrays, `no plain numbers in ${dtype}`)
  return new numberArrays[dtype as keyof typeof numberArrays](count)
}

export function makeBigs(dtype: 'i64' | 'u64', count: number): BigInts {
  return dtype === 'i64' ? new BigInt64Array(count) : new BigUint64Array(count)
}

/** Shape of a result, static by the contract of kernels. */
export function resultShape(context: KernelContext, index = 0): readonly number[] {
  const { shape } = context.results[index]!
  invariant(isStatic(shape), 'a kernel needs static result shapes')
  return shape
}

export function countOf(type: TensorType): number {
  const n = elementCount(type.shape)
  invariant(n !== undefined, 'a kernel needs static result shapes')
  return n
}

/** The array over `data`; i4 is packed. */
export function arrayOf(dtype: DType, shape: readonly number[], data: ArrayBufferView): NdArray {
  return { dtype, shape, bytes: dtype === 'i4' ? packNibbles(data as Int8Array) : bytesOf(data) }
}

/**
 * Elements as words that are copied whole: a tensor of 8-byte elements is one of 4-byte words with one more axis, so
 * that no element passes through a float register or becomes a BigInt. Sub-byte elements are unpacked to bytes.
 */
export interface Words {
  readonly data: Uint8Array | Uint16Array | Int32Array
  /** Words in one element. */
  readonly perElement: number
}

export function wordsOf(array: NdArray): Words {
  const { dtype, bytes } = array
  if (dtype === 'i4' || dtype === 'u4') return { data: unpackNibbles(bytes, sizeOf(array)), perElement: 1 }
  const size = byteLengthOf(dtype, 1)
  if (size === 1) return { data: bytes, perElement: 1 }
  if (size === 2) return { data: typedView('u16', bytes), perElement: 1 }
  invariant(size % 4 === 0 && size > 0, `elements of ${dtype} cannot be moved`)
  return { data: typedView('i32', bytes), perElement: size / 4 }
}

/** Zeroed words for `count` elements like those of `source`. */
export function makeWords(source: Words, count: number): Words {
  const n = count * source.perElement
  const data =
    source.data instanceof Int32Array ? new Int32Array(n) : source.data instanceof Uint16Array ? new Uint16Array(n) : new Uint8Array(n)
  return { data, perElement: source.perElement }
}

/** The array whose words these are. */
export function arrayOfWords(dtype: DType, shape: readonly number[], words: Words): NdArray {
  return { dtype, shape, bytes: dtype === 'i4' || dtype === 'u4' ? packNibbles(words.data) : bytesOf(words.data) }
}

function unpackNibbles(bytes: Uint8Array, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => (bytes[i >> 1]! >> (i & 1 ? 4 : 0)) & 15)
}

function packNibbles(nibbles: ArrayLike<number>): Uint8Array {
  const out = new Uint8Array((nibbles.length + 1) >> 1)
  for (let i = 0; i < nibbles.length; i++) out[i >> 1]! |= (nibbles[i]! & 15) << (i & 1 ? 4 : 0)
  return out
}
