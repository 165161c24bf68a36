import { byteLengthOf, type DType } from '../core/dtype.ts'

/** A copy of the elements with the byte order of each reversed; the two halves of a complex number separately. */
export function swapBytes(dtype: DType, bytes: Uint8Array): Uint8Array {
  const size = byteLengthOf(dtype, 1) / (dtype === 'c64' || dtype === 'c128' ? 2 : 1)
  const out = new Uint8Array(bytes)
  if (size < 2) return out
  for (let at = 0; at + size <= out.length; at += size) out.subarray(at, at + size).reverse()
  return out
}
