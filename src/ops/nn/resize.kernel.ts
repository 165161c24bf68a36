import { arrayOf, arrayOfWords, floatsOf, makeWords, operandAt, resultShape, wordsOf } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'

const { fround } = Math

/** Step in the input per step in the output; with aligned corners the first and last pixels coincide. */
function scaleOf(input: number, output: number, alignCorners: unknown): number {
  return alignCorners && output > 1 ? fround((input - 1) / (output - 1)) : fround(input / output)
}

interface Between {
  readonly low: number
  readonly high: number
  /** Weight of `high`, in f32. */
  readonly part: number
}

/** The two input positions that each output position lies between. @see LiteRT reference/resize_bilinear.h */
function interpolation(input: number, output: number, attrs: Parameters<Kernel>[0]['attrs']): Between[] {
  const scale = scaleOf(input, output, attrs.alignCorners)
  return Array.from({ length: output }, (_, i) => {
    const at = attrs.halfPixelCenters ? fround(fround(fround(i + 0.5) * scale) - 0.5) : fround(i * scale)
    const low = Math.max(Math.floor(at), 0)
    return { low, high: Math.min(Math.ceil(at), input - 1), part: fround(at - low) }
  })
}

/** Weights in f32, their products summed in float64 and rounded once. */
export const resizeBilinear: Kernel = (context) => {
  const input = operandAt(context, 0)
  const x = floatsOf(input)
  const [, height, width, depth] = input.shape as unknown as [number, number, number, number]
  const shape = resultShape(context)
  const [batch, outHeight, outWidth] = shape as unknown as [number, number, number]
  const rows = interpolation(height, outHeight, context.attrs)
  const cols = interpolation(width, outWidth, context.attrs)
  const out = new Float32Array(batch * outHeight * outWidth * depth)
  let at = 0
  for (let n = 0; n < batch; n++) {
    for (const row of rows) {
      const [top, bottom] = [(n * height + row.low) * width, (n * height + row.high) * width]
      for (const col of cols) {
        const [a, b, c, d] = [top + col.low, bottom + col.low, top + col.high, bottom + col.high].map((p) => p * depth) as [
          number,
          number,
          number,
          number,
        ]
        const [up, left] = [fround(1 - row.part), fround(1 - col.part)]
        for (let k = 0; k < depth; k++) {
          out[at++] = x[a + k]! * up * left + x[b + k]! * row.part * left + x[c + k]! * up * col.part + x[d + k]! * row.part * col.part
        }
      }
    }
  }
  return [arrayOf('f32', shape, out)]
}

/** @see LiteRT reference/resize_nearest_neighbor.h */
function nearest(input: number, output: number, attrs: Parameters<Kernel>[0]['attrs']): number[] {
  const scale = scaleOf(input, output, attrs.alignCorners)
  const offset = attrs.halfPixelCenters ? 0.5 : 0
  return Array.from({ length: output }, (_, i) => {
    const at = fround(fround(i + offset) * scale)
    const index = attrs.alignCorners ? Math.floor(at + 0.5) : Math.floor(at)
    return Math.max(0, Math.min(index, input - 1))
  })
}

export const resizeNearestNeighbor: Kernel = (context) => {
  const input = operandAt(context, 0)
  const [, height, width, depth] = input.shape as unknown as [number, number, number, number]
  const shape = resultShape(context)
  const [batch, outHeight, outWidth] = shape as unknown as [number, number, number]
  const from = wordsOf(input)
  const to = makeWords(from, batch * outHeight * outWidth * depth)
  const run = depth * from.perElement
  const cols = nearest(width, outWidth, context.attrs)
  let at = 0
  for (let n = 0; n < batch; n++) {
    for (const row of nearest(height, outHeight, context.attrs)) {
      for (const col of cols) {
        const s = ((n * height + row) * width + col) * run
        for (let k = 0; k < run; k++) to.data[at++] = from.data[s + k]!
      }
    }
  }
  return [arrayOfWords(input.dtype, shape, to)]
}
