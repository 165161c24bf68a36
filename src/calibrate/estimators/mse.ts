import { type Bin, binsOf, type Estimator } from './estimator.ts'

const levels = 255
const candidates = 128
/** Each round moves one end, then the other; more than a few never change anything. */
const maxRounds = 8

/**
 * The range with the least squared error of an 8-bit grid with zero on it, searched on a grid of 128 positions for each end, one end after the
 * other until neither moves; values are taken for the middles of their bins.
 * @see Nagel et al., A White Paper on Neural Network Quantization (2021), section 3.1, equation 9
 */
export const mse: Estimator = {
  name: 'mse',
  estimate(statistics) {
    const [min, max] = statistics.range
    const bins = binsOf(statistics)
    let [low, high] = [Math.min(min, 0), Math.max(max, 0)]
    const best = (end: number, errorAt: (x: number) => number): number => {
      let [found, least] = [end, Number.POSITIVE_INFINITY]
      for (let i = candidates; i >= 1; i--) {
        const x = (end * i) / candidates
        const error = errorAt(x)
        if (error < least) [found, least] = [x, error]
      }
      return found
    }
    for (let round = 0; round < maxRounds; round++) {
      const before = [low, high]
      if (max > 0) high = best(max, (x) => squaredError(bins, low, x))
      if (min < 0) low = best(min, (x) => squaredError(bins, x, high))
      if (before[0] === low && before[1] === high) break
    }
    return [Math.max(min, low), Math.min(max, high)]
  },
}

function squaredError(bins: readonly Bin[], low: number, high: number): number {
  const scale = (high - low) / levels
  const zero = Math.round(low / scale)
  let error = 0
  for (const { middle, count } of bins) {
    const q = Math.min(zero + levels, Math.max(zero, Math.round(middle / scale)))
    error += count * (middle - q * scale) ** 2
  }
  return error
}
