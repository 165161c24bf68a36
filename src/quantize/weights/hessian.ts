import type { ConstData } from '../../core/bytes.ts'
import type { ProductRows } from '../../ops/spec.ts'
import { lanes, type MatrixKernel, matrixKernel } from './matrix-kernel.ts'
import type { SampledAlgorithm } from './scheme.ts'

/**
 * H = X^T X, summed over all rows X that the rows of a layer's weights are multiplied with. With e lost of a row of weights, the squared error
 * of its results, summed over the samples, is e^T H e. @see Frantar et al., "GPTQ", equation 1; the factor 2 of its H is left out
 */
export interface Gram {
  readonly columns: number
  /** The rows of the upper triangle, one behind the other, see `triangleAt`. */
  readonly sums: Float64Array
}

/** Those of all groups of a layer, one behind the other, each of its blocks one behind the other, and how its weights are rows. */
export interface Hessian extends Pick<ProductRows, 'columns' | 'groups' | 'isTransposed'> {
  readonly sums: Float64Array
}

/** Of the columns of one block. */
export function gramOf({ columns, sums }: Hessian, group: number, block: Block): Gram {
  const begin = group * sumsLength(columns) + block.at
  return { columns: block.columns, sums: sums.subarray(begin, begin + triangleLength(block.columns)) }
}

/** Windows of 3x3 over 512 channels. A Hessian of so many columns takes 85 MB, and its factor as much again. */
const maxColumns = 4608
/** Blocks begin at whole tiles of the kernels. */
const blockStep = 16

/** Columns whose products with each other are summed. */
export interface Block {
  readonly first: number
  readonly columns: number
  /** Where its sums begin among those of its group. */
  readonly at: number
}

/** All columns of a row; of rows that are too long, runs of nearly equal length, as if elements of different runs had nothing in common. */
export function blocksOf(columns: number): Block[] {
  const most = Math.ceil(columns / Math.ceil(columns / maxColumns) / blockStep) * blockStep
  const blocks: Block[] = []
  for (let first = 0, at = 0; first < columns; first += most) {
    const width = Math.min(most, columns - first)
    blocks.push({ first, columns: width, at })
    at += triangleLength(width)
  }
  return blocks
}

/** How many sums there are of a group. */
export const sumsLength = (columns: number): number => blocksOf(columns).reduce((n, b) => n + triangleLength(b.columns), 0)

/** What the samples made of the inputs of layers, by the constant that holds the weights; a reason where there is nothing. */
export interface Hessians {
  of(weights: ConstData, algorithm: SampledAlgorithm): Hessian | { readonly reason: string }
  /** The mean of the square of each element of a row that the weights are multiplied with. */
  moments(weights: ConstData): Float64Array | { readonly reason: string }
}

/** Where element (i, i) is; (i, j) with j > i is j - i further. */
export const triangleAt = (columns: number, i: number): number => i * columns - (i * (i - 1)) / 2
export const triangleLength = (columns: number): number => (columns * (columns + 1)) / 2

/** Share of the mean of the diagonal that is added to it. @see Frantar et al., "GPTQ", section 3, step 3 */
const damping = 0.01
/** Rows of weights that are looked at together. */
export const rowsAtOnce = 4

const padded = (n: number): number => n + ((lanes - (n % lanes)) % lanes)

/**
 * H + added * I = L^T L, L lower triangular with a positive diagonal, so that the error of a row is |L e|^2 - added * |e|^2 and its k-th part
 * depends on the first k elements alone. L is the inverse of the transposed factor that GPTQ takes its errors by.
 * @see Frantar et al., "GPTQ", section 3, step 3; Chen et al., "The Geometry of LLM Quantization: GPTQ as Babai's Nearest Plane Algorithm"
 */
export class DampedHessian {
  readonly columns: number
  readonly added: number
  readonly #kernel: MatrixKernel
  readonly #all: Float64Array
  /** Where row k of L begins; it holds k + 1 elements, then zeros up to a multiple of 4. */
  readonly #starts: Float64Array
  readonly #out: number
  readonly #vectors: number
  readonly #stride: number

