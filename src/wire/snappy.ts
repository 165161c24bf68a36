import { limitExceeded, malformed, truncated } from './diagnostics.ts'

/** Where compressed bytes come from, for errors. */
export interface SnappyOrigin {
  readonly file: string
  /** Offset of the first compressed byte in the file. */
  readonly offset: number
}

/**
 * Decompresses a raw Snappy block (no framing) of at most `maxBytes` bytes. Throws `wire/truncated`, `wire/malformed`,
 * `wire/limit-exceeded`.
 * @see https://github.com/google/snappy/blob/main/format_description.txt
 */
export function decompressSnappy(input: Uint8Array, origin: SnappyOrigin, maxBytes: number): Uint8Array<ArrayBuffer> {
  const at = (p: number) => ({ file: origin.file, offset: origin.offset + p, what: 'Snappy block' })
  let p = 0
  const need = (n: number): void => {
    if (input.length - p < n) throw truncated({ ...at(p), expected: `${n} bytes`, actual: `${input.length - p}` })
  }
  let size = 0
  for (let shift = 0; ; shift += 7) {
    need(1)
    const b = input[p++]!
    size += (b & 0x7f) * 2 ** shift
    if (b < 0x80) break
    if (shift === 28) throw malformed({ ...at(p), expected: 'a length of at most 5 bytes' })
  }
  if (size > maxBytes) throw limitExceeded({ ...at(0), expected: `at most ${maxBytes} bytes`, actual: `${size}` })
  // The densest element makes 64 bytes from 3.
  if (size > 22 * input.length) throw malformed({ ...at(0), expected: `at most ${22 * input.length} bytes of content`, actual: `${size}` })
  const out = new Uint8Array(size)
  let o = 0
  while (p < input.length) {
    const tag = input[p++]!
    const kind = tag & 3
    let length = (tag >>> 2) + 1
    if (kind === 0) {
      if (length > 60) {
        const extra = length - 60
        need(extra)
        length = littleEndian(input, p, extra) + 1
        p += extra
      }
      need(length)
      if (length > size - o) throw malformed({ ...at(p), expected: `at most ${size - o} more bytes`, actual: `a literal of ${length}` })
      out.set(input.subarray(p, p + length), o)
      p += length
      o += length
      continue
    }
    const width = kind === 3 ? 4 : kind
    need(width)
    let distance = littleEndian(input, p, width)
    if (kind === 1) {
      length = ((tag >>> 2) & 7) + 4
      distance += (tag >>> 5) << 8
    }
    p += width
    if (distance === 0 || distance > o) throw malformed({ ...at(p), expected: `a copy from at most ${o} back`, actual: `${distance}` })
    if (length > size - o) throw malformed({ ...at(p), expected: `at most ${size - o} more bytes`, actual: `a copy of ${length}` })
    // Source and target may overlap: then the bytes repeat.
    for (const end = o + length; o < end; o++) out[o] = out[o - distance]!
  }
  if (o !== size) throw truncated({ ...at(p), expected: `${size} bytes of content`, actual: `${o}` })
  return out
}

function littleEndian(bytes: Uint8Array, offset: number, width: number): number {
  let n = 0
  for (let i = width - 1; i >= 0; i--) n = n * 256 + bytes[offset + i]!
  return n
}
