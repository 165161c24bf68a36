import { invariant } from '../core/diagnostics.ts'
import type { DType } from '../core/dtype.ts'
import type { Dim } from '../core/shape.ts'
import type { SourceGraph, SourceLibrary, SourceVariable } from '../import/source-graph.ts'
import type { GraphEditor } from '../ir/graph.ts'
import type { Value } from '../ir/types.ts'
import type { OpBuilder } from '../ops/build.ts'
import { op } from '../ops/index.ts'
import { tooManyNodes } from './diagnostics.ts'
import { Narrowings } from './narrowing.ts'
import type { NodeOutcome } from './outcome.ts'

/** A TensorFlow list of tensors before anything says which shape they have; then it becomes a tensor `[length, ...element]`. */
export interface PendingList {
  readonly dtype: DType
  /** A scalar i32. */
  readonly length: Value
  /** -1 for an unknown size; undefined for an unknown rank. */
  readonly element: readonly Dim[] | undefined
}

/**
 * Lowers the nodes of a body that results `kept` need, by default all, and says what became of each; results are undefined behind a node
 * that failed, and those not kept.
 */
export interface LowersNodes {
  lowerNodes(
    source: SourceGraph,
    args: readonly (Value | undefined)[],
    b: OpBuilder,
    outcomes: NodeOutcome[],
    kept?: readonly number[],
  ): readonly (Value | undefined)[]
}

/** Ends the lowering of a node whose body has failed: what went wrong is told already. */
export class BehindFailure extends Error {}

/** Bodies are lowered anew for each call and each time the sizes in a loop turn out to change. */
const maxNodes = 100_000

/** What the lowering of a model holds beside its graphs. */
export class Scope {
  readonly nodes: LowersNodes
  /** Values that stand for something else than a tensor: handles of variables, of which those that nothing writes are constants to their readers. */
  readonly variables = new WeakMap<Value, SourceVariable>()
  readonly lists = new WeakMap<Value, PendingList>()
  /** Axes of which only a run tells how many there are, for gradients of broadcast operands. */
  readonly openAxes = new WeakSet<Value>()
  /** Sums over such axes, which keep their dims here: the elements are right, and only a Reshape may read them. */
  readonly openRanks = new WeakSet<Value>()
  /** Variables that are written, by name. */
  readonly written = new Map<string, SourceVariable>()
  readonly narrowings = new Narrowings()
  readonly #handles = new WeakMap<GraphEditor, Map<string, Value>>()
  readonly #loaded = new WeakMap<SourceLibrary, Map<string, SourceGraph>>()
  #nodes = 0

  constructor(nodes: LowersNodes) {
    this.nodes = nodes
  }

  /** A function's body; reads of the variables given are constants in it. Throws what `SourceLibrary.load` throws. */
  load(library: SourceLibrary, name: string, args: readonly Value[]): SourceGraph {
    const variables = args.map((v) => this.variables.get(v))
    const key = JSON.stringify([name, ...variables.map((v) => v?.name)])
    const known = this.#loaded.get(library) ?? new Map<string, SourceGraph>()
    this.#loaded.set(library, known)
    const graph = known.get(key) ?? library.load(name, variables)
    known.set(key, graph)
    return graph
  }

  /** Throws `lower/too-many-nodes` when bodies within bodies have become too many. */
  count(nodes: number): void {
    this.#nodes += nodes
    if (this.#nodes > maxNodes) throw tooManyNodes(maxNodes)
  }

  /** A value that is no tensor, known by its identity alone. */
  standIn(b: OpBuilder, name: string, dtype: 'resource' | 'variant'): Value {
    return b.graph.addValue({ name, type: { dtype, shape: [] } })
  }

  /** The handle of a variable that is written, in the graph that is being built. */
  handle(b: OpBuilder, variable: SourceVariable): Value {
    const { name } = variable
    this.written.set(name, variable)
    const known = this.#handles.get(b.graph) ?? new Map<string, Value>()
    this.#handles.set(b.graph, known)
    const handle = known.get(name) ?? b.at(b.origin, name, () => b.op(op.varHandle, [], { container: '', sharedName: name }))
    known.set(name, handle)
    return handle
  }

  pending(b: OpBuilder, name: string, list: PendingList): Value {
    invariant(list.length.type.shape.length === 0, 'the length of a list is a scalar')
    const v = this.standIn(b, name, 'variant')
    this.lists.set(v, list)
    return v
  }
}
