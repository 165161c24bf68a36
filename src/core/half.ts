const f32 = new Float32Array(1)
const u32 = new Uint32Array(f32.buffer)

/**
 * Bits of the half-precision number nearest to `value`, ties to even; beyond the range it saturates to +-65504.
 * NaN keeps its sign and becomes quiet.
 */
export function toHalfBits(value: number): number {
  f32[0] = value
  const x = u32[0]!
  const sign = (x >>> 16) & 0x8000
  const magnitude = x & 0x7fff_ffff
  if (magnitude > 0x7f80_0000) return sign | 0x7e00
  // 65520 is the first value that would round to infinity.
  if (magnitude >= 0x477f_f000) return sign | 0x7bff
  if (magnitude < 0x3880_0000) {
    // Subnormal half: the float's bits at an exponent where the unit is 2^-24, rounded to even by the addition.
    f32[0] = Math.abs(value) + 0.5
    return sign | (u32[0]! - 0x3f00_0000)
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1)
  return sign | ((rounded - 0x3800_0000) >>> 13)
}

/** Half-precision bits of float32 elements. */
export function toHalf(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length)
  for (let i = 0; i < values.length; i++) out[i] = toHalfBits(values[i]!)
  return out
}

/** Bits of the half-precision number nearest to `value`, ties to even; beyond its range infinity, as casts give it. */
export function numberToF16(value: number): number {
  // From 65520 on, the midpoint between the largest half and what would be 65536, everything rounds to infinity.
  return Math.abs(Math.fround(value)) >= 65520 ? (value < 0 ? 0xfc00 : 0x7c00) : toHalfBits(value)
}

/** Bits of the bfloat16 nearest to `value`, ties to even. */
export function numberToBf16(value: number): number {
  f32[0] = value
  const x = u32[0]!
  if ((x & 0x7fff_ffff) > 0x7f80_0000) return (x >>> 16) | 0x40
  return ((x + 0x7fff + ((x >>> 16) & 1)) >>> 16) & 0xffff
}
