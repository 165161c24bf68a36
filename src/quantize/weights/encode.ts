import { type ConstData, lazyConst } from '../../core/bytes.ts'
import { byteLengthOf, typedView } from '../../core/dtype.ts'
import { scratch } from '../../core/scratch.ts'
import type { WeightBits } from '../../ops/spec.ts'
import { floatPieces } from './float-pieces.ts'
import type { Groups } from './groups.ts'
import { alongCapacity, capacity, lanes, weightKernel } from './kernel.ts'
import type { Parameters } from './parameters.ts'
import { roundHalfEven } from './round-half-even.ts'

/** The constant of so many bits an element, computed piece by piece when it is asked for. Sub-byte elements are packed, low bits first. */
export function encoded(data: ConstData, groups: Groups, parameters: Parameters, bits: WeightBits): ConstData {
  const count = data.byteLength / 4
  const byteLength = byteLengthOf(bits === 8 ? 'i8' : bits === 4 ? 'i4' : 'i2', count)
  const perByte = 8 / bits
  // Pieces of other constants that are in use must stay: these bytes share no memory with them.
  const whole = (): Uint8Array => {
    const out = new Int8Array(count)
    new Encoder(groups, parameters).encode(typedView('f32', data.bytes()), out, 0)
    return packedCodes(out, bits)
  }
  const pieces = function* (): Iterable<Uint8Array> {
    const encoder = new Encoder(groups, parameters)
    /** Elements that did not fill a byte. */
    let held: number[] = []
    for (const piece of floatPieces(data)) {
      const length = held.length + piece.length
      const out = typedView('i8', scratch('encoded', length + perByte))
      out.set(held)
      encoder.encode(piece, out, held.length)
      const full = length - (length % perByte)
      held = Array.from(out.subarray(full, length))
      if (full > 0) yield packed(out, full, bits)
    }
    if (held.length > 0)
      yield packed(
        Int8Array.from({ length: perByte }, (_, i) => held[i] ?? 0),
        perByte,
        bits,
      )
  }
  return lazyConst(byteLength, whole, undefined, { pieces })
}

/** Integers as they are stored, those below 8 bits packed; may be in the same memory. */
export function packedCodes(codes: Int8Array, bits: WeightBits): Uint8Array {
  const perByte = 8 / bits
  if (codes.length % perByte === 0) return packed(codes, codes.length, bits)
  const out = new Int8Array(Math.ceil(codes.length / perByte) * perByte)
  out.set(codes)
  return packed(out, out.length, bits)
}

/** `length` elements, a multiple of those in a byte, packed in place. */
function packed(elements: Int8Array, length: number, bits: WeightBits): Uint8Array {
  const bytes = new Uint8Array(elements.buffer, elements.byteOffset, length)
  if (bits === 8) return bytes
  if (bits === 4) {
    for (let i = 0, k = 0; k < length; i++, k += 2) bytes[i] = (bytes[k]! & 15) | (bytes[k + 1]! << 4)
    return bytes.subarray(0, length / 2)
  }
  for (let i = 0, k = 0; k < length; i++, k += 4)
    bytes[i] = (bytes[k]! & 3) | ((bytes[k + 1]! & 3) << 2) | ((bytes[k + 2]! & 3) << 4) | (bytes[k + 3]! << 6)
  return bytes.subarray(0, length / 4)
}

/** Turns elements into integers; knows where in the tensor it is. */
class Encoder {
  readonly #groups: Groups
  readonly #parameters: Parameters
  readonly #kernel = weightKernel()
  #group = 0
  #left: number

  constructor(groups: Groups, parameters: Parameters) {
    this.#groups = groups
    this.#parameters = parameters
    this.#left = groups.run
  }

  encode(values: Float32Array, out: Int8Array, at: number): void {
    const { elements, codes } = this.#kernel
    const take = this.#groups.run === 1 ? this.#interleaved : this.#runs
    for (let begin = 0; begin < values.length; begin += capacity) {
      const part = values.subarray(begin, begin + capacity)
      elements.set(part)
      take.call(this, part.length)
      out.set(codes.subarray(0, part.length), at + begin)
    }
  }

  #runs(length: number): void {
    const { run, count } = this.#groups
    const { scales, zeroPoints } = this.#parameters
    for (let from = 0; from < length; ) {
      const to = Math.min(length, from + this.#left)
      this.#run(from, to, scales[this.#group]!, zeroPoints?.[this.#group] ?? 0)
      this.#left -= to - from
      from = to
      if (this.#left > 0) continue
      this.#left = run
      this.#group = this.#group + 1 === count ? 0 : this.#group + 1
    }
  }

  /** Elements of one group. */
  #run(from: number, to: number, scale: number, zeroPoint: number): void {
    const kernel = this.#kernel
    const { place } = kernel
    const { low, high, ties } = this.#parameters
    const end = to - ((to - from) % lanes)
    const [begin, stop, target] = [place.elements + 4 * from, place.elements + 4 * end, place.codes + from]
    if (ties === 'even') kernel.even(begin, stop, target, scale, zeroPoint, low, high)
    else kernel.away(begin, stop, target, scale, low, high)
    for (let i = end; i < to; i++) this.#one(i, scale, zeroPoint)
  }

  /** Neighbours have different scales. */
  #interleaved(length: number): void {
    const { scales, zeroPoints } = this.#parameters
    const { count } = this.#groups
    for (let from = 0; from < length; ) {
      const first = this.#group
      const to = Math.min(length, from + Math.min(count - first, alongCapacity))
      const end = to - ((to - from) % lanes)
      if (end > from) this.#along(from, end, first)
      for (let i = end; i < to; i++) this.#one(i, scales[first + i - from]!, zeroPoints?.[first + i - from] ?? 0)
      this.#group = (first + to - from) % count
      from = to
    }
  }

  #along(from: number, end: number, first: number): void {
    const kernel = this.#kernel
    const { place, scales32, scales64, zeroPoints: places } = kernel
    const { scales, zeroPoints, low, high, ties } = this.#parameters
    const [begin, stop, target] = [place.elements + 4 * from, place.elements + 4 * end, place.codes + from]
    const last = first + end - from
    if (ties === 'away') {
      scales64.set(scales.subarray(first, last))
      kernel.awayAlong(begin, stop, target, place.scales, low, high)
      return
    }
    scales32.set(scales.subarray(first, last))
    if (zeroPoints) places.set(zeroPoints.subarray(first, last))
    else places.fill(0, 0, last - first)
    kernel.evenAlong(begin, stop, target, place.scales, place.zeroPoints, low, high)
  }

  #one(i: number, scale: number, zeroPoint: number): void {
    const { elements, codes } = this.#kernel
    // NaN, of 0 over a scale that became 0, is stored as 0.
    codes[i] = codeOf(elements[i]!, scale, zeroPoint, this.#parameters)
  }
}

/** The integer of an element. */
export function codeOf(value: number, scale: number, zeroPoint: number, { low, high, ties }: Parameters): number {
  const q = exact(value, scale, zeroPoint, ties)
  return q < low ? low : q > high ? high : q
}

/** The quotient, rounded as the parameters have it; float32 steps where halves go to even. */
function exact(value: number, scale: number, zeroPoint: number, ties: Parameters['ties']): number {
  if (ties === 'even') {
    const x = Math.fround(Math.fround(value / scale) + zeroPoint)
    return roundHalfEven(x)
  }
  const x = value / scale
  const whole = Math.trunc(x)
  return Math.abs(x - whole) >= 0.5 ? whole + Math.sign(x) : whole
}
