import type { LatencyInfo } from './types.ts'

/**
 * How many times faster a series is than the reference, from pairs of runs that were made side by side: the median of the
 * ratios, and the ranks that enclose it with a confidence of 95 %. Other load on the machine falls on both of a pair.
 * Both series have the same length, at least 1.
 * @see Conover, Practical Nonparametric Statistics, 3.2: a confidence interval for a quantile
 */
export function pairedRatio(reference: readonly number[], times: readonly number[]): Pick<LatencyInfo, 'ratio' | 'ratioRange' | 'isClear'> {
  const ratios = reference.map((r, i) => r / times[i]!).sort((a, b) => a - b)
  const n = ratios.length
  const halfWidth = 0.98 * Math.sqrt(n)
  const low = ratios[Math.max(0, Math.floor(n / 2 - halfWidth))]!
  const high = ratios[Math.min(n - 1, Math.ceil(n / 2 + halfWidth) - 1)]!
  const ratio = (ratios[Math.floor((n - 1) / 2)]! + ratios[Math.ceil((n - 1) / 2)]!) / 2
  return { ratio, ratioRange: [low, high], isClear: low > 1 || high < 1 }
}
