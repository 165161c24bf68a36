/** Element types of the IR. Names are short forms of the TFLite/TensorFlow ones. */
export type DType =
  | 'f32'
  | 'f16'
  | 'bf16'
  | 'f64'
  | 'i4'
  | 'u4'
  | 'i2'
  | 'i8'
  | 'i16'
  | 'i32'
  | 'i64'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'u64'
  | 'bool'
  | 'string'
  | 'c64'
  | 'c128'
  | 'resource'
  | 'variant'

const bits: Readonly<Record<DType, number>> = {
  f32: 32,
  f16: 16,
  bf16: 16,
  f64: 64,
  i4: 4,
  u4: 4,
  i2: 2,
  i8: 8,
  i16: 16,
  i32: 32,
  i64: 64,
  u8: 8,
  u16: 16,
  u32: 32,
  u64: 64,
  bool: 8,
  string: 0,
  c64: 64,
  c128: 128,
  resource: 0,
  variant: 0,
}

/** The largest finite float32. */
export const largestF32 = 3.4028234663852886e38

/** Every dtype, in a fixed order. */
export const dtypes = Object.keys(bits) as readonly DType[]

/** Bits of one element; 0 where the size varies (`string`, `resource`, `variant`). */
export function bitsOf(dtype: DType): number {
  return bits[dtype]
}

/** Bytes of `count` elements; sub-byte types are packed, the last byte padded. */
export function byteLengthOf(dtype: DType, count: number): number {
  return Math.ceil((bits[dtype] * count) / 8)
}

export function isInteger(dtype: DType): boolean {
  return /^[iu]\d+$/.test(dtype)
}

type TypedArrayOf = {
  f32: Float32Array
  f64: Float64Array
  i8: Int8Array
  i16: Int16Array
  i32: Int32Array
  i64: BigInt64Array
  u8: Uint8Array
  u16: Uint16Array
  u32: Uint32Array
  u64: BigUint64Array
  bool: Uint8Array
  f16: Uint16Array
  bf16: Uint16Array
  c64: Float32Array
  c128: Float64Array
}
export type ViewableDType = keyof TypedArrayOf

const viewConstructors = {
  f32: Float32Array,
  f64: Float64Array,
  i8: Int8Array,
  i16: Int16Array,
  i32: Int32Array,
  i64: BigInt64Array,
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  u64: BigUint64Array,
  bool: Uint8Array,
  f16: Uint16Array,
  bf16: Uint16Array,
  c64: Float32Array,
  c128: Float64Array,
} as const

/**
 * The bytes as a typed array: a view where the alignment allows it, else a copy.
 * `f16` and `bf16` come as their raw 16 bits, `bool` as 0/1 bytes, complex types as interleaved (re, im).
 */
export function typedView<D extends ViewableDType>(dtype: D, bytes: Uint8Array): TypedArrayOf[D] {
  const C = viewConstructors[dtype] as unknown as {
    new (b: ArrayBufferLike, o: number, n: number): TypedArrayOf[D]
    BYTES_PER_ELEMENT: number
  }
  const aligned = bytes.byteOffset % C.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes)
  return new C(aligned.buffer, aligned.byteOffset, Math.floor(aligned.byteLength / C.BYTES_PER_ELEMENT))
}

export function isViewable(dtype: DType): dtype is ViewableDType {
  return dtype in viewConstructors
}

/** The bytes under a typed array, without a copy. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}
