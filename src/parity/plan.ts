import type { SourceGraph, SourcePort } from '../import/source-graph.ts'
import type { Graph } from '../ir/types.ts'
import { macsAt } from './cost.ts'
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
}

/** Multiply-accumulates up to which a model gets all samples, and two rows where it takes any number. */
const cheapMacs = 2e7
/** Up to which it gets one random and the edge sample at its own sizes. */
const moderateMacs = 1e8
/** Beyond this nothing is run: it would take minutes. */
const maxMacs = 5e10

/** Sizes to try where the file leaves one open: small, odd enough to tell axes apart, large enough for a stack of windows. */
const openSizes = [3, 8, 32, 64, 128, 224] as const
/** Heights and widths to try in the place of larger fixed ones. */
const reducedSizes = [32, 48, 64, 96, 128, 160, 192] as const

export interface PlanOptions {
  /** Whether fixed sizes may be made smaller. */
  readonly reduce: boolean
  /** Whether the same graph was run already: then one sample will do. */
  readonly isRepeated: boolean
}

/** How to run a signature, cheaply; a reason where it cannot be run at all. `graph` is what the source became. */
export function planOf(source: SourceGraph, graph: Graph, options: PlanOptions): Plan | { readonly reason: string } {
  const text = source.inputs.find((p) => p.dtype === 'string')
  if (text) return { reason: `the input ${text.name} is text` }
  const unknown = source.inputs.find((p) => !p.shape || !p.dtype)
  if (unknown) return { reason: `the ${unknown.shape ? 'type' : 'rank'} of the input ${unknown.name} is unknown` }
  const shapesAt = (batch: number, size: number) => source.inputs.map((p) => sizesOf(p, batch, size))
  const size = openSizes.find((s) => macsAt(graph, shapesAt(1, s)) !== undefined) ?? openSizes[1]
  const single = shapesAt(1, size)
  const macs = macsAt(graph, single) ?? 0
  if (macs <= cheapMacs) {
    const kinds: readonly SampleKind[] = options.isRepeated ? ['normal'] : ['normal', 'uniform', 'edge']
    // Rows of numbers are as good as runs; integers may be what shapes are made of, and fail for all together.
    const isBatched =
      kinds.length > 1 && source.inputs.length > 0 && source.inputs.every((p) => p.dtype === 'f32' && typeof p.shape![0] === 'string')
    return { shapes: shapesAt(isBatched ? kinds.length : 2, size), kinds, isBatched, isReduced: false }
  }
  const kindsFor = (m: number): readonly SampleKind[] => (m <= moderateMacs && !options.isRepeated ? ['normal', 'edge'] : ['normal'])
  if (options.reduce) {
    for (const s of reducedSizes) {
      const shapes = single.map((shape) => reducedShape(shape, s))
      if (String(shapes) === String(single)) continue
      const reduced = macsAt(graph, shapes)
      if (reduced !== undefined && reduced < macs) return { shapes, kinds: kindsFor(reduced), isBatched: false, isReduced: true }
    }
  }
  if (macs > maxMacs) return { reason: `one run takes ${(macs / 1e9).toFixed(0)} billion multiply-accumulates` }
  return { shapes: single, kinds: kindsFor(macs), isBatched: false, isReduced: false }
}

/** The first open size is that of the batch. */
function sizesOf({ shape }: SourcePort, batch: number, size: number): number[] {
  return shape!.map((d, axis) => (typeof d === 'number' ? d : axis === 0 ? batch : size))
}

/** A picture of `size`, channels first or last. */
function reducedShape(shape: readonly number[], size: number): readonly number[] {
  if (shape.length !== 4) return shape
  const [n, a, b, c] = shape as [number, number, number, number]
  if (Math.min(a, b) > size && c <= 16) return [n, size, size, c]
  return Math.min(b, c) > size && a <= 16 ? [n, a, size, size] : shape
}
