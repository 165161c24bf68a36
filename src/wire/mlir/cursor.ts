import { limitExceeded, malformed, truncated } from '../diagnostics.ts'

const utf8 = new TextDecoder('utf-8')

/** Primitive values of MLIR bytecode, bounds checked. @see https://mlir.llvm.org/docs/BytecodeFormat/ */
export class Cursor {
  readonly bytes: Uint8Array
  /** What messages call the bytes. */
  readonly file: string
  position: number
  end: number

  constructor(bytes: Uint8Array, file: string, position = 0, end = bytes.byteLength) {
    this.bytes = bytes
    this.file = file
    this.position = position
    this.end = end
  }

  /** A cursor over another range of the same bytes. */
  over({ start, end }: Range): Cursor {
    return new Cursor(this.bytes, this.file, start, end)
  }

  get left(): number {
    return this.end - this.position
  }

  byte(): number {
    return this.bytes[this.#take(1, 'byte')]!
  }

  /** A variable-width integer that counts or indexes, so within 2^53. */
  varint(): number {
    const first = this.position < this.end ? this.bytes[this.position]! : 0
    if (first & 1) {
      this.position++
      return first >> 1
    }
    const at = this.position
    const value = this.bigVarint()
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.fault('number', 'at most 2^53', `${value}`, at)
    return Number(value)
  }

  /** The count of zero bits that the first byte ends with is the count of bytes that follow it. */
  bigVarint(): bigint {
    const at = this.#take(1, 'number')
    const first = this.bytes[at]!
    const more = first === 0 ? 8 : 31 - Math.clz32(first & -first)
    this.#take(more, 'number')
    let value = 0n
    for (let i = more; i > 0; i--) value = (value << 8n) | BigInt(this.bytes[at + i]!)
    return more === 8 ? value : ((value << 8n) | BigInt(first)) >> BigInt(more + 1)
  }

  /** 64 bits, zigzag. */
  signed(): bigint {
    const n = this.bigVarint()
    return (n >> 1n) ^ -(n & 1n)
  }

  /** A count of things of at least `size` bytes each that follow. */
  count(what: string, size = 1): number {
    const at = this.position
    const count = this.varint()
    if (count * size > this.left) throw this.fault(what, `at most ${Math.floor(this.left / size)}, as bytes are left`, `${count}`, at)
    return count
  }

  /** An index into a table of `count`. */
  index(what: string, count: number): number {
    const at = this.position
    return this.checked(this.varint(), what, count, at)
  }

  checked(index: number, what: string, count: number, at: number): number {
    if (index >= count) throw this.fault(`index of ${what}`, `below ${count}`, `${index}`, at)
    return index
  }

  /** The next `length` bytes, passed over. */
  range(length: number, what: string): Range {
    const start = this.#take(length, what)
    return { start, end: this.position }
  }

  /** A view of bytes after their length. */
  blob(): Uint8Array {
    const { start, end } = this.range(this.varint(), 'blob')
    return this.bytes.subarray(start, end)
  }

  zeroTerminated(what: string): string {
    const start = this.position
    const end = this.bytes.indexOf(0, start)
    if (end < 0 || end >= this.end) throw truncated({ file: this.file, offset: start, what, expected: 'a text that ends with 0' })
    this.position = end + 1
    return this.text(start, end)
  }

  text(start: number, end: number): string {
    return utf8.decode(this.bytes.subarray(start, end))
  }

  /** A section: its number and the bytes in it, passed over. */
  section(): { readonly id: number; readonly range: Range } {
    const head = this.byte()
    const length = this.varint()
    if (head & 0x80) this.#align(this.varint())
    return { id: head & 0x7f, range: this.range(length, 'section') }
  }

  #align(alignment: number): void {
    if (alignment === 0 || alignment > 2 ** 30 || (alignment & (alignment - 1)) !== 0) {
      throw this.fault('alignment', 'a power of 2', `${alignment}`)
    }
    const padding = (alignment - (this.position % alignment)) % alignment
    this.#take(padding, 'padding')
  }

  #take(length: number, what: string): number {
    const at = this.position
    if (length > this.end - at) {
      throw truncated({ file: this.file, offset: at, what, expected: `${length} bytes`, actual: `${this.end - at}` })
    }
    this.position = at + length
    return at
  }

  fault(what: string, expected: string, actual?: string, offset = this.position) {
    return malformed({ file: this.file, offset, what, expected, actual })
  }

  limit(what: string, expected: string, actual?: string) {
    return limitExceeded({ file: this.file, offset: this.position, what, expected, actual })
  }
}

export interface Range {
  readonly start: number
  readonly end: number
}
