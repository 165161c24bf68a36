import type { ByteSource } from '../core/bytes.ts'
import { maskedCrc32c } from './crc32c.ts'
import { checksumMismatch, limitExceeded, malformed, truncated } from './diagnostics.ts'
import { decompressSnappy } from './snappy.ts'

/*
 * LevelDB's table: sorted keys and values in blocks, an index block that names them, a footer at the end of the file.
 * @see https://github.com/google/leveldb/blob/main/doc/table_format.md
 */

const footerBytes = 48
/** 0xdb4775248b80fb57, little-endian. */
const magic = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]
/** Compression type and CRC after each block. */
const trailerBytes = 5
const maxEntries = 2 ** 22
/** Of a table of names; writers aim at blocks of 4 KiB, and a single large value makes a larger one. */
const limitsOfNames = { blockBytes: 64 * 2 ** 20, totalBytes: 2 ** 28 }
/** Of one whose values are tensors: a message has less than 2 GiB, and all blocks may be read a few times. */
const maxTensorBytes = 2 ** 31 - 1
const maxReadings = 64

export interface TableEntry {
  readonly key: Uint8Array
  /** A view on its block. */
  readonly value: Uint8Array
  /** What errors about the value call its place: the block's offset in the file. */
  readonly blockOffset: number
}

/**
 * Every entry of a table, in the order of the keys. Throws `wire/truncated`, `wire/malformed`, `wire/checksum-mismatch`,
 * `wire/limit-exceeded`.
 */
export function* readTable(source: ByteSource): Generator<TableEntry> {
  const spent: Cost = { entries: 0, bytes: 0, limits: limitsOfNames }
  const { name: file } = source
  for (const { value, blockOffset } of readBlock(source, indexHandle(source), 'index', spent)) {
    const handle = blockHandle({ file, bytes: value, base: blockOffset, path: 'index', position: 0, end: value.length })
    yield* readBlock(source, handle, `block at ${handle.offset}`, spent)
  }
}

/** A table whose blocks are read when asked for. */
export interface Table {
  /** The value under a key; a view on its block. Throws what `readTable` throws. */
  get(key: Uint8Array): Uint8Array | undefined
}

