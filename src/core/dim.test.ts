import { expect, it } from 'vitest'
import { addDims, divDims, mapDim, mulDims, subDims } from './dim.ts'

it('keeps products canonical', () => {
  expect(mulDims('N', 4, 'H', 2)).toBe('8*H*N')
  expect(divDims('8*H*N', '2*N')).toBe('4*H')
  expect(divDims('3*N', 2)).toBeUndefined()
})

it('keeps sums canonical: numbers and equal products are added, whatever the order', () => {
  expect(addDims('H', 1)).toBe('(1+H)')
  expect(addDims(2, addDims('2*N', 'H'))).toBe(addDims(addDims('H', 2), '2*N'))
  expect(addDims(addDims('H', 1), addDims('H', 2))).toBe('(3+2*H)')
  expect(addDims('N', 'N')).toBe('2*N')
  expect(addDims('N', 0)).toBe('N')
})

it('drops what cancels out', () => {
  expect(addDims('N', subDims(300, 'N'))).toBe(300)
  expect(subDims(addDims('N', 'T'), 'T')).toBe('N')
  expect(subDims('N', 'N')).toBe(0)
  expect(subDims(subDims(0, 'N'), addDims(1, 'H'))).toBe('(-1-H-N)')
  expect(addDims(subDims(0, 'N'), 'N')).toBe(0)
  expect(subDims(mulDims(2, addDims('H', 1)), mulDims(2, addDims('H', 1)))).toBe(0)
})

it('takes other expressions in parentheses for symbols', () => {
  const half = mapDim(
    'H',
    (n) => Math.floor(n / 2) + 1,
    (name) => `${name}/2+1`,
  )
  expect(half).toBe('(H/2+1)')
  expect(subDims(addDims(half, 1), 1)).toBe(half)
  const third = mapDim(
    'H',
    (n) => Math.ceil((n - 2) / 3),
    (name) => `ceil((${name}-2)/3)`,
  )
  expect(addDims(third, 5)).toBe('(5+(ceil((H-2)/3)))')
  expect(addDims('(max(M|N))', '(pad0@11.4)')).toBe('((max(M|N))+(pad0@11.4))')
})

it('keeps equal names for equal sizes, and short ones, however long their formulas are', () => {
  const names = Array.from({ length: 400 }, (_, i) => `d${i}`)
  const sum = () => names.reduce<string | number>((d, name) => addDims(d, name), 0)
  expect(sum()).toBe(sum())
  expect(addDims(sum(), 1)).not.toBe(sum())
  expect(subDims(addDims(sum(), 'H'), 'H')).toBe(sum())
  const halves = (n: number) => {
    let d: string | number = 'H'
    for (let i = 0; i < n; i++)
      d = mapDim(
        addDims(d, mulDims(d, d)),
        (v) => Math.ceil(v / 2),
        (name) => `ceil(${name}/2)`,
      )
    return d as string
  }
  expect(halves(30)).toBe(halves(30))
  expect(new Set([26, 27, 28, 29, 30].map(halves)).size).toBe(5)
  expect(halves(30).length).toBeLessThan(2048)
})
