import { type Diagnostics, invariant } from '../core/diagnostics.ts'
import { sameShape } from '../core/shape.ts'
import type { GraphEditor } from '../ir/graph.ts'
import { mergeOrigins, type Node, type NodeId, type Value, type ValueId } from '../ir/types.ts'
import { hasEffect } from '../ops/bodies.ts'
import { shapesAgree } from '../ops/spec.ts'
import { isOpaque } from './custom.ts'
import { noFixpoint } from './diagnostics.ts'
import { type Found, matchPattern } from './pattern.ts'
import { RewriteBuilder } from './rewrite-builder.ts'
import type { Limits, Miss, Rule } from './rule.ts'

/** Where a rule stopped short of a rewrite. */
export interface NearMiss {
  readonly rule: string
  readonly reason: string
  readonly op: string
  /** Source layer of the node at fault. */
  readonly layer: string | undefined
}

/** What passes share while a pipeline runs. */
export interface PassContext extends Limits {
  readonly graph: GraphEditor
  readonly hits: Map<string, number>
  readonly misses: Map<string, { rule: string; miss: Miss; root: NodeId }>
  readonly diagnostics: Diagnostics
  /** What a pass that orders for memory found. */
  readonly memory: { beforeBytes: number; afterBytes: number }
  /** Rewrites still allowed. */
  budget: number
}

export interface Pass {
  readonly name: string
  run(context: PassContext): void
}

/** Applies rules wherever they hit until none does. For each node they are tried in the order of the list. */
export function fixpoint(name: string, rules: readonly Rule[]): Pass {
  const byOp = new Map<string, Rule[]>()
  const anyOp = rules.filter((r) => !r.pattern.ops)
  for (const r of rules) for (const op of r.pattern.ops ?? []) if (!byOp.has(op)) byOp.set(op, rulesFor(rules, op))
  return { name, run: (context) => new Rewriting(name, context, (op) => byOp.get(op) ?? anyOp).run() }
}

function rulesFor(rules: readonly Rule[], op: string): Rule[] {
  return rules.filter((r) => !r.pattern.ops || r.pattern.ops.has(op))
}

/** Removes nodes that nothing depends on, and their constants. */
export const dropDead: Pass = {
  name: 'drop-dead',
  run({ graph, hits }) {
    const count = dropUnread(graph)
    if (count > 0) hits.set('drop-dead', count)
  },
}

/** Removes nodes that no output and no effect depends on, then values nobody reads. Returns how many nodes went. */
export function dropUnread(graph: GraphEditor): number {
  return graph.removeDead(mustStay)
}

/** Whether a node stays though nobody reads its results. */
export function mustStay(node: Node): boolean {
  return hasEffect(node) || isOpaque(node)
}

class Rewriting {
  readonly #name: string
  readonly #context: PassContext
  readonly #graph: GraphEditor
  readonly #rulesOf: (op: string) => readonly Rule[]
  readonly #queue: Node[]
  readonly #queued: Set<NodeId>
  readonly #last: string[] = []
  /** Rules are about real numbers: a node that reads or makes quantized values is left alone. */
  readonly #mayBeQuantized: boolean

  constructor(name: string, context: PassContext, rulesOf: (op: string) => readonly Rule[]) {
    this.#name = name
    this.#context = context
    this.#graph = context.graph
    this.#rulesOf = rulesOf
    this.#queue = [...context.graph.finish().nodes]
    this.#queued = new Set(this.#queue.map((n) => n.id))
    this.#mayBeQuantized = [...context.graph.values.values()].some((v) => v.type.quant !== undefined)
  }

