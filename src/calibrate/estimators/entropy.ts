import { maxBins } from '../histogram.ts'
import { clipped, type Estimator, type SeenStatistics } from './estimator.ts'

/**
 * The magnitude at which values are clipped so that the distribution on 8-bit steps diverges least from the one seen, by Kullback and
 * Leibler. Values with both signs have 128 steps for their magnitudes, values with one sign 256.
 * @see Migacz, 8-bit Inference with TensorRT (GTC 2017), entropy calibration
 */
export const entropy: Estimator = {
  name: 'kl',
  estimate(statistics) {
    const { range } = statistics
    const steps = range[0] < 0 && range[1] > 0 ? 128 : 256
    const { counts, width } = magnitudes(statistics)
    let [best, least] = [counts.length, Number.POSITIVE_INFINITY]
    for (let bins = Math.min(steps, counts.length); bins <= counts.length; bins++) {
      const divergence = divergenceAt(counts, bins, steps)
      if (divergence < least) [best, least] = [bins, divergence]
    }
    return clipped(range, best * width)
  },
}

/** How often magnitudes fall into each bin from 0 on; bins of negative numbers mirror those of positive ones. */
function magnitudes({ histogram: { exponent, first, counts } }: SeenStatistics): { readonly counts: Float64Array; readonly width: number } {
  const last = first + counts.length - 1
  const largest = Math.max(last, -1 - first)
  // Far from zero bins are narrow for where they are: here they begin at zero.
  let shift = 0
  while (Math.floor(largest / 2 ** shift) >= maxBins) shift++
  const merged = new Float64Array(Math.floor(largest / 2 ** shift) + 1)
  counts.forEach((n, i) => {
    const bin = first + i
    merged[Math.floor((bin < 0 ? -1 - bin : bin) / 2 ** shift)]! += n
  })
  return { counts: merged, width: 2 ** (exponent + shift) }
}

/** Of the first `bins` bins, all larger values in the last of them, against the same spread evenly over `steps`. */
function divergenceAt(counts: Float64Array, bins: number, steps: number): number {
  const seen = counts.slice(0, bins)
  const inside = seen.reduce((a, b) => a + b, 0)
  const total = counts.reduce((a, b) => a + b, 0)
  if (inside === 0) return Number.POSITIVE_INFINITY
  const reference = Float64Array.from(seen)
  reference[bins - 1]! += total - inside
  let divergence = 0
  for (let step = 0; step < steps; step++) {
    const [from, to] = [Math.floor((step * bins) / steps), Math.floor(((step + 1) * bins) / steps)]
    let sum = 0
    let filled = 0
    for (let i = from; i < to; i++) {
      sum += seen[i]!
      if (reference[i]! > 0) filled++
    }
    for (let i = from; i < to; i++) {
      const p = reference[i]! / total
      if (p === 0) continue
      const q = sum / filled / inside
      // Only the last bin can be empty before what was clipped is added to it.
      if (q === 0) return Number.POSITIVE_INFINITY
      divergence += p * Math.log(p / q)
    }
  }
  return divergence
}
