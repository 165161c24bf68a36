import type { ByteSource } from '../core/bytes.ts'
import { limitExceeded, malformed, truncated } from './diagnostics.ts'

/** A regular file of an archive: a range of its bytes. */
export interface TarEntry {
  readonly name: string
  readonly offset: number
  readonly byteLength: number
}

const blockBytes = 512
/** Long names and pax records; anything longer is neither. */
const maxRecordBytes = 1 << 20
const text = new TextDecoder()

/** Whether a file begins with the header of a tar archive; `head` is its first 512 bytes. */
export function isTar(head: Uint8Array): boolean {
  return head.length >= blockBytes && head[0] !== 0 && readNumber(head, 148, 8) === checksum(head)
}

/**
 * The regular files of a tar archive (v7, ustar, GNU or pax) by name; of several of one name the last counts, as when extracting.
 * Folders, links and devices are left out. Throws `wire/malformed`, `wire/truncated`, `wire/limit-exceeded` (beyond `maxEntries`, default 1,000,000).
 * @see POSIX.1-2017, pax Interchange Format and ustar Interchange Format
 */
export function openTar(source: ByteSource, maxEntries = 1_000_000): Map<string, TarEntry> {
  const file = source.name
  const entries = new Map<string, TarEntry>()
  let next: { path?: string; size?: number } = {}
  let headers = 0
  for (let at = 0; at < source.byteLength; ) {
    if (at + blockBytes > source.byteLength) throw truncated({ file, offset: at, what: 'tar header' })
    const block = source.read(at, blockBytes)
    if (block.every((b) => b === 0)) return entries
    if (!isTar(block)) throw malformed({ file, offset: at, what: 'tar header', expected: 'a block whose checksum is right' })
    if (++headers > 2 * maxEntries || entries.size >= maxEntries) {
      throw limitExceeded({ file, offset: at, what: 'tar archive', expected: `at most ${maxEntries} files` })
    }
    const type = String.fromCharCode(block[156]!)
    const size = (!isRecord(type) && next.size) || readNumber(block, 124, 12)
    const offset = at + blockBytes
    if (!Number.isSafeInteger(size)) throw malformed({ file, offset: at + 124, what: 'tar header', expected: 'a size in octal digits' })
    if (offset + size > source.byteLength) {
      throw truncated({ file, offset, what: 'tar archive', expected: `${size} bytes`, actual: `${source.byteLength - offset}` })
    }
    // The padding of the last file may be missing.
    at = offset + blockBytes * Math.ceil(size / blockBytes)
    if (isRecord(type)) {
      if (size > maxRecordBytes) throw limitExceeded({ file, offset, what: 'tar header', expected: `at most ${maxRecordBytes} bytes` })
      const bytes = source.read(offset, size)
      if (type === 'L') next = { ...next, path: readText(bytes, 0, size) }
      if (type === 'x') next = { ...next, ...paxRecords(file, offset, bytes) }
      continue
    }
    const name = next.path ?? headerName(block)
    next = {}
    if (['0', '\0', '7'].includes(type) && !name.endsWith('/')) entries.set(name, { name, offset, byteLength: size })
  }
  return entries
}

/** Headers about the next one (long name, pax), about a link's target, or about all. */
function isRecord(type: string): boolean {
  return ['L', 'K', 'x', 'g'].includes(type)
}

function headerName(block: Uint8Array): string {
  const isUstar = readText(block, 257, 5) === 'ustar' && block[262] === 0
  const prefix = isUstar ? readText(block, 345, 155) : ''
  const name = readText(block, 0, 100)
  return prefix === '' ? name : `${prefix}/${name}`
}

function readText(bytes: Uint8Array, offset: number, length: number): string {
  const field = bytes.subarray(offset, offset + length)
  const end = field.indexOf(0)
  return text.decode(end < 0 ? field : field.subarray(0, end))
}

/** Octal digits, or GNU's base 256; NaN for anything else. */
function readNumber(block: Uint8Array, offset: number, length: number): number {
  const field = block.subarray(offset, offset + length)
  if (field[0] === 0x80) return field.subarray(1).reduce((n, b) => 256 * n + b, 0)
  const digits = readText(field, 0, length).trim()
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN
}

/** The sum of the header's bytes with blanks for the checksum itself. */
function checksum(block: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < blockBytes; i++) sum += i >= 148 && i < 156 ? 0x20 : block[i]!
  return sum
}

/** Records `LENGTH KEY=VALUE\n`, of which the path and the size count. */
function paxRecords(file: string, offset: number, bytes: Uint8Array): { path?: string; size?: number } {
  const found: { path?: string; size?: number } = {}
  for (let at = 0; at < bytes.length; ) {
    const blank = bytes.indexOf(0x20, at)
    const length = blank < 0 ? Number.NaN : Number(text.decode(bytes.subarray(at, Math.min(blank, at + 10))))
    const record = Number.isInteger(length) && length > blank - at && at + length <= bytes.length
    if (!record) throw malformed({ file, offset: offset + at, what: 'pax header', expected: 'records LENGTH KEY=VALUE' })
    const [key, ...value] = text.decode(bytes.subarray(blank + 1, at + length - 1)).split('=')
    if (key === 'path') found.path = value.join('=')
    if (key === 'size') found.size = /^\d+$/.test(value.join('=')) ? Number(value.join('=')) : Number.NaN
    at += length
  }
  return found
}
