import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assignLayers, type Link, orderLayers } from './layers.ts'
import { layOut } from './layout.ts'

const boxes = (n: number) => Array.from({ length: n }, (_, i) => ({ width: 100 + (i % 3) * 20, height: 40 }))
/** Links of a network: mostly to the next box, some over several. */
const network = fc.integer({ min: 2, max: 40 }).chain((n) =>
  fc.record({
    n: fc.constant(n),
    links: fc.uniqueArray(
      fc
        .tuple(fc.integer({ min: 0, max: n - 2 }), fc.integer({ min: 1, max: 6 }))
        .map(([from, step]): Link => ({ from, to: Math.min(n - 1, from + step) })),
      { selector: ({ from, to }) => `${from} ${to}`, maxLength: 3 * n },
    ),
  }),
)

describe('layOut', () => {
  it('puts no box on another, and readers below what they read', () => {
    fc.assert(
      fc.property(network, ({ n, links }) => {
        const layout = layOut(boxes(n), links)
        layout.boxes.forEach((a, i) => {
          expect(a.x).toBeGreaterThanOrEqual(0)
          expect(a.x + a.width).toBeLessThanOrEqual(layout.width)
          expect(a.y + a.height).toBeLessThanOrEqual(layout.height)
          for (const b of layout.boxes.slice(i + 1)) {
            const across = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x)
            const down = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y)
            expect(Math.min(across, down)).toBeLessThanOrEqual(0)
          }
        })
        links.forEach(({ from, to }, i) => {
          const curve = layout.curves[i]!
          const [a, b] = [layout.boxes[from]!, layout.boxes[to]!]
          expect(b.y).toBeGreaterThan(a.y)
          expect(curve[0]![1]).toBe(a.y + a.height)
          expect(curve.at(-1)![1]).toBe(b.y)
          for (const [box, [x]] of [[a, curve[0]!] as const, [b, curve.at(-1)!] as const]) {
            expect(x).toBeGreaterThanOrEqual(box.x)
            expect(x).toBeLessThanOrEqual(box.x + box.width)
          }
        })
      }),
      { seed: 11, numRuns: 150 },
    )
  })

  it('draws a chain as a straight line', () => {
    const { boxes: placed } = layOut(
      boxes(6),
      Array.from({ length: 5 }, (_, i) => ({ from: i, to: i + 1 })),
    )
    const centers = placed.map((b) => b.x + b.width / 2)
    expect(Math.max(...centers) - Math.min(...centers)).toBeLessThan(1)
  })

  it('draws links against the order from their source', () => {
    const { curves, boxes: placed } = layOut(boxes(2), [
      { from: 0, to: 1 },
      { from: 1, to: 0 },
    ])
    expect(curves[1]![0]![1]).toBe(placed[1]!.y)
    expect(curves[1]!.at(-1)![1]).toBe(placed[0]!.y + placed[0]!.height)
  })

  it('takes nothing, and boxes without links', () => {
    expect(layOut([], []).boxes).toEqual([])
    expect(layOut(boxes(3), []).boxes).toHaveLength(3)
  })

  it('keeps links straight that would need too many placeholders', () => {
    const n = 2000
    const links = [
      ...Array.from({ length: n - 1 }, (_, i) => ({ from: i, to: i + 1 })),
      ...Array.from({ length: n - 2 }, (_, i) => ({ from: i, to: n - 1 })),
    ]
    const { routes, layer } = assignLayers(n, links)
    expect(layer.length).toBeLessThan(14 * n)
    expect(routes.filter((r) => r.length === 2).length).toBeGreaterThan(n)
    expect(layOut(boxes(n), links).boxes).toHaveLength(n)
  })
})

it('orderLayers removes crossings that need not be', () => {
  const layered = assignLayers(6, [
    { from: 0, to: 5 },
    { from: 1, to: 4 },
    { from: 2, to: 3 },
  ])
  const [, lower] = orderLayers(layered)
  expect(lower).toEqual([5, 4, 3])
})