  run(): void {
    // No rule set needs more than a few rewrites per node; beyond that, rules undo each other.
    const bound = 1000 + 20 * this.#queue.length
    let rewrites = 0
    for (let next = 0; next < this.#queue.length; next++) {
      const queued = this.#queue[next]!
      this.#queued.delete(queued.id)
      const node = this.#graph.current(queued.id)
      if (!node || (this.#mayBeQuantized && this.#isQuantized(node))) continue
      for (const rule of this.#rulesOf(node.op)) {
        if (this.#context.budget === 0) return
        if (!this.#tryRule(rule, node)) continue
        this.#last.push(rule.name)
        if (++rewrites > bound) {
          this.#context.diagnostics.add('warning', noFixpoint(this.#name, rewrites, [...new Set(this.#last.slice(-50))]))
          return
        }
        break
      }
    }
  }

  #tryRule(rule: Rule, root: Node): boolean {
    const found = matchPattern(this.#graph, rule.pattern, root)
    if (!found) return false
    const result = rule.check(found.captures as never, this.#graph, this.#context)
    if (result.kind === 'other') return false
    const key = `${rule.name} ${root.id}`
    if (result.kind === 'miss') {
      this.#context.misses.set(key, { rule: rule.name, miss: result, root: root.id })
      return false
    }
    this.#context.misses.delete(key)
    this.#apply(rule, root, found, result.facts, [...found.nodes, ...result.also])
    this.#context.budget--
    this.#context.hits.set(rule.name, (this.#context.hits.get(rule.name) ?? 0) + 1)
    return true
  }

  #apply(rule: Rule, root: Node, found: Found, facts: unknown, nodes: readonly Node[]): void {
    const graph = this.#graph
    const b = new RewriteBuilder(graph, { foldLimitBytes: this.#context.foldLimitBytes })
    const origin = mergeOrigins(
      [...nodes].sort((x, y) => x.id - y.id).map((n) => n.origin),
      rule.name,
    )
    const name = graph.value(root.outputs[0]!).name
    const built = graph.inPlaceOf(root, () => b.at(origin, name, () => rule.rewrite(found.captures as never, facts, b)))
    const results = Array.isArray(built) ? (built as readonly Value[]) : [built as Value]
    invariant(results.length === root.outputs.length, `${rule.name} replaced ${root.outputs.length} results by ${results.length}`)
    root.outputs.forEach((id, i) => {
      this.#replace(rule, graph.value(id), results[i]!)
    })
    this.#release(root)
    for (const node of b.added) this.#enqueue(node)
    for (const r of results) {
      const producer = graph.producer(r.id)
      if (producer) this.#enqueue(producer)
      for (const user of graph.users(r.id)) this.#enqueue(user)
    }
  }

  #replace(rule: Rule, old: Value, next: Value): void {
    const graph = this.#graph
    const fits = old.type.dtype === next.type.dtype && shapesAgree(old.type.shape, next.type.shape)
    invariant(fits, `${rule.name} replaced "${old.name}" ${describe(old)} by ${describe(next)}`)
    const named = next.data !== undefined || graph.inputs.includes(next.id) || graph.outputs.includes(next.id)
    const isNew = graph.useCount(next.id) === 0 && !named
    // A size the old value knew stays known; between two names for a size, the one its readers were typed with stays.
    const shape = next.type.shape.map((d, i) => {
      const o = old.type.shape[i]!
      return typeof d === 'number' || (typeof o !== 'number' && !isNew) ? d : o
    })
    const change = {
      ...(graph.outputs.includes(old.id) && !named ? { name: old.name } : {}),
      ...(old.dims && !next.dims && !next.data ? { dims: old.dims } : {}),
      ...(sameShape(shape, next.type.shape) && (!old.type.range || next.type.range)
        ? {}
        : { type: { ...next.type, shape, ...(next.type.range ? {} : { range: old.type.range }) } }),
    }
    if (Object.keys(change).length > 0 && !next.data) graph.updateValue(next.id, change)
    graph.replaceUses(old.id, next.id)
  }

  /** Removes a node whose results nobody reads any more, and those it alone kept alive. */
  #release(root: Node): void {
    const graph = this.#graph
    const stack = [root]
    for (let node = stack.pop(); node; node = stack.pop()) {
      if (!graph.has(node)) continue
      graph.removeNode(node)
      for (const id of new Set(node.inputs)) {
        const producer = id === null ? undefined : graph.producer(id)
        if (!producer) continue
        if (producer.outputs.every((o) => graph.useCount(o) === 0)) {
          if (!mustStay(producer)) stack.push(producer)
        } else {
          this.#enqueue(producer)
          for (const user of graph.users(id!)) this.#enqueue(user)
        }
      }
    }
  }

  #enqueue(node: Node): void {
    if (this.#queued.has(node.id)) return
    this.#queued.add(node.id)
    this.#queue.push(node)
  }

  #isQuantized(node: Node): boolean {
    const quantized = (id: ValueId | null | undefined) => typeof id === 'number' && this.#graph.value(id).type.quant !== undefined
    return quantized(node.outputs[0]) || node.inputs.some(quantized)
  }
}

function describe(v: Value): string {
  return `${v.type.dtype}[${v.type.shape.join(',')}]`
}
