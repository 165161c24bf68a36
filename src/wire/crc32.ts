/** Tables for eight bytes at a step: `tables[k][b]` is the remainder of byte b followed by k zero bytes. */
let tables: Uint32Array[] | undefined

function makeTables(): Uint32Array[] {
  const first = Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
    return c >>> 0
  })
  const all = [first]
  for (let k = 1; k < 8; k++) {
    const previous = all[k - 1]!
    all.push(Uint32Array.from(previous, (c) => (first[c & 0xff]! ^ (c >>> 8)) >>> 0))
  }
  return all
}

/**
 * CRC-32 of the bytes, as zip and gzip store it (polynomial 0xEDB88320, reflected). `crc` continues an earlier result.
 * @see ITU-T V.42 8.1.1.6.2
 */
export function crc32(bytes: Uint8Array, crc = 0): number {
  tables ??= makeTables()
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ]
  let c = ~crc
  let i = 0
  const end = bytes.length - 7
  for (; i < end; i += 8) {
    c ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    c =
      t7[c & 0xff]! ^
      t6[(c >>> 8) & 0xff]! ^
      t5[(c >>> 16) & 0xff]! ^
      t4[c >>> 24]! ^
      t3[bytes[i + 4]!]! ^
      t2[bytes[i + 5]!]! ^
      t1[bytes[i + 6]!]! ^
      t0[bytes[i + 7]!]!
  }
  for (; i < bytes.length; i++) c = t0[(c ^ bytes[i]!) & 0xff]! ^ (c >>> 8)
  return ~c >>> 0
}
