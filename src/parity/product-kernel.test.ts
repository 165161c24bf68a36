import { expect, test } from 'vitest'
import { multiply } from './product-kernel.ts'

const numbers = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => ((i * 7919 * seed) % 1013) / 500 - 1)

test.each([
  [1, 1, 1],
  [3, 5, 7],
  [2, 4, 8],
  [5, 1027, 3],
  [513, 6, 9],
  [7, 3, 515],
  [514, 1025, 517],
])('a product of %i rows, sums of %i and %i columns, at the edges of what the kernel holds', (rows, inner, columns) => {
  const [x, w] = [numbers(rows * inner, 3), numbers(inner * columns, 5)]
  const turned = new Float32Array(w.length)
  for (let k = 0; k < inner; k++) for (let c = 0; c < columns; c++) turned[c * inner + k] = w[k * columns + c]!
  const plain = multiply(x, w, { rows, inner, columns, isTransposed: false })
  expect(multiply(x, turned, { rows, inner, columns, isTransposed: true })).toEqual(plain)
  expect(plain.length).toBe(rows * columns)
  for (let r = 0; r < rows; r += Math.ceil(rows / 7))
    for (let c = 0; c < columns; c++) {
      let [sum, size] = [0, 0]
      for (let k = 0; k < inner; k++) {
        const product = x[r * inner + k]! * w[k * columns + c]!
        sum += product
        size += Math.abs(product)
      }
      expect(Math.abs(plain[r * columns + c]! - sum)).toBeLessThan(1e-6 * size + 1e-12)
    }
})

test('what a run before left behind is not read', () => {
  const nan = new Float32Array(40 * 40).fill(Number.NaN)
  multiply(nan, nan, { rows: 40, inner: 40, columns: 40, isTransposed: false })
  const ones = new Float32Array(9).fill(1)
  expect([...multiply(ones, ones, { rows: 3, inner: 3, columns: 3, isTransposed: false })]).toEqual(new Array(9).fill(3))
})

test('infinities and NaN are as in any sum', () => {
  const x = Float32Array.of(1, Number.POSITIVE_INFINITY, 2, Number.NaN)
  const w = Float32Array.of(1, 2, 3, 4)
  expect([...multiply(x, w, { rows: 2, inner: 2, columns: 2, isTransposed: false })]).toEqual([
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    Number.NaN,
    Number.NaN,
  ])
})
