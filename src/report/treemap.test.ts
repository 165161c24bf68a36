import fc from 'fast-check'
import { expect, it } from 'vitest'
import { squarify } from './treemap.ts'

it('gives each value its share of the area, inside and without overlap', () => {
  const values = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 40 }).map((v) => v.sort((a, b) => b - a))
  fc.assert(
    fc.property(values, (list) => {
      const rects = squarify(list, 200, 50)
      const total = list.reduce((a, b) => a + b, 0)
      rects.forEach((r, i) => {
        expect(r.width * r.height).toBeCloseTo((200 * 50 * list[i]!) / total, 6)
        expect(Math.min(r.x, r.y)).toBeGreaterThanOrEqual(0)
        expect(r.x + r.width).toBeLessThanOrEqual(200 + 1e-6)
        expect(r.y + r.height).toBeLessThanOrEqual(50 + 1e-6)
        for (const s of rects.slice(0, i)) {
          const across = Math.min(r.x + r.width, s.x + s.width) - Math.max(r.x, s.x)
          const down = Math.min(r.y + r.height, s.y + s.height) - Math.max(r.y, s.y)
          expect(Math.min(across, down)).toBeLessThan(1e-6)
        }
      })
    }),
    { seed: 7, numRuns: 100 },
  )
})

it('is made of near squares when values are equal', () => {
  for (const { width, height } of squarify(Array(8).fill(1), 200, 50))
    expect(Math.max(width / height, height / width)).toBeLessThanOrEqual(2)
})

it('takes an empty list', () => expect(squarify([], 10, 10)).toEqual([]))
