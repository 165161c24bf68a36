import { invariant } from '../core/diagnostics.ts'
import { typedView } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import { samePadding, windowOutput } from '../ops/nn/window.ts'
import type { RowWindow } from '../ops/spec.ts'

/** Of more positions of a picture every so many are taken: neighbours tell nearly the same, and products of their rows take long. */
const mostPositions = 4096

/** What a window holds at each position it is taken from, group by group of channels. */
export class Patches {
  readonly #values: Float32Array
  readonly #sizes: readonly [pictures: number, height: number, width: number, channels: number]
  /** Positions of the picture by those of the window and their elements, -1 for padding; in height and in width. */
  readonly #reads: readonly [Int32Array, Int32Array]
  readonly #window: readonly [height: number, width: number]
  readonly #positions: readonly [height: number, width: number]

  constructor({ bytes, shape }: NdArray, window: RowWindow) {
    invariant(shape.length === 4, 'a window is over [N,H,W,C]')
    this.#values = typedView('f32', bytes)
    this.#sizes = shape as unknown as [number, number, number, number]
    this.#window = window.size
    this.#reads = [readsAlong(0, shape[1]!, window), readsAlong(1, shape[2]!, window)]
    this.#positions = [this.#reads[0].length / window.size[0], this.#reads[1].length / window.size[1]]
  }

  /** Writes each patch of `columns` elements of one group to `rows` at the place that `next` gives. */
  gather(group: number, columns: number, rows: Float32Array, next: () => number): void {
    const [pictures, height, width, channels] = this.#sizes
    const [down, across] = this.#reads
    const [tall, wide] = this.#window
    const [values, inner] = [this.#values, columns / (tall * wide)]
    const [, perRow] = this.#positions
    const count = this.#positions[0] * perRow
    const step = stepOver(count, perRow)
    for (let n = 0; n < pictures; n++)
      for (let p = 0; p < count; p += step) {
        const [y, x] = [Math.floor(p / perRow) * tall, (p % perRow) * wide]
        let to = next()
        for (let ky = 0; ky < tall; ky++) {
          const row = down[y + ky]!
          for (let kx = 0; kx < wide; kx++) {
            const column = across[x + kx]!
            if (row < 0 || column < 0) for (let c = 0; c < inner; c++) rows[to++] = 0
            else {
              const from = ((n * height + row) * width + column) * channels + group * inner
              for (let c = 0; c < inner; c++) rows[to++] = values[from + c]!
            }
          }
        }
      }
  }
}

function readsAlong(axis: 0 | 1, n: number, { size, stride, dilation = [1, 1], padding, over }: RowWindow): Int32Array {
  const [length, step, apart] = [size[axis], stride[axis]!, dilation[axis]!]
  const slidOver = over ? over[axis] : n
  const before = padding === 'same' ? samePadding(slidOver, length, step, apart)[0] : 0
  const places = windowOutput(slidOver, length, step, apart, padding) as number
  const reads = new Int32Array((over ? slidOver : places) * length).fill(-1)
  for (let place = 0; place < places; place++)
    for (let k = 0; k < length; k++) {
      const at = place * step - before + k * apart
      if (at < 0 || at >= slidOver) continue
      if (!over) reads[place * length + k] = at
      else if (place < n) reads[at * length + k] = place
    }
  return reads
}

/** Without a factor of the width, of 2 or of 3, so that all columns and all phases of a stride get their share. */
function stepOver(count: number, width: number): number {
  let step = Math.max(1, Math.ceil(count / mostPositions))
  while (divisor(step, 6 * width) > 1) step++
  return step
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b))
