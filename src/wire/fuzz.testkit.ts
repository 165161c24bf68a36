import { DowncastError } from '../core/diagnostics.ts'

/** A seeded generator of 32-bit integers (mulberry32). */
export function randomIntegers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
}

const edges = [0, 1, 0x7f, 0x80, 0xfe, 0xff]

/** A damaged copy: flipped bits, edge bytes, runs overwritten, a cut, or bytes moved within the file. */
export function mutate(bytes: Uint8Array, next: () => number): Uint8Array {
  let out = new Uint8Array(bytes)
  for (let n = 1 + (next() % 4); n > 0 && out.length > 0; n--) {
    const at = next() % out.length
    switch (next() % 6) {
      case 0:
        out[at]! ^= 1 << (next() % 8)
        break
      case 1:
        out[at] = edges[next() % edges.length]!
        break
      case 2:
        out.fill(edges[next() % edges.length]!, at, at + 1 + (next() % 8))
        break
      case 3:
        out[at] = next()
        break
      case 4:
        if (next() % 4 === 0) out = out.slice(0, at)
        break
      default:
        out.copyWithin(at, next() % out.length, Math.min(out.length, at + (next() % 16)))
    }
  }
  return out
}

/** Runs `work`; a DowncastError is an answer like success, anything else is thrown with the seed of the case. */
export async function settles(label: string, work: () => unknown): Promise<'ok' | 'refused'> {
  try {
    await work()
    return 'ok'
  } catch (e) {
    if (e instanceof DowncastError) return 'refused'
    throw new Error(`${label}: ${e instanceof Error ? e.stack : String(e)}`)
  }
}

/** Cases that run however slow the machine is, so that what a test counts does not depend on it. */
const leastIterations = 400

/** How long to look: more with FUZZ_ITERATIONS, FUZZ_MS, elsewhere with FUZZ_SEED. */
export function fuzzOptions(iterations: number, budgetMs: number) {
  const { FUZZ_ITERATIONS, FUZZ_MS, FUZZ_SEED } = process.env
  return { iterations: Number(FUZZ_ITERATIONS ?? iterations), budgetMs: Number(FUZZ_MS ?? budgetMs), seed: Number(FUZZ_SEED ?? 1) }
}

/** Damages the samples in turn until `iterations` are done or `budgetMs` is used up; returns how the reader answered. */
export async function fuzz(
  samples: readonly Uint8Array[],
  read: (bytes: Uint8Array) => unknown,
  { seed = 1, iterations = 4000, budgetMs = 2000 }: { seed?: number; iterations?: number; budgetMs?: number } = {},
): Promise<{ ok: number; refused: number }> {
  const counts = { ok: 0, refused: 0 }
  const end = performance.now() + budgetMs
  for (let i = 0; i < iterations && (i < leastIterations || performance.now() < end); i++) {
    const bytes = mutate(samples[i % samples.length]!, randomIntegers(seed * 1_000_003 + i))
    counts[await settles(`case ${i} of seed ${seed}`, () => read(bytes))]++
  }
  return counts
}
