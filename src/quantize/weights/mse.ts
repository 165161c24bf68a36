import type { Groups } from './groups.ts'
import { pairwiseSum } from './numpy-sum.ts'

/** Steps of the grid with the least squared error on normally distributed weights, for a standard deviation of 1. @see litert-quantizer 0.11 mse.py */
const steps = { 4: Math.fround(0.37755), 8: Math.fround(0.05408) } as const

/** Scales in proportion to the root mean square of each group. */
export function mseScales(values: Float32Array, groups: Groups, bits: keyof typeof steps): Float32Array {
  const squares = values.map((w) => w * w)
  const sums = groupSums(squares, groups)
  const perGroup = values.length / groups.count
  return sums.map((sum) => steps[bits] * Math.fround(Math.sqrt(Math.fround(sum / perGroup))))
}

/** The sum of each group, as NumPy reduces the other axes: runs of neighbours pairwise, then one after the other. */
function groupSums(values: Float32Array, { run, count }: Groups): Float32Array {
  const sums = new Float32Array(count)
  for (let at = 0, group = 0; at < values.length; at += run, group = group + 1 === count ? 0 : group + 1)
    sums[group] = sums[group]! + pairwiseSum(values, at, run)
  return sums
}
