import { expect, test } from 'vitest'
import { sealedBlock, type TableRows, tableFile, varint } from '../../test/testkit/sstable.ts'
import { memorySource } from '../core/bytes.ts'
import { openTable, readTable } from './sstable.ts'

// Has no type declarations.
const { compress } = (await import('snappyjs' as string)) as { compress: (bytes: Uint8Array) => Uint8Array }
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

function read(bytes: Uint8Array): [string, string][] {
  const out: [string, string][] = []
  for (const { key, value } of readTable(memorySource('t.index', bytes))) out.push([decode(key), decode(value)])
  return out
}

const entries: TableRows = [
  ['', 'header'],
  ['dense/bias', 'b'],
  ['dense/kernel', 'k'.repeat(200)],
]

test('reads keys that share a beginning, over several blocks', () => {
  expect(read(tableFile([entries, [['z', '']]]))).toEqual([...entries, ['z', '']])
})

test('reads Snappy blocks', () => {
  expect(read(tableFile([entries], (b) => sealedBlock(compress(b), 1)))).toEqual(entries)
})

const good = tableFile([entries])
const changed = (at: number, to: number): Uint8Array => good.with(at, to)

test.each([
  ['a file shorter than the footer', good.subarray(0, 40), 'wire/truncated'],
  ['a wrong magic number', changed(good.length - 1, 0), 'wire/malformed'],
  ['a flipped bit in a block', changed(10, good[10]! ^ 4), 'wire/checksum-mismatch'],
  ['an unknown compression', tableFile([entries], (b) => sealedBlock(b, 2)), 'wire/malformed'],
  ['a block beyond the end', changed(good.length - 48 + 4, 0x7f), 'wire/truncated'],
  ['a number without end', good.with(good.length - 48, 0xff).fill(0xff, good.length - 48, good.length - 8), 'wire/malformed'],
  [
    'a footer that ends within a number',
    good
      .slice()
      .fill(0xff, good.length - 9, good.length - 8)
      .fill(0x80, good.length - 48, good.length - 9),
    'wire/malformed',
  ],
  ['more restart points than bytes', tableFile([entries], (b) => sealedBlock(b.with(b.length - 3, 0xff), 0)), 'wire/malformed'],
  ['a key that shares more than there is', tableFile([entries], (b) => sealedBlock(b.with(0, 9), 0)), 'wire/malformed'],
  ['an entry beyond its block', tableFile([entries], (b) => sealedBlock(b.with(2, 120), 0)), 'wire/truncated'],
  ['a block without restart points', tableFile([entries], () => sealedBlock(Uint8Array.of(1), 0)), 'wire/truncated'],
])('refuses %s', (_, bytes, code) => {
  expect(() => read(bytes)).toThrow(expect.objectContaining({ code, file: 't.index' }))
})

test('keys that repeat a long beginning hit a limit', () => {
  const first = [...varint(0), ...varint(100_000), 0, ...new Uint8Array(100_000)]
  const again = [...varint(100_000), 0, 0]
  const contents = [...first, ...Array.from({ length: 3000 }, () => again).flat(), 0, 0, 0, 0, 0, 0, 0, 0]
  let blocks = 0
  const bytes = tableFile([entries], (b) => sealedBlock(blocks++ === 0 ? Uint8Array.from(contents) : b, 0))
  expect(() => read(bytes)).toThrow(expect.objectContaining({ code: 'wire/limit-exceeded' }))
})

test('a table that is opened reads the block that has a key', () => {
  const bytes = tableFile([entries, [['z', 'last']]])
  const table = openTable(memorySource('t', bytes))
  const get = (key: string) => {
    const value = table.get(new TextEncoder().encode(key))
    return value && decode(value)
  }
  for (const [key, value] of [...entries, ['z', 'last'] as const, ...entries]) expect(get(key)).toBe(value)
  for (const key of ['dense', 'dense/kernel/', 'y', 'zz']) expect(get(key)).toBeUndefined()
  // The first block is damaged, and not needed for the second.
  const damaged = openTable(memorySource('t', bytes.with(10, bytes[10]! ^ 4)))
  expect(decode(damaged.get(new TextEncoder().encode('z'))!)).toBe('last')
  expect(() => damaged.get(new TextEncoder().encode('dense/bias'))).toThrow(expect.objectContaining({ code: 'wire/checksum-mismatch' }))
})

test('a table whose blocks are read again and again hits a limit', () => {
  const rows = (first: string): TableRows => [[first, new Uint8Array(2 ** 22)]]
  // 4 MiB in 200 KB.
  const bytes = tableFile([rows('a'), rows('b')], (b) => sealedBlock(b.length > 1000 ? compress(b) : b, b.length > 1000 ? 1 : 0))
  const table = openTable(memorySource('t', bytes))
  const work = () => {
    for (let i = 0; i < 100; i++) for (const key of ['a', 'b']) table.get(new TextEncoder().encode(key))
  }
  expect(work).toThrow(expect.objectContaining({ code: 'wire/limit-exceeded' }))
})
