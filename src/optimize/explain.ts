import type { Model } from '../ir/types.ts'
import type { OptimizeReport } from './optimize.ts'
import type { NearMiss } from './pass.ts'

/** What one rule did to a model. */
export interface Explanation {
  readonly rule: string
  /** How often it rewrote, results that later rules took further included. */
  readonly rewrites: number
  /** Ops of the finished model that it had a part in, each with the layers it was made from. */
  readonly changed: readonly { readonly op: string; readonly layers: readonly string[] }[]
  /** Where it matched but could not rewrite, and why. */
  readonly nearMisses: readonly Omit<NearMiss, 'rule'>[]
}

/** What `rule` (or a pass by this name) did; `model` is as the optimizer left it. */
export function explain(rule: string, model: Model, report: OptimizeReport): Explanation {
  const rewrites = report.passes.reduce((n, p) => n + (p.hits[rule] ?? 0), 0)
  const nodes = model.graphs.flatMap((g) => g.nodes.filter((n) => n.origin.rules.includes(rule)))
  const misses = report.nearMisses.filter((m) => m.rule === rule)
  return {
    rule,
    rewrites,
    changed: nodes.map((n) => ({ op: n.op, layers: n.origin.source })),
    nearMisses: misses.map(({ op, layer, reason }) => ({ op, layer, reason })),
  }
}
