import { expect, test } from 'vitest'
import { memorySource } from '../core/bytes.ts'
import { maskedCrc32c } from './crc32c.ts'
import { readTable } from './sstable.ts'

// Has no type declarations.
const { compress } = (await import('snappyjs' as string)) as { compress: (bytes: Uint8Array) => Uint8Array }
const text = new TextEncoder()
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

function varint(n: number): number[] {
  const out: number[] = []
  for (; n >= 128; n = Math.floor(n / 128)) out.push((n % 128) | 128)
  return [...out, n]
}

type Entries = readonly (readonly [string, Uint8Array | string])[]

function block(entries: Entries): Uint8Array {
  const out: number[] = []
  let last = ''
  for (const [key, value] of entries) {
    let shared = 0
    while (shared < last.length && shared < key.length && last[shared] === key[shared]) shared++
    const bytes = typeof value === 'string' ? text.encode(value) : value
    out.push(...varint(shared), ...varint(key.length - shared), ...varint(bytes.length), ...text.encode(key.slice(shared)), ...bytes)
    last = key
  }
  return Uint8Array.from([...out, 0, 0, 0, 0, 1, 0, 0, 0])
}

function stored(contents: Uint8Array, type: number): Uint8Array {
  const out = new Uint8Array(contents.length + 5)
  out.set(contents)
  out[contents.length] = type
  new DataView(out.buffer).setUint32(contents.length + 1, maskedCrc32c(out.subarray(0, -4)), true)
  return out
}

/** A table of the blocks; `seal` compresses a block and says how. */
function table(blocks: readonly Entries[], seal: (b: Uint8Array) => Uint8Array = (b) => stored(b, 0)): Uint8Array {
  const parts: Uint8Array[] = []
  let offset = 0
  const add = (b: Uint8Array): Uint8Array => {
    const handle = Uint8Array.from([...varint(offset), ...varint(b.length - 5)])
    parts.push(b)
    offset += b.length
    return handle
  }
  const handles = blocks.map((b) => [b.at(-1)![0], add(seal(block(b)))] as const)
  const meta = add(seal(block([])))
  const index = add(seal(block(handles)))
  const footer = new Uint8Array(48)
  footer.set([...meta, ...index])
  footer.set([0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb], 40)
  return Uint8Array.from([...parts, footer].flatMap((p) => [...p]))
}

function read(bytes: Uint8Array): [string, string][] {
  const out: [string, string][] = []
  for (const { key, value } of readTable(memorySource('t.index', bytes))) out.push([decode(key), decode(value)])
  return out
}

const entries: Entries = [
  ['', 'header'],
  ['dense/bias', 'b'],
  ['dense/kernel', 'k'.repeat(200)],
]

test('reads keys that share a beginning, over several blocks', () => {
  expect(read(table([entries, [['z', '']]]))).toEqual([...entries, ['z', '']])
})

test('reads Snappy blocks', () => {
  expect(read(table([entries], (b) => stored(compress(b), 1)))).toEqual(entries)
})

const good = table([entries])
const changed = (at: number, to: number): Uint8Array => good.with(at, to)

test.each([
  ['a file shorter than the footer', good.subarray(0, 40), 'wire/truncated'],
  ['a wrong magic number', changed(good.length - 1, 0), 'wire/malformed'],
  ['a flipped bit in a block', changed(10, good[10]! ^ 4), 'wire/checksum-mismatch'],
  ['an unknown compression', table([entries], (b) => stored(b, 2)), 'wire/malformed'],
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
  ['more restart points than bytes', table([entries], (b) => stored(b.with(b.length - 3, 0xff), 0)), 'wire/malformed'],
  ['a key that shares more than there is', table([entries], (b) => stored(b.with(0, 9), 0)), 'wire/malformed'],
  ['an entry beyond its block', table([entries], (b) => stored(b.with(2, 120), 0)), 'wire/truncated'],
  ['a block without restart points', table([entries], () => stored(Uint8Array.of(1), 0)), 'wire/truncated'],
])('refuses %s', (_, bytes, code) => {
  expect(() => read(bytes)).toThrow(expect.objectContaining({ code, file: 't.index' }))
})

test('keys that repeat a long beginning hit a limit', () => {
  const first = [...varint(0), ...varint(100_000), 0, ...new Uint8Array(100_000)]
  const again = [...varint(100_000), 0, 0]
  const contents = [...first, ...Array.from({ length: 3000 }, () => again).flat(), 0, 0, 0, 0, 0, 0, 0, 0]
  let blocks = 0
  const bytes = table([entries], (b) => stored(blocks++ === 0 ? Uint8Array.from(contents) : b, 0))
  expect(() => read(bytes)).toThrow(expect.objectContaining({ code: 'wire/limit-exceeded' }))
})
