import { expect, test } from 'vitest'
import { ndArray, toFloat32 } from '../core/nd-array.ts'
import { fitFeed, realValues } from './quantized-values.ts'
import type { TensorInfo } from './runner.ts'

const info = (dtype: TensorInfo['dtype'], scale?: number, zeroPoint = 0): TensorInfo => ({
  name: 'x',
  dtype,
  shape: ['N'],
  quant: scale === undefined ? undefined : { kind: 'per-tensor', scale, zeroPoint },
})
const f32 = (...values: number[]) => ndArray('f32', Float32Array.from(values))
const numbers = (dtype: 'i8' | 'u8' | 'i16' | 'i32' | 'bool', ...values: number[]) =>
  ndArray(dtype, { i8: Int8Array, u8: Uint8Array, i16: Int16Array, i32: Int32Array, bool: Uint8Array }[dtype].from(values))

test('real numbers are quantized, halves away from zero, clamped', () => {
  const quantize = (...values: number[]) => [...toFloat32(fitFeed('m', f32(...values), info('i8', 0.5, 3)))!]
  expect(quantize(0, 0.25, -0.25, 0.24, -0.74, 0.75)).toEqual([3, 4, 2, 3, 2, 5])
  expect(quantize(1e9, -1e9, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN)).toEqual([127, -128, 127, -128, 3])
  expect([...toFloat32(fitFeed('m', f32(1, 0, 0.5), info('u8', 1 / 255)))!]).toEqual([255, 0, 128])
})

test('quantizing and back is within half a step', () => {
  const quant = info('i16', 1 / 1000, 0)
  const values = f32(...Array.from({ length: 200 }, (_, i) => (i - 100) / 37))
  const back = realValues(fitFeed('m', values, quant), quant)!
  toFloat32(values)!.forEach((x, i) => {
    expect(Math.abs(x - back[i]!)).toBeLessThanOrEqual(0.5 / 1000 + 1e-6)
  })
})

test('numbers are taken over where they keep their value', () => {
  expect(fitFeed('m', numbers('u8', 0, 255), info('f32'))).toEqual(f32(0, 255))
  expect(fitFeed('m', f32(1, -7), info('i32'))).toEqual(numbers('i32', 1, -7))
  expect(fitFeed('m', ndArray('i64', BigInt64Array.of(5n)), info('i32'))).toEqual(numbers('i32', 5))
  expect(fitFeed('m', numbers('i32', 5), info('i64'))).toEqual(ndArray('i64', BigInt64Array.of(5n)))
  expect(fitFeed('m', numbers('u8', 0, 2), info('bool'))).toEqual(numbers('bool', 0, 1))
  expect(fitFeed('m', numbers('bool', 0, 1), info('f32'))).toEqual(f32(0, 1))
  const same = numbers('i8', 1)
  expect(fitFeed('m', same, info('i8', 0.5))).toBe(same)
})

test('what would change its value is refused', () => {
  const invalid = expect.objectContaining({ code: 'run/invalid-value', tensor: 'x' })
  expect(() => fitFeed('m', f32(0.5), info('i32'))).toThrow(invalid)
  expect(() => fitFeed('m', numbers('i32', 256), info('u8'))).toThrow(invalid)
  expect(() => fitFeed('m', ndArray('i64', BigInt64Array.of(2n ** 31n)), info('i32'))).toThrow(invalid)
  expect(() => fitFeed('m', f32(0.5), info('i64'))).toThrow(invalid)
  const wrong = expect.objectContaining({ code: 'run/wrong-dtype', tensor: 'x' })
  expect(() => fitFeed('m', f32(1), info('bool'))).toThrow(wrong)
  expect(() => fitFeed('m', f32(1), info('string'))).toThrow(wrong)
  expect(() => fitFeed('m', { dtype: 'string', shape: [0], bytes: new Uint8Array() }, info('f32'))).toThrow(wrong)
})
