import { binEdges } from '../histogram.ts'
import type { Estimator } from './estimator.ts'

/**
 * The middle `p` percent of the values, `0 < p <= 100`: on each side half of the others may lie outside, up to the edge of a bin.
 * @see onnxruntime, python/tools/quantization/calibrate.py, compute_percentile (not symmetric)
 */
export function percentile(p: number): Estimator {
  return {
    name: `percentile:${p}`,
    estimate({ histogram: { exponent, first, counts }, range: [min, max] }) {
      const total = counts.reduce((a, b) => a + b, 0)
      const outside = (total * (100 - p)) / 200
      /** How many bins from one end may be left out. */
      const cut = (from: Iterable<number>): number => {
        let bins = 0
        let left = 0
        for (const count of from) {
          left += count
          if (left > outside) break
          bins++
        }
        return bins
      }
      const low = first + cut(counts)
      const high = first + counts.length - 1 - cut(counts.toReversed())
      return [Math.max(min, binEdges(low, exponent)[0]), Math.min(max, binEdges(high, exponent)[1])]
    },
  }
}
