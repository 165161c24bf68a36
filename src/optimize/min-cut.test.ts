import { expect, it } from 'vitest'
import { seededRandom } from '../ir/synthetic.ts'
import { Network } from './min-cut.ts'

type Edge = readonly [from: number, to: number, capacity: number]

function cutOf(count: number, edges: readonly Edge[]) {
  const network = new Network()
  for (let i = 0; i < count; i++) network.addNode()
  for (const e of edges) network.addEdge(...e)
  return network.cut(0, 1)
}

const costOf = (edges: readonly Edge[], sinkSide: (node: number) => boolean) =>
  edges.reduce((sum, [from, to, capacity]) => (!sinkSide(from) && sinkSide(to) ? sum + capacity : sum), 0)

it('finds the cheapest of all cuts, with as few nodes on the side of the sink as it can', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const next = seededRandom(seed)
    const count = 2 + Math.floor(next() * 6)
    const edges = Array.from({ length: 3 * count }, (): Edge => {
      const [from, to] = [Math.floor(next() * count), Math.floor(next() * count)]
      return [from, to, from !== to && from > 1 && next() < 0.2 ? Number.POSITIVE_INFINITY : Math.floor(next() * 5)]
    }).filter(([from, to]) => from !== to)
    const cuts = Array.from({ length: 1 << (count - 2) }, (_, bits) => {
      const isSink = (node: number) => node === 1 || (node > 1 && ((bits >> (node - 2)) & 1) === 1)
      return { cost: costOf(edges, isSink), size: Array.from({ length: count }, (_, i) => i).filter(isSink).length }
    })
    const cheapest = Math.min(...cuts.map((c) => c.cost))
    if (cheapest === Number.POSITIVE_INFINITY) continue
    const { cost, sinkSide } = cutOf(count, edges)
    expect(cost, `seed ${seed}`).toBe(cheapest)
    expect(
      costOf(edges, (n) => sinkSide.has(n)),
      `seed ${seed}`,
    ).toBe(cheapest)
    expect(sinkSide.size, `seed ${seed}`).toBe(Math.min(...cuts.filter((c) => c.cost === cheapest).map((c) => c.size)))
  }
})

it('takes long chains', () => {
  const length = 20_000
  const edges = Array.from({ length }, (_, i): Edge => [i === 0 ? 0 : i + 1, i === length - 1 ? 1 : i + 2, i === 7 ? 2 : 3])
  const { cost, sinkSide } = cutOf(length + 1, edges)
  expect([cost, sinkSide.size]).toEqual([2, length - 7])
})
