import { constFromBytes } from '../../core/bytes.ts'
import { bytesOf } from '../../core/dtype.ts'
import { GraphEditor, withGraphs } from '../../ir/graph.ts'
import type { Graph, Model, Node, Value, ValueId } from '../../ir/types.ts'
import { findSpec } from '../../ops/index.ts'
import { ignoredMasks, leastMask, maskOperands } from '../../ops/masks.ts'
import type { IntegerType, OpSpec } from '../../ops/spec.ts'
import type { Ranges } from '../ranges.ts'
import { floatsOf } from '../static/constants.ts'
import type { KeepFloat } from '../types.ts'

export interface CutMasks {
  /** Constants that made masks make smaller ones; values keep their numbers. */
  readonly model: Model
  /** Of activations with masks: wide enough for these. */
  readonly ranges: Ranges
  /** Activations whose range leaves their masks out. */
  readonly cut: readonly Value[]
  /** Activations that keep masks as large as they are, and the layers that make them. */
  readonly uncut: readonly { readonly value: Value; readonly layer: string | undefined }[]
}

/** Sizes that are not known stand for as many elements of a row. @see BERT (Devlin et al., 2019), the longest sequence */
const openRow = 512

/**
 * Masks as small as a softmax allows. Those of an activation go below its other values by so much that all masked elements of a row
 * together weigh less than half a step of the softmax's result, `ln(2 n / step)` for rows of `n`; and where they are made in a sum, by
 * the most that the other operands add. What a float op makes, as those that `keep` names, may keep its masks: they saturate on the grid. Only activations of which `ranges` tell masks change.
 */
export function cutMasks(model: Model, ranges: Ranges, type: IntegerType, keep: KeepFloat = () => false): CutMasks {
  if (!ranges.masks) return { model, ranges, cut: [], uncut: [] }
  const graphs = model.graphs.map((graph, index) => new MaskCutter(graph, index, ranges, type, keep).run())
  const of: Ranges['of'] = (graph, value) => graphs[graph]?.ranges.get(value.id) ?? ranges.of(graph, value)
  const cut = graphs.flatMap((g) => g.cut)
  const uncut = graphs.flatMap((g) => g.uncut)
  if (cut.length + uncut.length === 0) return { model, ranges, cut, uncut }
  return {
    model: withGraphs(
      model,
      graphs.map((g) => g.graph),
    ),
    ranges: { of },
    cut,
    uncut,
  }
}

type Range = readonly [min: number, max: number]
/** 1 where masks lie below the rest, -1 where they lie above: `side` times each value is looked at. */
type Side = 1 | -1

/** Where masks are to be, `side` times each: at or below. */
interface Limit {
  readonly side: Side
  readonly at: number
}

/** An operand whose masks show in a result, and the side of its own. */
interface Shown {
  readonly index: number
  readonly how: 'picked' | 'added' | 'multiplied'
  readonly side: Side
  readonly value: Value
}

const ranged = (values: readonly number[], side: Side): Range => {
  const sided = values.map((x) => side * x + 0)
  return [Math.min(...sided), Math.max(...sided)]
}

class MaskCutter {
  readonly #graph: Graph
  readonly #index: number
  readonly #known: Ranges
  readonly #type: IntegerType
  readonly #keep: KeepFloat
  readonly #editor: GraphEditor
  readonly #limits = new Map<ValueId, Limit>()
  readonly #ranges = new Map<ValueId, Range>()
  readonly #cut: Value[] = []
  readonly #uncut: CutMasks['uncut'][number][] = []

  constructor(graph: Graph, index: number, known: Ranges, type: IntegerType, keep: KeepFloat) {
    this.#graph = graph
    this.#index = index
    this.#known = known
    this.#type = type
    this.#keep = keep
    this.#editor = new GraphEditor(graph)
  }

  run(): { graph: Graph; ranges: ReadonlyMap<ValueId, Range> } & Pick<CutMasks, 'cut' | 'uncut'> {
    for (const node of this.#graph.nodes.toReversed()) {
      const spec = findSpec(node.op)
      for (const id of node.outputs) if (this.#masks(id)) this.#settle(this.#value(id), node, spec)
      if (spec) this.#ask(node, spec)
    }
    for (const id of this.#graph.inputs) if (this.#masks(id)) this.#settle(this.#value(id), undefined, undefined)
    return { graph: this.#editor.finish(), ranges: this.#ranges, cut: this.#cut, uncut: this.#uncut }
  }

  #value(id: ValueId): Value {
    return this.#graph.values.get(id)!
  }

  #masks(id: ValueId): ReturnType<NonNullable<Ranges['masks']>> {
    const value = this.#value(id)
    return value.data ? undefined : this.#known.masks?.(this.#index, value)
  }

  /** Of all that is no mask, with 0; of masks alone 0. */
  #rest(value: Value, side: Side): Range | undefined {
    if (value.data) return bounded(floatsOf(value), side)
    const found = this.#known.of(this.#index, value) ?? (this.#masks(value.id) && [0, 0])
    return found && ranged(found, side)
  }

