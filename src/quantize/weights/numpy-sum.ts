/**
 * Sums of float32 numbers in the order in which NumPy adds them, so that scales made of sums agree bit for bit.
 * @see NumPy loops_utils.h.src, pairwise_sum: eight accumulators for up to 128 elements, halves beyond
 */
export function pairwiseSum(values: Float32Array, from: number, count: number): number {
  if (count < 8) {
    // NumPy starts at -0, which keeps a sum of -0.
    let sum = -0
    for (let i = from; i < from + count; i++) sum = Math.fround(sum + values[i]!)
    return sum
  }
  if (count <= 128) {
    const r = Float32Array.from(values.subarray(from, from + 8))
    let i = 8
    for (; i < count - (count % 8); i += 8) for (let j = 0; j < 8; j++) r[j] = r[j]! + values[from + i + j]!
    const pair = (a: number, b: number) => Math.fround(a + b)
    let sum = pair(pair(pair(r[0]!, r[1]!), pair(r[2]!, r[3]!)), pair(pair(r[4]!, r[5]!), pair(r[6]!, r[7]!)))
    for (; i < count; i++) sum = Math.fround(sum + values[from + i]!)
    return sum
  }
  const half = (count >> 1) - ((count >> 1) % 8)
  return Math.fround(pairwiseSum(values, from, half) + pairwiseSum(values, from + half, count - half))
}
