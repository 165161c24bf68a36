import type { WeightBits } from '../../ops/spec.ts'
import type { Groups } from './groups.ts'
import { pairwiseSum } from './numpy-sum.ts'

const iterations = 10

/**
 * For each group the magnitude at which clipping loses least: Newton's iteration of OCTAV, which ends after ten rounds or when all groups
 * stand still. In float32, summed in NumPy's order, as litert-quantizer 0.11 does.
 * @see Sakr et al., "Optimal Clipping and Magnitude-aware Differentiation for Improved Quantization-aware Training", equation 6
 */
export function octavClipping(values: Float32Array, groups: Groups, bits: WeightBits): Float32Array {
  const share = Math.fround(4 ** -bits / 3)
  const perGroup = values.length / groups.count
  let guess = new Float32Array(groups.count).fill(1)
  for (let i = 0; i < iterations; i++) {
    const above = beyond(values, groups, guess, 1)
    const below = beyond(values, groups, guess, -1)
    const next = guess.map((_, g) => {
      const beyondCount = Math.fround(above.counts[g]! + below.counts[g]!)
      const divisor = Math.fround(Math.fround(beyondCount * Math.fround(1 - share)) + Math.fround(share * perGroup))
      return Math.fround(above.sums[g]! - below.sums[g]!) / divisor
    })
    const before = guess
    guess = next
    // NumPy's allclose.
    if (next.every((x, g) => Math.abs(before[g]! - x) <= 1e-8 + 1e-5 * Math.abs(x))) break
  }
  return guess
}

/** Sum and count of the elements at or beyond the limit of their group on one side of 0. NumPy sums each unbroken stretch of them pairwise. */
function beyond(
  values: Float32Array,
  { run, count }: Groups,
  limits: Float32Array,
  side: 1 | -1,
): { sums: Float32Array; counts: Float32Array } {
  const sums = new Float32Array(count)
  const counts = new Float32Array(count)
  for (let at = 0, group = 0; at < values.length; at += run, group = group + 1 === count ? 0 : group + 1) {
    const limit = limits[group]!
    const end = at + run
    for (let i = at; i < end; ) {
      if (side * values[i]! < limit || Number.isNaN(limit)) {
        i++
        continue
      }
      const from = i
      while (i < end && side * values[i]! >= limit) i++
      sums[group] = sums[group]! + pairwiseSum(values, from, i - from)
      counts[group] = counts[group]! + (i - from)
    }
  }
  return { sums, counts }
}
