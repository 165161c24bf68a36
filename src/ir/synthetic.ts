import { byteLengthOf, bytesOf, type DType } from '../core/dtype.ts'

/*
 * Elements for constants of IR text: written values as bytes, and repeatable pseudo-random ones for elided values.
 */

/** A repeatable sequence of numbers in [0, 1). @see Marsaglia, Xorshift RNGs (2003), 32-bit triple (13, 17, 5) */
export function seededRandom(seed: number): () => number {
  // A zero state would stay zero; the multiplication parts neighbouring seeds.
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 4294967296
  }
}

/** Floats in [-1, 1), integers in [-8, 7] (unsigned: [0, 15]), bools; other types random bytes. */
export function randomElements(dtype: DType, count: number, seed: number): Uint8Array {
  const next = seededRandom(seed)
  switch (dtype) {
    case 'f32':
      return bytesOf(Float32Array.from({ length: count }, () => 2 * next() - 1))
    case 'f64':
      return bytesOf(Float64Array.from({ length: count }, () => 2 * next() - 1))
    case 'bool':
      return Uint8Array.from({ length: count }, () => (next() < 0.5 ? 0 : 1))
    case 'i8':
    case 'i16':
    case 'i32':
    case 'i64':
      return encodeElements(
        dtype,
        Array.from({ length: count }, () => Math.floor(next() * 16) - 8),
      )
    default:
      return Uint8Array.from({ length: byteLengthOf(dtype, count) }, () => Math.floor(next() * 16))
  }
}

/** Row-major little-endian elements of a plain number type; 4-bit and 16-bit float types take raw integers of their storage. */
export function encodeElements(dtype: DType, values: readonly (number | bigint)[]): Uint8Array {
  const numbers = () => values.map(Number)
  switch (dtype) {
    case 'f32':
      return bytesOf(Float32Array.from(numbers()))
    case 'f64':
      return bytesOf(Float64Array.from(numbers()))
    case 'i64':
      return bytesOf(BigInt64Array.from(values, toBigInt))
    case 'u64':
      return bytesOf(BigUint64Array.from(values, toBigInt))
    case 'i32':
      return bytesOf(Int32Array.from(numbers()))
    case 'u32':
      return bytesOf(Uint32Array.from(numbers()))
    case 'i16':
      return bytesOf(Int16Array.from(numbers()))
    case 'u16':
    case 'f16':
    case 'bf16':
      return bytesOf(Uint16Array.from(numbers()))
    default:
      return Uint8Array.from(numbers()).subarray(0, byteLengthOf(dtype, values.length))
  }
}

function toBigInt(x: number | bigint): bigint {
  return typeof x === 'bigint' ? x : BigInt(Math.trunc(Number.isFinite(x) ? x : 0))
}