/** For values that are large: only the index is read at once. Throws what `readTable` throws. */
export function openTable(source: ByteSource): Table {
  const { name: file, byteLength } = source
  const totalBytes = Math.max(limitsOfNames.totalBytes, maxReadings * byteLength)
  const spent: Cost = { entries: 0, bytes: 0, limits: { blockBytes: maxTensorBytes, totalBytes } }
  const index = [...readBlock(source, indexHandle(source), 'index', spent)]
  let last: { readonly at: number; readonly entries: readonly TableEntry[] } | undefined
  return {
    get(key) {
      // The key of an index entry is not below those of its block, and below those of the next.
      let [low, high] = [0, index.length]
      while (low < high) {
        const middle = (low + high) >> 1
        if (compareBytes(index[middle]!.key, key) < 0) low = middle + 1
        else high = middle
      }
      const found = index[low]
      if (!found) return undefined
      if (last?.at !== low) {
        const { value, blockOffset } = found
        const handle = blockHandle({ file, bytes: value, base: blockOffset, path: 'index', position: 0, end: value.length })
        last = undefined
        last = { at: low, entries: [...readBlock(source, handle, `block at ${handle.offset}`, spent)] }
      }
      return last.entries.find((e) => compareBytes(e.key, key) === 0)?.value
    },
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}

/** From the footer. */
function indexHandle(source: ByteSource): BlockHandle {
  const { name: file, byteLength } = source
  if (byteLength < footerBytes) {
    throw truncated({ file, offset: 0, what: 'table', expected: `at least ${footerBytes} bytes`, actual: `${byteLength}` })
  }
  const footerOffset = byteLength - footerBytes
  const footer = source.read(footerOffset, footerBytes)
  if (magic.some((b, i) => footer[40 + i] !== b)) {
    throw malformed({ file, offset: footerOffset + 40, what: 'table', expected: 'the magic number of a LevelDB table at its end' })
  }
  const cursor = { file, bytes: footer, base: footerOffset, path: 'footer', position: 0, end: 40 }
  blockHandle(cursor)
  return blockHandle(cursor)
}

/** What a table has cost so far: an index can name one block again and again, and a key can repeat a long beginning. */
interface Cost {
  entries: number
  /** Blocks as unpacked, and keys. */
  bytes: number
  readonly limits: { readonly blockBytes: number; readonly totalBytes: number }
}

function spend(spent: Cost, entries: number, bytes: number, file: string, offset: number): void {
  spent.entries += entries
  spent.bytes += bytes
  if (spent.entries <= maxEntries && spent.bytes <= spent.limits.totalBytes) return
  throw limitExceeded({ file, offset, what: 'table', expected: `at most ${maxEntries} keys and ${spent.limits.totalBytes} bytes` })
}

interface BlockHandle {
  readonly offset: number
  readonly size: number
}

interface Cursor {
  readonly file: string
  readonly bytes: Uint8Array
  readonly base: number
  readonly path: string
  position: number
  readonly end: number
}

/** A varint of at most 8 bytes: sizes and offsets beyond 2^53 are no sizes. */
function varint(c: Cursor): number {
  let n = 0
  for (let shift = 0; shift < 56; shift += 7) {
    if (c.position >= c.end) throw truncated({ file: c.file, offset: c.base, path: c.path, what: 'varint', expected: 'another byte' })
    const b = c.bytes[c.position++]!
    n += (b & 0x7f) * 2 ** shift
    if (b < 0x80) return n
  }
  throw malformed({ file: c.file, offset: c.base, path: c.path, what: 'varint', expected: 'at most 8 bytes' })
}

function blockHandle(c: Cursor): BlockHandle {
  return { offset: varint(c), size: varint(c) }
}

function* readBlock(source: ByteSource, { offset, size }: BlockHandle, path: string, spent: Cost): Generator<TableEntry> {
  const { name: file } = source
  const at = { file, offset, path, what: 'block' }
  const maxBlockBytes = spent.limits.blockBytes
  if (size > maxBlockBytes) throw limitExceeded({ ...at, expected: `at most ${maxBlockBytes} bytes`, actual: `${size}` })
  const left = source.byteLength - offset - trailerBytes
  if (size > left) throw truncated({ ...at, expected: `${size} bytes`, actual: `${Math.max(0, left)}` })
  const stored = source.read(offset, size + trailerBytes)
  const crc = new DataView(stored.buffer, stored.byteOffset + size + 1, 4).getUint32(0, true)
  const actual = maskedCrc32c(stored.subarray(0, size + 1))
  if (crc !== actual) throw checksumMismatch({ ...at, expected: hex(crc), actual: hex(actual) })
  const type = stored[size]!
  if (type > 1) throw malformed({ ...at, expected: 'compression 0 (none) or 1 (Snappy)', actual: `${type}` })
  const contents = stored.subarray(0, size)
  const block = type === 1 ? decompressSnappy(contents, { file, offset }, maxBlockBytes) : contents
  spend(spent, 0, block.length + trailerBytes, file, offset)
  yield* blockEntries(block, file, offset, path, spent)
}

/** Entries share the beginning of their key with the one before; restart points are for searching, we read in order. */
function* blockEntries(block: Uint8Array, file: string, blockOffset: number, path: string, spent: Cost): Generator<TableEntry> {
  const at = { file, offset: blockOffset, path, what: 'block' }
  if (block.length < 4) throw truncated({ ...at, expected: 'at least 4 bytes', actual: `${block.length}` })
  const restarts = new DataView(block.buffer, block.byteOffset + block.length - 4, 4).getUint32(0, true)
  const end = block.length - 4 - restarts * 4
  if (end < 0) throw malformed({ ...at, expected: `at most ${block.length >>> 2} restart points`, actual: `${restarts}` })
  const c: Cursor = { file, bytes: block, base: blockOffset, path, position: 0, end }
  let key = new Uint8Array(0)
  while (c.position < end) {
    const shared = varint(c)
    const unshared = varint(c)
    const valueBytes = varint(c)
    if (shared > key.length) throw malformed({ ...at, expected: `at most ${key.length} shared bytes of a key`, actual: `${shared}` })
    if (unshared + valueBytes > end - c.position) {
      throw truncated({ ...at, expected: `${unshared + valueBytes} bytes of an entry`, actual: `${end - c.position}` })
    }
    spend(spent, 1, shared + unshared, file, blockOffset)
    const next = new Uint8Array(shared + unshared)
    next.set(key.subarray(0, shared))
    next.set(block.subarray(c.position, c.position + unshared), shared)
    key = next
    c.position += unshared
    yield { key, value: block.subarray(c.position, c.position + valueBytes), blockOffset }
    c.position += valueBytes
  }
}

function hex(n: number): string {
  return `0x${n.toString(16).padStart(8, '0')}`
}
