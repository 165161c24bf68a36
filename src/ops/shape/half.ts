const word = new DataView(new ArrayBuffer(4))

/** Bits of the half-precision float nearest to x, ties to even; beyond its range infinity, subnormals kept. */
export function numberToF16(x: number): number {
  word.setFloat32(0, x)
  const bits = word.getUint32(0)
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00
  // From 65520 on, the midpoint to what would be 65536, everything rounds to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00
  if (magnitude < 0x38800000) return sign | roundShift((magnitude & 0x7fffff) | 0x800000, 126 - (magnitude >>> 23))
  return sign | (roundShift(magnitude, 13) - 0x1c000)
}

/** n / 2^shift, ties to even; a shift beyond the width gives 0. */
function roundShift(n: number, shift: number): number {
  if (shift > 25) return 0
  const kept = n >>> shift
  const rest = n - kept * 2 ** shift
  const half = 2 ** (shift - 1)
  return rest > half || (rest === half && kept & 1) ? kept + 1 : kept
}

/** Bits of the bfloat16 nearest to x, ties to even. */
export function numberToBf16(x: number): number {
  word.setFloat32(0, x)
  const bits = word.getUint32(0)
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff
}
