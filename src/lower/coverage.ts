import { type Diagnostic, DowncastError } from '../core/diagnostics.ts'
import type { SourceGraph, SourceModel, SourceNode } from '../import/source-graph.ts'
import { findSpec } from '../ops/index.ts'
import { adviceFor, isKeras } from './advice.ts'
import type { LowerOptions } from './allow.ts'
import { dialectOf, lowerSource } from './index.ts'
import { hasFailed, type NodeOutcome } from './outcome.ts'
import { hasFlexKernel } from './tf/flex-ops.ts'

/**
 * supported: every node becomes LiteRT operators. partly: there is a way, but not for these operands or attributes. flex: only with
 * `--allow-flex`. unsupported: only with `--allow-custom`. kept: allowed to stay as it is.
 */
export type CoverageStatus = 'supported' | 'partly' | 'flex' | 'unsupported' | 'kept'

export interface OpCoverage {
  /** TensorFlow's op, or the class of a Keras layer. */
  readonly op: string
  readonly count: number
  readonly status: CoverageStatus
  /** Layers that have it, those that fail first; a layer of several signatures once. */
  readonly layers: readonly string[]
  /** LiteRT operators it becomes before optimization, in the order they are met; empty where it leaves none or it is not known. */
  readonly becomes: readonly string[]
  /** Why nodes of it fail. */
  readonly reasons: readonly string[]
  readonly advice: string | undefined
}

export interface Coverage {
  readonly nodes: number
  /** Those that stop the conversion first, then by count. */
  readonly ops: readonly OpCoverage[]
  /** What stops it besides ops: inputs of a type or rank that no tensor has. */
  readonly problems: readonly Diagnostic[]
  readonly isConvertible: boolean
}

interface Tally {
  /** Names of nodes by layer and graph: the same layer in several signatures counts once, and so does a body that is lowered again. */
  readonly nodes: Map<string, Map<string, Set<string>>>
  readonly failed: Set<string>
  readonly layers: Set<string>
  readonly becomes: Set<string>
  readonly reasons: Set<string>
  readonly statuses: Set<NodeOutcome['status']>
}

/**
 * Every op of a model, in all its signatures and the functions of their control flow, and what becomes of it: the model is lowered and
 * the result thrown away. Weights are not read. Constants and inputs are not counted. Throws nothing for what cannot be converted.
 */
export function coverage(source: SourceModel, options: LowerOptions = {}): Coverage {
  const tallies = new Map<string, Tally>()
  const problems: Diagnostic[] = []
  const outcomes: NodeOutcome[] = []
  try {
    lowerSource(source, {
      ...options,
      onNode(outcome) {
        outcomes.push(outcome)
        add(tallies, outcome)
      },
    })
  } catch (e) {
    if (!(e instanceof DowncastError) || e.stage !== 'lower') throw e
    problems.push(...e.diagnostics.filter((d) => d.op === undefined))
  }
  const registry = dialectOf(source)
  for (const node of unloweredNodes(source.graphs, outcomes)) {
    const status = registry[node.op] ? 'unseen' : 'failed'
    add(tallies, { graph: '', node, operands: undefined, status, made: [], error: undefined })
  }
  const ops = [...tallies].map(([op, t]) => describe(source, op, t, registry[op] !== undefined))
  const rank = (o: OpCoverage) => (isFine(o) ? 1 : 0)
  ops.sort((a, b) => rank(a) - rank(b) || b.count - a.count || (a.op < b.op ? -1 : 1))
  return {
    nodes: ops.reduce((n, o) => n + o.count, 0),
    ops,
    problems,
    isConvertible: problems.length === 0 && ops.every(isFine),
  }
}

export function isFine({ status }: OpCoverage): boolean {
  return status === 'supported' || status === 'kept'
}

function add(tallies: Map<string, Tally>, { graph, node, status, made, error }: NodeOutcome): void {
  if (node.value || node.op === 'Placeholder') return
  const t = tallies.get(node.op) ?? {
    nodes: new Map(),
    failed: new Set(),
    layers: new Set(),
    becomes: new Set(),
    reasons: new Set(),
    statuses: new Set(),
  }
  tallies.set(node.op, t)
  t.statuses.add(status)
  const layer = node.layer[0] ?? node.name
  const inGraphs = t.nodes.get(layer) ?? new Map<string, Set<string>>()
  t.nodes.set(layer, inGraphs.set(graph, (inGraphs.get(graph) ?? new Set()).add(node.name)))
  ;(status === 'failed' ? t.failed : t.layers).add(layer)
  for (const op of made) t.becomes.add(findSpec(op)?.builtin ?? (status === 'lowered' ? 'a formula' : op))
  // One reason for each cause, without the layer's name.
  for (const d of error?.diagnostics ?? []) if (d.code !== 'lower/unsupported-op') t.reasons.add(d.message.replace(` "${layer}"`, ''))
}

function describe(source: SourceModel, op: string, t: Tally, hasLowering: boolean): OpCoverage {
  const isKept = t.statuses.has('custom') || t.statuses.has('flex')
  const failed = t.statuses.has('failed')
  const missing = !isKeras(source) && hasFlexKernel(op) ? 'flex' : 'unsupported'
  const status = failed ? (hasLowering ? 'partly' : missing) : isKept ? 'kept' : 'supported'
  return {
    op,
    count: [...t.nodes.values()].reduce((n, inGraphs) => n + Math.max(...Array.from(inGraphs.values(), (names) => names.size)), 0),
    status,
    layers: [...new Set([...t.failed, ...t.layers])],
    becomes: [...t.becomes],
    reasons: [...t.reasons],
    advice: failed && !hasLowering ? adviceFor(source, op) : undefined,
  }
}

/**
 * Nodes of functions that nodes which failed would run, and of those that these name; each function once. Functions of a node that was
 * lowered count only as far as they were lowered with it: of a branch on a constant condition one side is never needed.
 */
function unloweredNodes(graphs: readonly SourceGraph[], outcomes: readonly NodeOutcome[]): SourceNode[] {
  const keyOf = (graph: string, node: SourceNode) => JSON.stringify([graph, node.name])
  const fine = new Set(outcomes.filter((o) => !hasFailed(o)).map((o) => keyOf(o.graph, o.node)))
  const lowered = new Set(outcomes.map((o) => o.graph))
  const nodes: SourceNode[] = []
  const done = new Set<string>()
  const left = [...graphs]
  for (let graph = left.pop(); graph; graph = left.pop()) {
    for (const node of graph.nodes) {
      for (const f of functionsOf(node)) {
        const isLowered = lowered.has(f)
        if (done.has(f) || !graph.functions.has(f) || (!isLowered && fine.has(keyOf(graph.name, node)))) continue
        done.add(f)
        const body = graph.functions.load(f)
        if (!isLowered) nodes.push(...body.nodes)
        left.push(body)
      }
    }
  }
  return nodes
}

function functionsOf(node: SourceNode): readonly string[] {
  return node.attrs.names().flatMap((name) => {
    const attr = node.attrs.get(name)
    return attr?.kind === 'func' ? [attr.value] : attr?.kind === 'funcs' ? attr.value : []
  })
}
