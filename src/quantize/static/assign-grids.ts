import { GraphEditor } from '../../ir/graph.ts'
import type { Graph, Node, NodeId, Value, ValueId } from '../../ir/types.ts'
import { findSpec } from '../../ops/index.ts'
import type { IntegerType, OpSpec } from '../../ops/spec.ts'
import { activationGrid, type Grid, grid, rangeOfGrid, sameGrid } from './grid.ts'
import type { Numbers } from './numbers.ts'
import { sharedOperands, stateKind } from './roles.ts'

export type Range = readonly [min: number, max: number]

/** Where the values of a graph stand when it computes in integers. */
export interface Grids {
  /** On which readers find a value. */
  readonly seen: ReadonlyMap<ValueId, Grid>
  /** On which its op makes it, where that is another one: a QUANTIZE goes between. */
  readonly made: ReadonlyMap<ValueId, Grid>
  /** On which one operand must be, where that is not the seen one. */
  readonly read: ReadonlyMap<NodeId, ReadonlyMap<number, Grid>>
  /** Of variables that have one of their own. */
  readonly states: ReadonlyMap<ValueId, Grid>
  /** Of ops whose operands and results share one: also that of their constants. */
  readonly shared: ReadonlyMap<NodeId, Grid>
}

export interface AssignOptions {
  readonly type: IntegerType
  readonly numbers: Numbers
  /** Range of an activation, where one is known. */
  readonly range: (value: Value) => Range | undefined
  /** A grid that the model itself states for a value. */
  readonly declared: ReadonlyMap<ValueId, Grid>
  /** Whether a node may become integer. */
  readonly mayQuantize: (node: Node) => boolean
  /** For kernels on u8. */
  readonly isUnsigned?: boolean | undefined
}

/**
 * Grids as TensorFlow's quantizer for int8 spreads them: values with a range keep to it; ops that share one grid take that of their
 * only operand, else that of their result, which then goes back to what their operands are made of.
 * @see TensorFlow quantization_driver.cc, PropagateParamsAndReturnIfChanged, and RemoveRedundantStatsOps
 */
export function assignGrids(graph: Graph, options: AssignOptions): Grids {
  const editor = new GraphEditor(graph)
  const specs = new Map<NodeId, OpSpec>()
  for (const node of graph.nodes) {
    const spec = findSpec(node.op)
    if (spec && options.mayQuantize(node)) specs.set(node.id, spec)
  }
  const known = knownGrids(editor, graph, specs, options)
  return { ...new Spreading(editor, graph, specs, known, options).run(), states: stateGrids(graph, options) }
}

/** Grids of variables that do not share that of a result: i16 steps of the power of two that holds their range. */
export function stateGrids(graph: Graph, { range, mayQuantize }: AssignOptions): Map<ValueId, Grid> {
  const grids = new Map<ValueId, Grid>()
  for (const node of graph.nodes) {
    const spec = findSpec(node.op)
    if (!spec || !mayQuantize(node)) continue
    for (const [index, id] of node.inputs.entries()) {
      if (id === null || stateKind(spec, index) !== 'power-of-two') continue
      const found = range(graph.values.get(id)!)
      if (found) grids.set(id, grid(2 ** Math.ceil(Math.log2(Math.max(-found[0], found[1], 2 ** -15))) / 32768, 0))
    }
  }
  return grids
}

/** Notes the grid on which an operand must be. */
export function mustRead(read: Map<NodeId, Map<number, Grid>>, node: Node, index: number, to: Grid): void {
  read.set(node.id, (read.get(node.id) ?? new Map<number, Grid>()).set(index, to))
}

const isShared = (spec: OpSpec | undefined): spec is OpSpec => spec?.quant?.sameScales !== undefined

/** Results that are float: in a graph that is quantized these are the ones that get grids. */
export const floatResults = (editor: GraphEditor, node: Node): ValueId[] =>
  node.outputs.filter((id) => editor.value(id).type.dtype === 'f32')

