import { inflateSync } from 'fflate'
import type { ByteSource } from '../core/bytes.ts'
import { invariant } from '../core/diagnostics.ts'
import { crc32 } from './crc32.ts'
import { checksumMismatch, limitExceeded, malformed, truncated } from './diagnostics.ts'

/** A file of an archive. Names have passed the checks of `openZip`. */
interface ZipEntry {
  readonly name: string
  /** Bytes after inflating. */
  readonly size: number
  readonly compressedSize: number
  /** Stored as it is, not deflated. */
  readonly isStored: boolean
  readonly crc32: number
}

export interface ZipArchive {
  /** What errors call the archive. */
  readonly name: string
  /** Files by name, in the order of the directory; folders are left out. */
  readonly entries: ReadonlyMap<string, ZipEntry>
  /** The bytes of an entry: a view for a stored entry of a source in memory, else inflated anew at each call. Throws `wire/checksum-mismatch`. */
  read(entry: ZipEntry): Uint8Array
  /** Random access to an entry: a range of the archive when stored, else the inflated bytes in memory. The checksum is verified once, here. */
  open(entry: ZipEntry): ByteSource
}

export interface ZipLimits {
  /** Entries in the directory, default 65,536. */
  readonly maxEntries?: number
  /** Inflated bytes of one entry, default 2 GiB. */
  readonly maxEntryBytes?: number
  /** Inflated bytes of all entries, default 8 GiB. */
  readonly maxTotalBytes?: number
}

/** No stream of deflate expands more than this. @see https://zlib.net/zlib_tech.html */
const maxDeflateRatio = 1032
const eocdSize = 22
const maxCommentLength = 0xffff
const centralSize = 46
const localSize = 30
const checkBlock = 1 << 20

interface Located extends ZipEntry {
  readonly localOffset: number
}

/**
 * Reads the directory of a zip archive; entries are inflated when asked for.
 * Throws `wire/malformed`, `wire/truncated` or `wire/limit-exceeded`: no directory, names that leave the folder or come twice,
 * entries that overlap, encryption, methods other than store and deflate, sizes beyond what deflate can expand to.
 * @see APPNOTE.TXT, .ZIP File Format Specification, 4.3
 */
export function openZip(source: ByteSource, limits: ZipLimits = {}): ZipArchive {
  const { maxEntries = 65_536, maxEntryBytes = 2 ** 31, maxTotalBytes = 2 ** 33 } = limits
  const file = source.name
  const directory = findDirectory(source)
  if (directory.count > maxEntries) {
    throw limitExceeded({ file, what: 'zip directory', expected: `at most ${maxEntries} entries`, actual: `${directory.count}` })
  }
  const located = readDirectory(source, directory, maxEntryBytes)
  checkOverlap(source, located)
  const total = located.reduce((n, e) => n + e.size, 0)
  if (total > maxTotalBytes)
    throw limitExceeded({ file, what: 'zip archive', expected: `at most ${maxTotalBytes} inflated bytes`, actual: `${total}` })
  const entries = new Map<string, Located>()
  for (const entry of located) {
    if (entry.name.endsWith('/') && entry.size === 0) continue
    checkName(file, entry)
    if (entries.has(entry.name))
      throw malformed({ file, path: entry.name, what: 'zip directory', expected: 'each name once', actual: 'a second entry' })
    entries.set(entry.name, entry)
  }

  const rangeOf = (entry: ZipEntry): { readonly located: Located; readonly offset: number } => {
    const found = entries.get(entry.name)
    invariant(found === entry, 'an entry of another archive was asked for')
    return { located: found, offset: dataOffset(source, found) }
  }
  const read = (entry: ZipEntry): Uint8Array => {
    const { located: e, offset } = rangeOf(entry)
    const raw = source.read(offset, e.compressedSize)
    const bytes = e.isStored ? raw : inflate(file, e, raw)
    if (crc32(bytes) !== e.crc32) throw badChecksum(file, e)
    return bytes
  }
  return {
    name: file,
    entries,
    read,
    open(entry) {
      const name = `${file}/${entry.name}`
      if (!entry.isStored) {
        const bytes = read(entry)
        return { name, byteLength: bytes.byteLength, read: (o, n) => bytes.subarray(o, o + n) }
      }
      const { located: e, offset } = rangeOf(entry)
      let crc = 0
      for (let at = 0; at < e.size; at += checkBlock) crc = crc32(source.read(offset + at, Math.min(checkBlock, e.size - at)), crc)
      if (crc !== e.crc32) throw badChecksum(file, e)
      return { name, byteLength: e.size, read: (o, n) => source.read(offset + o, n) }
    },
  }
}

