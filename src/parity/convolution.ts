import { bytesOf, typedView } from '../core/dtype.ts'
import { type NdArray, sizeOf } from '../core/nd-array.ts'
import { stridesOf } from '../core/shape.ts'
import type { Walk } from '../ops/nn/window.kernel.ts'
import { multiply, type ReadRow } from './product-kernel.ts'

/** How windows slide over pictures [N,H,W,C] or volumes [N,D,H,W,C]. */
export interface Sliding {
  readonly walks: readonly Walk[]
  /** Sizes of the result that windows slide along. */
  readonly output: readonly number[]
}

export interface Convolution extends Sliding {
  /** Filters are [O,...,C] instead of [...,C,O]. */
  readonly isTransposed: boolean
}

/** Each place of the result is a row, what its window covers. */
export function convolved(x: NdArray, filter: NdArray, { walks, output, isTransposed }: Convolution): NdArray | undefined {
  const batch = x.shape[0]!
  const channels = x.shape.at(-1)!
  const columns = filter.shape.at(isTransposed ? 0 : -1)!
  const own = filter.shape.at(isTransposed ? -1 : -2)!
  const groups = channels / own
  if (!Number.isInteger(groups) || columns % groups !== 0) return undefined
  const inner = sizeOf(filter) / columns
  const sizes = { rows: output.reduce((n, d) => n * d, batch), inner, columns: columns / groups, isTransposed }
  const [pixels, weights] = [typedView('f32', x.bytes), typedView('f32', filter.bytes)]
  const shape = [batch, ...output, columns]
  if (groups === 1) {
    const read = windows(pixels, x.shape, { walks, output }, own, 0)
    return { dtype: 'f32', shape, bytes: bytesOf(multiply(read, weights, sizes)) }
  }
  const result = new Float32Array(sizes.rows * columns)
  for (let g = 0; g < groups; g++) {
    const first = g * sizes.columns
    const part = isTransposed
      ? weights.subarray(first * inner, (first + sizes.columns) * inner)
      : columnsOf(weights, columns, first, sizes.columns)
    const products = multiply(windows(pixels, x.shape, { walks, output }, own, g * own), part, sizes)
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
function windows(pixels: Float32Array, shape: readonly number[], { walks, output }: Sliding, own: number, offset: number): ReadRow {
  const sizes = shape.slice(1, -1)
  const steps = stridesOf(shape)
  const places = walks.reduce((n, { size }) => n * size, 1)
  // Of each element of the window, along each axis, how far it is from the first.
  const inner = stridesOf(walks.map((w) => w.size))
  const reach = walks.map(({ size, dilation }, axis) =>
    Int32Array.from({ length: places }, (_, place) => (Math.floor(place / inner[axis]!) % size) * dilation),
  )
  const first = new Int32Array(walks.length)
  return (to, start, row, from, length) => {
    let rest = row
    for (let axis = walks.length - 1; axis >= 0; axis--) {
      const at = rest % output[axis]!
      rest = (rest - at) / output[axis]!
      first[axis] = walks[axis]!.origin + at * walks[axis]!.stride
    }
    for (let k = from, at = start; k < from + length; ) {
      const channel = k % own
      const place = (k - channel) / own
      const n = Math.min(own - channel, from + length - k)
      let index = rest * steps[0]! + offset + channel
      for (let axis = 0; axis < first.length; axis++) {
        const p = first[axis]! + reach[axis]![place]!
        index = p < 0 || p >= sizes[axis]! ? Number.NaN : index + p * steps[axis + 1]!
      }
      if (Number.isNaN(index)) to.fill(0, at, at + n)
      else if (n >= fewElements) to.set(pixels.subarray(index, index + n), at)
      else for (let i = 0; i < n; i++) to[at + i] = pixels[index + i]!
      k += n
      at += n
    }
  }
}

/**
 * The gradient of a convolution by its input, [N,...,O]: each place of `x`, [N,...,C], times the whole filter, [...,O,C], added to the places
 * of the result that its window covers.
 */
export function convolutionGradient(x: NdArray, filter: NdArray, { walks, output }: Sliding): NdArray {
  const channels = x.shape.at(-1)!
  const [batch, ...from] = x.shape.slice(0, -1) as [number, ...number[]]
  const outer = filter.shape.at(-2)!
  const columns = sizeOf(filter) / channels
  const [values, weights] = [typedView('f32', x.bytes), typedView('f32', filter.bytes)]
  const shape = [batch, ...output, outer]
  const steps = stridesOf(shape)
  const sums = new Float32Array(steps[0]! * batch)
  const rows = sizeOf(x) / channels
  const atOnce = Math.max(1, Math.floor(spreadElements / columns))
  const add = (products: Float32Array, row: number, image: number): void => {
    const visit = (axis: number, rest: number, divisor: number, at: number, column: number): void => {
      if (axis === walks.length) {
        for (let i = 0; i < outer; i++) sums[at + i]! += products[row + column * outer + i]!
        return
      }
      const { size, stride, dilation, origin } = walks[axis]!
      const below = divisor / from[axis]!
      const begin = origin + Math.floor(rest / below) * stride
      for (let k = 0; k < size; k++) {
        const p = begin + k * dilation
        if (p >= 0 && p < output[axis]!) visit(axis + 1, rest % below, below, at + p * steps[axis + 1]!, column * size + k)
      }
    }
    const divisor = rows / batch
    visit(0, image % divisor, divisor, Math.floor(image / divisor) * steps[0]!, 0)
  }
  for (let begin = 0; begin < rows; begin += atOnce) {
    const count = Math.min(atOnce, rows - begin)
    const part = values.subarray(begin * channels, (begin + count) * channels)
    const products = multiply(part, weights, { rows: count, inner: channels, columns, isTransposed: true })
    for (let i = 0; i < count; i++) add(products, i * columns, begin + i)
  }
  return { dtype: 'f32', shape, bytes: bytesOf(sums) }
}

/** Products that are held at a time. */
const spreadElements = 1 << 22