const floatOperands = (editor: GraphEditor, node: Node): number =>
  node.inputs.filter((id) => id !== null && editor.value(id).type.dtype === 'f32').length

/** Grids that stand before anything is spread: those declared, and those of ranges that no neighbour's grid replaces. */
function knownGrids(
  editor: GraphEditor,
  graph: Graph,
  specs: ReadonlyMap<NodeId, OpSpec>,
  { type, isUnsigned, range, declared }: AssignOptions,
): Map<ValueId, Grid> {
  const seen = new Map<ValueId, Range>()
  const made = [...graph.inputs, ...graph.nodes.flatMap((n) => n.outputs)]
  for (const id of made) {
    const value = editor.value(id)
    const found = value.type.dtype === 'f32' && !declared.has(id) ? range(value) : undefined
    if (found) seen.set(id, found)
  }
  const redundant = new Set<ValueId>()
  const passed = new Set<ValueId>()
  const forward = [...seen.keys()]
  for (let id = forward.pop(); id !== undefined; id = forward.pop()) {
    const producer = editor.producer(id)
    if (producer && specs.get(producer.id)?.quant?.fixedRange?.[type]) redundant.add(id)
    for (const user of editor.users(id)) {
      if (!isShared(specs.get(user.id)) || floatOperands(editor, user) !== 1) continue
      for (const out of user.outputs) {
        if (!seen.has(out)) continue
        redundant.add(out)
        if (!passed.has(out)) forward.push(out)
        passed.add(out)
      }
    }
  }
  const passedBack = new Set<ValueId>()
  const backward = [...seen.keys()].filter((id) => !redundant.has(id))
  for (let id = backward.pop(); id !== undefined; id = backward.pop()) {
    const producer = editor.producer(id)
    if (!producer || !isShared(specs.get(producer.id))) continue
    for (const operand of producer.inputs) {
      if (operand === null || !seen.has(operand)) continue
      redundant.add(operand)
      if (!passedBack.has(operand)) backward.push(operand)
      passedBack.add(operand)
    }
  }
  const grids = new Map(declared)
  for (const [id, [low, high]] of seen) if (!redundant.has(id)) grids.set(id, activationGrid(low, high, isUnsigned ? 'u8' : type))
  return grids
}

class Spreading {
  readonly #editor: GraphEditor
  readonly #specs: ReadonlyMap<NodeId, OpSpec>
  readonly #known: ReadonlyMap<ValueId, Grid>
  readonly #type: IntegerType
  readonly #isUnsigned: boolean
  readonly #left: Node[]
  readonly #done = new Set<NodeId>()
  readonly #seen: Map<ValueId, Grid>
  readonly #made = new Map<ValueId, Grid>()
  readonly #read = new Map<NodeId, Map<number, Grid>>()
  readonly #shared = new Map<NodeId, Grid>()

  constructor(
    editor: GraphEditor,
    graph: Graph,
    specs: ReadonlyMap<NodeId, OpSpec>,
    known: ReadonlyMap<ValueId, Grid>,
    { type, isUnsigned = false }: AssignOptions,
  ) {
    this.#editor = editor
    this.#specs = specs
    this.#known = known
    this.#type = type
    this.#isUnsigned = isUnsigned
    this.#seen = new Map(known)
    this.#left = graph.nodes.filter((n) => specs.has(n.id))
  }

