import { byteLengthOf, bytesOf, type DType } from '../core/dtype.ts'
import { encodeElements } from '../core/elements.ts'

/*
 * Repeatable pseudo-random elements, for elided constants of IR text above all.
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
