import { bytesOf, typedView } from '../core/dtype.ts'
import { type NdArray, sizeOf } from '../core/nd-array.ts'
import type { Walk } from '../ops/nn/window.kernel.ts'
import { multiply, type ReadRow } from './product-kernel.ts'

/** How windows slide over [N,H,W,C], down and across. */
export interface Sliding {
  readonly walks: readonly Walk[]
  /** Height and width of the result. */
  readonly output: readonly number[]
}

export interface Convolution extends Sliding {
  /** Filters are [O,H,W,C] instead of [H,W,C,O]. */
  readonly isTransposed: boolean
}

/** Each place of the result is a row, what its window covers. */
export function convolved(x: NdArray, filter: NdArray, { walks, output, isTransposed }: Convolution): NdArray | undefined {
  const [batch, ...picture] = x.shape as [number, number, number, number]
  const channels = x.shape[3]!
  const columns = filter.shape[isTransposed ? 0 : 3]!
  const own = filter.shape[isTransposed ? 3 : 2]!
  const groups = channels / own
  if (!Number.isInteger(groups) || columns % groups !== 0) return undefined
  const inner = sizeOf(filter) / columns
  const sizes = { rows: batch * output[0]! * output[1]!, inner, columns: columns / groups, isTransposed }
  const [pixels, weights] = [typedView('f32', x.bytes), typedView('f32', filter.bytes)]
  const shape = [batch, ...output, columns]
  if (groups === 1) {
    const read = windows(pixels, picture, own, 0, walks, output)
    return { dtype: 'f32', shape, bytes: bytesOf(multiply(read, weights, sizes)) }
  }
  const result = new Float32Array(sizes.rows * columns)
  for (let g = 0; g < groups; g++) {
    const first = g * sizes.columns
    const part = isTransposed
      ? weights.subarray(first * inner, (first + sizes.columns) * inner)
      : columnsOf(weights, columns, first, sizes.columns)
    const products = multiply(windows(pixels, picture, own, g * own, walks, output), part, sizes)
    for (let r = 0; r < sizes.rows; r++) result.set(products.subarray(r * sizes.columns, (r + 1) * sizes.columns), r * columns + first)
  }
  return { dtype: 'f32', shape, bytes: bytesOf(result) }
}

function columnsOf(matrix: Float32Array, columns: number, first: number, count: number): Float32Array {
  const part = new Float32Array((matrix.length / columns) * count)
  for (let from = first, to = 0; to < part.length; from += columns, to += count) part.set(matrix.subarray(from, from + count), to)
  return part
}

/** Fewer elements are copied one by one: a call takes longer. */
const fewElements = 16

/** `own` of the channels, from `offset` on; zeros on the padding. */
function windows(
  pixels: Float32Array,
  [height, width, channels]: readonly number[],
  own: number,
  offset: number,
  [down, across]: readonly Walk[],
  [rows, columns]: readonly number[],
): ReadRow {
  return (to, start, row, first, length) => {
    const x = row % columns!
    const line = (row - x) / columns!
    const y = line % rows!
    const image = ((line - y) / rows!) * height!
    const [top, left] = [down!.origin + y * down!.stride, across!.origin + x * across!.stride]
    for (let k = first, at = start; k < first + length; ) {
      const channel = k % own
      const place = (k - channel) / own
      const column = place % across!.size
      const n = Math.min(own - channel, first + length - k)
      const [py, px] = [top + ((place - column) / across!.size) * down!.dilation, left + column * across!.dilation]
      if (py < 0 || py >= height! || px < 0 || px >= width!) to.fill(0, at, at + n)
      else {
        const from = ((image + py) * width! + px) * channels! + offset + channel
        if (n >= fewElements) to.set(pixels.subarray(from, from + n), at)
        else for (let i = 0; i < n; i++) to[at + i] = pixels[from + i]!
      }
      k += n
      at += n
    }
  }
}
