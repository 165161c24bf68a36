import { invariant } from '../../core/diagnostics.ts'
import { type FlexValue, flexType } from './types.ts'

/** A value on its way into a vector: the number itself where it is stored in place, else where its bytes are. */
interface Slot {
  readonly type: number
  readonly value: number | bigint
  readonly isInline: boolean
  /** 0..3 for 1, 2, 4, 8 bytes: of the number, or of what is stored at the place. */
  readonly width: number
}

const utf8 = new TextEncoder()

/** The value as bytes, exactly as the C++ builder of FlatBuffers writes it (keys shared, values not). */
export function writeFlexBuffer(root: FlexValue): Uint8Array {
  const writer = new FlexWriter()
  writer.finish(writer.add(root))
  return writer.bytes()
}

class FlexWriter {
  #buffer = new Uint8Array(256)
  #size = 0
  readonly #keys = new Map<string, Slot>()

  bytes(): Uint8Array {
    return this.#buffer.slice(0, this.#size)
  }

  add(v: FlexValue): Slot {
    switch (v.kind) {
      case 'int':
        return { type: flexType.int, value: v.value, isInline: true, width: signedWidth(BigInt(v.value)) }
      case 'float':
        return { type: flexType.float, value: v.value, isInline: true, width: 2 }
      case 'bool':
        return { type: flexType.bool, value: v.value ? 1 : 0, isInline: true, width: 0 }
      case 'string':
        return this.#string(typeof v.value === 'string' ? utf8.encode(v.value) : v.value)
      case 'vector':
        return this.#vector(
          v.items.map((item) => this.add(item)),
          'vector',
        )
      case 'typed-vector':
        return this.#vector(
          v.items.map((item) => this.add(item)),
          'typed',
        )
      case 'map':
        return this.#map(v.entries)
    }
  }

  /** The root, its type and its width end the buffer. */
  finish(root: Slot): void {
    const width = this.#slotWidth(root, 0)
    this.#align(width)
    this.#slot(root, width)
    this.#number(packedType(root, 0), 0)
    this.#number(1 << width, 0)
  }

  #map(entries: readonly (readonly [string, FlexValue])[]): Slot {
    const keys: Slot[] = []
    const values: Slot[] = []
    for (const [key, value] of entries) {
      keys.push(this.#key(key))
      values.push(this.add(value))
    }
    const names = entries.map(([key]) => key)
    invariant(
      names.every((name, i) => i === 0 || names[i - 1]! < name),
      'keys of a FlexBuffer map must be sorted',
    )
    return this.#vector(values, 'vector', this.#vector(keys, 'typed', undefined, 2), 2)
  }

  #key(name: string): Slot {
    const known = this.#keys.get(name)
    if (known) return known
    const slot = { type: flexType.key, value: this.#size, isInline: false, width: 0 }
    this.#raw(utf8.encode(name))
    this.#number(0, 0)
    this.#keys.set(name, slot)
    return slot
  }

  #string(bytes: Uint8Array): Slot {
    const width = unsignedWidth(BigInt(bytes.byteLength))
    this.#align(width)
    this.#number(bytes.byteLength, width)
    const value = this.#size
    this.#raw(bytes)
    this.#number(0, 0)
    return { type: flexType.string, value, isInline: false, width }
  }

  /** `step` is how far apart the C++ builder holds the items while it chooses the width: 2 for a map's, where keys stand between. */
  #vector(items: readonly Slot[], form: 'vector' | 'typed', keys?: Slot, step = 1): Slot {
    let width = unsignedWidth(BigInt(items.length))
    if (keys) width = Math.max(width, this.#slotWidth(keys, 0))
    const prefix = keys ? 3 : 1
    for (const [i, item] of items.entries()) width = Math.max(width, this.#slotWidth(item, i * step + prefix))
    this.#align(width)
    if (keys) {
      this.#slot(keys, width)
      this.#number(1 << keys.width, width)
    }
    this.#number(items.length, width)
    const value = this.#size
    for (const item of items) this.#slot(item, width)
    if (form === 'vector') for (const item of items) this.#number(packedType(item, width), 0)
    const [first] = items
    const typed = (first?.type ?? flexType.key) - flexType.int + flexType.typedVector
    return { type: keys ? flexType.map : form === 'typed' ? typed : flexType.vector, value, isInline: false, width }
  }

  /** Width that holds a slot as the `index`-th element from the buffer's end. */
  #slotWidth(slot: Slot, index: number): number {
    if (slot.isInline) return slot.width
    for (let width = 0; width < 3; width++) {
      const size = 1 << width
      const at = Math.ceil(this.#size / size) * size + index * size
      if (unsignedWidth(BigInt(at - Number(slot.value))) === width) return width
    }
    return 3
  }

  #slot(slot: Slot, width: number): void {
    if (!slot.isInline) this.#number(this.#size - Number(slot.value), width)
    else if (slot.type === flexType.float) this.#float(Number(slot.value), width)
    else this.#number(slot.value, width)
  }

  #align(width: number): void {
    const size = 1 << width
    while (this.#size % size !== 0) this.#number(0, 0)
  }

  #number(value: number | bigint, width: number): void {
    const view = this.#room(1 << width)
    const bits = BigInt.asUintN(8 << width, BigInt(value))
    for (let i = 0; i < 1 << width; i++) view.setUint8(i, Number((bits >> BigInt(8 * i)) & 0xffn))
  }

  #float(value: number, width: number): void {
    const view = this.#room(1 << width)
    if (width === 3) view.setFloat64(0, value, true)
    else view.setFloat32(0, value, true)
  }

  #raw(bytes: Uint8Array): void {
    const view = this.#room(bytes.byteLength)
    new Uint8Array(view.buffer, view.byteOffset, bytes.byteLength).set(bytes)
  }

  #room(count: number): DataView {
    if (this.#size + count > this.#buffer.byteLength) {
      const grown = new Uint8Array(Math.max(2 * this.#buffer.byteLength, this.#size + count))
      grown.set(this.#buffer)
      this.#buffer = grown
    }
    const view = new DataView(this.#buffer.buffer, this.#size, count)
    this.#size += count
    return view
  }
}

/** A number in place is as wide as its neighbors. */
function packedType(slot: Slot, width: number): number {
  return (slot.type << 2) | (slot.isInline ? Math.max(slot.width, width) : slot.width)
}

function unsignedWidth(n: bigint): number {
  return n < 1n << 8n ? 0 : n < 1n << 16n ? 1 : n < 1n << 32n ? 2 : 3
}

function signedWidth(n: bigint): number {
  return unsignedWidth((n >= 0n ? n : ~n) << 1n)
}
