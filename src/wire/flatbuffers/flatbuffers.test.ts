import { expect, test } from 'vitest'
import { type ByteSource, memorySource } from '../../core/bytes.ts'
import { DowncastError } from '../../core/diagnostics.ts'
import { randomIntegers } from '../fuzz.testkit.ts'
import { decodeFlatbuffer } from './reader.ts'
import * as fb from './schema.ts'
import { encodeFlatbuffer } from './writer.ts'

const color = fb.enumeration(['RED', 'GREEN', 'BLUE'])
const level = fb.enumeration({ LOW: 10, HIGH: 200 })
const leaf = fb.table('Leaf', { a: fb.i32(0), b: fb.f32(1, 1), c: fb.bool(2, true) })
const other = fb.table('Other', { text: fb.string(0), wide: fb.u64(1) })
const shape = fb.union('Shape', { Leaf: leaf, Other: other })
const everything = fb.table('Everything', {
  flag: fb.bool(0),
  byte: fb.i8(1, -1),
  octet: fb.u8(2),
  short: fb.i16(3),
  word: fb.u16(4),
  int: fb.i32(5, 7),
  uint: fb.u32(6),
  long: fb.i64(7),
  ulong: fb.u64(8, 3n),
  single: fb.f32(9, 0.5),
  double: fb.f64(10),
  color: fb.named(color, 'i8', 11, 'GREEN'),
  text: fb.string(12),
  texts: fb.strings(13),
  ints: fb.vector('i32', 14),
  longs: fb.vector('i64', 15),
  bytes: fb.vector('u8', 16),
  levels: fb.names(level, 'u32', 17),
  leaf: fb.nested(leaf, 18),
  leaves: fb.tables(leaf, 19),
  shape: fb.oneOf(shape, 20),
  others: fb.always(fb.tables(other, 22)),
})
const data = fb.table('Data', { data: fb.data(0) })
const library = fb.table('Library', { books: fb.placeableTables(data, 0) })

const source = (bytes: Uint8Array) => memorySource('x.bin', bytes)
const roundTrip = (record: fb.InputOf<typeof everything>) =>
  decodeFlatbuffer(everything, source(encodeFlatbuffer(everything, record))).value
const defaults = roundTrip({})
const full = {
  flag: true,
  byte: -128,
  octet: 255,
  short: -32768,
  word: 65535,
  int: -(2 ** 31),
  uint: 2 ** 32 - 1,
  long: -(2n ** 63n),
  ulong: 2n ** 64n - 1n,
  single: -0,
  double: Math.PI,
  color: 'BLUE',
  text: 'Grüße, 世界',
  texts: ['', 'a', 'a', 'bc'],
  ints: Int32Array.of(1, -2, 3),
  longs: BigInt64Array.of(-1n, 2n ** 40n),
  bytes: Uint8Array.of(1, 2, 3),
  levels: ['LOW', 'HIGH', 'UNKNOWN_9'],
  leaf: { a: 0, b: 1, c: true },
  leaves: [
    { a: 1, b: Number.NaN, c: false },
    { a: 0, b: 1, c: true },
  ],
  shape: { type: 'Other', value: { text: 'o', wide: 5n } },
  others: [{ text: '', wide: 0n }],
} as const satisfies fb.RecordOf<typeof everything>

test('every kind of field comes back as it was written', () => {
  expect(roundTrip(full)).toEqual(full)
})

test('fields that are left out have their defaults', () => {
  expect(defaults).toEqual({
    flag: false,
    byte: -1,
    octet: 0,
    short: 0,
    word: 0,
    int: 7,
    uint: 0,
    long: 0n,
    ulong: 3n,
    single: 0.5,
    double: 0,
    color: 'GREEN',
    text: '',
    texts: [],
    ints: new Int32Array(),
    longs: new BigInt64Array(),
    bytes: new Uint8Array(),
    levels: [],
    leaf: undefined,
    leaves: [],
    shape: undefined,
    others: [],
  })
})

test('defaults and empty vectors take no room, but those that are always written', () => {
  const empty = encodeFlatbuffer(everything, {})
  expect(encodeFlatbuffer(everything, defaults)).toEqual(empty)
  const absent = encodeFlatbuffer(fb.table('Everything', {}), {})
  expect(absent).toEqual(Uint8Array.of(8, 0, 0, 0, 4, 0, 4, 0, 4, 0, 0, 0))
  expect(empty.length).toBeGreaterThan(absent.length)
})

