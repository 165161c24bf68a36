import type { NdArray } from '../core/nd-array.ts'
import { memoryOf } from '../core/wasm-code.ts'
import { leastMask } from '../ops/masks.ts'
import { binOf, type Histogram, maxBins } from './histogram.ts'
import { type Kernel, kernelOn, lanes } from './kernel.ts'
import { joinedMasks, type MaskSide, type Masks } from './masks.ts'

/** What one tensor held in one sample. Values that are no finite numbers are counted only, and so are masks. */
export interface Observation {
  readonly elements: number
  /** Infinity and -Infinity where no value was finite. */
  readonly min: number
  readonly max: number
  readonly sum: number
  readonly squares: number
  readonly nan: number
  readonly infinite: number
  /** Absent where there were none. */
  readonly masks?: Masks | undefined
  /** Sum over its rows for each element of a row, where these were asked for and all values were finite and no masks. */
  readonly columns?: Float64Array | undefined
}

type Total = { -readonly [K in keyof Omit<Observation, 'columns'>]: Observation[K] }

/** What is asked about a tensor. */
export interface Asked {
  /** Elements of the rows whose columns are summed. Default: of none. */
  readonly columns?: number
  /** Where masks are left out. Default nowhere. */
  readonly maskSide?: MaskSide | undefined
}

/** Values looked at together: few enough to be in a processor's second-level cache still when they are counted. */
const blockValues = 16_384
const scanBytes = 64
const countBytes = maxBins * lanes * 4
/** Sums of columns that the kernel makes: of longer rows they are made value by value. */
const maxPeriod = 32_768
/** Sums are as many at least, so that none is read again before it is written. */
const minPeriod = 32
const columnBytes = 8 * maxPeriod

/** Memory for the kernel to work in. */
export interface KernelMemory {
  readonly memory: WebAssembly.Memory
  /** Place of `scratchBytes` bytes, aligned to 16. */
  readonly scratch: number
}
export const scratchBytes = scanBytes + countBytes + blockValues * 4 + columnBytes

/** A memory of its own, for values that lie elsewhere. */
export function ownMemory(): KernelMemory {
  return { memory: memoryOf(scratchBytes), scratch: 0 }
}

/**
 * Reduces float32 arrays to an `Observation` and counts them in a histogram. Arrays in the kernel's memory are read where they are. Sums are
 * made of blocks of 16,384 values in their order, each of four interleaved sums in float64, so equal arrays have equal sums everywhere.
 */
export class Reducer {
  readonly #memory: WebAssembly.Memory
  readonly #kernel: Kernel
  readonly #scan: number
  readonly #count: number
  readonly #block: number
  readonly #columns: number
  /** Bins of the present histogram in which the kernel has counted. */
  #low = maxBins
  #high = -1