  private constructor({ columns, sums }: Gram, added: number) {
    this.columns = columns
    this.added = added
    this.#starts = new Float64Array(columns + 1)
    for (let k = 0; k < columns; k++) this.#starts[k + 1] = this.#starts[k]! + padded(k + 1)
    this.#out = this.#starts[columns]!
    this.#vectors = this.#out + 2 * rowsAtOnce
    this.#stride = padded(columns)
    this.#kernel = matrixKernel(8 * (this.#vectors + rowsAtOnce * this.#stride))
    this.#all = new Float64Array(this.#kernel.buffer)
    for (let i = 0, at = 0; i < columns; i++) {
      for (let j = i; j < columns; j++, at++) this.#all[this.#starts[j]! + i] = sums[at]!
      this.#all[this.#starts[i]! + i]! += added
    }
  }

  /** The one in use until the next is made. Undefined where H holds NaN or infinity, or is 0: no input was ever anything else. */
  static of(gram: Gram): DampedHessian | undefined {
    const { columns, sums } = gram
    let trace = 0
    for (let i = 0; i < columns; i++) trace += sums[triangleAt(columns, i)]!
    const added = (damping * trace) / columns
    if (!(added > 0) || !sums.every(Number.isFinite)) return undefined
    const made = new DampedHessian(gram, added)
    return made.#factorize() ? made : undefined
  }

  /** Vectors for up to four rows, the first `columns` elements of each, all zero at first. */
  vectors(): Float64Array[] {
    return Array.from({ length: rowsAtOnce }, (_, r) => {
      const from = this.#vectors + r * this.#stride
      return this.#all.subarray(from, from + this.columns).fill(0)
    })
  }

  diagonal(k: number): number {
    return this.#all[this.#starts[k]! + k]!
  }

  /** The k-th part of L e for the four vectors, whose elements behind the k-th do not count. */
  parts(k: number, out: Float64Array): void {
    const at = this.#starts[k]!
    this.#kernel.dots(8 * at, 8 * this.#starts[k + 1]!, 8 * this.#vectors, 8 * this.#stride, 8 * this.#out)
    for (let r = 0; r < rowsAtOnce; r++) out[r] = this.#all[this.#out + 2 * r]! + this.#all[this.#out + 2 * r + 1]!
  }

  /** Rows of L in place of those of H, the last four first, and taken from all before them; false where H is not positive definite. */
  #factorize(): boolean {
    const all = this.#all
    const starts = this.#starts
    for (let top = this.columns; top > 0; top -= lanes) {
      const bottom = Math.max(0, top - lanes)
      for (let k = top - 1; k >= bottom; k--) {
        const at = starts[k]!
        const pivot = all[at + k]!
        if (!(pivot > 0)) return false
        const root = Math.sqrt(pivot)
        for (let i = 0; i < k; i++) all[at + i]! /= root
        all[at + k] = root
        all.fill(0, at + k + 1, starts[k + 1])
        for (let j = bottom; j < k; j++) this.#kernel.take(8 * at, 8 * (at + padded(j + 1)), 8 * starts[j]!, all[at + j]!)
      }
      if (bottom > 0) this.#takeFour(bottom)
    }
    return true
  }

  /** The rows from `bottom` on, of which there are four, from all before. */
  #takeFour(bottom: number): void {
    const all = this.#all
    const [a, b, c, d] = [0, 1, 2, 3].map((i) => this.#starts[bottom + i]!) as [number, number, number, number]
    for (let j = 0; j < bottom; j++) {
      const end = 8 * (a + padded(j + 1))
      this.#kernel.takeFour(8 * a, end, 8 * b, 8 * c, 8 * d, 8 * this.#starts[j]!, all[a + j]!, all[b + j]!, all[c + j]!, all[d + j]!)
    }
  }
}
