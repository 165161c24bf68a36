import { expect, it } from 'vitest'
import { toHalfBits } from './half.ts'
import { f16ToNumber } from './nd-array.ts'

// @see IEEE 754-2008, binary16
it.each([
  [0, 0x0000],
  [-0, 0x8000],
  [1, 0x3c00],
  [-2, 0xc000],
  [65504, 0x7bff],
  [65519.99, 0x7bff],
  [65520, 0x7bff],
  [1e30, 0x7bff],
  [Number.NEGATIVE_INFINITY, 0xfbff],
  [2 ** -24, 0x0001],
  [2 ** -25, 0x0000],
  [2 ** -25 * 1.0001, 0x0001],
  [2 ** -14, 0x0400],
  [2 ** -14 - 2 ** -24, 0x03ff],
  [1 + 2 ** -11, 0x3c00],
  [1 + 3 * 2 ** -11, 0x3c02],
  [0.1, 0x2e66],
])('%d is 0x%s', (value, bits) => expect(toHalfBits(value)).toBe(bits))

it('gives back every finite half-precision number', () => {
  const all = Array.from({ length: 0x7c00 }, (_, bits) => [bits, bits | 0x8000]).flat()
  expect(all.filter((bits) => toHalfBits(f16ToNumber(bits)) !== bits)).toEqual([])
})

it('keeps NaN', () => expect(f16ToNumber(toHalfBits(Number.NaN))).toBeNaN())
