import { describe, expect, test } from 'vitest'
import type { GridType } from './grid.ts'
import { litertQuantizerNumbers } from './numbers.ts'

/*
 * Recorded from litert-quantizer 0.11, uniform_quantize_tensor.py: tensor_zp_scale_from_min_max, uniform_quantize, symmetric_quantize_bias_tensor.
 */

const [asymmetric, symmetric] = [litertQuantizerNumbers(false), litertQuantizerNumbers(true)]

describe('a range', () => {
  test.each([
    [-1, 1, 0.007843137718737125, -1, 0.007874015718698502, 3.0518509447574615e-5],
    [-0.3, 0.7, 0.003921568859368563, -52, 0.005511811003088951, 2.136295552190859e-5],
    [0.5, 2, 0.007843137718737125, -128, 0.015748031437397003, 6.103701889514923e-5],
    [-3, -1, 0.0117647061124444, 127, 0.023622047156095505, 9.155552834272385e-5],
    [0, 0, 3.9215683651783184e-12, -128, 7.874015675590762e-12, 3.0518508998145927e-14],
    [-1.27, 0.01, 0.005019607953727245, 125, 0.009999999776482582, 3.8758505979785696e-5],
    [-2.55, 0, 0.009999999776482582, 127, 0.020078739151358604, 7.78221947257407e-5],
  ])('of %f to %f', (low, high, scale, zeroPoint, around0, int16) => {
    expect(asymmetric.activation(low, high, 'i8')).toMatchObject({ scale, zeroPoint })
    expect(symmetric.activation(low, high, 'i8')).toMatchObject({ scale: around0, zeroPoint: 0 })
    expect(asymmetric.activation(low, high, 'i16')).toMatchObject({ scale: int16, zeroPoint: 0 })
  })
})

test.each([
  [asymmetric, 'i8', 1, [0.25, 0.75, 1.25, -0.25, -64, 64, 100], [2, 2, 4, 0, -127, 127, 127]],
  [symmetric, 'i8', 0, [0.25, 0.75, -1.25, -64, 64], [0, 2, -2, -127, 127]],
  [symmetric, 'i16', 0, [0.25, 0.75, -16384, 1e9], [0, 2, -32767, 32767]],
] as const)('constants: halves go to the even neighbour', (numbers, type, zeroPoint, values, stored) => {
  const on = { kind: 'per-tensor', scale: 0.5, zeroPoint } as const
  expect([...numbers.store(Float32Array.from(values), on, type satisfies GridType)]).toEqual(stored)
})

test('a bias on the product of scales, never moved off it', () => {
  const bias = Float32Array.of(0.25, 0.75, -1.25, 3e8)
  const { bias: scales, weights } = asymmetric.biasScales(bias, 1, Float32Array.of(0.5))
  expect([scales[0], weights[0]]).toEqual([0.5, 0.5])
  expect([...asymmetric.bias(bias, scales, 'i32')]).toEqual([0, 2, -2, 600000000])
  expect([...asymmetric.bias(Float32Array.of(0.25, -1.25), Float32Array.of(0.5, 0.1), 'i64')]).toEqual([0n, -12n])
})

test('a result of the kernel in a symmetric model is read on a grid around 0', () => {
  const softmax = { kind: 'per-tensor', scale: 1 / 256, zeroPoint: -128 } as const
  expect(asymmetric.afterFixed(softmax, 'i8')).toBe(softmax)
  expect(symmetric.afterFixed(softmax, 'i8')).toMatchObject({ zeroPoint: 0, scale: Math.fround(255 / 256 / 127) })
})
