import type { ByteSource } from '../core/bytes.ts'

/** SHA-256 of a source in hexadecimal, by WebCrypto; the bytes are in memory while it runs. Node streams large files instead. */
export async function sha256Hex(source: ByteSource): Promise<string> {
  const bytes = source.read(0, source.byteLength)
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)
  return Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, '0')).join('')
}
