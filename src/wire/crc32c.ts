/** CRC-32C (Castagnoli), the polynomial bit-reversed. @see RFC 3720 B.4 */
const polynomial = 0x82f63b78

/** tables[k * 256 + b]: the effect of byte b followed by k zero bytes. */
const tables = makeTables()

function makeTables(): Uint32Array {
  const t = new Uint32Array(8 * 256)
  for (let b = 0; b < 256; b++) {
    let c = b
    for (let i = 0; i < 8; i++) c = c & 1 ? (c >>> 1) ^ polynomial : c >>> 1
    t[b] = c
  }
  for (let k = 1; k < 8; k++) {
    for (let b = 0; b < 256; b++) {
      const c = t[(k - 1) * 256 + b]!
      t[k * 256 + b] = (c >>> 8) ^ t[c & 0xff]!
    }
  }
  return t
}

/** CRC-32C of the bytes, unsigned; `seed` is the CRC of what came before them. Slices of eight bytes at a time. */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  const t = tables
  const n = bytes.length
  let crc = ~seed
  let i = 0
  for (; i + 8 <= n; i += 8) {
    const x = crc ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24))
    crc =
      t[1792 + (x & 0xff)]! ^
      t[1536 + ((x >>> 8) & 0xff)]! ^
      t[1280 + ((x >>> 16) & 0xff)]! ^
      t[1024 + (x >>> 24)]! ^
      t[768 + bytes[i + 4]!]! ^
      t[512 + bytes[i + 5]!]! ^
      t[256 + bytes[i + 6]!]! ^
      t[bytes[i + 7]!]!
  }
  for (; i < n; i++) crc = (crc >>> 8) ^ t[(crc ^ bytes[i]!) & 0xff]!
  return ~crc >>> 0
}

/** The form in which LevelDB tables and TensorFlow checkpoints store a CRC. @see leveldb/util/crc32c.h */
export function maskedCrc32c(bytes: Uint8Array, seed = 0): number {
  const crc = crc32c(bytes, seed)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}
