/** Second moments and errors below this are 0. */
const tiny = 1e-12
/** Of the largest second moment: what a channel that is never used has. */
const leastShare = 1e-8
const factorRange = [1e-4, 1e4] as const
const rounds = 3

/** Weights [rows, columns] in blocks of columns. */
export interface Blocks {
  readonly values: ArrayLike<number>
  readonly columns: number
  /** Columns that share a scale in each row; all where they are not in blocks. */
  readonly block: number
}

/**
 * By what each column of weights is multiplied, and each channel of the input divided, so that the largest magnitudes of the rows times the
 * second moments of the inputs are small together, and with them the error of the results where channels do not depend on each other. Each
 * factor is the fourth root of the moment of a channel over the power of the weights that its scales come from, which are found in three rounds.
 * Undefined where none is better than 1. In float64, as litert-quantizer 0.11 does.
 * @see litert-quantizer 0.11 oscar.py; Lin et al., "AWQ: Activation-aware Weight Quantization", section 3.2
 */
export function oscarFactors(weights: Blocks, moments: Float64Array): Float64Array | undefined {
  const { values, columns } = weights
  const power = floored(moments)
  const least = new Float64Array(columns).fill(tiny)
  for (let i = 0; i < values.length; i++) least[i % columns]! += values[i]! ** 2
  const factorsFor = (of: Float64Array) => normalized(power.map((p, c) => Math.sqrt(Math.sqrt(p) / Math.sqrt(of[c]!))))
  let factors = factorsFor(least)
  let best = { factors, loss: lossOf(weights, factors, power) }
  for (let round = 0; round < rounds; round++) {
    const deciding = new Float64Array(columns)
    eachPeak(weights, factors, (_, column, at) => {
      deciding[column]! += values[at]! ** 2
    })
    const next = factorsFor(deciding.map((d, c) => Math.max(d, least[c]! / 4)))
    factors = normalized(factors.map((f, c) => Math.sqrt(f * next[c]!)))
    const loss = lossOf(weights, factors, power)
    if (loss < best.loss) best = { factors, loss }
  }
  return best.loss < lossOf(weights, new Float64Array(columns).fill(1), power) ? best.factors : undefined
}

/** The sum over rows and blocks of the largest magnitude squared, times the second moments of the block. */
function lossOf(weights: Blocks, factors: Float64Array, power: Float64Array): number {
  const sums = new Float64Array(weights.columns / weights.block)
  eachPeak(weights, factors, (peak, column) => {
    sums[Math.floor(column / weights.block)]! += peak ** 2
  })
  let total = 0
  for (const [b, sum] of sums.entries()) {
    let moment = 0
    for (let c = b * weights.block; c < (b + 1) * weights.block; c++) moment += power[c]! / factors[c]! ** 2
    total += sum * moment
  }
  return total
}

/** The largest magnitude of each block of each row, times its factor, and where it is. */
function eachPeak(
  { values, columns, block }: Blocks,
  factors: Float64Array,
  see: (peak: number, column: number, at: number) => void,
): void {
  for (let start = 0; start < values.length; start += block) {
    let [peak, place] = [-1, start]
    for (let at = start; at < start + block; at++) {
      const magnitude = Math.abs(values[at]!) * factors[at % columns]!
      if (magnitude > peak) [peak, place] = [magnitude, at]
    }
    see(peak, place % columns, place)
  }
}

/** Divided by their geometric mean. */
function normalized(factors: Float64Array): Float64Array {
  const mean = Math.exp(factors.reduce((sum, f) => sum + Math.log(f), 0) / factors.length)
  return factors.map((f) => Math.min(Math.max(f / mean, factorRange[0]), factorRange[1]))
}

/** No channel counts as nothing. */
export function floored(moments: Float64Array): Float64Array {
  const least = moments.reduce((a, b) => Math.max(a, b), 0) * leastShare + tiny
  return moments.map((m) => Math.max(m, least))
}

/**
 * The magnitude at which to clip elements that are multiplied with inputs of these second moments, which are `floored`, so that they lose least: c of the smallest
 * c^2 M / 12 most^2 + sum (|a| - c)^2 m over the elements beyond c, with M the sum of the moments m. Between two neighbouring magnitudes
 * this is a parabola, and the least of all is taken. @see litert-quantizer 0.11 oscar.py
 */
export function oscarBound(elements: Float64Array, power: Float64Array, most: number): number {
  const order = Array.from(elements, (_, i) => i).sort((a, b) => Math.abs(elements[b]!) - Math.abs(elements[a]!))
  const mass = power.reduce((a, b) => a + b, 0) + tiny
  const rounding = mass / (12 * most * most)
  const largest = Math.abs(elements[order[0]!]!)
  let best = { bound: largest, loss: largest ** 2 * rounding }
  let [sum, first, second] = [0, 0, 0]
  for (const [k, i] of order.entries()) {
    const [a, m] = [Math.abs(elements[i]!), power[i]!]
    sum += m
    first += a * m
    second += a * a * m
    const next = k + 1 < order.length ? Math.abs(elements[order[k + 1]!]!) : 0
    const bound = Math.min(Math.max(first / (rounding + sum), next), a)
    const loss = bound ** 2 * rounding + second - 2 * bound * first + bound ** 2 * sum
    if (loss < best.loss) best = { bound, loss }
  }
  return best.bound
}
