import { expect, test } from 'vitest'
import { crc32c, maskedCrc32c } from './crc32c.ts'

test('the vectors of RFC 3720 B.4', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e)
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i))).toBe(0x113fdb5c)
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283)
  expect(crc32c(new Uint8Array(0))).toBe(0)
})

test('a CRC can be continued at any byte', () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => (i * 37) & 0xff)
  for (const start of [1, 2, 3]) expect(crc32c(bytes.subarray(start, start + 2))).toBe(crc32c(bytes.slice(start, start + 2)))
  for (const start of [0, 1, 2, 3]) expect(crc32c(bytes.subarray(start))).toBe(crc32c(bytes.slice(start)))
  for (const cut of [0, 1, 7, 8, 9, 63, 100]) expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))).toBe(crc32c(bytes))
})

test('the masked form rotates by 15 bits and adds the constant', () => {
  const bytes = new TextEncoder().encode('123456789')
  const expected = (((0xe3069283 >>> 15) | (0xe3069283 << 17)) + 0xa282ead8) >>> 0
  expect(maskedCrc32c(bytes)).toBe(expected)
})
