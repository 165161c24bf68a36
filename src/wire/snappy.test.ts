import { expect, test } from 'vitest'
import { decompressSnappy } from './snappy.ts'

// Has no type declarations.
const { compress } = (await import('snappyjs' as string)) as { compress: (bytes: Uint8Array) => Uint8Array }
const origin = { file: 'x', offset: 100 }
const text = new TextEncoder()

test('undoes what a compressor makes', () => {
  const random = Uint8Array.from({ length: 3000 }, (_, i) => (Math.imul(i, 2654435761) >>> 13) & 0xff)
  for (const bytes of [text.encode('a'), text.encode('wikipedia '.repeat(50)), random, new Uint8Array(0), new Uint8Array(70_000)]) {
    expect(decompressSnappy(compress(bytes), origin, 1 << 20)).toEqual(bytes)
  }
})

test('copies may overlap and have 1, 2 or 4 bytes of distance', () => {
  expect(decompressSnappy(Uint8Array.of(7, 0 << 2, 97, (0b10 << 2) | 1, 1), origin, 99)).toEqual(text.encode('aaaaaaa'))
  expect(decompressSnappy(Uint8Array.of(3, 0 << 2, 97, ((2 - 1) << 2) | 2, 1, 0), origin, 99)).toEqual(text.encode('aaa'))
  expect(decompressSnappy(Uint8Array.of(3, 0 << 2, 97, ((2 - 1) << 2) | 3, 1, 0, 0, 0), origin, 99)).toEqual(text.encode('aaa'))
})

test.each([
  ['an empty block', [], 'wire/truncated'],
  ['a length without end', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 'wire/malformed'],
  ['content beyond the limit', [0xff, 0xff, 0xff, 0x7f], 'wire/limit-exceeded'],
  ['content that cannot come from so few bytes', [0xff, 0x7f, 0], 'wire/malformed'],
  ['a literal beyond the input', [5, 4 << 2, 1, 2], 'wire/truncated'],
  ['a literal of 2^32 bytes', [5, 63 << 2, 0xff, 0xff, 0xff, 0xff], 'wire/truncated'],
  ['a literal beyond the content', [1, 1 << 2, 1, 2], 'wire/malformed'],
  ['a copy from before the start', [5, 0, 97, ((4 - 1) << 2) | 2, 2, 0], 'wire/malformed'],
  ['a copy from nowhere', [5, 0, 97, ((4 - 1) << 2) | 2, 0, 0], 'wire/malformed'],
  ['a copy beyond the content', [3, 0, 97, ((4 - 1) << 2) | 2, 1, 0], 'wire/malformed'],
  ['too little content', [3, 0, 97], 'wire/truncated'],
])('refuses %s', (_, bytes, code) => {
  expect(() => decompressSnappy(Uint8Array.from(bytes), origin, 1 << 20)).toThrow(expect.objectContaining({ code, file: 'x' }))
})
