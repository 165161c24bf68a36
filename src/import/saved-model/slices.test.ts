import { expect, test } from 'vitest'
import { constFromBytes } from '../../core/bytes.ts'
import { bytesOf } from '../../core/dtype.ts'
import { type Box, parseSlice, partOf, type Stored, sliceKey } from './slices.ts'

const box = (...ranges: readonly (readonly [number, number])[]): Box => ranges.map(([start, length]) => ({ start, length }))
/** The part of a 4x6 tensor whose elements count from 0. */
const stored = (b: Box): Stored => ({
  box: b,
  read: () => {
    const [rows, columns] = b
    const at = Array.from({ length: rows!.length * columns!.length }, (_, i) => {
      const row = rows!.start + Math.floor(i / columns!.length)
      return row * 6 + columns!.start + (i % columns!.length)
    })
    return { dtype: 'i32', shape: b.map((d) => d.length), data: constFromBytes(bytesOf(Int32Array.from(at))) }
  },
})
const elements = (wanted: Box, parts: readonly Box[]): number[] | undefined => {
  const part = partOf(wanted, parts.map(stored))
  return part && 'data' in part ? [...new Int32Array(part.data.bytes().slice().buffer)] : undefined
}
const all = Array.from({ length: 24 }, (_, i) => i)

test('a tensor is put together from its parts, in any order', () => {
  const whole = box([0, 4], [0, 6])
  expect(elements(whole, [box([2, 2], [0, 6]), box([0, 2], [0, 6])])).toEqual(all)
  expect(elements(whole, [box([0, 4], [0, 1]), box([0, 4], [1, 5])])).toEqual(all)
  expect(elements(box([1, 2], [2, 3]), [box([0, 2], [0, 6]), box([2, 2], [0, 6])])).toEqual([8, 9, 10, 14, 15, 16])
  expect(elements(box([2, 2], [0, 6]), [box([0, 2], [0, 6]), box([2, 2], [0, 6])])).toEqual(all.slice(12))
})

test('parts that leave a gap or overlap are refused', () => {
  expect(elements(box([0, 4], [0, 6]), [box([0, 2], [0, 6])])).toBeUndefined()
  expect(elements(box([0, 4], [0, 6]), [box([0, 3], [0, 6]), box([2, 2], [0, 6])])).toBeUndefined()
})

test('the slices of a restore op', () => {
  expect(parseSlice('4 6 0,2:-', [4, 6])).toEqual(box([0, 2], [0, 6]))
  expect(parseSlice('', [4, 6])).toEqual(box([0, 4], [0, 6]))
  for (const text of ['4 6 3,2:-', '4 6 -', '4 6 a,b:-', '4 6 -1,2:-']) expect(parseSlice(text, [4, 6])).toBeUndefined()
})

test('the keys of slices are ordered codes', () => {
  const key = (name: string, ...extent: { start: number; length: number | undefined }[]) =>
    Array.from(sliceKey(name, { extent }), (c) => c.charCodeAt(0))
  expect(key('w', { start: 0, length: 5 }, { start: 0, length: undefined })).toEqual([0, 119, 0, 1, 1, 2, 0x80, 0x85, 0x80, 0x7f])
  expect(key('w', { start: 64, length: 1000 })).toEqual([0, 119, 0, 1, 1, 1, 0xc0, 64, 0xc3, 0xe8])
})
