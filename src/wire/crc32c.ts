/** CRC-32C (Castagnoli), the polynomial bit-reversed. @see RFC 3720 B.4 */
const polynomial = 0x82f63b78

/** Entry b: the effect of byte b followed by k zero bytes, for k from 0 to 7. */
const [t0, t1, t2, t3, t4, t5, t6, t7] = makeTables()

type Table = Int32Array
function makeTables(): [Table, Table, Table, Table, Table, Table, Table, Table] {
  const first = Int32Array.from({ length: 256 }, (_, b) => {
    let c = b
    for (let i = 0; i < 8; i++) c = c & 1 ? (c >>> 1) ^ polynomial : c >>> 1
    return c
  })
  const next = (t: Table): Table => t.map((c) => (c >>> 8) ^ first[c & 0xff]!)
  const second = next(first)
  const third = next(second)
  const fourth = next(third)
  const fifth = next(fourth)
  const sixth = next(fifth)
  const seventh = next(sixth)
  return [first, second, third, fourth, fifth, sixth, seventh, next(seventh)]
}

/** CRC-32C of the bytes, unsigned; `seed` is the CRC of what came before them. Slices of eight bytes at a time. */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  const n = bytes.length
  let crc = ~seed
  let i = 0
  for (; i < n && ((bytes.byteOffset + i) & 3) !== 0; i++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[i]!) & 0xff]!
  // Little-endian words, as every host of JavaScript engines has them.
  const words = i < n ? new Int32Array(bytes.buffer, bytes.byteOffset + i, (n - i) >>> 2) : new Int32Array(0)
  const pairs = words.length & ~1
  for (let w = 0; w < pairs; w += 2) {
    const x = crc ^ words[w]!
    const y = words[w + 1]!
    crc =
      t7[x & 0xff]! ^
      t6[(x >>> 8) & 0xff]! ^
      t5[(x >>> 16) & 0xff]! ^
      t4[x >>> 24]! ^
      t3[y & 0xff]! ^
      t2[(y >>> 8) & 0xff]! ^
      t1[(y >>> 16) & 0xff]! ^
      t0[y >>> 24]!
  }
  for (i += pairs * 4; i < n; i++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[i]!) & 0xff]!
  return ~crc >>> 0
}

/** The form in which LevelDB tables and TensorFlow checkpoints store a CRC. @see leveldb/util/crc32c.h */
export function maskedCrc32c(bytes: Uint8Array, seed = 0): number {
  const crc = crc32c(bytes, seed)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}