test('equal input gives equal bytes, scalars are aligned', () => {
  const bytes = encodeFlatbuffer(everything, full, { identifier: 'TEST' })
  expect(encodeFlatbuffer(everything, full, { identifier: 'TEST' })).toEqual(bytes)
  expect(new TextDecoder().decode(bytes.subarray(4, 8))).toBe('TEST')
  // An 8-byte value in a table of 4-byte ones: the table starts 4 bytes before a multiple of 8.
  const wide = encodeFlatbuffer(other, { wide: 0x1122334455667788n })
  expect(wide.indexOf(0x88) % 8).toBe(0)
})

test('equal strings, vectors and tables of scalars of one level are stored once', () => {
  const once = encodeFlatbuffer(everything, { texts: ['abcdefgh'], leaves: [{ a: 5 }] })
  const many = encodeFlatbuffer(everything, { texts: new Array(10).fill('abcdefgh'), leaves: new Array(10).fill({ a: 5 }) })
  expect(many.length - once.length).toBe(9 * 8)
  // Equal numbers, other kinds.
  const mixed = {
    leaves: [
      { a: 1, b: 1, c: true },
      { a: 0, b: 0, c: true },
    ],
  }
  expect(roundTrip(mixed).leaves).toEqual(mixed.leaves)
})

test('long vectors of zeros are stored once', () => {
  const row = fb.table('Row', { name: fb.string(0), zeros: fb.vector('i64', 1) })
  const table = fb.table('Rows', { rows: fb.tables(row, 0) })
  const size = (...vectors: BigInt64Array[]) =>
    encodeFlatbuffer(table, { rows: vectors.map((zeros, i) => ({ name: `${i}`, zeros })) }).length
  const zeros = new BigInt64Array(1000)
  expect(size(zeros, zeros.slice()) - size(zeros)).toBeLessThan(100)
  expect(size(zeros, new BigInt64Array(999)) - size(zeros)).toBeGreaterThan(7900)
  expect(
    size(
      zeros,
      zeros.map((_, i) => (i === 999 ? 1n : 0n)),
    ) - size(zeros),
  ).toBeGreaterThan(7900)
})

test('random records come back', () => {
  const next = randomIntegers(5)
  const list = <T>(make: () => T) => Array.from({ length: next() % 5 }, make)
  for (let i = 0; i < 200; i++) {
    const record = {
      ...full,
      int: next() | 0,
      octet: next() % 256,
      flag: next() % 2 === 0,
      long: BigInt(next()) << 20n,
      text: 'x'.repeat(next() % 9),
      texts: list(() => `${next() % 3}`),
      ints: Int32Array.from(list(next)),
      longs: BigInt64Array.from(list(() => BigInt(next()))),
      bytes: Uint8Array.from(list(next)),
      leaves: list(() => ({ a: next() % 3, b: next() % 2, c: next() % 2 === 0 })),
      leaf: next() % 2 ? undefined : full.leaf,
      others: list(() => ({ text: `${next() % 3}`, wide: BigInt(next() % 3) })),
    }
    expect(roundTrip(record)).toEqual(record)
  }
})

test('what a newer schema has is counted and told with its place', () => {
  const newer = fb.table('Leaf', { a: fb.i32(0), x: fb.string(7) })
  const outer = (inner: fb.Table) =>
    fb.table('Outer', { list: fb.tables(inner, 0), shape: fb.oneOf(fb.union('Shape', { Leaf: leaf, Other: other, New: inner }), 1) })
  const bytes = encodeFlatbuffer(outer(newer), {
    list: [{ a: 1 }, { a: 2, x: 'new' }, { a: 3, x: 'new' }],
    shape: { type: 'New', value: { a: 4 } },
  } as never)
  const old = fb.table('Outer', { list: fb.tables(leaf, 0), shape: fb.oneOf(shape, 1) })
  const { value, unknown } = decodeFlatbuffer(old, source(bytes))
  expect(value.list.map((l) => l.a)).toEqual([1, 2, 3])
  expect(value.shape).toBeUndefined()
  expect(unknown).toEqual([
    { table: 'Leaf', slot: 7, path: 'list[1]', count: 2 },
    { table: 'Outer', slot: 1, member: 3, path: 'shape', count: 1 },
  ])
})

