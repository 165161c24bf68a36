import { expect, test } from 'vitest'
import { bf16ToNumber, f16ToNumber, ndArray, rowOf, sizeOf, toFloat32 } from './nd-array.ts'

test('a row is a view without the first axis', () => {
  const a = ndArray('i16', Int16Array.of(1, 2, 3, 4, 5, 6), [2, 3])
  expect(sizeOf(a)).toBe(6)
  const row = rowOf(a, 1)
  expect(row.shape).toEqual([3])
  expect(row.bytes.buffer).toBe(a.bytes.buffer)
  expect(toFloat32(row)).toEqual(Float32Array.of(4, 5, 6))
})

test('half and brain floats become numbers', () => {
  expect([0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0xfc00, 0x8000].map(f16ToNumber)).toEqual([
    1,
    -2,
    2 ** -24,
    65504,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -0,
  ])
  expect(f16ToNumber(0x7e00)).toBeNaN()
  expect([0x3f80, 0xc000, 0x0000].map(bf16ToNumber)).toEqual([1, -2, 0])
})

test('arrays of halves are what each of them is', () => {
  const all = Uint16Array.from({ length: 1 << 16 }, (_, bits) => bits)
  expect(toFloat32(ndArray('f16', all))).toEqual(Float32Array.from(all, f16ToNumber))
  expect(toFloat32(ndArray('bf16', all))).toEqual(Float32Array.from(all, bf16ToNumber))
})

test('every plain number type converts to float32, the others do not', () => {
  expect(toFloat32(ndArray('i64', BigInt64Array.of(-3n, 4n)))).toEqual(Float32Array.of(-3, 4))
  expect(toFloat32(ndArray('f64', Float64Array.of(0.5)))).toEqual(Float32Array.of(0.5))
  expect(toFloat32(ndArray('bool', Uint8Array.of(0, 1)))).toEqual(Float32Array.of(0, 1))
  expect(toFloat32(ndArray('f16', Uint16Array.of(0x3c00)))).toEqual(Float32Array.of(1))
  expect(toFloat32(ndArray('bf16', Uint16Array.of(0x3f80)))).toEqual(Float32Array.of(1))
  expect(toFloat32(ndArray('c64', Float32Array.of(1, 2), [1]))).toBeUndefined()
  expect(toFloat32({ dtype: 'string', shape: [0], bytes: new Uint8Array() })).toBeUndefined()
})
