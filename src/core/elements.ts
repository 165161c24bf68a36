import { byteLengthOf, bytesOf, type DType } from './dtype.ts'
import { numberToBf16, numberToF16 } from './half.ts'

/**
 * Row-major little-endian elements of a plain number type, rounded to the nearest; complex ones have no
 * imaginary part. 4-bit types take whole bytes of their storage.
 */
export function encodeElements(dtype: DType, values: readonly (number | bigint)[]): Uint8Array {
  const numbers = () => values.map(Number)
  const pairs = () => values.flatMap((v) => [Number(v), 0])
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
      return bytesOf(Uint16Array.from(numbers()))
    case 'f16':
      return bytesOf(Uint16Array.from(numbers(), numberToF16))
    case 'bf16':
      return bytesOf(Uint16Array.from(numbers(), numberToBf16))
    case 'c64':
      return bytesOf(Float32Array.from(pairs()))
    case 'c128':
      return bytesOf(Float64Array.from(pairs()))
    default:
      return Uint8Array.from(numbers()).subarray(0, byteLengthOf(dtype, values.length))
  }
}

function toBigInt(x: number | bigint): bigint {
  return typeof x === 'bigint' ? x : BigInt(Math.trunc(Number.isFinite(x) ? x : 0))
}
