import type { ConstData } from '../../core/bytes.ts'
import { floatPieces } from './float-pieces.ts'
import type { Groups } from './groups.ts'

/** Bits of infinity: those of finite magnitudes are less, those of NaN more. */
const infinityBits = 0x7f80_0000

/** Least and greatest element of each group of a constant; undefined when an element is NaN or infinite. */
export interface Bounds {
  readonly low: Float32Array
  readonly high: Float32Array
}

/** Largest magnitude of each group; undefined when an element is NaN or infinite. Magnitudes are compared by their bits. */
export function magnitudes(data: ConstData, groups: Groups): Float32Array | undefined {
  const found = new Int32Array(groups.count)
  eachRun(data, groups, (piece, from, to, group) => {
    const bits = new Int32Array(piece.buffer, piece.byteOffset, piece.length)
    found[group] = largest(bits, from, to, found[group]!)
  })
  return found.some((b) => b >= infinityBits) ? undefined : new Float32Array(found.buffer)
}

function largest(bits: Int32Array, from: number, to: number, start: number): number {
  let a = start
  let b = start
  let i = from
  for (; i + 1 < to; i += 2) {
    const x = bits[i]! & 0x7fff_ffff
    const y = bits[i + 1]! & 0x7fff_ffff
    if (x > a) a = x
    if (y > b) b = y
  }
  if (i < to) a = Math.max(a, bits[i]! & 0x7fff_ffff)
  return Math.max(a, b)
}

export function bounds(data: ConstData, groups: Groups): Bounds | undefined {
  const low = new Float32Array(groups.count).fill(Number.POSITIVE_INFINITY)
  const high = new Float32Array(groups.count).fill(Number.NEGATIVE_INFINITY)
  let finite = 0
  eachRun(data, groups, (piece, from, to, group) => {
    let [least, greatest] = [low[group]!, high[group]!]
    for (let i = from; i < to; i++) {
      const x = piece[i]!
      // NaN and infinity both make this sum NaN.
      finite += x * 0
      if (x < least) least = x
      if (x > greatest) greatest = x
    }
    low[group] = least
    high[group] = greatest
  })
  return Number.isNaN(finite) ? undefined : { low, high }
}

/** The parts of a constant's pieces that lie in one group, in order. */
function eachRun(
  data: ConstData,
  { run, count }: Groups,
  use: (piece: Float32Array, from: number, to: number, group: number) => void,
): void {
  let left = run
  let group = 0
  for (const piece of floatPieces(data)) {
    for (let from = 0; from < piece.length; ) {
      const to = Math.min(piece.length, from + left)
      use(piece, from, to, group)
      left -= to - from
      from = to
      if (left > 0) continue
      left = run
      group = group + 1 === count ? 0 : group + 1
    }
  }
}