function inflate(file: string, e: Located, raw: Uint8Array): Uint8Array {
  const out = new Uint8Array(e.size)
  let bytes: Uint8Array
  try {
    bytes = inflateSync(raw, { out })
  } catch (cause) {
    throw malformed({ file, path: e.name, what: 'deflate stream', actual: cause instanceof Error ? cause.message : String(cause) })
  }
  if (bytes.length !== e.size) {
    throw malformed({ file, path: e.name, what: 'deflate stream', expected: `${e.size} bytes`, actual: `${bytes.length}` })
  }
  return bytes
}

function badChecksum(file: string, e: ZipEntry) {
  return checksumMismatch({ file, path: e.name, what: 'zip entry' })
}

interface Directory {
  readonly offset: number
  readonly size: number
  readonly count: number
}

function findDirectory(source: ByteSource): Directory {
  const file = source.name
  const tailLength = Math.min(source.byteLength, eocdSize + maxCommentLength)
  const tailOffset = source.byteLength - tailLength
  const tail = source.read(tailOffset, tailLength)
  const view = viewOf(tail)
  for (let i = tailLength - eocdSize; i >= 0; i--) {
    if (view.getUint32(i, true) !== 0x06054b50 || i + eocdSize + view.getUint16(i + 20, true) > tailLength) continue
    const directory = { count: view.getUint16(i + 10, true), size: view.getUint32(i + 12, true), offset: view.getUint32(i + 16, true) }
    const found = needsZip64(directory) ? (readZip64(source, tailOffset + i) ?? directory) : directory
    if (found.offset + found.size > source.byteLength) {
      throw truncated({
        file,
        offset: found.offset,
        what: 'zip directory',
        expected: `${found.size} bytes`,
        actual: `${Math.max(0, source.byteLength - found.offset)}`,
      })
    }
    return found
  }
  throw malformed({ file, what: 'zip archive', expected: 'an end-of-directory record', actual: 'none' })
}

function needsZip64(d: Directory): boolean {
  return d.count === 0xffff || d.size === 0xffffffff || d.offset === 0xffffffff
}

function readZip64(source: ByteSource, eocdOffset: number): Directory | undefined {
  const file = source.name
  if (eocdOffset < 20) return undefined
  const locator = viewOf(source.read(eocdOffset - 20, 20))
  if (locator.getUint32(0, true) !== 0x07064b50) return undefined
  const offset = size64(file, locator, 8)
  if (offset + 56 > source.byteLength) throw truncated({ file, offset, what: 'zip64 end-of-directory record' })
  const record = viewOf(source.read(offset, 56))
  if (record.getUint32(0, true) !== 0x06064b50) throw malformed({ file, offset, what: 'zip64 end-of-directory record' })
  return { count: size64(file, record, 32), size: size64(file, record, 40), offset: size64(file, record, 48) }
}

function readDirectory(source: ByteSource, { offset, size, count }: Directory, maxEntryBytes: number): Located[] {
  const file = source.name
  if (count * centralSize > size) {
    throw malformed({ file, offset, what: 'zip directory', expected: `room for ${count} entries`, actual: `${size} bytes` })
  }
  const bytes = source.read(offset, size)
  const view = viewOf(bytes)
  const entries: Located[] = []
  let at = 0
  for (let i = 0; i < count; i++) {
    if (at + centralSize > size) throw truncated({ file, offset: offset + at, what: 'zip directory' })
    if (view.getUint32(at, true) !== 0x02014b50) throw malformed({ file, offset: offset + at, what: 'zip directory' })
    const nameLength = view.getUint16(at + 28, true)
    const extraLength = view.getUint16(at + 30, true)
    const next = at + centralSize + nameLength + extraLength + view.getUint16(at + 32, true)
    if (next > size) throw truncated({ file, offset: offset + at, what: 'zip directory' })
    const name = new TextDecoder().decode(bytes.subarray(at + centralSize, at + centralSize + nameLength))
    const extra = viewOf(bytes.subarray(at + centralSize + nameLength, at + centralSize + nameLength + extraLength))
    const sizes = entrySizes(file, name, view, at, extra)
    const method = view.getUint16(at + 10, true)
    checkEntry(source, { name, method, isEncrypted: (view.getUint16(at + 8, true) & 1) !== 0, ...sizes }, maxEntryBytes)
    entries.push({ name, ...sizes, isStored: method === 0, crc32: view.getUint32(at + 16, true) })
    at = next
  }
  return entries
}

