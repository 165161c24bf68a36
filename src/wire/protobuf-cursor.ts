import { limitExceeded, malformed, truncated } from './diagnostics.ts'

/** Where in the message tree a cursor is: a linked list, printed only for errors. */
export interface PathNode {
  readonly parent: PathNode | undefined
  readonly field: string
  /** Index of a repeated field, key of a map entry. */
  readonly at: number | string | undefined
}

/** In the format's own spelling: `meta_graphs[0].graph_def`. */
export function formatPath(node: PathNode | undefined): string {
  const parts: string[] = []
  for (let n = node; n; n = n.parent) {
    const at = n.at === undefined ? '' : `[${typeof n.at === 'string' ? JSON.stringify(n.at.slice(0, 200)) : n.at}]`
    parts.push(n.field.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`) + at)
  }
  return parts.reverse().join('.')
}

const utf8 = new TextDecoder('utf-8')

/** What is being decoded, shared by all cursors over it. */
export interface Input {
  readonly file: string
  readonly bytes: Uint8Array
  readonly view: DataView
  /** Offset of `bytes[0]` in the file. */
  readonly base: number
  /** How many nested messages may still be decoded. */
  messagesLeft: number
}

/** Halves of the varint read last. */
let low = 0
let high = 0

/** Primitive values of the protobuf wire format, bounds checked. @see https://protobuf.dev/programming-guides/encoding/ */
export class Cursor {
  readonly input: Input
  readonly bytes: Uint8Array
  position: number
  /** End of the message being read. */
  end: number
  path: PathNode | undefined
  /** Name of the field being read. */
  field: string

  constructor(input: Input, start: number, end: number) {
    this.input = input
    this.bytes = input.bytes
    this.position = start
    this.end = end
    this.path = undefined
    this.field = ''
  }

  /** A cursor over another range of the same input. */
  over(start: number, end: number): Cursor {
    return new Cursor(this.input, start, end)
  }

  get where(): { file: string; offset: number; path: string } {
    const path = this.field === '' ? this.path : { parent: this.path, field: this.field, at: undefined }
    return { file: this.input.file, offset: this.input.base + this.position, path: formatPath(path) }
  }

  #varint(): void {
    const { bytes, end } = this
    const start = this.position
    let p = start
    low = 0
    high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (p >= end) throw truncated({ ...this.where, what: 'varint', expected: 'another byte', actual: 'the end of the message' })
      const b = bytes[p++]!
      const low7 = b & 0x7f
      if (shift < 28) low |= low7 << shift
      else if (shift === 28) {
        low |= low7 << 28
        high = low7 >> 4
      } else high |= low7 << (shift - 32)
      if (b < 0x80) {
        this.position = p
        return
      }
    }
    throw malformed({ ...this.where, what: 'varint', expected: 'at most 10 bytes' })
  }

  /** Low 32 bits of a varint, unsigned; tags, lengths, enums, uint32. */
  uint32(): number {
    const b = this.position < this.end ? this.bytes[this.position]! : 0x80
    if (b < 0x80) {
      this.position++
      return b
    }
    this.#varint()
    return low >>> 0
  }

  int32(): number {
    return this.uint32() | 0
  }

  sint32(): number {
    const n = this.uint32()
    return (n >>> 1) ^ -(n & 1)
  }

  bool(): boolean {
    this.#varint()
    return (low | high) !== 0
  }

  /** As a double: exact up to 2^53. */
  int64(): number {
    const b = this.position < this.end ? this.bytes[this.position]! : 0x80
    if (b < 0x80) {
      this.position++
      return b
    }
    this.#varint()
    return high * 2 ** 32 + (low >>> 0)
  }

  /** As a double: exact up to 2^53. */
  uint64(): number {
    this.#varint()
    return (high >>> 0) * 2 ** 32 + (low >>> 0)
  }

  bigInt64(): bigint {
    this.#varint()
    return (BigInt(high) << 32n) | BigInt(low >>> 0)
  }

  bigUint64(): bigint {
    return BigInt.asUintN(64, this.bigInt64())
  }

  #fixed(size: number): number {
    const p = this.position
    if (this.end - p < size) {
      throw truncated({ ...this.where, what: 'number', expected: `${size} bytes`, actual: `${this.end - p}` })
    }
    this.position = p + size
    return p
  }

  float(): number {
    return this.input.view.getFloat32(this.#fixed(4), true)
  }

  double(): number {
    return this.input.view.getFloat64(this.#fixed(8), true)
  }

  fixed32(): number {
    return this.input.view.getUint32(this.#fixed(4), true)
  }

  sfixed32(): number {
    return this.input.view.getInt32(this.#fixed(4), true)
  }

  fixed64(): bigint {
    return this.input.view.getBigUint64(this.#fixed(8), true)
  }

  sfixed64(): bigint {
    return this.input.view.getBigInt64(this.#fixed(8), true)
  }

  /** Reads a length and checks that so many bytes follow; the end of what is length-delimited. */
  delimitedEnd(): number {
    const length = this.uint32()
    const left = this.end - this.position
    if (length > left) throw truncated({ ...this.where, what: 'field', expected: `${length} bytes`, actual: `${left}` })
    return this.position + length
  }

  /** A view. */
  delimited(): Uint8Array {
    const end = this.delimitedEnd()
    const view = this.bytes.subarray(this.position, end)
    this.position = end
    return view
  }

  string(): string {
    const end = this.delimitedEnd()
    const { bytes } = this
    const start = this.position
    this.position = end
    const view = bytes.subarray(start, end)
    // Short ASCII, as nearly all names are, is faster without the decoder; the bound keeps the arguments few.
    if (end - start > 256) return utf8.decode(view)
    for (let i = start; i < end; i++) if (bytes[i]! >= 0x80) return utf8.decode(view)
    return String.fromCharCode.apply(null, view as unknown as number[])
  }

  /** Passes over a field of any wire type. */
  skip(tag: number, depth = 0): void {
    switch (tag & 7) {
      case 0:
        this.#varint()
        return
      case 1:
        this.#fixed(8)
        return
      case 2:
        this.position = this.delimitedEnd()
        return
      case 3:
        if (depth > 100) throw limitExceeded({ ...this.where, what: 'group nesting', expected: 'at most 100 levels' })
        for (;;) {
          const inner = this.uint32()
          if ((inner & 7) === 4) {
            if (inner >>> 3 === tag >>> 3) return
            throw malformed({ ...this.where, what: 'group', expected: `end of group ${tag >>> 3}`, actual: `of ${inner >>> 3}` })
          }
          this.skip(inner, depth + 1)
        }
      case 5:
        this.#fixed(4)
        return
      default:
        throw malformed({ ...this.where, what: 'tag', expected: 'wire type 0, 1, 2, 3 or 5', actual: `${tag & 7}` })
    }
  }
}