test('data vectors are handles on the source, and their tables may be placed by others', () => {
  const bytes = new Uint8Array(68)
  bytes.set(encodeFlatbuffer(library, { books: [new fb.PlacedTable(56), {}, new fb.PlacedTable(56)] }))
  const view = new DataView(bytes.buffer)
  view.setUint16(48, 6, true)
  view.setUint16(50, 8, true)
  view.setUint16(52, 4, true)
  view.setInt32(56, 8, true)
  view.setUint32(60, 4, true)
  const file = new Uint8Array([...bytes.subarray(0, 64), 3, 0, 0, 0, 7, 8, 9])
  const [first, second, third] = decodeFlatbuffer(library, source(file)).value.books
  expect(first!.data!.byteLength).toBe(3)
  expect(first!.data!.bytes()).toEqual(Uint8Array.of(7, 8, 9))
  expect(second!.data).toBeUndefined()
  expect(third!.data).toBe(first!.data)
})

test('a file is read page by page: scalars and strings across page borders, large vectors on their own', () => {
  const record = {
    ...full,
    texts: Array.from({ length: 3000 }, (_, i) => `name ${i}`),
    ints: Int32Array.from({ length: 20000 }, (_, i) => i * 3),
    leaves: Array.from({ length: 5000 }, (_, i) => ({ a: i, b: i / 2, c: false })),
  }
  const bytes = encodeFlatbuffer(everything, record)
  const reads: number[] = []
  const file: ByteSource = {
    name: 'file',
    byteLength: bytes.length,
    read(offset, length) {
      expect(offset + length).toBeLessThanOrEqual(bytes.length)
      reads.push(length)
      return bytes.slice(offset, offset + length)
    },
  }
  expect(decodeFlatbuffer(everything, file).value).toEqual(record)
  expect(reads.filter((length) => length > 20000)).toEqual([80000])
  expect(reads.reduce((a, b) => a + b)).toBeLessThan(2 * bytes.length)
})

function refused(table: fb.Table, bytes: Uint8Array, options = {}): Partial<DowncastError> {
  try {
    decodeFlatbuffer(table, source(bytes), options)
  } catch (e) {
    if (e instanceof DowncastError) return { code: e.code, offset: e.offset, path: e.path, expected: e.expected, actual: e.actual }
    throw e
  }
  throw new Error('read without a fault')
}

/** root at 8, vtable at 4 (none of these fields), then what `edit` makes of it */
function leafBytes(edit: (view: DataView) => void): Uint8Array {
  const bytes = encodeFlatbuffer(everything, { text: 'hello', ints: [1, 2, 3], leaves: [{ a: 1 }, { a: 2 }] }).slice()
  edit(new DataView(bytes.buffer))
  return bytes
}

test('a file that ends early', () => {
  const bytes = leafBytes(() => {})
  expect(refused(everything, new Uint8Array(2))).toMatchObject({ code: 'wire/truncated', offset: 0, expected: '4 bytes', actual: '2' })
  for (let length = 4; length < bytes.length - 8; length++) {
    expect(refused(everything, bytes.subarray(0, length)).code).toMatch(/^wire\/(truncated|malformed)$/)
  }
})

test('another file identifier', () => {
  const bytes = encodeFlatbuffer(leaf, {}, { identifier: 'ABCD' })
  expect(refused(leaf, bytes, { identifier: 'TFL3' })).toMatchObject({ code: 'wire/malformed', expected: '"TFL3"', actual: '"ABCD"' })
})

