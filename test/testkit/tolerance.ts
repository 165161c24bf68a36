import { type NdArray, toFloat32 } from '../../src/core/nd-array.ts'
import type { Graph } from '../../src/ir/types.ts'
import { findSpec } from '../../src/ops/index.ts'

/** 2^-24: half the distance between float32 neighbours, relative. */
const unitRoundoff = 2 ** -24

/**
 * How far results of one model may lie apart when the same real numbers are rounded at different places: relative to
 * the largest magnitude on the way (a sum that cancels keeps the errors of its terms), `unitRoundoff` for each rounding on the longest chain of ops that round.
 * An op that sums (conv, fully_connected, mean, softmax ...) counts for the square root of its terms, the random walk
 * of its errors; the factor 8 covers cancellation between terms of one op.
 */
export function roundingTolerance(...graphs: readonly Graph[]): number {
  return 8 * unitRoundoff * Math.max(...graphs.map(roundingSteps))
}

function roundingSteps(graph: Graph): number {
  const depth = new Map<number, number>()
  let deepest = 1
  for (const node of graph.nodes) {
    const before = Math.max(0, ...node.inputs.map((id) => (id === null ? 0 : (depth.get(id) ?? 0))))
    const spec = findSpec(node.op)
    const arithmetic = spec !== undefined && 'fusedActivation' in spec.attrs
    const own = spec?.accuracy === 'rounding' ? Math.sqrt(terms(graph, node.inputs[1])) + 2 : arithmetic ? 1 : 0
    for (const id of node.outputs) depth.set(id, before + own)
    deepest = Math.max(deepest, before + own)
  }
  return deepest
}

/** Products summed into one result: elements of the weights per output channel. */
function terms(graph: Graph, weights: number | null | undefined): number {
  const shape = typeof weights === 'number' ? graph.values.get(weights)?.type.shape : undefined
  return shape && shape.length > 1 ? shape.slice(1).reduce<number>((n, d) => n * (typeof d === 'number' ? d : 1), 1) : 1
}

/** The largest finite magnitude in a tensor; 0 for types that are not plain numbers. */
export function magnitudeOf(array: NdArray): number {
  let largest = 0
  for (const x of toFloat32(array) ?? []) if (Number.isFinite(x)) largest = Math.max(largest, Math.abs(x))
  return largest
}

/** The largest difference of two arrays; NaN equals NaN, an infinity itself. Infinity when types or shapes differ. */
export function largestDifference(actual: NdArray, expected: NdArray): number {
  if (actual.dtype !== expected.dtype || actual.shape.join() !== expected.shape.join()) return Number.POSITIVE_INFINITY
  const a = toFloat32(actual)
  const e = toFloat32(expected)
  if (!a || !e) return Buffer.compare(actual.bytes, expected.bytes) === 0 ? 0 : Number.POSITIVE_INFINITY
  let worst = 0
  for (let i = 0; i < e.length; i++) {
    if (a[i] === e[i] || (Number.isNaN(a[i]) && Number.isNaN(e[i]))) continue
    const d = Math.abs(a[i]! - e[i]!)
    worst = Number.isNaN(d) ? Number.POSITIVE_INFINITY : Math.max(worst, d)
  }
  return worst
}
