/*
 * TensorFlow's counter-based generator: the numbers of a seed are the same on every machine.
 * @see Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011; TensorFlow lib/random/philox_random.h, random_distributions.h
 */

/** 128 bits of counter in four words, the lowest first. */
export type Counter = readonly [number, number, number, number]
export type Key = readonly [number, number]

const rounds = 10

/** Upper and lower word of the product of two 32-bit words. */
function product(a: number, b: number): [high: number, low: number] {
  const [al, ah, bl, bh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16]
  const [lowest, left, right] = [al * bl, ah * bl, al * bh]
  const carried = (lowest >>> 16) + (left & 0xffff) + (right & 0xffff)
  return [ah * bh + (left >>> 16) + (right >>> 16) + (carried >>> 16), Math.imul(a, b) >>> 0]
}

/** Four words of 32 bits. */
export function philox(counter: Counter, key: Key): Counter {
  let [a, b, c, d] = counter
  let [k, l] = key
  for (let i = 0; i < rounds; i++) {
    const [high0, low0] = product(0xd2511f53, a)
    const [high1, low1] = product(0xcd9e8d57, c)
    ;[a, b, c, d] = [(high1 ^ b ^ k) >>> 0, low1, (high0 ^ d ^ l) >>> 0, low0]
    ;[k, l] = [(k + 0x9e3779b9) >>> 0, (l + 0xbb67ae85) >>> 0]
  }
  return [a, b, c, d]
}

/** Key and counter of a seed of two 64-bit integers, as four words. */
export function scrambled(seed: Counter): { key: Key; counter: Counter } {
  const [a, b, c, d] = philox(seed, [0x3ec8f720, 0x02461e29])
  return { key: [a, b], counter: [0, 0, c, d] }
}

/** A counter that is `by` further on; `by` is below 2^32. */
function skipped(counter: Counter, by: number): Counter {
  const next = [...counter] as [number, number, number, number]
  let carry = by
  for (let w = 0; w < 4 && carry > 0; w++) {
    const sum = next[w]! + carry
    next[w] = sum >>> 0
    carry = sum > 0xffffffff ? 1 : 0
  }
  return next
}

/** The first `count` words after a counter. */
export function words(count: number, counter: Counter, key: Key): Uint32Array {
  const found = new Uint32Array(Math.ceil(count / 4) * 4)
  for (let i = 0, next = counter; i < count; i += 4, next = skipped(next, 1)) found.set(philox(next, key), i)
  return found
}

/** In [0,1), from the lowest 23 bits. */
export const uniform = (word: number): number => (word & 0x7fffff) / 0x800000

/** Two normal numbers of two words. @see Box and Muller, 1958 */
export function normals(first: number, second: number): [number, number] {
  const u = Math.max(uniform(first), Math.fround(1e-7))
  const angle = Math.fround(2 * Math.PI * uniform(second))
  const radius = Math.fround(Math.sqrt(Math.fround(-2 * Math.fround(Math.log(u)))))
  return [Math.sin(angle) * radius, Math.cos(angle) * radius]
}

/** Counters that are set aside for four numbers of which nobody knows how many words they take. @see random_op.cc, kReservedSamplesPerOutput */
const perFour = 256
/** @see random_distributions.h, kTruncateValue */
const truncatedAt = 2

/** Normal numbers within two deviations: those outside are drawn anew. Four at a time begin at a place of their own. */
export function truncatedNormals(count: number, counter: Counter, key: Key): number[] {
  const found: number[] = []
  for (let group = 0; 4 * group < count; group++) {
    let next = skipped(counter, group * perFour)
    for (const until = found.length + 4; found.length < until; next = skipped(next, 1)) {
      const [a, b, c, d] = philox(next, key)
      for (const v of [...normals(a, b), ...normals(c, d)]) if (Math.abs(v) < truncatedAt && found.length < until) found.push(v)
    }
  }
  return found.slice(0, count)
}
