import { describe, expect, it } from 'vitest'
import { randomGraph } from '../../test/testkit/random-graph.ts'
import { expectSameResults, shown } from '../../test/testkit/rewrite.ts'
import { roundingTolerance } from '../ops/rounding.ts'
import { optimize } from './optimize.ts'

const seeds = Array.from({ length: 120 }, (_, i) => i + 1)

describe('the float pipeline on random networks', () => {
  const hits = new Set<string>()

  it('keeps the results within rounding, and never adds an op', () => {
    for (const seed of seeds) {
      const graph = randomGraph(seed)
      const { graph: optimized, report, diagnostics } = optimize(graph, { verifyEach: true })
      try {
        expectSameResults(optimized, graph, roundingTolerance(optimized, graph), seed)
        expect(optimized.nodes.length).toBeLessThanOrEqual(graph.nodes.length)
        expect(diagnostics).toEqual([])
      } catch (e) {
        throw new Error(`seed ${seed}: ${String(e)}\n${shown(graph)}\n=>\n${shown(optimized)}`)
      }
      for (const pass of report.passes) for (const rule of Object.keys(pass.hits)) hits.add(rule)
    }
  })

  it('has met the rules that such networks call for', () => {
    const expected = [
      'divide-by-constant',
      'fold-pad',
      'fold-scale',
      'fold-scale-before',
      'fuse-activation',
      'fuse-bias',
      'merge-clamps',
      'merge-constant-operands',
      'merge-transposes',
      'settle-layouts',
      'sink-reshape',
      'sink-transpose',
    ]
    expect([...hits]).toEqual(expect.arrayContaining(expected))
  })

  it('is done in one run', () => {
    for (const seed of seeds.slice(0, 60)) {
      const once = optimize(randomGraph(seed)).graph
      expect(shown(optimize(once).graph), `seed ${seed}`).toBe(shown(once))
    }
  })
})
