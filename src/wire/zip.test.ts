import { zipSync } from 'fflate'
import { expect, test } from 'vitest'
import { memorySource } from '../core/bytes.ts'
import { DowncastError } from '../core/diagnostics.ts'
import { crc32 } from './crc32.ts'
import { openZip, type ZipLimits } from './zip.ts'
import { zipParts } from './zip-write.ts'

const text = (s: string) => new TextEncoder().encode(s)
const archiveOf = (files: Record<string, Uint8Array>, level: 0 | 6 = 6) => zipSync(files, { level, mtime: new Date(2000, 0, 1) })
const open = (bytes: Uint8Array, limits?: ZipLimits) => openZip(memorySource('a.zip', bytes), limits)

function faultOf(work: () => unknown): DowncastError {
  try {
    work()
  } catch (e) {
    if (e instanceof DowncastError) return e
    throw e
  }
  throw new Error('nothing was thrown')
}

/** The bytes with `edit` applied to the directory entry (or local header) that `signature` finds first. */
function patched(bytes: Uint8Array, signature: number, edit: (view: DataView, at: number) => void): Uint8Array {
  const copy = bytes.slice()
  const view = new DataView(copy.buffer)
  for (let i = 0; i + 4 <= copy.length; i++) {
    if (view.getUint32(i, true) !== signature) continue
    edit(view, i)
    return copy
  }
  throw new Error('no such record')
}
const central = 0x02014b50
const local = 0x04034b50
const eocd = 0x06054b50

test('crc32 agrees with the published check value, in one piece or several', () => {
  expect(crc32(text('123456789'))).toBe(0xcbf43926)
  expect(crc32(text('56789'), crc32(text('1234')))).toBe(0xcbf43926)
  expect(crc32(new Uint8Array())).toBe(0)
})

test('entries are listed in order and read back, deflated or stored', () => {
  const content = text('weights '.repeat(100))
  for (const level of [0, 6] as const) {
    const zip = open(archiveOf({ 'b/config.json': text('{}'), 'a.bin': content }, level))
    expect([...zip.entries.keys()]).toEqual(['b/config.json', 'a.bin'])
    const entry = zip.entries.get('a.bin')!
    expect(zip.read(entry)).toEqual(content)
    const source = zip.open(entry)
    expect(source.name).toBe('a.zip/a.bin')
    expect(source.read(8, 7)).toEqual(text('weights'))
  }
})

test('a stored entry is a view on the archive', () => {
  const bytes = archiveOf({ 'a.bin': text('weights') }, 0)
  const zip = open(bytes)
  expect(zip.read(zip.entries.get('a.bin')!).buffer).toBe(bytes.buffer)
})

test('our archives are read by us and by fflate, and equal contents are equal bytes', async () => {
  const make = () =>
    Buffer.concat(
      zipParts('o.zip', [
        { name: 'x', parts: [text('ab'), text('c')] },
        { name: 'y/z', parts: [] },
      ]),
    )
  expect(make()).toEqual(make())
  const zip = open(make())
  expect(Array.from(zip.entries.values(), (e) => [e.name, new TextDecoder().decode(zip.read(e))])).toEqual([
    ['x', 'abc'],
    ['y/z', ''],
  ])
  const { unzipSync } = await import('fflate')
  expect(unzipSync(make()).x).toEqual(text('abc'))
})

test('names that leave the folder are refused', () => {
  for (const name of ['../a', '/a', 'a/../../b', 'a\\b', 'C:a', 'a//b', './a']) {
    expect(faultOf(() => open(archiveOf({ [name]: text('x') })))).toMatchObject({ code: 'wire/malformed', path: name })
  }
  const twice = Buffer.concat(
    zipParts('o.zip', [
      { name: 'x', parts: [] },
      { name: 'x', parts: [] },
    ]),
  )
  expect(faultOf(() => open(twice)).message).toContain('a second entry')
})

test('sizes are limited before anything is allocated', () => {
  const zeros = archiveOf({ a: new Uint8Array(1 << 20) })
  expect(faultOf(() => open(zeros, { maxEntryBytes: 1000 })).code).toBe('wire/limit-exceeded')
  expect(faultOf(() => open(zeros, { maxTotalBytes: 1000 })).code).toBe('wire/limit-exceeded')
  expect(faultOf(() => open(zeros, { maxEntries: 0 })).code).toBe('wire/limit-exceeded')
  const bomb = patched(zeros, central, (v, at) => v.setUint32(at + 24, 0x7fffffff, true))
  expect(faultOf(() => open(bomb)).message).toContain('at most 1032 bytes for each')
  const short = patched(zeros, central, (v, at) => v.setUint32(at + 24, 100, true))
  const zip = open(short)
  expect(['wire/checksum-mismatch', 'wire/malformed']).toContain(faultOf(() => zip.read(zip.entries.get('a')!)).code)
})

test('entries that share bytes are refused', () => {
  const two = archiveOf({ a: text('aaaa'), b: text('bbbb') }, 0)
  let seen = 0
  const view = new DataView(two.buffer)
  for (let i = 0; i + 4 <= two.length; i++) if (view.getUint32(i, true) === central && ++seen === 2) view.setUint32(i + 42, 0, true)
  expect(faultOf(() => open(two)).message).toContain('bytes of another entry')
})

