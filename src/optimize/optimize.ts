import { type Diagnostic, Diagnostics, invariant, toDiagnostic } from '../core/diagnostics.ts'
import { GraphEditor, withGraphs } from '../ir/graph.ts'
import type { Graph, Model } from '../ir/types.ts'
import { dropUncalledGraphs } from '../ops/bodies.ts'
import { layerOf } from '../ops/diagnostics.ts'
import { defaultFoldLimitBytes } from '../ops/fold.ts'
import { verifyCalls, verifyGraph } from '../ops/verify.ts'
import { foldingGrew, statesLast } from './diagnostics.ts'
import { fuseLstm, fuseLstmName } from './fuse-lstm.ts'
import { grownByFolding } from './grown-constants.ts'
import { dropUnread, type NearMiss, type PassContext } from './pass.ts'
import { floatPipeline, type Pipeline } from './pipeline.ts'
import { separateVariables, simplifyCalls } from './simplify-calls.ts'

export interface OptimizeOptions {
  /** What to run. Default: the float pipeline. */
  readonly pipeline?: Pipeline
  /** Called after each pass with the graph as it then is. Making that graph costs time: leave out when not needed. */
  readonly onPass?: (pass: string, graph: Graph) => void
  /** Stop after this many rewrites, over all passes; to find the rewrite that breaks a model. Default: no limit. */
  readonly maxRewrites?: number
  /** How many bytes the folding of one op on constants may add to the file, beyond twice what its operands hold. Default: 65,536. */
  readonly foldLimitBytes?: number | undefined
  /** Verify against the op records after each pass, not only at the end. Default false. */
  readonly verifyEach?: boolean
}

export interface PassReport {
  readonly name: string
  /** Rewrites by rule, most first. */
  readonly hits: Readonly<Record<string, number>>
  readonly timeMs: number
}

export interface OptimizeReport {
  readonly passes: readonly PassReport[]
  /** Where rules matched but could not rewrite, as the graph is at the end; for `--explain`. */
  readonly nearMisses: readonly NearMiss[]
  /** Bytes of results alive at the worst moment, in the order as it was and as it is now; symbolic sizes count as 1. */
  readonly memory: { readonly beforeBytes: number; readonly afterBytes: number }
}

/** Rewrites a graph into a smaller, faster one with the same results (within float rounding). The graph given is not changed. */
export function optimize(
  graph: Graph,
  options: OptimizeOptions = {},
): { graph: Graph; report: OptimizeReport; diagnostics: readonly Diagnostic[] } {
  const pipeline = options.pipeline ?? floatPipeline
  const editor = new GraphEditor(graph)
  const diagnostics = new Diagnostics()
  const passes: PassReport[] = []
  const misses: PassContext['misses'] = new Map()
  const memory = { beforeBytes: 0, afterBytes: 0 }
  const foldLimitBytes = options.foldLimitBytes ?? defaultFoldLimitBytes
  let budget = options.maxRewrites ?? Number.POSITIVE_INFINITY
  for (const pass of pipeline.passes) {
    const context: PassContext = { graph: editor, hits: new Map(), misses, diagnostics, memory, foldLimitBytes, budget }
    const start = performance.now()
    pass.run(context)
    budget = context.budget
    const timeMs = performance.now() - start
    passes.push({ name: pass.name, hits: Object.fromEntries([...context.hits].sort((a, b) => b[1] - a[1])), timeMs })
    if (options.verifyEach || options.onPass) {
      const now = editor.finish()
      options.onPass?.(pass.name, now)
      if (options.verifyEach) verify(now, `after the pass ${pass.name}`)
    }
  }
  dropUnread(editor)
  const optimized = editor.finish()
  if (!options.verifyEach) verify(optimized, `after the pipeline ${pipeline.name}`)
  const open = [...misses.values()].filter((m) => editor.current(m.root))
  for (const { miss } of open) if (miss.tell) diagnostics.add('info', miss.tell)
  const nearMisses = open.map(({ rule, miss }) => ({ rule, reason: miss.reason, op: miss.node.op, layer: layerOf(miss.node.origin) }))
  return { graph: optimized, report: { passes, nearMisses, memory }, diagnostics: diagnostics.list }
}