test('offsets, vtables and fields out of bounds', () => {
  const root = (view: DataView) => view.getUint32(0, true)
  const vtable = (view: DataView) => root(view) - view.getInt32(root(view), true)
  expect(
    refused(
      everything,
      leafBytes((v) => v.setUint32(0, 0xffffffff, true)),
    ),
  ).toMatchObject({ code: 'wire/malformed', offset: 0 })
  expect(
    refused(
      everything,
      leafBytes((v) => v.setUint32(0, 0, true)),
    ),
  ).toMatchObject({ code: 'wire/malformed', actual: '0' })
  expect(
    refused(
      everything,
      leafBytes((v) => v.setInt32(root(v), 1000, true)),
    ),
  ).toMatchObject({ code: 'wire/malformed' })
  expect(
    refused(
      everything,
      leafBytes((v) => v.setInt32(root(v), -1000, true)),
    ),
  ).toMatchObject({ code: 'wire/malformed' })
  expect(
    refused(
      everything,
      leafBytes((v) => v.setUint16(vtable(v), 3, true)),
    ),
  ).toMatchObject({ code: 'wire/malformed', actual: '3' })
  expect(
    refused(
      everything,
      leafBytes((v) => v.setUint16(vtable(v) + 2, 1, true)),
    ),
  ).toMatchObject({ code: 'wire/malformed', actual: '1' })
  expect(
    refused(
      everything,
      leafBytes((v) => v.setUint16(vtable(v), 60000, true)),
    ),
  ).toMatchObject({ code: 'wire/truncated' })
  expect(
    refused(
      everything,
      leafBytes((v) => v.setUint16(vtable(v) + 2, 60000, true)),
    ),
  ).toMatchObject({ code: 'wire/truncated' })
  expect(
    refused(
      everything,
      leafBytes((v) => v.setUint16(vtable(v) + 4 + 2 * 12, 900, true)),
    ),
  ).toMatchObject({
    code: 'wire/malformed',
    path: 'text',
    actual: '900',
  })
})

test('counts beyond the file name the vector', () => {
  const field = (v: DataView, slot: number) => {
    const root = v.getUint32(0, true)
    const at = root + v.getUint16(root - v.getInt32(root, true) + 4 + 2 * slot, true)
    return at + v.getUint32(at, true)
  }
  expect(
    refused(
      everything,
      leafBytes((v) => v.setUint32(field(v, 14), 0xffffffff, true)),
    ),
  ).toMatchObject({
    code: 'wire/truncated',
    path: 'ints',
    expected: `${4 * 0xffffffff} bytes`,
  })
  expect(
    refused(
      everything,
      leafBytes((v) => v.setUint32(field(v, 19) + 8, 0xfffffff0, true)),
    ),
  ).toMatchObject({
    code: 'wire/malformed',
    path: 'leaves[1]',
  })
})

test('a small file that unfolds to a large one is refused', () => {
  const nest = (table: fb.Table) => fb.table('Nest', { list: fb.tables(table, 0) })
  const deep = Array.from({ length: 8 }).reduce<fb.Table>((table) => nest(table), leaf)
  // A level is a table with a vector of 100 offsets to the next level: 100^8 leaves in some kilobytes.
  const bytes = new Uint8Array(8 * 500 + 200)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, 16, true)
  view.setUint16(4, 6, true)
  view.setUint16(6, 8, true)
  view.setUint16(8, 4, true)
  for (let i = 0; i < 8; i++) {
    const table = 16 + i * 500
    view.setInt32(table, table - 4, true)
    view.setUint32(table + 4, 4, true)
    view.setUint32(table + 8, 100, true)
    for (let j = 0; j < 100; j++) view.setUint32(table + 12 + 4 * j, 500 - 12 - 4 * j, true)
  }
  view.setInt32(16 + 8 * 500, 16 + 8 * 500 - 4, true)
  expect(refused(deep, bytes)).toMatchObject({ code: 'wire/limit-exceeded' })
  expect(refused(deep, bytes, { maxBytes: 1e12, maxTables: 1000 })).toMatchObject({ code: 'wire/limit-exceeded', expected: 'at most 1000' })
})

test('values that do not fit their field are our fault', () => {
  expect(() => encodeFlatbuffer(leaf, { a: 1.5 })).toThrow('no integer')
  expect(() => encodeFlatbuffer(other, { wide: -1n })).toThrow('no u64')
  expect(() => encodeFlatbuffer(everything, { long: 2n ** 63n })).toThrow('no i64')
  expect(() => encodeFlatbuffer(everything, { ints: new Float64Array(2) as never })).toThrow('another array')
  expect(() => encodeFlatbuffer(everything, { color: 'PINK' as never })).toThrow('PINK')
  expect(() => encodeFlatbuffer(everything, { shape: { type: 'None' as never, value: {} } })).toThrow('no member of Shape')
  expect(() => encodeFlatbuffer(data, { data: {} as never })).toThrow('whoever places it')
})
