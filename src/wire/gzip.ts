import { FlateErrorCode, Gunzip } from 'fflate'
import type { ByteSource } from '../core/bytes.ts'
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

/**
 * The inflated bytes of a gzip file. Nothing is allocated by the size the file states.
 * Throws `wire/truncated`, `wire/malformed`, `wire/checksum-mismatch`, and `wire/limit-exceeded` beyond `maxBytes` (default 2 GiB).
 */
export function gunzip(source: ByteSource, maxBytes = 2 ** 31): Uint8Array {
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
      if (cause instanceof Error && cause.name === 'DowncastError') throw cause
      if ((cause as { code?: unknown }).code === FlateErrorCode.UnexpectedEOF) throw truncated({ file, what: 'gzip stream' })
      throw malformed({ file, offset: at, what: 'gzip stream', actual: cause instanceof Error ? cause.message : String(cause) })
    }
  }
  if (!isDone || source.byteLength < 18) throw truncated({ file, what: 'gzip stream' })
  const out = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    out.set(chunk, at)
    at += chunk.length
  }
  // The inflater does not look at the trailer; of several members only the last has its own here.
  if (members > 1) return out
  const trailer = source.read(source.byteLength - 8, 8)
  const view = new DataView(trailer.buffer, trailer.byteOffset, 8)
  if (view.getUint32(4, true) !== size >>> 0) throw truncated({ file, what: 'gzip stream' })
  if (view.getUint32(0, true) !== crc32(out)) throw checksumMismatch({ file, what: 'gzip stream' })
  return out
}
