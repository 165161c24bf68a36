import { maskedCrc32c } from '../../src/wire/crc32c.ts'

/* Writes LevelDB tables, good and bad, for tests of their reader. */

const text = new TextEncoder()

export type TableRows = readonly (readonly [string, Uint8Array | string])[]

export function varint(n: number): number[] {
  const out: number[] = []
  for (; n >= 128; n = Math.floor(n / 128)) out.push((n % 128) | 128)
  return [...out, n]
}

export function concat(parts: readonly (Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0))
  let at = 0
  for (const p of parts) {
    out.set(p, at)
    at += p.length
  }
  return out
}

/** The contents of a block: rows in the order of their keys, one restart point. */
export function tableBlock(rows: TableRows): Uint8Array<ArrayBuffer> {
  const parts: (Uint8Array | number[])[] = []
  let last = ''
  for (const [key, value] of rows) {
    let shared = 0
    while (shared < last.length && shared < key.length && last[shared] === key[shared]) shared++
    const bytes = typeof value === 'string' ? text.encode(value) : value
    // Keys of slices are binary, a byte each character.
    const rest = key.startsWith('\0') ? Uint8Array.from(key.slice(shared), (c) => c.charCodeAt(0)) : text.encode(key.slice(shared))
    parts.push([...varint(shared), ...varint(rest.length), ...varint(bytes.length)], rest, bytes)
    last = key
  }
  return concat([...parts, [0, 0, 0, 0, 1, 0, 0, 0]])
}

/** A block as stored: with its compression type and checksum. */
export function sealedBlock(contents: Uint8Array, compression: number): Uint8Array<ArrayBuffer> {
  const out = concat([contents, [compression, 0, 0, 0, 0]])
  new DataView(out.buffer).setUint32(contents.length + 1, maskedCrc32c(out.subarray(0, -4)), true)
  return out
}

/** A table of the blocks; `seal` turns contents into a block as stored. */
export function tableFile(
  blocks: readonly TableRows[],
  seal: (contents: Uint8Array) => Uint8Array = (b) => sealedBlock(b, 0),
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = []
  let offset = 0
  const add = (b: Uint8Array): Uint8Array => {
    const handle = Uint8Array.from([...varint(offset), ...varint(b.length - 5)])
    parts.push(b)
    offset += b.length
    return handle
  }
  const handles = blocks.map((b) => [b.at(-1)![0], add(seal(tableBlock(b)))] as const)
  const meta = add(seal(tableBlock([])))
  const index = add(seal(tableBlock(handles)))
  const footer = new Uint8Array(48)
  footer.set([...meta, ...index])
  footer.set([0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb], 40)
  return concat([...parts, footer])
}
