import { codeOf } from './encode.ts'
import type { Groups } from './groups.ts'
import type { Parameters } from './parameters.ts'

/** The least scale, and what neighbours in a channel or block differ by at most without being of different integers. */
const smallest = Math.fround(1e-9)
/** How far an element may be from the product of its integer and the scale. */
const tolerance = 1e-4

/** What is wrong with scales under which elements are no integers. */
export interface Unrecovered {
  /** Largest difference between an element and the product of its integer and the scale; more than 1e-4. */
  readonly maxAbs: number
  /** Most different values in one group, and how many a group of integers has at most. */
  readonly distinct: number
  readonly limit: number
}

/**
 * Scales of weights that are products of integers and a scale already: for each group the least difference between two magnitudes, 0 among
 * them, so that two of its integers have to be neighbours. The weights are finite; `isWhole` where one group holds the tensor.
 * @see litert-quantizer 0.11 dequantized_weight_recovery.py
 */
export function recoveredScales(values: Float32Array, groups: Groups, isWhole: boolean): Float32Array {
  const apart = isWhole ? 0 : smallest
  const scales = new Float32Array(groups.count)
  let group = 0
  for (const sorted of sortedGroups(values.map(Math.abs), groups)) scales[group++] = leastStep(sorted, apart)
  return scales
}

function leastStep(sorted: Float32Array, apart: number): number {
  let least = Number.POSITIVE_INFINITY
  let before = 0
  for (const x of sorted) {
    const step = Math.fround(x - before)
    if (step > apart && step < least) least = step
    before = x
  }
  return least === Number.POSITIVE_INFINITY ? smallest : Math.max(least, smallest)
}

/** Whether finite weights are integers on these scales, which are all that counts; undefined when they are. */
export function unrecovered(values: Float32Array, groups: Groups, parameters: Parameters, bits: number): Unrecovered | undefined {
  const { run, count } = groups
  let maxAbs = 0
  for (let at = 0, group = 0; at < values.length; at += run, group = group + 1 === count ? 0 : group + 1) {
    const scale = parameters.scales[group]!
    for (let i = at; i < at + run; i++) maxAbs = Math.max(maxAbs, Math.abs(codeOf(values[i]!, scale, 0, parameters) * scale - values[i]!))
  }
  if (maxAbs <= tolerance) return undefined
  let distinct = 0
  for (const sorted of sortedGroups(values, groups)) distinct = Math.max(distinct, countDistinct(sorted))
  return { maxAbs, distinct, limit: 2 ** bits }
}

/** The elements of each group in ascending order; a group is valid until the next is asked for. */
function* sortedGroups(values: Float32Array, { run, count }: Groups): Iterable<Float32Array> {
  const group = new Float32Array(values.length / count)
  for (let g = 0; g < count; g++) {
    for (let from = g * run, to = 0; from < values.length; from += run * count, to += run)
      if (run === 1) group[to] = values[from]!
      else group.set(values.subarray(from, from + run), to)
    yield group.sort()
  }
}

function countDistinct(sorted: Float32Array): number {
  let distinct = 1
  for (let i = 1; i < sorted.length; i++) if (sorted[i] !== sorted[i - 1]) distinct++
  return distinct
}