/** Optimizes every graph of a model, bodies included; signatures follow the outputs. The report sums over the graphs. */
export function optimizeModel(
  model: Model,
  options: OptimizeOptions = {},
): { model: Model; report: OptimizeReport; diagnostics: readonly Diagnostic[] } {
  let now = model
  let changed: ReadonlySet<Graph> = new Set(model.graphs)
  const done: ReturnType<typeof optimize>[] = []
  let misses: readonly NearMiss[] = []
  const lstm = { name: fuseLstmName, hits: {} as Record<string, number>, timeMs: 0 }
  // What is found out about a graph may simplify what its caller hands to it, and the other way round.
  for (let round = 0; round < maxRounds && changed.size > 0; round++) {
    const simplified = simplifyCalls(now)
    const start = performance.now()
    const fused = fuseLstm(simplified)
    lstm.timeMs += performance.now() - start
    if (fused.hits > 0) lstm.hits[fuseLstmName] = (lstm.hits[fuseLstmName] ?? 0) + fused.hits
    misses = fused.misses
    const simple = withGraphs(now, fused.model.graphs)
    changed = new Set(simple.graphs.filter((g, i) => round === 0 || g !== now.graphs[i]))
    const graphs = simple.graphs.map((g) => {
      if (!changed.has(g)) return g
      const result = optimize(g, options)
      done.push(result)
      return result.graph
    })
    now = withGraphs(simple, graphs)
  }
  const optimized = separateVariables(dropUncalledGraphs(now))
  const problems = verifyCalls(optimized)
  invariant(problems.length === 0, `the model is broken after the pipeline: ${problems.map((p) => p.message).join('; ')}`)
  const grown = grownByFolding(optimized)
  const stateful = optimized.graphs.flatMap((g) =>
    g.nodes.filter((n) => n.inputs.some((id) => id !== null && g.values.get(id)!.isVariable)),
  )
  const diagnostics = [
    ...done.flatMap((d) => d.diagnostics),
    ...(grown.length > 0 ? [toDiagnostic(foldingGrew(grown), 'info')] : []),
    ...(stateful.length > 0 ? [toDiagnostic(statesLast(stateful.map((n) => ({ op: n.op, layer: layerOf(n.origin) }))), 'info')] : []),
  ]
  const report = sumReports(done.map((d) => d.report))
  const passes = [...report.passes, lstm]
  return { model: optimized, report: { ...report, passes, nearMisses: [...report.nearMisses, ...misses] }, diagnostics }
}

const maxRounds = 4

function sumReports(reports: readonly OptimizeReport[]): OptimizeReport {
  const passes = (reports[0]?.passes ?? []).map(({ name }, i) => {
    const hits: Record<string, number> = {}
    for (const r of reports) for (const [rule, count] of Object.entries(r.passes[i]!.hits)) hits[rule] = (hits[rule] ?? 0) + count
    return { name, hits, timeMs: reports.reduce((ms, r) => ms + r.passes[i]!.timeMs, 0) }
  })
  const worst = (of: (memory: OptimizeReport['memory']) => number) => Math.max(0, ...reports.map((r) => of(r.memory)))
  const memory = { beforeBytes: worst((m) => m.beforeBytes), afterBytes: worst((m) => m.afterBytes) }
  return { passes, nearMisses: reports.flatMap((r) => r.nearMisses), memory }
}

function verify(graph: Graph, when: string): void {
  const problems = verifyGraph(graph, 'quantized')
  invariant(problems.length === 0, `graph ${graph.name} is broken ${when}: ${problems.map((p) => p.message).join('; ')}`)
}
