import { type ConstData, lazyConst, scratch } from '../../core/bytes.ts'
import { byteLengthOf, typedView } from '../../core/dtype.ts'
import type { WeightBits } from '../../ops/spec.ts'
import { floatPieces } from './float-pieces.ts'
import type { Groups } from './groups.ts'
import type { Parameters } from './parameters.ts'

/** The constant of so many bits an element, computed piece by piece when it is asked for. Sub-byte elements are packed, low bits first. */
export function encoded(data: ConstData, groups: Groups, parameters: Parameters, bits: WeightBits): ConstData {
  const count = data.byteLength / 4
  const byteLength = byteLengthOf(bits === 8 ? 'i8' : bits === 4 ? 'i4' : 'i2', count)
  const perByte = 8 / bits
  // Pieces of other constants that are in use must stay: these bytes share no memory with them.
  const whole = (): Uint8Array => {
    const out = new Int8Array(Math.ceil(count / perByte) * perByte)
    new Encoder(groups, parameters).encode(typedView('f32', data.bytes()), out, 0)
    return packed(out, out.length, bits)
  }
  return lazyConst(byteLength, whole, undefined, function* () {
    const encoder = new Encoder(groups, parameters)
    /** Elements that did not fill a byte. */
    let held: number[] = []
    for (const piece of floatPieces(data)) {
      const length = held.length + piece.length
      const out = new Int8Array(scratch('encoded', length + perByte).buffer, 0, length + perByte)
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
  })
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

/** A product with the reciprocal is within this of the quotient, so farther from a half both round to the same integer. */
const sure = 0.4999
/** 1.5 * 2^52: adding it leaves no bits for a fraction. */
const noFraction = 6755399441055744

/** Turns elements into integers; knows where in the tensor it is. */
class Encoder {
  readonly #groups: Groups
  readonly #parameters: Parameters
  #group = 0
  #left: number

  constructor(groups: Groups, parameters: Parameters) {
    this.#groups = groups
    this.#parameters = parameters
    this.#left = groups.run
  }

  encode(values: Float32Array, out: Int8Array, at: number): void {
    const { run, count } = this.#groups
    if (run === 1) {
      this.#interleaved(values, out, at)
      return
    }
    for (let from = 0; from < values.length; ) {
      const to = Math.min(values.length, from + this.#left)
      encodeRun(values, from, to, out, at + from, this.#parameters, this.#group)
      this.#left -= to - from
      from = to
      if (this.#left > 0) continue
      this.#left = run
      this.#group = this.#group + 1 === count ? 0 : this.#group + 1
    }
  }

  /** Neighbours have different scales. */
  #interleaved(values: Float32Array, out: Int8Array, at: number): void {
    const { count } = this.#groups
    const { scales, zeroPoints, low, high, ties } = this.#parameters
    let group = this.#group
    for (let i = 0; i < values.length; i++) {
      const q = exact(values[i]!, scales[group]!, zeroPoints ? zeroPoints[group]! : 0, ties)
      out[at + i] = q < low ? low : q > high ? high : q
      group = group + 1 === count ? 0 : group + 1
    }
    this.#group = group
  }
}

function encodeRun(
  values: Float32Array,
  from: number,
  to: number,
  out: Int8Array,
  at: number,
  parameters: Parameters,
  group: number,
): void {
  const { scales, zeroPoints, low, high, ties } = parameters
  const scale = scales[group]!
  const zeroPoint = zeroPoints ? zeroPoints[group]! : 0
  const reciprocal = 1 / scale
  for (let i = from, k = at; i < to; i++, k++) {
    const x = values[i]! * reciprocal + zeroPoint
    let q = x + noFraction - noFraction
    const distance = x - q
    if (distance > sure || distance < -sure) q = exact(values[i]!, scale, zeroPoint, ties)
    // NaN, of 0 over a scale that became 0, is stored as 0.
    out[k] = q < low ? low : q > high ? high : q
  }
}

/** The quotient, rounded as the parameters have it; float32 steps where halves go to even. */
function exact(value: number, scale: number, zeroPoint: number, ties: Parameters['ties']): number {
  if (ties === 'even') {
    const x = Math.fround(Math.fround(value / scale) + zeroPoint)
    return x + noFraction - noFraction
  }
  const x = value / scale
  return x < 0 ? 0 - Math.floor(0.5 - x) : Math.floor(x + 0.5)
}
