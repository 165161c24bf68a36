import { elementCount } from '../core/shape.ts'
import type { Graph } from '../ir/types.ts'
import type { CheckedInput, CheckedSignature } from './checked-signature.ts'
import { costAt } from './cost.ts'
import type { SampleKind } from './types.ts'

/** What one signature is run on. */
export interface Plan {
  /** By input, in the source's order. */
  readonly shapes: readonly (readonly number[])[]
  readonly kinds: readonly SampleKind[]
  /** The kinds are rows of one batch, not runs of their own. */
  readonly isBatched: boolean
  /** Sizes that the file fixes were made smaller. */
  readonly isReduced: boolean
  /** The same at a larger size where sizes are open: what was made up may be too small for what a model looks for. Undefined at the largest. */
  larger?(): Plan | undefined
}

/** How the source is evaluated: node by node, mostly by TensorFlow.js; by the reference kernels alone; or by a runtime. */
export type Pace = 'nodes' | 'kernels' | 'runtime'

interface Limits {
  /** Multiply-accumulates up to which a model gets all samples at its own sizes. */
  readonly cheap: number
  /** Up to which it gets one random and the edge sample. */
  readonly moderate: number
  /** What it does in a second of the multiply-accumulates, and of the elements that operators of the written model give. */
  readonly macsPerSecond: number
  readonly elementsPerSecond: number
}

const limitsOf: Readonly<Record<Pace, Limits>> = {
  nodes: { cheap: 2e7, moderate: 1e8, macsPerSecond: 3e9, elementsPerSecond: 3e7 },
  kernels: { cheap: 2e7, moderate: 1e8, macsPerSecond: 3e8, elementsPerSecond: 3e7 },
  runtime: { cheap: 1e9, moderate: 4e9, macsPerSecond: 5e9, elementsPerSecond: 3e8 },
}

/** Elements of one tensor; the sources, the results and the runtime hold several of them. */
const maxElements = 2 ** 26

/** Sizes to try where the file leaves one open: small, odd enough to tell axes apart, large enough for a stack of windows. */
const openSizes = [3, 8, 32, 64, 128, 224] as const
/**
 * Heights and widths in the place of larger fixed ones are equal to them modulo this: six halvings then round alike, and paddings that were
 * worked out for the one are right for the other.
 */
const period = 64
const smallestReduced = 32
/** How many periods more to try where the smallest is too small for a window. */
const reducedTries = 3

export interface PlanOptions {
  readonly pace: Pace
  /** What one run of the source may take. */
  readonly budgetSeconds: number
  /** Whether fixed sizes may be made smaller. */
  readonly reduce: boolean
  /** Whether the same graph was run already: then one sample will do. */
  readonly isRepeated: boolean
  /** Open sizes are larger than this. Default 0. */
  readonly above?: number
}

type Planned = Plan | { readonly reason: string; readonly tooLong?: Plan }

