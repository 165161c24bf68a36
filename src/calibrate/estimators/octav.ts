import { binsOf, clipped, type Estimator } from './estimator.ts'

const bits = 8
const maxSteps = 100
/** Where the next step changes less, the limit stands. Far below the width of a bin. */
const tolerance = 1e-6

/**
 * The magnitude `s` at which the errors of rounding and of clipping together are least, found by
 * `s' = sum(|x|, |x| > s) / (4^-bits / k * count(|x| <= s) + count(|x| > s))`, on the middles of the bins; `k` is 3 where values have both
 * signs, and 12 where all have the same, because steps are half as wide.
 * @see Sakr et al., Optimal Clipping and Magnitude-aware Differentiation for Improved Quantization-aware Training (2022), equation 6
 */
export const octav: Estimator = {
  name: 'octav',
  estimate(statistics) {
    const { range } = statistics
    const bins = binsOf(statistics)
    const noise = 4 ** -bits / (range[0] < 0 && range[1] > 0 ? 3 : 12)
    const total = bins.reduce((n, b) => n + b.count, 0)
    let limit = bins.reduce((n, b) => n + b.count * Math.abs(b.middle), 0) / total
    for (let step = 0; step < maxSteps; step++) {
      let sum = 0
      let above = 0
      for (const { middle, count } of bins) {
        if (Math.abs(middle) <= limit) continue
        sum += count * Math.abs(middle)
        above += count
      }
      const next = sum / (noise * (total - above) + above)
      const isFound = above === 0 || Math.abs(next - limit) <= tolerance * limit
      if (above > 0) limit = next
      if (isFound) break
    }
    return clipped(range, limit)
  },
}
