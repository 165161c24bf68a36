import type { ConstData } from '../../core/bytes.ts'
import { floatPieces } from './float-pieces.ts'
import type { Groups } from './groups.ts'
import { alongCapacity, capacity, lanes, weightKernel } from './kernel.ts'

/** Bits of infinity: those of finite magnitudes are less, those of NaN more. */
const infinityBits = 0x7f80_0000
const magnitudeBits = 0x7fff_ffff

/** Least and greatest element of each group of a constant; undefined when an element is NaN or infinite. */
export interface Bounds {
  readonly low: Float32Array
  readonly high: Float32Array
}

/** Largest magnitude of each group; undefined when an element is NaN or infinite. Magnitudes are compared by their bits. */
export function magnitudes(data: ConstData, groups: Groups): Float32Array | undefined {
  const found = new Int32Array(groups.count)
  const look = groups.run === 1 ? lookAlong : lookAtRuns
  let start = 0
  for (const piece of floatPieces(data)) {
    for (let begin = 0; begin < piece.length; begin += capacity) {
      const part = piece.subarray(begin, begin + capacity)
      weightKernel().elements.set(part)
      look(part.length, start, groups, found)
      start += part.length
    }
  }
  return found.some((b) => b >= infinityBits) ? undefined : new Float32Array(found.buffer)
}

function lookAtRuns(length: number, start: number, { run, count }: Groups, found: Int32Array): void {
  const kernel = weightKernel()
  const { out, place, bits } = kernel
  let group = Math.floor(start / run) % count
  let to = run - (start % run)
  for (let from = 0; from < length; to = from + run) {
    if (to > length) to = length
    const end = to - ((to - from) % lanes)
    let most = found[group]!
    if (end > from) {
      out[0] = out[1] = out[2] = out[3] = most
      kernel.largest(place.elements + 4 * from, place.elements + 4 * end, place.out)
      most = Math.max(out[0], out[1], out[2], out[3])
    }
    for (let i = end; i < to; i++) most = Math.max(most, bits[i]! & magnitudeBits)
    found[group] = most
    group = group + 1 === count ? 0 : group + 1
    from = to
  }
}

/** Neighbours are of different groups. */
function lookAlong(length: number, start: number, { count }: Groups, found: Int32Array): void {
  const kernel = weightKernel()
  const { out, place, bits } = kernel
  let first = start % count
  for (let from = 0; from < length; ) {
    const n = Math.min(length - from, count - first, alongCapacity)
    const whole = n - (n % lanes)
    if (whole > 0) {
      out.set(found.subarray(first, first + whole))
      kernel.largestAlong(place.elements + 4 * from, place.elements + 4 * (from + whole), place.out)
      found.set(out.subarray(0, whole), first)
    }
    for (let i = whole; i < n; i++) found[first + i] = Math.max(found[first + i]!, bits[from + i]! & magnitudeBits)
    from += n
    first = (first + n) % count
  }
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
