import { FlateErrorCode, Gunzip, gunzipSync } from 'fflate'
import type { ByteSource } from '../core/bytes.ts'
import { DowncastError } from '../core/diagnostics.ts'
import { crc32 } from './crc32.ts'
import { checksumMismatch, limitExceeded, malformed, truncated } from './diagnostics.ts'

/** Whether a file begins as a gzip member. @see RFC 1952 2.3.1 */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b && head[2] === 8
}

/** The first bytes of a gzip file inflated, as many as its first 4 KiB give; none when it is damaged. */
export function gunzipStart(source: ByteSource): Uint8Array {
  let start = new Uint8Array()
  try {
    const stream = new Gunzip((chunk) => {
      if (start.length === 0) start = new Uint8Array(chunk)
    })
    stream.push(source.read(0, Math.min(4096, source.byteLength)), false)
  } catch {
    // What is wrong with the file is said by who reads it whole.
  }
  return start
}

const pushBlock = 1 << 16

/** No stream of deflate expands more than this. @see https://zlib.net/zlib_tech.html */
const maxDeflateRatio = 1032

/**
 * The inflated bytes of a gzip file. No more is allocated than deflate can make of its length.
 * Throws `wire/truncated`, `wire/malformed`, `wire/checksum-mismatch`, and `wire/limit-exceeded` beyond `maxBytes` (default 2 GiB).
 */
export function gunzip(source: ByteSource, maxBytes = 2 ** 31): Uint8Array {
  const file = source.name
  if (source.byteLength < 18) throw truncated({ file, what: 'gzip stream' })
  const trailer = source.read(source.byteLength - 8, 8)
  const view = new DataView(trailer.buffer, trailer.byteOffset, 8)
  const size = view.getUint32(4, true)
  const isTrailer = (bytes: Uint8Array): boolean => view.getUint32(0, true) === crc32(bytes)
  if (size <= Math.min(maxBytes, maxDeflateRatio * source.byteLength)) {
    const bytes = inflateAtOnce(source, size)
    if (bytes?.length === size && isTrailer(bytes)) return bytes
  }
  // Damaged, larger than the limit, or of several members, of which the last alone states its size at the end.
  const { bytes, members } = inflateInParts(source, maxBytes)
  if (members === 1 && size !== bytes.length >>> 0) throw truncated({ file, what: 'gzip stream' })
  if (members === 1 && !isTrailer(bytes)) throw checksumMismatch({ file, what: 'gzip stream' })
  return bytes
}

function inflateAtOnce(source: ByteSource, size: number): Uint8Array | undefined {
  const bytes = source.read(0, source.byteLength)
  if (mayHaveMembers(bytes)) return undefined
  try {
    return gunzipSync(bytes, { out: new Uint8Array(size) })
  } catch {
    return undefined
  }
}

/** Whether a second member may begin somewhere; the inflater does not say how much of the file it took. */
function mayHaveMembers(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(0x1f, 1); at > 0; at = bytes.indexOf(0x1f, at + 1)) {
    if (bytes[at + 1] === 0x8b && bytes[at + 2] === 8) return true
  }
  return false
}

function inflateInParts(source: ByteSource, maxBytes: number): { bytes: Uint8Array; members: number } {
  const file = source.name
  const chunks: Uint8Array[] = []
  let size = 0
  let isDone = false
  let members = 1
  const stream = new Gunzip((chunk, final) => {
    size += chunk.length
    if (size > maxBytes) throw limitExceeded({ file, what: 'gzip stream', expected: `at most ${maxBytes} inflated bytes` })
    chunks.push(chunk)
    isDone = final
  })
  stream.onmember = () => {
    members++
  }
  for (let at = 0; at < source.byteLength; at += pushBlock) {
    const length = Math.min(pushBlock, source.byteLength - at)
    try {
      stream.push(source.read(at, length), at + length === source.byteLength)
    } catch (cause) {
      if (cause instanceof DowncastError) throw cause
      if ((cause as { code?: unknown }).code === FlateErrorCode.UnexpectedEOF) throw truncated({ file, what: 'gzip stream' })
      throw malformed({ file, offset: at, what: 'gzip stream', actual: cause instanceof Error ? cause.message : String(cause) })
    }
  }
  if (!isDone) throw truncated({ file, what: 'gzip stream' })
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return { bytes, members }
}
