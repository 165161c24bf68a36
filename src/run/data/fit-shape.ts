import type { Shape } from '../../core/shape.ts'

/** The search below tries every way to place sizes of 1. */
const maxRank = 12

/**
 * The shape of one sample as the input takes it: sizes of 1 are added and dropped, a symbolic first axis of the input is the
 * batch and becomes 1. `[28,28]` for `[N,28,28,1]` gives `[1,28,28,1]`. undefined when nothing fits.
 */
export function fitShape(found: readonly number[], expected: Shape): number[] | undefined {
  if (found.length > maxRank) return undefined
  const match = (i: number, j: number): number[] | undefined => {
    if (j === expected.length) return found.slice(i).every((d) => d === 1) ? [] : undefined
    const want = expected[j]!
    const have = found[i]
    // A batch axis that the sample does not have comes before one it has.
    const isBatch = j === 0 && typeof want === 'string'
    if (isBatch && have !== 1) return prepend(1, match(i, j + 1))
    if (have !== undefined && (want === have || (typeof want === 'string' && !isBatch) || (isBatch && have === 1))) {
      const rest = prepend(have, match(i + 1, j + 1))
      if (rest) return rest
    }
    if (want === 1 || isBatch) {
      const rest = prepend(1, match(i, j + 1))
      if (rest) return rest
    }
    return have === 1 ? match(i + 1, j) : undefined
  }
  return match(0, 0)
}

function prepend(d: number, rest: number[] | undefined): number[] | undefined {
  return rest && [d, ...rest]
}