  /** What a softmax asks of the masks that it reads. */
  #ask(node: Node, spec: OpSpec): void {
    const id = node.inputs[ignoredMasks(spec)]
    if (id == null || !this.#masks(id)) return
    const { scale, zeroPoint } = spec.quant?.fixedRange?.[this.#type] ?? finest
    const row = this.#value(id).type.shape.at(-1) ?? 1
    const weightless = Math.log((2 * (typeof row === 'number' ? row : openRow)) / scale)
    // Where the result is the logarithm of a weight, masks have to show as the smallest it holds.
    const lowest = this.#type === 'i8' ? scale * (128 + zeroPoint) : 0
    this.#limit(id, { side: 1, at: this.#rest(this.#value(id), 1)![0] - Math.max(weightless, lowest) })
  }

  #limit(id: ValueId, { side, at }: Limit): void {
    this.#limits.set(id, { side, at: Math.min(this.#limits.get(id)?.at ?? at, at) })
  }

  /** Cuts the masks of a value, and asks the same of what they are made of. */
  #settle(value: Value, node: Node | undefined, spec: OpSpec | undefined): void {
    const limit = this.#limits.get(value.id)
    const rest = limit && this.#rest(value, limit.side)
    const shown = limit && node && spec ? this.#shown(node, spec, limit.side) : []
    if (limit && rest) {
      const [low, high] = rest
      const { side } = limit
      const least = Math.min(limit.at, low)
      const isMade = shown.some((s) => this.#holdsMasks(s)) && this.#passOn(value, node!, shown, { side, at: least })
      const isFloat = !node || !spec?.quant?.integer?.includes(this.#type) || this.#keep(node.origin, value.name)
      if (isMade || (isFloat && side === 1)) {
        // A QUANTIZE makes i32 first and adds the zero point then: one below 0 would bring masks out at the other end.
        this.#ranges.set(value.id, ranged([isMade ? least : Math.min(least, -high), high], side))
        this.#cut.push(value)
        return
      }
    }
    const { finite = [] } = this.#masks(value.id)!
    this.#ranges.set(value.id, ranged([...(this.#known.of(this.#index, value) ?? []), ...finite, 0], 1))
    this.#uncut.push({ value, layer: node?.origin.source[0] })
  }

  #shown(node: Node, spec: OpSpec, side: Side): Shown[] {
    return maskOperands(spec, node.inputs.length).flatMap(({ index, how, sign }) => {
      const id = node.inputs[index]
      return id == null ? [] : [{ index, how, side: (side * sign) as Side, value: this.#value(id) }]
    })
  }

  #holdsMasks({ how, side, value }: Shown): boolean {
    if (!value.data) return this.#masks(value.id) !== undefined
    return floatsOf(value).some((x) => isMask(x, side) || (how === 'multiplied' && isMask(x, -side as Side)))
  }

  /** Whether what the masks of a result are made of can be cut so that they are at the limit. */
  #passOn(value: Value, node: Node, shown: readonly Shown[], limit: Limit): boolean {
    if (shown[0]!.how === 'multiplied') return this.#passFactor(value, node, shown, limit)
    const asked = shown
      .filter((s) => this.#holdsMasks(s))
      .map((s) => {
        const others = s.how === 'added' ? shown.filter((o) => o.index !== s.index) : []
        const most = others.map((o) => this.#rest(o.value, o.side)?.[1])
        return { ...s, at: most.reduce<number>((at, high) => at - (high ?? Number.NaN), limit.at) }
      })
    if (asked.some(({ at }) => Number.isNaN(at))) return false
    for (const { index, side, value: operand, at } of asked) {
      if (operand.data) this.#replace(node, index, operand, (x) => (isMask(x, side) ? side * at : x))
      else this.#limit(operand.id, { side, at })
    }
    return true
  }

  /** A factor that makes masks is made smaller where nothing else shows; one that scales them asks it of the other factor. */
  #passFactor(value: Value, node: Node, shown: readonly Shown[], { side, at }: Limit): boolean {
    const factor = shown.find((s) => s.value.data)
    const other = shown.find((s) => !s.value.data)
    if (!factor || !other) return false
    const factors = floatsOf(factor.value)
    if (this.#holdsMasks(factor)) {
      const { finite } = this.#masks(value.id)!
      if (!finite || this.#rest(value, side)?.some((x) => x !== 0)) return false
      const nearest = ranged(finite, side)[1]
      this.#replace(node, factor.index, factor.value, (x) => x * (at / nearest))
      return true
    }
    if (!factors.every((x) => x > 0)) return false
    this.#limit(other.value.id, { side, at: factors.reduce((least, x) => Math.min(least, at / x), Number.POSITIVE_INFINITY) })
    return true
  }

  #replace(node: Node, index: number, value: Value, by: (x: number) => number): void {
    const editor = this.#editor
    const made = editor.addConst(value.name, value.type, constFromBytes(bytesOf(floatsOf(value).map(by))))
    const now = editor.current(node.id)!
    editor.updateNode(now, { inputs: now.inputs.map((id, i) => (i === index ? made.id : id)) })
  }
}

/** The finest steps that a softmax has: of i16. */
const finest = { scale: 1 / 32768, zeroPoint: 0 } as const

const isMask = (x: number, side: Side): boolean => side * x <= -leastMask

function bounded(values: Float32Array, side: Side): Range {
  let [low, high] = [0, 0]
  for (const x of values) {
    if (Math.abs(x) >= leastMask) continue
    low = Math.min(low, side * x)
    high = Math.max(high, side * x)
  }
  return [low, high]
}
