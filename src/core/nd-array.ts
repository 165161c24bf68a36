import { byteLengthOf, bytesOf, type DType, isViewable, typedView, type ViewableDType } from './dtype.ts'
import { elementCount } from './shape.ts'

/** A dense tensor value: row-major (C order), little-endian, `bytes.byteLength` = elements x element size. */
export interface NdArray {
  readonly dtype: DType
  readonly shape: readonly number[]
  /** May be a view on a file; not to be written to. */
  readonly bytes: Uint8Array
}

/** The array over a typed array, without a copy; `shape` defaults to one dimension. */
export function ndArray(
  dtype: ViewableDType,
  data: ArrayBufferView & { readonly length: number },
  shape: readonly number[] = [data.length],
): NdArray {
  return { dtype, shape, bytes: bytesOf(data) }
}

/** Number of elements. */
export function sizeOf(array: NdArray): number {
  return elementCount(array.shape)!
}

/** Element `i` (row-major) along the first axis, without that axis; a view. `i` is in range and the rank at least 1. */
export function rowOf(array: NdArray, i: number): NdArray {
  const shape = array.shape.slice(1)
  const byteLength = byteLengthOf(array.dtype, elementCount(shape)!)
  return { dtype: array.dtype, shape, bytes: array.bytes.subarray(i * byteLength, (i + 1) * byteLength) }
}

const f16Scratch = new DataView(new ArrayBuffer(4))

/** The float32 value of IEEE 754 half-precision bits. */
export function f16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** What all 65536 halves stand for. */
let halves: Float32Array | undefined

/** The float32 values of half-precision bits. */
export function f16ToFloat32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  halves ??= Float32Array.from({ length: 1 << 16 }, (_, h) => f16ToNumber(h))
  const values = new Float32Array(bits.length)
  for (let i = 0; i < bits.length; i++) values[i] = halves[bits[i]!]!
  return values
}

/** The float32 values of bfloat16 bits, which are their upper half. */
function bf16ToFloat32(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length)
  for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16
  return new Float32Array(words.buffer)
}

/** The float32 value of bfloat16 bits. */
export function bf16ToNumber(bits: number): number {
  f16Scratch.setUint32(0, (bits << 16) >>> 0)
  return f16Scratch.getFloat32(0)
}

/**
 * Elements as a float32 array: a view for aligned `f32`, else converted (64-bit integers and `f64` are rounded).
 * undefined for types that are not plain numbers.
 */
export function toFloat32(array: NdArray): Float32Array | undefined {
  const { dtype, bytes } = array
  if (!isViewable(dtype) || dtype === 'c64' || dtype === 'c128') return undefined
  if (dtype === 'f32') return typedView('f32', bytes)
  if (dtype === 'f16') return f16ToFloat32(typedView('f16', bytes))
  if (dtype === 'bf16') return bf16ToFloat32(typedView('bf16', bytes))
  if (dtype === 'i64' || dtype === 'u64') return Float32Array.from(typedView(dtype, bytes) as BigInt64Array, Number)
  // As `from` would, without its iterator.
  return new Float32Array(typedView(dtype, bytes) as Int32Array)
}
