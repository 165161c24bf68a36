import { invariant } from '../core/diagnostics.ts'
import { typedView } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import type { RowWindow } from '../ops/spec.ts'
import { type Block, blocksOf, sumsLength, triangleAt } from '../quantize/weights/hessian.ts'
import type { ObservedSums } from '../quantize/weights/observed-layers.ts'
import { hessianKernel, outAt, paddedWidth, rowsOf, tileHeight, tileWidth } from './hessian-kernel.ts'
import { Patches } from './patches.ts'

/** Rows of which X^T X is wanted, summed over all samples, of each group; or its diagonal, and how many they were. */
export interface HessianSource extends Pick<ObservedSums, 'kind' | 'columns' | 'groups'> {
  readonly reads: readonly {
    /** Position in the list of activations. */
    readonly activation: number
    /** Where rows are gathered; without one an activation is rows as it stands. */
    readonly window?: RowWindow | undefined
  }[]
}

/**
 * X^T X of some samples for each source: the upper triangle, row by row, of one block of columns behind the other, and so of one group. Products are summed in float32 over blocks of up to 256 rows, blocks in
 * float64, in the order in which they come: equal samples in equal order have equal sums.
 */
export class HessianSums {
  readonly #byActivation = new Map<number, { readonly sums: Sums | Squares; readonly window: RowWindow | undefined }[]>()
  readonly #all: readonly (Sums | Squares)[]

  constructor(sources: readonly HessianSource[]) {
    this.#all = sources.map(({ kind, columns, groups, reads }) => {
      const sums = kind === 'squares' ? new Squares(columns) : new Sums(columns, groups)
      for (const { activation, window } of reads) {
        const list = this.#byActivation.get(activation) ?? []
        list.push({ sums, window })
        this.#byActivation.set(activation, list)
      }
      return sums
    })
  }

  see(activation: number, array: NdArray): void {
    for (const { sums, window } of this.#byActivation.get(activation) ?? []) {
      if (window && 'addPatches' in sums) sums.addPatches(new Patches(array, window))
      else sums.addRows(typedView('f32', array.bytes))
    }
  }

  /** What was seen since the last time. */
  take(): Float64Array<ArrayBuffer>[] {
    return this.#all.map((s) => s.take())
  }
}

/** In float64, row by row. */
class Squares {
  readonly #columns: number
  #total: Float64Array<ArrayBuffer>

  constructor(columns: number) {
    this.#columns = columns
    this.#total = new Float64Array(columns + 1)
  }

  addRows(rows: Float32Array): void {
    const columns = this.#columns
    const total = this.#total
    invariant(rows.length % columns === 0, 'an activation is made of whole rows')
    for (let at = 0; at < rows.length; at += columns) for (let c = 0; c < columns; c++) total[c]! += rows[at + c]! ** 2
    total[columns]! += rows.length / columns
  }

  take(): Float64Array<ArrayBuffer> {
    const taken = this.#total
    this.#total = new Float64Array(taken.length)
    return taken
  }
}

class Sums {
  readonly #columns: number
  readonly #padded: number
  /** Rows that wait to be multiplied, padded with zeros. */
  readonly #waiting: Float32Array
  readonly #most: number
  readonly #groups: number
  readonly #blocks: readonly Block[]
  /** Sums of one group. */
  readonly #perGroup: number
  #held = 0
  #total: Float64Array<ArrayBuffer>

  constructor(columns: number, groups: number) {
    this.#groups = groups
    this.#columns = columns
    this.#padded = paddedWidth(columns)
    this.#most = rowsOf(columns)
    this.#waiting = new Float32Array(this.#most * this.#padded)
    this.#blocks = blocksOf(columns)
    this.#perGroup = sumsLength(columns)
    this.#total = new Float64Array(groups * this.#perGroup)
  }

  addRows(rows: Float32Array): void {
    const columns = this.#columns
    invariant(rows.length % columns === 0, 'an activation is made of whole rows')
    for (let at = 0; at < rows.length; at += columns) {
      const to = this.#next(0)
      this.#waiting.set(rows.subarray(at, at + columns), to)
    }
  }

  /** Rows of one group wait for the next samples; of several, which would take memory for each, they are multiplied at once. */
  addPatches(patches: Patches): void {
    for (let group = 0; group < this.#groups; group++) {
      patches.gather(group, this.#columns, this.#waiting, () => this.#next(group))
      if (this.#groups > 1) this.#multiply(group)
    }
  }

  /** Where the next row is to be written. */
  #next(group: number): number {
    if (this.#held === this.#most) this.#multiply(group)
    return this.#held++ * this.#padded
  }

  take(): Float64Array<ArrayBuffer> {
    if (this.#held > 0) this.#multiply(0)
    const taken = this.#total
    this.#total = new Float64Array(taken.length)
    return taken
  }

  #multiply(group: number): void {
    hessianKernel().rows.set(this.#waiting.subarray(0, this.#held * this.#padded))
    for (const block of this.#blocks) this.#multiplyBlock(block, group * this.#perGroup + block.at)
    this.#held = 0
  }

  #multiplyBlock({ first, columns }: Block, begin: number): void {
    const { tile, sums } = hessianKernel()
    const step = 4 * this.#padded
    const total = this.#total
    for (let a = 0; a < columns; a += tileHeight) {
      for (let b = a - (a % tileWidth); b < columns; b += tileWidth) {
        tile(4 * (first + a), 4 * (first + b), 4 * (first + a) + this.#held * step, step, outAt)
        const bottom = Math.min(tileHeight, columns - a)
        const width = Math.min(tileWidth, columns - b)
        for (let i = 0; i < bottom; i++) {
          const row = a + i
          const at = begin + triangleAt(columns, row) - row + b
          for (let j = Math.max(0, row - b); j < width; j++) total[at + j]! += sums[i * tileWidth + j]!
        }
      }
    }
  }
}
