import {
  add,
  below,
  type Code,
  constant,
  during,
  f32,
  f64,
  functionsOn,
  get,
  i32,
  int,
  memoryOf,
  moduleBytes,
  set,
  vector as v,
  v128,
} from '../../core/wasm-code.ts'

/** Elements that the kernel takes at a time. */
export const lanes = 16

/** All numbers of type i32 are addresses but `low` and `high`; `from` to `end` holds a multiple of 16 float32 elements. */
interface Functions {
  /** Of the bits of their magnitudes the largest in each of 4 lanes, at least what is at `out`, to `out`. */
  largest(from: number, end: number, out: number): void
  /** Of the bits of each magnitude and of what is at its place from `out` on the larger, to that place. */
  largestAlong(from: number, end: number, out: number): void
  /** round-half-even(f32(f32(x / scale) + zeroPoint)), clamped, as int8 to `to`; NaN becomes 0. */
  even(from: number, end: number, to: number, scale: number, zeroPoint: number, low: number, high: number): void
  /** The same with a scale and a zero point for each element, float32. */
  evenAlong(from: number, end: number, to: number, scales: number, zeroPoints: number, low: number, high: number): void
  /** round-half-away(x / scale) in float64, clamped, as int8. */
  away(from: number, end: number, to: number, scale: number, low: number, high: number): void
  awayAlong(from: number, end: number, to: number, scales: number, low: number, high: number): void
}

/** All bits of float32 lanes but the signs. */
const absolute = constant(Array.from({ length: 16 }, (_, i) => (i % 4 === 3 ? 0x7f : 0xff)))

const largest = (): Code => {
  const [from, end, out, most, mask] = [0, 1, 2, 3, 4]
  return [
    set(most, v.load(get(out))),
    set(mask, absolute),
    during(below(get(from), get(end)), [
      ...[0, 16, 32, 48].map((at) => set(most, v.maxI32(get(most), v.and(v.loadAt(get(from), at), get(mask))))),
      step(from, 4),
    ]),
    v.store(get(out), get(most), 0),
  ]
}

const largestAlong = (): Code => {
  const [from, end, out, mask] = [0, 1, 2, 3]
  return [
    set(mask, absolute),
    during(below(get(from), get(end)), [
      ...[0, 16, 32, 48].map((at) => v.store(get(out), v.maxI32(v.loadAt(get(out), at), v.and(v.loadAt(get(from), at), get(mask))), at)),
      step(from, 4),
      step(out, 4),
    ]),
  ]
}

/** 16 elements further, of so many bytes each. */
const step = (address: number, bytes: number): Code[] => Array.from({ length: bytes }, () => set(address, add(get(address), int(lanes))))

/** Four vectors of int32 as 16 of int8. */
const narrow = (four: (at: number) => Code): Code => v.narrowI16(v.narrowI32(four(0), four(16)), v.narrowI32(four(32), four(48)))

const even = (isAlong: boolean): Code => {
  const [from, end, to, scale, zeroPoint, low, high, scales, zeroPoints, lows, highs] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
  const rounded = (at: number): Code => {
    const scaled = v.divF32(v.loadAt(get(from), at), isAlong ? v.loadAt(get(scale), at) : get(scales))
    return v.truncate(v.nearestF32(v.addF32(scaled, isAlong ? v.loadAt(get(zeroPoint), at) : get(zeroPoints))))
  }
  return [
    ...(isAlong ? [] : [set(scales, v.splatF32(get(scale))), set(zeroPoints, v.splatF32(get(zeroPoint)))]),
    set(lows, v.splatI8(get(low))),
    set(highs, v.splatI8(get(high))),
    during(below(get(from), get(end)), [
      v.store(get(to), v.minI8(v.maxI8(narrow(rounded), get(lows)), get(highs)), 0),
      step(from, 4),
      step(to, 1),
      ...(isAlong ? [step(scale, 4), step(zeroPoint, 4)] : []),
    ]),
  ]
}

