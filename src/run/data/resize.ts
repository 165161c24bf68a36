import { type NdArray, toFloat32 } from '../../core/nd-array.ts'

/** How pictures are scaled; each as `tf.image.resize` of that method. */
export const resizeFilters = ['bilinear', 'nearest', 'bicubic', 'area'] as const
export type ResizeFilter = (typeof resizeFilters)[number]

/** What one result takes from the source: places and weights whose sum is 1. */
interface Taps {
  readonly places: readonly number[]
  readonly weights: readonly number[]
}

/**
 * A picture `[H,W,C]` scaled to another size, in float32: centers of pixels half way, no antialiasing. Bicubic overshoots the range of
 * the pixels. @see tf.image.resize (antialias=False)
 */
export function resizePicture(array: NdArray, height: number, width: number, filter: ResizeFilter): NdArray {
  const [h, w, c] = array.shape as [number, number, number]
  if (h === height && w === width) return array
  const source = toFloat32(array)!
  const out = filter === 'bilinear' ? bilinear(source, [h, w, c], height, width) : weighted(source, [h, w, c], height, width, filter)
  return { dtype: 'f32', shape: [height, width, c], bytes: new Uint8Array(out.buffer) }
}

/** Step by step as the kernel rounds. @see tensorflow/core/kernels/image/resize_bilinear_op.cc */
function bilinear(source: Float32Array, [h, w, c]: readonly [number, number, number], height: number, width: number): Float32Array {
  const out = new Float32Array(height * width * c)
  const columns = positions(w, width)
  for (const [y, row] of positions(h, height).entries()) {
    for (const [x, column] of columns.entries()) {
      for (let k = 0; k < c; k++) {
        const at = (r: number, q: number): number => source[(r * w + q) * c + k]!
        const top = lerp(at(row.low, column.low), at(row.low, column.high), column.weight)
        const bottom = lerp(at(row.high, column.low), at(row.high, column.high), column.weight)
        out[(y * width + x) * c + k] = lerp(top, bottom, row.weight)
      }
    }
  }
  return out
}

function lerp(a: number, b: number, weight: number): number {
  return Math.fround(a + Math.fround(Math.fround(b - a) * weight))
}

/** Where each of `to` pixels lies between two of `from`. */
function positions(from: number, to: number): { low: number; high: number; weight: number }[] {
  return Array.from({ length: to }, (_, i) => {
    const at = center(i, from, to)
    const floor = Math.floor(at)
    return { low: Math.max(floor, 0), high: Math.min(floor + 1, from - 1), weight: Math.fround(at - floor) }
  })
}

/** The center of result `i` among the source's, whose first is at 0. */
function center(i: number, from: number, to: number): number {
  return Math.fround(Math.fround((i + 0.5) * Math.fround(from / to)) - 0.5)
}

/** Rows, then columns, each result a sum of weighted sources. */
function weighted(
  source: Float32Array,
  [h, w, c]: readonly [number, number, number],
  height: number,
  width: number,
  filter: Exclude<ResizeFilter, 'bilinear'>,
): Float32Array {
  const rows = Array.from({ length: height }, (_, y) => tapsOf[filter](y, h, height))
  const columns = Array.from({ length: width }, (_, x) => tapsOf[filter](x, w, width))
  const out = new Float32Array(height * width * c)
  const line = new Float64Array(w * c)
  for (const [y, { places, weights }] of rows.entries()) {
    line.fill(0)
    for (const [t, r] of places.entries()) for (let i = 0; i < line.length; i++) line[i]! += weights[t]! * source[r * w * c + i]!
    for (const [x, column] of columns.entries()) {
      for (let k = 0; k < c; k++) {
        let sum = 0
        for (const [t, q] of column.places.entries()) sum += column.weights[t]! * line[q * c + k]!
        out[(y * width + x) * c + k] = sum
      }
    }
  }
  return out
}

const tapsOf: Readonly<Record<Exclude<ResizeFilter, 'bilinear'>, (i: number, from: number, to: number) => Taps>> = {
  nearest: (i, from, to) => ({ places: [Math.min(from - 1, Math.floor(Math.fround((i + 0.5) * Math.fround(from / to))))], weights: [1] }),
  /** The part of each source pixel that lies under the result. @see tensorflow/core/kernels/image/resize_area_op.cc */
  area(i, from, to) {
    const scale = from / to
    const [start, end] = [i * scale, Math.min((i + 1) * scale, from)]
    const first = Math.floor(start)
    const places = Array.from({ length: Math.ceil(end) - first }, (_, k) => first + k)
    return normalized(
      places,
      places.map((p) => Math.min(p + 1, end) - Math.max(p, start)),
    )
  },
  /** Keys' cubic with a = -0.5 in steps of 1/1024, nothing from outside. @see tensorflow/core/kernels/image/resize_bicubic_op.cc */
  bicubic(i, from, to) {
    const at = center(i, from, to)
    const base = Math.floor(at)
    const offset = Math.round(Math.fround(at - base) * 1024) / 1024
    const places = [base - 1, base, base + 1, base + 2].filter((p) => p >= 0 && p < from)
    return normalized(
      places,
      places.map((p) => keysCubic(Math.abs(p - base - offset))),
    )
  },
}

function keysCubic(x: number): number {
  const a = -0.5
  return x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
}

function normalized(places: readonly number[], weights: readonly number[]): Taps {
  const sum = weights.reduce((a, b) => a + b, 0)
  return { places, weights: weights.map((v) => v / sum) }
}