test('damage is named', () => {
  const good = archiveOf({ a: text('weights '.repeat(20)) })
  const read = (bytes: Uint8Array) => () => {
    const zip = open(bytes)
    return zip.read(zip.entries.get('a')!)
  }
  expect(faultOf(read(text('not a zip at all, but long enough to search'))).message).toContain('expected an end-of-directory record')
  expect(faultOf(read(new Uint8Array(3))).code).toBe('wire/malformed')
  expect(faultOf(read(patched(good, eocd, (v, at) => v.setUint32(at + 16, 0x7ffffff, true)))).code).toBe('wire/truncated')
  expect(faultOf(read(patched(good, eocd, (v, at) => v.setUint16(at + 10, 9, true)))).message).toContain('room for 9 entries')
  expect(faultOf(read(patched(good, central, (v, at) => v.setUint16(at + 8, 1, true)))).message).toContain('encrypted')
  expect(faultOf(read(patched(good, central, (v, at) => v.setUint16(at + 10, 12, true)))).message).toContain('method 12')
  expect(faultOf(read(patched(good, central, (v, at) => v.setUint32(at + 42, 0x7ffffff, true)))).code).toBe('wire/truncated')
  expect(faultOf(read(patched(good, central, (v, at) => v.setUint16(at + 28, 999, true)))).code).toBe('wire/truncated')
  expect(faultOf(read(patched(good, local, (v, at) => v.setUint32(at, 0, true)))).message).toContain('zip entry header')
  expect(faultOf(read(patched(good, local, (v, at) => v.setUint16(at + 28, 0xffff, true)))).code).toBe('wire/truncated')
  expect(faultOf(read(patched(good, local, (v, at) => v.setUint8(at + 31, 0xff)))).code).toBe('wire/malformed')
  const stored = archiveOf({ a: text('weights') }, 0)
  const flipped = patched(stored, local, (v, at) => v.setUint8(at + 31, 0))
  expect(faultOf(read(flipped)).code).toBe('wire/checksum-mismatch')
  const zip = open(flipped)
  expect(faultOf(() => zip.open(zip.entries.get('a')!)).code).toBe('wire/checksum-mismatch')
  expect(faultOf(read(patched(stored, central, (v, at) => v.setUint32(at + 24, 6, true)))).message).toContain('7 stored bytes')
})

test('zip64 sizes stand in the extra field and the zip64 record', () => {
  const size64 = (n: number) => {
    const b = new Uint8Array(8)
    new DataView(b.buffer).setBigUint64(0, BigInt(n), true)
    return b
  }
  const u16 = (n: number) => Uint8Array.of(n & 255, n >> 8)
  const ones = new Uint8Array(4).fill(0xff)
  const content = text('weights')
  const crc = new Uint8Array(Uint32Array.of(crc32(content)).buffer)
  const head = (signature: number[]) => Buffer.concat([Uint8Array.from(signature), u16(45)])
  const localHeader = Buffer.concat([
    head([0x50, 0x4b, 3, 4]),
    new Uint8Array(8),
    crc,
    ones,
    ones,
    u16(1),
    u16(20),
    text('a'),
    u16(1),
    u16(16),
    size64(7),
    size64(7),
  ])
  const extra = Buffer.concat([u16(9), u16(2), u16(0), u16(1), u16(24), size64(7), size64(7), size64(0)])
  const directory = Buffer.concat([
    head([0x50, 0x4b, 1, 2]),
    u16(45),
    new Uint8Array(8),
    crc,
    ones,
    ones,
    u16(1),
    u16(extra.length),
    new Uint8Array(10),
    ones,
    text('a'),
    extra,
  ])
  const at = localHeader.length + content.length
  const record = Buffer.concat([
    Uint8Array.of(0x50, 0x4b, 6, 6),
    size64(44),
    new Uint8Array(12),
    size64(1),
    size64(1),
    size64(directory.length),
    size64(at),
  ])
  const locator = Buffer.concat([Uint8Array.of(0x50, 0x4b, 6, 7), new Uint8Array(4), size64(at + directory.length), new Uint8Array(4)])
  const end = Buffer.concat([Uint8Array.of(0x50, 0x4b, 5, 6), new Uint8Array(4), u16(0xffff), u16(0xffff), ones, ones, u16(0)])
  const bytes = new Uint8Array(Buffer.concat([localHeader, content, directory, record, locator, end]))
  const zip = open(bytes)
  expect(zip.read(zip.entries.get('a')!)).toEqual(content)
  const cut = patched(bytes, 0x07064b50, (v, i) => v.setUint32(i + 8, 0x7fffffff, true))
  expect(faultOf(() => open(cut)).code).toBe('wire/truncated')
  expect(faultOf(() => open(patched(bytes, 0x07064b50, (v, i) => v.setUint32(i + 12, 0x7fffffff, true)))).code).toBe('wire/limit-exceeded')
  expect(faultOf(() => open(patched(bytes, 0x06064b50, (v, i) => v.setUint32(i, 0, true)))).message).toContain(
    'zip64 end-of-directory record',
  )
})