const away = (isAlong: boolean): Code => {
  const [from, end, to, scale, low, high, scales, x, q, sign, half, lows, highs] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
  // Of the number next below 1/2, so that a quotient next below 1/2 does not become 1.
  const nearHalf = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xdf, 0x3f]
  const signBit = [0, 0, 0, 0, 0, 0, 0, 0x80]
  const rounded = (two: Code, at: number): Code => [
    set(q, v.divF64(v.widen(two), isAlong ? v.loadAt(get(scale), at) : get(scales))),
    v.truncateF64(v.addF64(get(q), v.or(v.and(get(q), get(sign)), get(half)))),
  ]
  const four = (at: number): Code => [
    set(x, v.loadAt(get(from), at)),
    v.lowerHalves(rounded(get(x), 2 * at), rounded(v.upper(get(x)), 2 * at + 16)),
  ]
  return [
    ...(isAlong ? [] : [set(scales, v.splatF64(get(scale)))]),
    set(lows, v.splatI8(get(low))),
    set(highs, v.splatI8(get(high))),
    set(sign, constant([...signBit, ...signBit])),
    set(half, constant([...nearHalf, ...nearHalf])),
    during(below(get(from), get(end)), [
      v.store(get(to), v.minI8(v.maxI8(narrow(four), get(lows)), get(highs)), 0),
      step(from, 4),
      step(to, 1),
      ...(isAlong ? step(scale, 8) : []),
    ]),
  ]
}

const vectors = (n: number): number[] => new Array<number>(n).fill(v128)
/** Made when a kernel is first asked for: most conversions never do. */
const code = () =>
  moduleBytes([
    { name: 'largest', parameters: [i32, i32, i32], locals: vectors(2), body: largest() },
    { name: 'largestAlong', parameters: [i32, i32, i32], locals: vectors(1), body: largestAlong() },
    { name: 'even', parameters: [i32, i32, i32, f32, f32, i32, i32], locals: vectors(4), body: even(false) },
    { name: 'evenAlong', parameters: [i32, i32, i32, i32, i32, i32, i32], locals: vectors(4), body: even(true) },
    { name: 'away', parameters: [i32, i32, i32, f64, i32, i32], locals: vectors(7), body: away(false) },
    { name: 'awayAlong', parameters: [i32, i32, i32, i32, i32, i32], locals: vectors(7), body: away(true) },
  ])

/** Elements that the memory of the kernel holds. */
export const capacity = 2 ** 18
/** Scales and zero points for elements that have their own. */
export const alongCapacity = 2 ** 14
const placeOf = {
  elements: 0,
  codes: 4 * capacity,
  scales: 5 * capacity,
  zeroPoints: 5 * capacity + 8 * alongCapacity,
  out: 5 * capacity + 12 * alongCapacity,
}

export interface WeightKernel extends Functions {
  readonly elements: Float32Array
  /** The same elements. */
  readonly bits: Int32Array
  readonly codes: Int8Array
  /** Scales of elements that have their own: float64 for `awayAlong`, float32 for `evenAlong`. */
  readonly scales64: Float64Array
  readonly scales32: Float32Array
  readonly zeroPoints: Float32Array
  /** Where `largest` and `largestAlong` begin and what they find. */
  readonly out: Int32Array
  readonly place: typeof placeOf
}

let made: WeightKernel | undefined

/** The one kernel, on a memory of its own that does not grow. */
export function weightKernel(): WeightKernel {
  if (made) return made
  const memory = memoryOf(placeOf.out + 4 * alongCapacity)
  const { buffer } = memory
  const functions = functionsOn<Functions>(memory, code())
  made = {
    ...functions,
    elements: new Float32Array(buffer, placeOf.elements, capacity),
    bits: new Int32Array(buffer, placeOf.elements, capacity),
    codes: new Int8Array(buffer, placeOf.codes, capacity),
    scales64: new Float64Array(buffer, placeOf.scales, alongCapacity),
    scales32: new Float32Array(buffer, placeOf.scales, alongCapacity),
    zeroPoints: new Float32Array(buffer, placeOf.zeroPoints, alongCapacity),
    out: new Int32Array(buffer, placeOf.out, alongCapacity),
    place: placeOf,
  }
  return made
}