type Sizes = Pick<Located, 'size' | 'compressedSize' | 'localOffset'>

/** Sizes of a directory entry; those that are all ones stand in the zip64 extra field, in this order. */
function entrySizes(file: string, name: string, view: DataView, at: number, extra: DataView): Sizes {
  const small = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)]
  let field = 0
  while (field + 4 <= extra.byteLength && extra.getUint16(field, true) !== 1) field += 4 + extra.getUint16(field + 2, true)
  let value = field + 4
  const end = Math.min(extra.byteLength, value + (field + 4 <= extra.byteLength ? extra.getUint16(field + 2, true) : 0))
  const [size, compressedSize, localOffset] = small.map((n) => {
    if (n !== 0xffffffff || field + 4 > extra.byteLength) return n
    if (value + 8 > end) throw truncated({ file, path: name, what: 'zip64 extra field' })
    value += 8
    return size64(file, extra, value - 8)
  }) as [number, number, number]
  return { size, compressedSize, localOffset }
}

function checkEntry(source: ByteSource, e: Sizes & { name: string; method: number; isEncrypted: boolean }, maxEntryBytes: number): void {
  const at = { file: source.name, path: e.name, what: 'zip entry' }
  if (e.isEncrypted)
    throw malformed({ ...at, expected: 'no encryption', actual: 'an encrypted entry', hint: 'Save the archive without a password.' })
  if (e.method !== 0 && e.method !== 8) {
    throw malformed({
      ...at,
      expected: 'method 0 (store) or 8 (deflate)',
      actual: `method ${e.method}`,
      hint: 'Repack the archive with plain deflate.',
    })
  }
  if (e.method === 0 && e.size !== e.compressedSize) {
    throw malformed({ ...at, expected: `${e.compressedSize} stored bytes`, actual: `${e.size}` })
  }
  if (e.size > maxEntryBytes) throw limitExceeded({ ...at, expected: `at most ${maxEntryBytes} bytes`, actual: `${e.size}` })
  if (e.size > e.compressedSize * maxDeflateRatio) {
    throw limitExceeded({ ...at, expected: `at most ${maxDeflateRatio} bytes for each of ${e.compressedSize}`, actual: `${e.size}` })
  }
  if (e.localOffset + localSize + e.compressedSize > source.byteLength) throw truncated({ ...at, offset: e.localOffset })
}

function checkName(file: string, e: ZipEntry): void {
  const parts = e.name.split('/')
  const isInside = e.name !== '' && !/[\\\0]|^[A-Za-z]:/.test(e.name) && parts.every((p) => p !== '' && p !== '.' && p !== '..')
  if (isInside) return
  throw malformed({
    file,
    path: e.name,
    what: 'zip entry name',
    expected: 'a path inside the archive',
    actual: JSON.stringify(e.name),
    hint: 'Repack the archive with plain relative names.',
  })
}

/** Entries that share bytes are how small archives claim to be endless. */
function checkOverlap(source: ByteSource, entries: readonly Located[]): void {
  const sorted = [...entries].sort((a, b) => a.localOffset - b.localOffset)
  let end = 0
  for (const e of sorted) {
    if (e.localOffset < end)
      throw malformed({
        file: source.name,
        offset: e.localOffset,
        path: e.name,
        what: 'zip entry',
        expected: 'bytes of its own',
        actual: 'bytes of another entry',
      })
    end = e.localOffset + localSize + e.compressedSize
  }
}

function dataOffset(source: ByteSource, e: Located): number {
  const view = viewOf(source.read(e.localOffset, localSize))
  if (view.getUint32(0, true) !== 0x04034b50)
    throw malformed({ file: source.name, offset: e.localOffset, path: e.name, what: 'zip entry header' })
  const offset = e.localOffset + localSize + view.getUint16(26, true) + view.getUint16(28, true)
  if (offset + e.compressedSize > source.byteLength) throw truncated({ file: source.name, offset, path: e.name, what: 'zip entry' })
  return offset
}

function size64(file: string, view: DataView, at: number): number {
  const n = view.getBigUint64(at, true)
  if (n > Number.MAX_SAFE_INTEGER) throw limitExceeded({ file, what: 'zip64 size', actual: String(n) })
  return Number(n)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
