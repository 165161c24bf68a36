import { invariant } from '../core/diagnostics.ts'
import { typedView } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import { hessianKernel, outAt, paddedWidth, rowsOf, tileHeight, tileWidth } from './hessian-kernel.ts'

/** Rows that are multiplied with each other: X^T X is wanted, summed over all samples. */
export interface HessianSource {
  /** Elements of a row; what an activation holds is read as such rows. */
  readonly columns: number
  readonly reads: readonly {
    /** Position in the list of activations. */
    readonly activation: number
    /** Which positions of [N,H,W,C] are read: every so many in height and width. All of other ranks. */
    readonly steps: readonly [height: number, width: number]
  }[]
}

/**
 * X^T X of some samples for each source: the upper triangle, row by row. Products are summed in float32 over blocks of up to 256 rows, blocks in
 * float64, in the order in which they come: equal samples in equal order have equal sums.
 */
export class HessianSums {
  readonly #byActivation = new Map<number, { readonly sums: Sums; readonly steps: readonly [number, number] }[]>()
  readonly #all: readonly Sums[]

  constructor(sources: readonly HessianSource[]) {
    this.#all = sources.map(({ columns, reads }) => {
      const sums = new Sums(columns)
      for (const { activation, steps } of reads) {
        const list = this.#byActivation.get(activation) ?? []
        list.push({ sums, steps })
        this.#byActivation.set(activation, list)
      }
      return sums
    })
  }

  see(activation: number, array: NdArray): void {
    for (const { sums, steps } of this.#byActivation.get(activation) ?? []) {
      for (const rows of rowsAt(array, steps)) sums.add(rows)
    }
  }

  /** What was seen since the last time. */
  take(): Float64Array<ArrayBuffer>[] {
    return this.#all.map((s) => s.take())
  }
}

/** Stretches of rows that are read, one behind the other. */
function* rowsAt({ bytes, shape }: NdArray, [down, right]: readonly [number, number]): Iterable<Float32Array> {
  const values = typedView('f32', bytes)
  if (shape.length !== 4 || (down === 1 && right === 1)) {
    yield values
    return
  }
  const [count, height, width, channels] = shape as [number, number, number, number]
  for (let n = 0; n < count; n++)
    for (let y = 0; y < height; y += down)
      for (let x = 0; x < width; x += right) {
        const at = ((n * height + y) * width + x) * channels
        yield values.subarray(at, at + channels)
      }
}

class Sums {
  readonly #columns: number
  readonly #padded: number
  /** Rows that wait to be multiplied, padded with zeros. */
  readonly #waiting: Float32Array
  readonly #most: number
  #held = 0
  #total: Float64Array<ArrayBuffer>

  constructor(columns: number) {
    this.#columns = columns
    this.#padded = paddedWidth(columns)
    this.#most = rowsOf(columns)
    this.#waiting = new Float32Array(this.#most * this.#padded)
    this.#total = new Float64Array((columns * (columns + 1)) / 2)
  }

  add(rows: Float32Array): void {
    const columns = this.#columns
    invariant(rows.length % columns === 0, 'an activation is made of whole rows')
    for (let at = 0; at < rows.length; at += columns) {
      this.#waiting.set(rows.subarray(at, at + columns), this.#held * this.#padded)
      if (++this.#held === this.#most) this.#multiply()
    }
  }

  take(): Float64Array<ArrayBuffer> {
    if (this.#held > 0) this.#multiply()
    const taken = this.#total
    this.#total = new Float64Array(taken.length)
    return taken
  }

  #multiply(): void {
    const kernel = hessianKernel()
    const columns = this.#columns
    const step = 4 * this.#padded
    const total = this.#total
    kernel.rows.set(this.#waiting.subarray(0, this.#held * this.#padded))
    const { sums } = kernel
    for (let a = 0; a < columns; a += tileHeight) {
      for (let b = a - (a % tileWidth); b < columns; b += tileWidth) {
        kernel.tile(4 * a, 4 * b, 4 * a + this.#held * step, step, outAt)
        const bottom = Math.min(tileHeight, columns - a)
        const width = Math.min(tileWidth, columns - b)
        for (let i = 0; i < bottom; i++) {
          const row = a + i
          const at = row * columns - (row * (row - 1)) / 2 - row + b
          for (let j = Math.max(0, row - b); j < width; j++) total[at + j]! += sums[i * tileWidth + j]!
        }
      }
    }
    this.#held = 0
  }
}
