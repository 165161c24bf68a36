import { toHalfBits } from '../../core/half.ts'

const word = new DataView(new ArrayBuffer(4))

/** Bits of the half-precision float nearest to x, ties to even; beyond its range infinity. */
export function numberToF16(x: number): number {
  // From 65520 on, the midpoint between the largest half and what would be 65536, everything rounds to infinity.
  return Math.abs(Math.fround(x)) >= 65520 ? (x < 0 ? 0xfc00 : 0x7c00) : toHalfBits(x)
}

/** Bits of the bfloat16 nearest to x, ties to even. */
export function numberToBf16(x: number): number {
  word.setFloat32(0, x)
  const bits = word.getUint32(0)
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff
}
