import type { ByteSink } from '../core/bytes.ts'

/** `force_align` of buffer data in the schema; runtimes map weights without copying them. */
const dataAlignment = 16
/** A `Buffer` table with nothing but `data`: offset of its vtable, offset of its vector. */
const tableBytes = 8
/** Sizes of vtable and table, place of slot 0. */
const vtable = Uint16Array.of(6, tableBytes, 4)
const maxSpare = 64

/**
 * The part of a file behind the tables. Data starts at multiples of 16, so there are gaps before it, and the `Buffer` tables that
 * point to the data fit into them.
 */
export class WeightArea {
  readonly #sink: ByteSink
  #end: number
  #vtable: number | undefined
  /** Gaps that nothing is in yet. */
  readonly #spare: number[] = []

  /** `start`: the end of the tables. */
  constructor(sink: ByteSink, start: number) {
    this.#sink = sink
    this.#end = start
  }

  /** End of the file so far. */
  get end(): number {
    return this.#end
  }

  /** Adds bytes that are found by their position in the file, and returns it. */
  addBytes(pieces: Iterable<Uint8Array>): number {
    const position = align(this.#end, dataAlignment)
    this.#writePieces(position, pieces)
    return position
  }

  /** Adds a vector of `byteLength` bytes and a `Buffer` table for it, and returns the position of the table. */
  addBuffer(byteLength: number, pieces: Iterable<Uint8Array>): number {
    const vtablePosition = this.#vtable ?? this.#addVtable()
    const gap = align(this.#end, 4)
    const nearest = align(gap + 4, dataAlignment)
    const withTable = align(gap + 4 + tableBytes, dataAlignment)
    const spare = withTable > nearest ? this.#spare.pop() : undefined
    const position = spare === undefined ? withTable : nearest
    const table = spare ?? gap
    for (let p = spare === undefined ? gap + tableBytes : gap; p + tableBytes <= position - 4; p += tableBytes) {
      if (this.#spare.length < maxSpare) this.#spare.push(p)
    }
    this.#write(table, Int32Array.of(table - vtablePosition, position - 4 - (table + 4)))
    this.#write(position - 4, Uint32Array.of(byteLength))
    this.#writePieces(position, pieces)
    return table
  }

  #writePieces(position: number, pieces: Iterable<Uint8Array>): void {
    this.#end = position
    for (const piece of pieces) {
      this.#sink.write(piece, this.#end)
      this.#end += piece.byteLength
    }
  }

  #addVtable(): number {
    const position = align(this.#end, 2)
    this.#write(position, vtable)
    this.#end = position + vtable.byteLength
    this.#vtable = position
    return position
  }

  /** Every platform of ours is little-endian, as files are. */
  #write(position: number, values: Uint16Array | Int32Array | Uint32Array): void {
    this.#sink.write(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), position)
  }
}

function align(position: number, alignment: number): number {
  return Math.ceil(position / alignment) * alignment
}
