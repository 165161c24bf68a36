import type { ByteSource } from '../core/bytes.ts'
import { digestOf } from '../core/digest.ts'

/** SHA-256 of a source in hexadecimal, by WebCrypto; the bytes are in memory while it runs. Node streams large files instead. */
export function sha256Hex(source: ByteSource): Promise<string> {
  return digestOf([source.read(0, source.byteLength)])
}
