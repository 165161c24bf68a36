import { expect } from 'vitest'
import { fnv1a } from '../../src/core/hash.ts'
import type { NdArray } from '../../src/core/nd-array.ts'
import { randomElements } from '../../src/ir/synthetic.ts'
import type { Graph } from '../../src/ir/types.ts'
import { interpret } from '../../src/ops/interpret.ts'
import { roundingTolerance } from '../../src/ops/rounding.ts'
import { graphFromText, graphToText } from '../../src/ops/text.ts'
import { verifyGraph } from '../../src/ops/verify.ts'
import { optimize } from '../../src/optimize/optimize.ts'
import { dropDead, fixpoint } from '../../src/optimize/pass.ts'
import { pipeline } from '../../src/optimize/pipeline.ts'
import type { Rule } from '../../src/optimize/rule.ts'
import { largestDifference, magnitudeOf } from './tolerance.ts'

/** A graph from text `(inputs) { body }`. */
export function ir(text: string): Graph {
  return graphFromText(`graph main${text.trim()}`)
}

/** Canonical text of a graph: values numbered, no names. */
export function shown(graph: Graph): string {
  return graphToText(graph, { names: false, renumber: true })
}

/** Runs the rules to their fixpoint. */
export function applyRules(graph: Graph, rules: readonly Rule[]): ReturnType<typeof optimize> {
  return optimize(graph, { pipeline: pipeline('test', [fixpoint('test', rules), dropDead]), verifyEach: true })
}

/** Expects `before` to become `after`, `hits` times, and both to compute the same: bit-equal when all the rules are exact. */
export function expectRewrite(rules: Rule | readonly Rule[], before: string, after: string, hits = 1): Graph {
  const list = Array.isArray(rules) ? (rules as readonly Rule[]) : [rules as Rule]
  const original = ir(before)
  expect(verifyGraph(original).map((p) => p.message)).toEqual([])
  const { graph, report } = applyRules(original, list)
  expect(shown(graph)).toBe(shown(ir(after)))
  expect(Object.entries(report.passes[0]!.hits).reduce((n, [, count]) => n + count, 0)).toBe(hits)
  expectSameResults(graph, original, list.every((r) => r.semantics === 'exact') ? 0 : roundingTolerance(graph, original))
  return graph
}

/** Expects no rewrite, for this reason. */
export function expectMiss(rules: Rule | readonly Rule[], before: string, reason: string): void {
  const list = Array.isArray(rules) ? (rules as readonly Rule[]) : [rules as Rule]
  const original = ir(before)
  expect(verifyGraph(original).map((p) => p.message)).toEqual([])
  const { graph, report } = applyRules(original, list)
  expect(report.passes[0]!.hits).toEqual({})
  expect(report.nearMisses.map((m) => m.reason)).toContain(reason)
  expect(shown(graph)).toBe(shown(applyRules(original, []).graph))
}

/** Expects no rewrite, and nothing to say about it. */
export function expectOther(rules: Rule | readonly Rule[], before: string): void {
  const list = Array.isArray(rules) ? (rules as readonly Rule[]) : [rules as Rule]
  const original = ir(before)
  const { graph, report } = applyRules(original, list)
  expect(report.passes[0]!.hits).toEqual({})
  expect(report.nearMisses).toEqual([])
  expect(shown(graph)).toBe(shown(applyRules(original, []).graph))
}

/** Feeds both graphs the same random inputs (symbolic sizes become 2); results differ by `tolerance` times the largest magnitude at most. */
export function expectSameResults(actual: Graph, expected: Graph, tolerance: number, seed = 1): void {
  const feeds = randomFeeds(expected, seed)
  let magnitude = Math.max(0, ...feeds.map(magnitudeOf))
  const e = interpret(expected, feeds, {
    observe: (result) => {
      magnitude = Math.max(magnitude, magnitudeOf(result))
    },
  })
  const a = interpret(actual, feeds)
  expect(a.length).toBe(e.length)
  e.forEach((array, i) => {
    expect(largestDifference(a[i]!, array), `output ${i}`).toBeLessThanOrEqual(tolerance === 0 ? 0 : tolerance * magnitude)
  })
}

/** Random arrays for the inputs: f32 in [-8, 8). */
export function randomFeeds(graph: Graph, seed: number): NdArray[] {
  return graph.inputs.map((id) => {
    const { type, name } = graph.values.get(id)!
    const shape = type.shape.map((d) => (typeof d === 'number' ? d : 2))
    const count = shape.reduce((a, b) => a * b, 1)
    const bytes = randomElements(type.dtype, count, seed + fnv1a(name))
    if (type.dtype === 'f32') {
      const data = new Float32Array(bytes.buffer)
      for (let i = 0; i < data.length; i++) data[i]! *= 8
    }
    return { dtype: type.dtype, shape, bytes }
  })
}
