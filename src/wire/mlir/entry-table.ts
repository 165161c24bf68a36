import type { Cursor } from './cursor.ts'
import type { Entry } from './sections.ts'

const maxDepth = 64
/** Parts of one entry, those of shared parts counted wherever they appear: what walks a tree of them must end. */
const maxParts = 1_000_000

/** Attributes or types, read once each when asked for; they refer to each other by index. */
export abstract class EntryTable<T> {
  readonly #cursor: Cursor
  readonly #entries: readonly Entry[]
  readonly #values: (T | undefined)[] = []
  readonly #parts: number[] = []
  readonly #what: string
  #partsOfOpen = 0
  #depth = 0

  constructor(cursor: Cursor, entries: readonly Entry[], what: string) {
    this.#cursor = cursor
    this.#entries = entries
    this.#what = what
  }

  get count(): number {
    return this.#entries.length
  }

  get(index: number): T {
    const value = this.#values[index] ?? this.#open(index)
    this.#partsOfOpen += this.#parts[index]!
    return value
  }

  read(cursor: Cursor): T {
    return this.get(cursor.index(this.#what, this.count))
  }

  /** The bytes of an entry in a dialect's own encoding. */
  encoded(index: number): { readonly dialect: string; readonly cursor: Cursor } | undefined {
    const entry = this.#entries[index]!
    return entry.isEncoded ? { dialect: entry.dialect, cursor: this.#cursor.over(entry) } : undefined
  }

  protected readList<U>(cursor: Cursor, item: () => U): U[] {
    return Array.from({ length: cursor.count('count of items') }, item)
  }

  /** Undefined: a dialect or code that is not known. */
  protected abstract decode(dialect: string, cursor: Cursor): T | undefined

  protected abstract other(text: string): T

  #open(index: number): T {
    const entry = this.#entries[index]!
    const cursor = this.#cursor.over(entry)
    if (++this.#depth > maxDepth) throw cursor.limit(this.#what, `at most ${maxDepth} levels`)
    const outer = this.#partsOfOpen
    this.#partsOfOpen = 1
    const value = this.#decodeEntry(entry, cursor)
    if (this.#partsOfOpen > maxParts) throw cursor.limit(this.#what, `at most ${maxParts} parts`)
    this.#values[index] = value
    this.#parts[index] = this.#partsOfOpen
    this.#partsOfOpen = outer
    this.#depth--
    return value
  }

  #decodeEntry(entry: Entry, cursor: Cursor): T {
    if (!entry.isEncoded) return this.other(cursor.zeroTerminated(this.#what))
    const value = this.decode(entry.dialect, cursor)
    if (value === undefined) return this.other(`${this.#what} ${this.#cursor.over(entry).varint()} of ${entry.dialect}`)
    if (cursor.left > 0) throw cursor.fault(this.#what, 'its end', `${cursor.left} more bytes`)
    return value
  }
}
