import type { Graph } from '../ir/types.ts'
import { findSpec } from './index.ts'
import type { OpSpec } from './spec.ts'

/** 2^-24: half the distance between float32 neighbours, relative. */
export const unitRoundoff = 2 ** -24

/**
 * How far results of one model may lie apart when the same real numbers are rounded at different places: relative to
 * the largest magnitude on the way (a sum that cancels keeps the errors of its terms), `unitRoundoff` for each rounding on the longest chain of ops that round.
 * An op that sums (conv, fully_connected, mean, softmax ...) counts for the square root of its terms, the random walk
 * of its errors; the factor 8 covers cancellation between terms of one op.
 */
export function roundingTolerance(...graphs: readonly Graph[]): number {
  return 8 * unitRoundoff * Math.max(1, ...graphs.map((g) => longestChain(g, (own) => own)))
}

/** The same as `roundingTolerance`, but for errors that are as likely up as down: along the chain, too, they walk at random. 0 when all ops are exact. */
export function roundingDeviation(graph: Graph): number {
  return 8 * unitRoundoff * Math.sqrt(longestChain(graph, (own) => own * own))
}

/** Whether the results of an op are rounded: those of sums, differences and products are, too, by half a unit. */
export function rounds(spec: OpSpec | undefined): boolean {
  return spec !== undefined && (spec.accuracy === 'rounding' || 'fusedActivation' in spec.attrs)
}

function longestChain(graph: Graph, weight: (own: number) => number): number {
  const depth = new Map<number, number>()
  let deepest = 0
  for (const node of graph.nodes) {
    const before = Math.max(0, ...node.inputs.map((id) => (id === null ? 0 : (depth.get(id) ?? 0))))
    const spec = findSpec(node.op)
    const own = spec?.accuracy === 'rounding' ? Math.sqrt(terms(graph, node.inputs[1])) + 2 : rounds(spec) ? 1 : 0
    for (const id of node.outputs) depth.set(id, before + weight(own))
    deepest = Math.max(deepest, before + weight(own))
  }
  return deepest
}

/** Products summed into one result: elements of the weights per output channel. */
function terms(graph: Graph, weights: number | null | undefined): number {
  const shape = typeof weights === 'number' ? graph.values.get(weights)?.type.shape : undefined
  return shape && shape.length > 1 ? shape.slice(1).reduce<number>((n, d) => n * (typeof d === 'number' ? d : 1), 1) : 1
}