  run(): Omit<Grids, 'states'> {
    for (let node = this.#left.pop(); node; node = this.#left.pop()) {
      if (this.#done.has(node.id)) continue
      const spec = this.#specs.get(node.id)!
      if (isShared(spec) && !this.#share(node, spec)) continue
      this.#done.add(node.id)
      const fixed = spec.quant?.fixedRange?.[this.#type]
      if (fixed) for (const id of floatResults(this.#editor, node)) this.#setResult(id, grid(fixed.scale, fixed.zeroPoint))
    }
    return { seen: this.#seen, made: this.#made, read: this.#read, shared: this.#shared }
  }

  /** Gives all operands and results of a node one grid, when any of them has one. */
  #share(node: Node, spec: OpSpec): boolean {
    const operands = sharedOperands(spec, node, (id) => this.#editor.value(id))
    const results = floatResults(this.#editor, node)
    const apart = this.#apart(spec, operands)
    if (apart) {
      this.#shared.set(node.id, results.map((id) => this.#known.get(id)).find((g) => g !== undefined) ?? apart)
      for (const id of results) this.#setResult(id, this.#shared.get(node.id)!)
      return true
    }
    const chosen = this.#choose(
      node,
      operands.map((o) => o.value.id),
      results,
    )
    if (!chosen) return false
    this.#shared.set(node.id, chosen)
    const keepsOwn = (id: ValueId) => this.#takesAny(spec) && this.#known.has(id)
    for (const { value, index } of operands) if (!value.data && !keepsOwn(value.id)) this.#setOperand(node, index, value.id, chosen)
    for (const id of results) this.#setResult(id, chosen)
    return true
  }

  /**
   * Whether its kernel on u8 takes operands on different grids: those that were given one keep it. @see TensorFlow tfl_ops.td,
   * TFL_ConcatenationOp, RequiredSameOperandsAndResultsScale
   */
  #takesAny(spec: OpSpec): boolean {
    return this.#isUnsigned && spec.quant?.sameScales?.signedOnly === true
  }

  /** The grid that holds all operands, where each was given one and may keep it. */
  #apart(spec: OpSpec, operands: readonly { readonly value: Value }[]): Grid | undefined {
    if (!this.#takesAny(spec)) return undefined
    const ranges = operands.map(({ value }) => {
      const known = this.#known.get(value.id)
      return known && rangeOfGrid(known)
    })
    if (ranges.length === 0 || !ranges.every((r) => r !== undefined)) return undefined
    return activationGrid(Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high)), 'u8')
  }

  /** @see TensorFlow quantization_driver.cc, GetQuantParamsForSameScaleConstraint */
  #choose(node: Node, operands: readonly ValueId[], results: readonly ValueId[]): Grid | undefined {
    const of = (ids: readonly ValueId[], isKnown: boolean) =>
      ids.flatMap((id) => (this.#known.has(id) === isKnown ? (this.#seen.get(id) ?? []) : []))
    const [fixedOperands, fixedResults] = [of(operands, true), of(results, true)]
    const [openOperands, openResults] = [of(operands, false), of(results, false)]
    const isSingle = floatOperands(this.#editor, node) === 1
    if (isSingle && fixedOperands.length === 1) return fixedOperands[0]
    if (node.outputs.length === 1 && fixedResults.length === 1) return fixedResults[0]
    const [fixed] = [...fixedOperands, ...fixedResults]
    if (fixed) return fixed
    if (isSingle && openOperands.length === 1) return openOperands[0]
    if (node.outputs.length === 1 && openResults.length === 1) return openResults[0]
    return [...openOperands, ...openResults][0]
  }

  #setOperand(node: Node, index: number, id: ValueId, to: Grid): void {
    const now = this.#seen.get(id)
    if (now && sameGrid(now, to)) return
    if (now) {
      mustRead(this.#read, node, index, to)
      return
    }
    this.#seen.set(id, to)
    const producer = this.#editor.producer(id)
    if (producer) this.#again(producer)
    for (const user of this.#editor.users(id)) this.#again(user)
  }

  #setResult(id: ValueId, to: Grid): void {
    const now = this.#seen.get(id)
    if (now && sameGrid(now, to)) return
    if (now) {
      this.#made.set(id, to)
      return
    }
    this.#seen.set(id, to)
    for (const user of this.#editor.users(id)) this.#again(user)
  }

  #again(node: Node): void {
    if (this.#specs.has(node.id)) this.#left.push(node)
  }
}