/** How to run a signature, cheaply; a reason where it cannot be run at all, or to the end: `tooLong` is for a part of it. `graph` is what the source became. */
export function planOf(source: CheckedSignature, graph: Graph, options: PlanOptions): Planned {
  const limits = limitsOf[options.pace]
  const text = source.inputs.find((p) => p.dtype === 'string')
  if (text) return { reason: `the input ${text.name} is text` }
  const unknown = source.inputs.find((p) => !p.shape || !p.dtype)
  if (unknown) return { reason: `the ${unknown.shape ? 'type' : 'rank'} of the input ${unknown.name} is unknown` }
  const empty = source.inputs.find((p) => p.shape?.includes(0))
  if (empty) return { reason: `the input ${empty.name} has no elements` }
  const shapesAt = (batch: number, size: number) => source.inputs.map((p) => sizesOf(p, batch, size))
  const above = openSizes.filter((s) => s > (options.above ?? 0))
  const size = above.find((s) => costAt(graph, shapesAt(1, s))) ?? above[1] ?? above[0]!
  const single = shapesAt(1, size)
  const cost = costAt(graph, single)
  const { macs, elements } = cost ?? { macs: 0, elements: 0 }
  const largest = Math.max(cost?.largest ?? largestOf(graph), ...single.map((shape) => elementCount(shape)!))
  const kindsFor = (m: number): readonly SampleKind[] => {
    if (m > limits.moderate || options.isRepeated || source.hasTies) return ['normal']
    return m <= limits.cheap ? ['normal', 'uniform', 'edge'] : ['normal', 'edge']
  }
  if (options.reduce && !source.hasModules && macs > limits.cheap) {
    for (let i = 0; i < reducedTries; i++) {
      const shapes = single.map((shape) => reducedShape(shape, smallestReduced + i * period))
      if (String(shapes) === String(single)) continue
      const reduced = costAt(graph, shapes)
      if (reduced && reduced.macs < macs && reduced.largest <= maxElements) return inRows(source, shapes, kindsFor(reduced.macs), true)
    }
  }
  if (largest > maxElements) return { reason: `one of its tensors has ${(largest / 1e6).toFixed(0)} million elements` }
  const seconds = macs / limits.macsPerSecond + elements / limits.elementsPerSecond
  if (seconds > options.budgetSeconds) {
    const work = `${(macs / 1e9).toFixed(0)} billion multiply-accumulates and ${(elements / 1e6).toFixed(0)} million elements`
    const reason = `one run, ${work}, would take some ${seconds.toFixed(0)} s, and it may take ${options.budgetSeconds} s`
    return { reason, tooLong: inRows(source, single, ['normal'], false) }
  }
  const plan = inRows(source, single, kindsFor(macs), false)
  const isOpen = source.inputs.some((p) => p.shape!.slice(1).some((d) => typeof d === 'string'))
  if (!isOpen || size === openSizes.at(-1)) return plan
  const larger = (): Plan | undefined => {
    const planned = planOf(source, graph, { ...options, above: size })
    return 'reason' in planned ? undefined : planned
  }
  return { ...plan, larger }
}

/** Elements of the largest tensor whose shape the graph states. */
function largestOf(graph: Graph): number {
  let largest = 0
  for (const { type } of graph.values.values()) largest = Math.max(largest, elementCount(type.shape) ?? 0)
  return largest
}

/** Rows of numbers are as good as runs of their own; integers may be what shapes are made of, and fail for all together. */
function inRows(source: CheckedSignature, shapes: readonly (readonly number[])[], kinds: readonly SampleKind[], isReduced: boolean): Plan {
  const isOpen = source.inputs.length > 0 && source.inputs.every((p) => typeof p.shape![0] === 'string')
  const isBatched = isOpen && kinds.length > 1 && source.inputs.every((p) => p.dtype === 'f32')
  const rows = isBatched ? kinds.length : isOpen && kinds.length === 3 ? 2 : 1
  const batched = shapes.map((shape, i) =>
    shape.map((d, axis) => (axis === 0 && typeof source.inputs[i]!.shape![0] === 'string' ? rows : d)),
  )
  return { shapes: batched, kinds, isBatched, isReduced }
}

/** The first open size is that of the batch. */
function sizesOf({ shape }: CheckedInput, batch: number, size: number): number[] {
  return shape!.map((d, axis) => (typeof d === 'number' ? d : axis === 0 ? batch : size))
}

/** A picture or a volume of at least `least` each way, channels first or last. */
function reducedShape(shape: readonly number[], least: number): readonly number[] {
  if (shape.length !== 4 && shape.length !== 5) return shape
  const reduced = (d: number): number => Math.min(d, (d % period) + period * Math.ceil(Math.max(0, least - (d % period)) / period))
  const [n, last, ways] = [shape[0]!, shape.at(-1)!, shape.slice(1, -1)]
  if (Math.min(...ways) > least && last <= 16) return [n, ...ways.map(reduced), last]
  const [first, behind] = [shape[1]!, shape.slice(2)]
  return Math.min(...behind) > least && first <= 16 ? [n, first, ...behind.map(reduced)] : shape
}
