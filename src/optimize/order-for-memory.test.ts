import { describe, expect, it } from 'vitest'
import { randomGraph } from '../../test/testkit/random-graph.ts'
import { expectSameResults, ir } from '../../test/testkit/rewrite.ts'
import type { Node } from '../ir/types.ts'
import { optimize } from './optimize.ts'
import { orderForMemory } from './order-for-memory.ts'
import { pipeline } from './pipeline.ts'

const order = (text: string, isFixed = (_: Node) => false) => {
  const before = ir(text)
  const { graph, report } = optimize(before, { pipeline: pipeline('test', [orderForMemory(isFixed)]), verifyEach: true })
  expectSameResults(graph, before, 0)
  return { ops: graph.nodes.map((n) => n.op), memory: report.memory }
}

/** Two branches that widen x, then reduce it: one after the other they need half the bytes. */
const branches = (first: string, second: string) =>
  `(%x: f32[N,4]) { %k = const : i32[2] = [1, 100]\n %a = const : i32[1] = [1]
  %p = tile(%x, %k)\n %q = tile(%x, %k)\n %r = ${first}\n %s = ${second}\n %t = sum(%r, %a)\n %u = mean(%s, %a)\n %y = add(%t, %u) return %y }`

describe('order-for-memory', () => {
  it('ends one branch before the other begins', () => {
    const { ops, memory } = order(branches('exp(%p)', 'tanh(%q)'))
    expect(ops).toEqual(['tile', 'exp', 'sum', 'tile', 'tanh', 'mean', 'add'])
    // Two tensors of 400 floats for each branch, and one float of the first.
    expect(memory).toEqual({ beforeBytes: 3 * 1600, afterBytes: 2 * 1600 + 4 })
  })

  it('keeps the order of ops with effects', () => {
    const text = branches('exp(%p)', 'tanh(%q)').replace('%q = tile(%x, %k)', '%l = const : i32[2] = [1, 10]\n %q = tile(%x, %l)')
    expect(order(text).ops).toEqual(['tile', 'tanh', 'mean', 'tile', 'exp', 'sum', 'add'])
    expect(order(text, (n) => n.op === 'tile').ops).toEqual(['tile', 'exp', 'sum', 'tile', 'tanh', 'mean', 'add'])
  })

  it('leaves an order that is as good', () => {
    const { ops, memory } = order('(%x: f32[N,4]) { %p = exp(%x)\n %q = tanh(%p)\n %y = sin(%q) return %y }')
    expect(ops).toEqual(['exp', 'tanh', 'sin'])
    expect(memory).toEqual({ beforeBytes: 32, afterBytes: 32 })
  })

  it('never needs more, and computes the same, on random networks', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const graph = randomGraph(seed)
      const { graph: after, report } = optimize(graph, { pipeline: pipeline('test', [orderForMemory(() => false)]), verifyEach: true })
      expectSameResults(after, graph, 0, seed)
      expect(report.memory.afterBytes, `seed ${seed}`).toBeLessThanOrEqual(report.memory.beforeBytes)
    }
  })
})
