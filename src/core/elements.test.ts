import { expect, it } from 'vitest'
import type { DType } from './dtype.ts'
import { encodeElements } from './elements.ts'

const infinity = Number.POSITIVE_INFINITY

// @see IEEE 754-2008, binary16; bfloat16 is the upper half of binary32.
it.each<[DType, number, number[]]>([
  ['f16', -infinity, [0x00, 0xfc]],
  ['f16', 65519, [0xff, 0x7b]],
  ['f16', 1 + 3 * 2 ** -11, [0x02, 0x3c]],
  ['bf16', infinity, [0x80, 0x7f]],
  ['bf16', 1 + 3 * 2 ** -8, [0x82, 0x3f]],
  ['c64', 2, [0, 0, 0, 0x40, 0, 0, 0, 0]],
  ['i64', -2, [0xfe, 255, 255, 255, 255, 255, 255, 255]],
  ['u32', 2 ** 32 - 1, [255, 255, 255, 255]],
  ['i16', -3, [0xfd, 255]],
  ['bool', 1, [1]],
])('%s of %d', (dtype, value, bytes) => expect([...encodeElements(dtype, [value])]).toEqual(bytes))
