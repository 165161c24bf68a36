import type { ByteSource } from '../../core/bytes.ts'
import type { DowncastError } from '../../core/diagnostics.ts'
import { limitExceeded, malformed, truncated } from '../diagnostics.ts'

/** Where an HDF5 file keeps things: its bytes, sizes of addresses and lengths, and what addresses count from. */
export interface Layout {
  readonly source: ByteSource
  readonly base: number
  readonly addressSize: 2 | 4 | 8
  readonly lengthSize: 2 | 4 | 8
}

/** Reads little-endian fields of one structure, in order. What lies beyond its end is `wire/truncated`. */
export class Region {
  readonly layout: Layout
  /** Noun for errors: `object header`. */
  readonly what: string
  /** Byte offset of the region in the file. */
  readonly start: number
  readonly bytes: Uint8Array
  readonly #view: DataView
  at = 0

  constructor(layout: Layout, what: string, start: number, bytes: Uint8Array) {
    this.layout = layout
    this.what = what
    this.start = start
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** The region of `length` bytes at an address. */
  static open(layout: Layout, what: string, address: number, length: number): Region {
    const start = Region.check(layout, what, address, length)
    return new Region(layout, what, start, layout.source.read(start, length))
  }

  /** The byte offset of an address, when `length` bytes are there. */
  static check({ source, base }: Layout, what: string, address: number, length: number): number {
    const start = base + address
    if (start >= 0 && length >= 0 && start + length <= source.byteLength) return start
    const actual = `${Math.max(0, source.byteLength - start)}`
    throw truncated({ file: source.name, offset: start, what: `HDF5 ${what}`, expected: `${length} bytes`, actual })
  }

  get left(): number {
    return this.bytes.byteLength - this.at
  }

  /** Moves on by `length` bytes and returns where they began. */
  skip(length: number): number {
    if (!(length >= 0 && length <= this.left)) {
      throw truncated({
        file: this.layout.source.name,
        offset: this.start + this.at,
        what: `HDF5 ${this.what}`,
        expected: `${length} bytes`,
        actual: `${this.left}`,
      })
    }
    const from = this.at
    this.at += length
    return from
  }

  /** Moves on to the next multiple of `size` from the region's beginning, not beyond its end. */
  align(size: number): void {
    this.at = Math.min(this.bytes.byteLength, Math.ceil(this.at / size) * size)
  }

  u8(): number {
    return this.#view.getUint8(this.skip(1))
  }

  u16(): number {
    return this.#view.getUint16(this.skip(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.skip(4), true)
  }

  /** An unsigned integer of 1, 2, 4 or 8 bytes; beyond 2^53 it is `wire/limit-exceeded`. */
  unsigned(size: number): number {
    if (size === 1) return this.u8()
    if (size === 2) return this.u16()
    if (size === 4) return this.u32()
    const value = this.#view.getBigUint64(this.skip(8), true)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.limit('an integer below 2^53', String(value))
    return Number(value)
  }

  length(): number {
    return this.unsigned(this.layout.lengthSize)
  }

  /** undefined for the undefined address, all ones. */
  address(): number | undefined {
    const size = this.layout.addressSize
    const from = this.at
    if (this.left >= size && this.bytes.subarray(from, from + size).every((b) => b === 0xff)) {
      this.at += size
      return undefined
    }
    return this.unsigned(size)
  }

  take(length: number): Uint8Array {
    const from = this.skip(length)
    return this.bytes.subarray(from, from + length)
  }

  /** A part of this region as its own, from here on. */
  part(what: string, length: number): Region {
    const from = this.skip(length)
    return new Region(this.layout, what, this.start + from, this.bytes.subarray(from, from + length))
  }

  /** Text of `length` bytes, up to the first NUL. */
  text(length: number): string {
    return decodeText(this.take(length))
  }

  signature(expected: string): void {
    const found = String.fromCharCode(...this.take(4))
    if (found !== expected) throw this.bad(`the signature ${expected}`, JSON.stringify(found))
  }

  bad(expected: string, actual: string): DowncastError {
    return malformed({ file: this.layout.source.name, offset: this.start, what: `HDF5 ${this.what}`, expected, actual })
  }

  limit(expected: string, actual: string): DowncastError {
    return limitExceeded({ file: this.layout.source.name, offset: this.start, what: `HDF5 ${this.what}`, expected, actual })
  }
}

/** UTF-8 text up to the first NUL. */
export function decodeText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))
}
