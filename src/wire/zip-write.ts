import { crc32 } from './crc32.ts'
import { limitExceeded } from './diagnostics.ts'

/** A file to put into an archive, as pieces that are written one after the other. */
export interface ZipInput {
  readonly name: string
  readonly parts: readonly Uint8Array[]
}

/** DOS date of 1980-01-01 00:00, the earliest that a zip can state: archives of equal contents are equal bytes. */
const dosDate = 0x0021
const utf8Flag = 0x0800

/**
 * A zip archive of stored entries as pieces to be written in order; contents are not copied.
 * Throws `wire/limit-exceeded` for archives of 4 GiB or 65,535 entries and more.
 * @see APPNOTE.TXT, .ZIP File Format Specification, 4.3
 */
export function zipParts(file: string, inputs: readonly ZipInput[]): Uint8Array[] {
  const parts: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let offset = 0
  for (const input of inputs) {
    const size = input.parts.reduce((n, p) => n + p.byteLength, 0)
    const crc = input.parts.reduce((c, p) => crc32(p, c), 0)
    const name = new TextEncoder().encode(input.name)
    const fields = entryFields(crc, size, name.length)
    if (offset + size + fields.length + name.length > 0xffffffff) {
      throw limitExceeded({
        file,
        path: input.name,
        what: 'zip archive',
        expected: 'less than 4 GiB',
        hint: 'Write fewer samples at a time.',
      })
    }
    parts.push(record(0x04034b50, [[2, 20], ...fields]), name, ...input.parts)
    directory.push(record(0x02014b50, [[2, 20], [2, 20], ...fields, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]), name)
    offset += 30 + name.length + size
  }
  if (inputs.length >= 0xffff)
    throw limitExceeded({ file, what: 'zip archive', expected: 'less than 65535 entries', actual: `${inputs.length}` })
  const directorySize = directory.reduce((n, p) => n + p.byteLength, 0)
  parts.push(...directory)
  parts.push(
    record(0x06054b50, [
      [2, 0],
      [2, 0],
      [2, inputs.length],
      [2, inputs.length],
      [4, directorySize],
      [4, offset],
      [2, 0],
    ]),
  )
  return parts
}

type Field = readonly [size: 2 | 4, value: number]

function entryFields(crc: number, size: number, nameLength: number): Field[] {
  return [
    [2, utf8Flag],
    [2, 0],
    [2, 0],
    [2, dosDate],
    [4, crc],
    [4, size],
    [4, size],
    [2, nameLength],
    [2, 0],
  ]
}

function record(signature: number, fields: readonly Field[]): Uint8Array {
  const bytes = new Uint8Array(4 + fields.reduce((n, [size]) => n + size, 0))
  const view = new DataView(bytes.buffer)
  view.setUint32(0, signature, true)
  let at = 4
  for (const [size, value] of fields) {
    if (size === 2) view.setUint16(at, value, true)
    else view.setUint32(at, value, true)
    at += size
  }
  return bytes
}
