import { expect, test } from 'vitest'
import { topK } from './top-k.ts'

test('the largest come first, equal ones in their order, NaN last', () => {
  expect(topK([1, 5, 3, 5], 3).map((r) => r.index)).toEqual([1, 3, 2])
  expect(topK([Number.NaN, 1, Number.NaN, 2], 4).map((r) => r.index)).toEqual([3, 1, 0, 2])
  expect(topK(Float32Array.of(0.5), 3)).toEqual([{ index: 0, score: 0.5 }])
  expect(topK([], 3)).toEqual([])
})

test('labels are added where there are any', () => {
  expect(topK([1, 2, 0], 2, ['cat', 'dog'])).toEqual([
    { index: 1, score: 2, label: 'dog' },
    { index: 0, score: 1, label: 'cat' },
  ])
})
