import { limitExceeded, malformed } from '../diagnostics.ts'
import { type FlexRead, flexType } from './types.ts'

const maxDepth = 64
/** Values in all; options of custom ops have a dozen. */
const maxValues = 100_000

export interface FlexReadOptions {
  /** Texts are given as their bytes, which need not be text. Default false. */
  readonly textAsBytes?: boolean
}

/**
 * The tree in a FlexBuffer. Bytes of blobs are views. A tree may share parts of itself, so the count of values read is bounded.
 * Throws `wire/malformed` and `wire/limit-exceeded`; `file` is what messages call the bytes.
 */
export function readFlexBuffer(bytes: Uint8Array, file: string, options: FlexReadOptions = {}): FlexRead {
  return new FlexReader(bytes, file, options).root()
}

const utf8 = new TextDecoder()

class FlexReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #file: string
  readonly #textAsBytes: boolean
  #left = maxValues

  constructor(bytes: Uint8Array, file: string, { textAsBytes = false }: FlexReadOptions) {
    this.#textAsBytes = textAsBytes
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#file = file
  }

  root(): FlexRead {
    const length = this.#bytes.byteLength
    const width = this.#bytes[length - 1]
    if (length < 3 || !isWidth(width) || length < 2 + width) throw this.#fault(length, 'a root of 1, 2, 4 or 8 bytes', `${width ?? 'none'}`)
    return this.#value(length - 2 - width, width, this.#bytes[length - 2]!, 0)
  }

  /** The value at `at` in a parent with elements of `width` bytes. */
  #value(at: number, width: number, packed: number, depth: number): FlexRead {
    if (depth > maxDepth || --this.#left < 0) {
      const what = depth > maxDepth ? `at most ${maxDepth} levels` : `at most ${maxValues} values`
      throw limitExceeded({ file: this.#file, offset: at, what: 'FlexBuffer', expected: what })
    }
    const type = packed >> 2
    const own = 1 << (packed & 3)
    switch (type) {
      case flexType.null:
        return null
      case flexType.int:
        return narrow(BigInt.asIntN(width * 8, this.#unsigned(at, width)))
      case flexType.uint:
        return narrow(this.#unsigned(at, width))
      case flexType.float:
        return this.#float(at, width)
      case flexType.bool:
        return this.#unsigned(at, width) !== 0n
    }
    const place = this.#follow(at, width)
    switch (type) {
      case flexType.key:
        return this.#key(place)
      case flexType.string:
        return this.#textAsBytes ? this.#sized(place, own) : utf8.decode(this.#sized(place, own))
      case flexType.blob:
        return this.#sized(place, own)
      case flexType.indirectInt:
        return narrow(BigInt.asIntN(own * 8, this.#unsigned(place, own)))
      case flexType.indirectUint:
        return narrow(this.#unsigned(place, own))
      case flexType.indirectFloat:
        return this.#float(place, own)
      case flexType.map:
        return this.#map(place, own, depth)
      case flexType.vector:
        return this.#vector(place, own, depth)
      case flexType.boolVector:
        return this.#typed(place, own, this.#size(place, own), flexType.bool, depth)
    }
    if (type >= flexType.typedVector && type <= flexType.stringVector) {
      // The width of the lengths of strings in a typed vector is stored nowhere: they are read as keys.
      const item = Math.min(type - flexType.typedVector + flexType.int, flexType.key)
      return this.#typed(place, own, this.#size(place, own), item, depth)
    }
    if (type >= flexType.fixedVector && type < flexType.blob) {
      const i = type - flexType.fixedVector
      return this.#typed(place, own, 2 + Math.floor(i / 3), flexType.int + (i % 3), depth)
    }
    throw this.#fault(at, 'a known type', `${type}`)
  }

  #vector(place: number, width: number, depth: number): FlexRead[] {
    const count = this.#size(place, width)
    const types = place + count * width
    this.#check(types, count)
    return Array.from({ length: count }, (_, i) => this.#value(place + i * width, width, this.#bytes[types + i]!, depth + 1))
  }

  #typed(place: number, width: number, count: number, type: number, depth: number): FlexRead[] {
    this.#check(place, count * width)
    return Array.from({ length: count }, (_, i) => this.#value(place + i * width, width, type << 2, depth + 1))
  }

  #map(place: number, width: number, depth: number): ReadonlyMap<string, FlexRead> {
    const keyWidth = Number(this.#unsigned(place - 2 * width, width))
    if (!isWidth(keyWidth)) throw this.#fault(place - 2 * width, 'a width of 1, 2, 4 or 8', `${keyWidth}`)
    const keysAt = this.#follow(place - 3 * width, width)
    const values = this.#vector(place, width, depth)
    this.#check(keysAt, values.length * keyWidth)
    return new Map(values.map((v, i) => [this.#key(this.#follow(keysAt + i * keyWidth, keyWidth)), v] as const))
  }

  /** An offset counts back from where it stands; 0 for an empty vector, which ends there. */
  #follow(at: number, width: number): number {
    const offset = Number(this.#unsigned(at, width))
    if (offset > at) throw this.#fault(at, 'an offset into the bytes before it', `${offset}`)
    return at - offset
  }

  #key(place: number): string {
    const end = this.#bytes.indexOf(0, place)
    if (end < 0) throw this.#fault(place, 'a text that ends with 0', 'none')
    return utf8.decode(this.#bytes.subarray(place, end))
  }

  #sized(place: number, width: number): Uint8Array {
    const size = this.#size(place, width)
    this.#check(place, size)
    return this.#bytes.subarray(place, place + size)
  }

  /** The count before the elements. */
  #size(place: number, width: number): number {
    const size = Number(this.#unsigned(place - width, width))
    if (size > this.#bytes.byteLength) throw this.#fault(place - width, 'a size within the bytes', `${size}`)
    return size
  }

  #unsigned(at: number, width: number): bigint {
    this.#check(at, width)
    let n = 0n
    for (let i = width - 1; i >= 0; i--) n = (n << 8n) | BigInt(this.#bytes[at + i]!)
    return n
  }

  #float(at: number, width: number): number {
    this.#check(at, width)
    if (width === 4) return this.#view.getFloat32(at, true)
    if (width === 8) return this.#view.getFloat64(at, true)
    throw this.#fault(at, 'a float of 4 or 8 bytes', `${width}`)
  }

  #check(at: number, length: number): void {
    if (at < 0 || at + length > this.#bytes.byteLength) throw this.#fault(at, `${length} bytes`, 'the end')
  }

  #fault(offset: number, expected: string, actual: string) {
    return malformed({ file: this.#file, offset, what: 'FlexBuffer', expected, actual })
  }
}

function isWidth(n: number | undefined): n is 1 | 2 | 4 | 8 {
  return n === 1 || n === 2 || n === 4 || n === 8
}

function narrow(n: bigint): number | bigint {
  return n >= BigInt(Number.MIN_SAFE_INTEGER) && n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : n
}
