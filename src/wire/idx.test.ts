import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { memorySource } from '../core/bytes.ts'
import type { DowncastError } from '../core/diagnostics.ts'
import { toFloat32 } from '../core/nd-array.ts'
import { gunzip } from './gzip.ts'
import { isIdx, readIdx } from './idx.ts'

const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6)
const read = (bytes: Uint8Array) => readIdx(memorySource('t10k-images', bytes))
const faultOf = (bytes: Uint8Array): DowncastError => {
  try {
    read(bytes)
  } catch (e) {
    return e as DowncastError
  }
  throw new Error('nothing was thrown')
}

test('reads plain and gzipped files', () => {
  for (const bytes of [images, gzipSync(images)]) {
    expect(read(bytes)).toMatchObject({ dtype: 'u8', shape: [2, 1, 3] })
    expect([...read(bytes).bytes]).toEqual([1, 2, 3, 4, 5, 6])
  }
  expect(isIdx(images) && !isIdx(Uint8Array.of(0, 0, 7, 1))).toBe(true)
})

test('wider types come little-endian', () => {
  expect(toFloat32(read(Uint8Array.of(0, 0, 0x0b, 1, 0, 0, 0, 2, 0xff, 0xfe, 1, 0)))).toEqual(Float32Array.of(-2, 256))
  expect(toFloat32(read(Uint8Array.of(0, 0, 0x0d, 1, 0, 0, 0, 1, 0x3f, 0x80, 0, 0)))).toEqual(Float32Array.of(1))
})

test('faults name the place', () => {
  expect(faultOf(new Uint8Array(2)).code).toBe('wire/truncated')
  expect(faultOf(Uint8Array.of(0, 0, 7, 1)).message).toContain('found 00 00 07 01')
  expect(faultOf(images.subarray(0, 10)).code).toBe('wire/truncated')
  expect(faultOf(images.subarray(0, 20)).message).toContain('expected 6 bytes for u8[2,1,3], found 4')
  expect(faultOf(Uint8Array.of(...images, 9)).code).toBe('wire/malformed')
  expect(faultOf(Uint8Array.of(0, 0, 8, 3, ...new Uint8Array(12).fill(255))).code).toBe('wire/truncated')
})

test('gzip is checked and bounded', () => {
  const zipped = gzipSync(images)
  expect(faultOf(zipped.subarray(0, 25)).code).toBe('wire/truncated')
  const flipped = Uint8Array.from(zipped)
  flipped[flipped.length - 6]! ^= 1
  expect(faultOf(flipped).code).toBe('wire/checksum-mismatch')
  expect(faultOf(Uint8Array.of(...zipped.subarray(0, 10), 0xff, ...zipped.subarray(11))).code).toBe('wire/malformed')
  expect(() => gunzip(memorySource('z', gzipSync(new Uint8Array(1 << 20))), 1000)).toThrow('at most 1000 inflated bytes')
  expect(gunzip(memorySource('z', Buffer.concat([gzipSync(images), gzipSync(images)])))).toHaveLength(2 * images.length)
  const large = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 2654435761) >>> 24)
  expect(Buffer.compare(gunzip(memorySource('z', gzipSync(large))), large)).toBe(0)
})
