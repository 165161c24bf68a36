import { expect, it } from 'vitest'
import { formatSizeRatio } from './notation.ts'

it('tells how many times smaller, or larger where it grew', () => {
  expect(formatSizeRatio(12.14)).toBe('12.1x smaller')
  expect(formatSizeRatio(1)).toBe('as large')
  expect(formatSizeRatio(1.001)).toBe('1.00x smaller')
  expect(formatSizeRatio(0.5)).toBe('2.00x larger')
})
