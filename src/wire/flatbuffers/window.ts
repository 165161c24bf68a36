import type { ByteSource } from '../../core/bytes.ts'

/** Small tables lie between large weights, so a page is a good deal larger than a table and much smaller than a weight. */
const pageBytes = 16384
/** Pages overlap, so that no scalar straddles two of them. */
const overlapBytes = 8
const maxPages = 128

/** Reads small pieces of a large source through a bounded set of cached pages. Callers check bounds. */
export class ByteWindow {
  readonly #source: ByteSource
  readonly #pages = new Map<number, DataView>()
  #view: DataView = new DataView(new ArrayBuffer(0))
  #start = 0
  #end = 0

  constructor(source: ByteSource) {
    this.#source = source
  }

  u8(position: number): number {
    return this.#at(position, 1).getUint8(position - this.#start)
  }

  u16(position: number): number {
    return this.#at(position, 2).getUint16(position - this.#start, true)
  }

  i32(position: number): number {
    return this.#at(position, 4).getInt32(position - this.#start, true)
  }

  u32(position: number): number {
    return this.#at(position, 4).getUint32(position - this.#start, true)
  }

  /** A view that holds at least `length` (at most 8) bytes from `position`, and the index of `position` in it. */
  view(position: number, length: number): readonly [view: DataView, index: number] {
    return [this.#at(position, length), position - this.#start]
  }

  /** `length` bytes from `position`: valid until the next call when they come from a page, so the caller copies. */
  bytes(position: number, length: number): { readonly bytes: Uint8Array; readonly shared: boolean } {
    if (length >= pageBytes) return { bytes: this.#source.read(position, length), shared: false }
    const [view, index] = length <= overlapBytes ? this.view(position, length) : [this.#at(position, 1), position - this.#start]
    if (index + length > view.byteLength) return { bytes: this.#source.read(position, length), shared: false }
    return { bytes: new Uint8Array(view.buffer, view.byteOffset + index, length), shared: true }
  }

  #at(position: number, length: number): DataView {
    if (position < this.#start || position + length > this.#end) this.#turnTo(Math.floor(position / pageBytes))
    return this.#view
  }

  #turnTo(page: number): void {
    const start = page * pageBytes
    let view = this.#pages.get(page)
    if (view) {
      this.#pages.delete(page)
    } else {
      const bytes = this.#source.read(start, Math.min(pageBytes + overlapBytes, this.#source.byteLength - start))
      view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      if (this.#pages.size >= maxPages) this.#pages.delete(this.#pages.keys().next().value!)
    }
    this.#pages.set(page, view)
    this.#view = view
    this.#start = start
    this.#end = start + view.byteLength
  }
}