  constructor({ memory, scratch }: KernelMemory) {
    this.#memory = memory
    this.#kernel = kernelOn(memory)
    this.#scan = scratch
    this.#count = scratch + scanBytes
    this.#block = this.#count + countBytes
    this.#columns = this.#block + blockValues * 4
    new Uint8Array(memory.buffer, this.#count, countBytes).fill(0)
  }

  reduce({ bytes }: NdArray, histogram: Histogram, { columns = 0, maskSide }: Asked = {}): Observation {
    const elements = bytes.byteLength / 4
    const sums = columns > 0 && elements > 0 && elements % columns === 0 ? new Columns(columns, this.#memory, this.#columns) : undefined
    const isInside = bytes.buffer === this.#memory.buffer && bytes.byteOffset % 4 === 0
    const total: Total = { elements, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, sum: 0, squares: 0, nan: 0, infinite: 0 }
    for (let begin = 0; begin < elements; begin += blockValues) {
      const length = Math.min(blockValues, elements - begin)
      let at = bytes.byteOffset + begin * 4
      if (!isInside) {
        at = this.#block
        new Uint8Array(this.#memory.buffer, at, length * 4).set(bytes.subarray(begin * 4, (begin + length) * 4))
      }
      this.#addBlock(at, length, total, histogram, maskSide, sums, begin)
    }
    this.#flush(histogram)
    const isWhole = total.nan + total.infinite === 0 && !total.masks
    return sums && isWhole ? { ...total, columns: sums.sums } : total
  }

  #addBlock(
    at: number,
    length: number,
    total: Total,
    histogram: Histogram,
    maskSide: MaskSide | undefined,
    columns: Columns | undefined,
    begin: number,
  ): void {
    const whole = length - (length % lanes)
    const rest = new Float32Array(this.#memory.buffer, at + whole * 4, length - whole)
    let [min, max, sum, squares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0]
    if (whole > 0) {
      const end = at + whole * 4
      if (columns?.inKernel) {
        const { first, period } = columns.inKernel
        this.#kernel.scanColumns(at, end, this.#scan, first + 8 * (begin % period), first, first + 8 * period)
      } else this.#kernel.scan(at, end, this.#scan)
      const found = new Float32Array(this.#memory.buffer, this.#scan, 2 * lanes)
      const sums = new Float64Array(this.#memory.buffer, this.#scan + 8 * lanes, 4)
      for (let i = 0; i < lanes; i++) {
        min = Math.min(min, found[i]!)
        max = Math.max(max, found[lanes + i]!)
      }
      sum = sums[0]! + sums[1]!
      squares = sums[2]! + sums[3]!
    }
    for (const x of rest) {
      min = Math.min(min, x)
      max = Math.max(max, x)
      sum += x
      squares += x * x
    }
    if (columns?.inKernel) columns.add(rest, begin + whole)
    else columns?.add(new Float32Array(this.#memory.buffer, at, length), begin)
    // The sum of float32 numbers stays far below the largest float64.
    if (!Number.isFinite(sum) || (maskSide && isMask(maskSide === 'below' ? min : max, maskSide))) {
      this.#flush(histogram)
      addOneByOne(new Float32Array(this.#memory.buffer, at, length), total, histogram, maskSide)
      return
    }
    // Adding 0 makes 0 of -0.
    total.min = Math.min(total.min, min + 0)
    total.max = Math.max(total.max, max + 0)
    total.sum += sum
    total.squares += squares
    if (!histogram.covers(min, max)) this.#flush(histogram)
    histogram.cover(min, max)
    if (whole > 0) {
      const { exponent, first } = histogram
      this.#low = Math.min(this.#low, binOf(min, exponent) - first)
      this.#high = Math.max(this.#high, binOf(max, exponent) - first)
      this.#kernel.count(at, at + whole * 4, 2 ** -exponent, first, this.#count)
    }
    for (const x of rest) countOne(histogram, x)
  }

  /** Adds what the kernel has counted. */
  #flush({ counts }: Histogram): void {
    const bins = this.#high - this.#low + 1
    if (bins > 0) {
      const laneCounts = new Int32Array(this.#memory.buffer, this.#count + this.#low * lanes * 4, bins * lanes)
      for (let i = 0; i < bins; i++) {
        const k = i * lanes
        const n = laneCounts[k]! + laneCounts[k + 1]! + laneCounts[k + 2]! + laneCounts[k + 3]!
        if (n > 0) counts[this.#low + i]! += n
      }
      laneCounts.fill(0)
    }
    this.#low = maxBins
    this.#high = -1
  }
}

/** Sums over rows of so many elements, in the kernel's memory where there is room: there some rows side by side, so that they begin at a multiple of 4. */
class Columns {
  readonly #columns: number
  readonly #sums: Float64Array
  /** Where the kernel finds its sums, and how many. */
  readonly inKernel: { readonly first: number; readonly period: number } | undefined

  constructor(columns: number, { buffer }: WebAssembly.Memory, first: number) {
    const least = columns % 4 === 0 ? columns : columns % 2 === 0 ? 2 * columns : 4 * columns
    const period = least * Math.ceil(minPeriod / least)
    this.#columns = columns
    this.inKernel = period <= maxPeriod ? { first, period } : undefined
    this.#sums = this.inKernel ? new Float64Array(buffer, first, period).fill(0) : new Float64Array(columns)
  }

  /** Values that the kernel does not see, from position `begin` on. */
  add(values: Float32Array, begin: number): void {
    const sums = this.#sums
    values.forEach((x, i) => {
      sums[(begin + i) % sums.length]! += x
    })
  }

  get sums(): Float64Array {
    const out = new Float64Array(this.#columns)
    this.#sums.forEach((sum, k) => {
      out[k % out.length]! += sum
    })
    return out
  }
}

function isMask(x: number, side: MaskSide): boolean {
  return side === 'below' ? x <= -leastMask : x >= leastMask
}

/** Value by value, masks and those that are no numbers apart. */
function addOneByOne(values: Float32Array, total: Total, histogram: Histogram, maskSide: MaskSide | undefined): void {
  let count = 0
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const x of values) {
    if (maskSide && isMask(x, maskSide)) {
      count++
      if (Number.isFinite(x)) [min, max] = [Math.min(min, x), Math.max(max, x)]
    } else if (Number.isNaN(x)) total.nan++
    else if (!Number.isFinite(x)) total.infinite++
    else {
      total.min = Math.min(total.min, x + 0)
      total.max = Math.max(total.max, x + 0)
      total.sum += x
      total.squares += x * x
      histogram.cover(x, x)
      countOne(histogram, x)
    }
  }
  if (count > 0) total.masks = joinedMasks(total.masks, { count, ...(min <= max && { finite: [min, max] }) })
}

function countOne(histogram: Histogram, x: number): void {
  histogram.counts[binOf(x, histogram.exponent) - histogram.first]! += 1
}
