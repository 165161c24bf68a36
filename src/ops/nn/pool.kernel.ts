import { activate } from '../activation.kernel.ts'
import { arrayOf, floatsOf, operandAt, resultShape } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'
import { type Walk, walksOf } from './window.kernel.ts'

/** What is kept of the elements of a window, and what it gives in the end. */
interface Statistic {
  readonly start: number
  readonly step: (kept: number, x: number) => number
  readonly end: (kept: number, count: number) => number
}

/** Padding is never part of a window. */
function pool({ start, step, end }: Statistic): Kernel {
  return (context) => {
    const input = operandAt(context, 0)
    const x = floatsOf(input)
    const [, height, width, depth] = input.shape as unknown as [number, number, number, number]
    const shape = resultShape(context)
    const [batch, outHeight, outWidth] = shape as unknown as [number, number, number]
    const [rows, cols] = walksOf([height, width], context.attrs.filter as number[], context.attrs) as [Walk, Walk]
    const out = new Float32Array(batch * outHeight * outWidth * depth)
    let at = 0
    for (let n = 0; n < batch; n++) {
      for (let oy = 0; oy < outHeight; oy++) {
        const y0 = Math.max(0, rows.origin + oy * rows.stride)
        const y1 = Math.min(height, rows.origin + oy * rows.stride + rows.size)
        for (let ox = 0; ox < outWidth; ox++) {
          const x0 = Math.max(0, cols.origin + ox * cols.stride)
          const x1 = Math.min(width, cols.origin + ox * cols.stride + cols.size)
          for (let c = 0; c < depth; c++) {
            let kept = start
            for (let iy = y0; iy < y1; iy++) {
              for (let ix = x0; ix < x1; ix++) kept = step(kept, x[((n * height + iy) * width + ix) * depth + c]!)
            }
            out[at++] = end(kept, (y1 - y0) * (x1 - x0))
          }
        }
      }
    }
    return [arrayOf('f32', shape, activate(out, context.attrs))]
  }
}

export const averagePool2d = pool({ start: 0, step: (s, x) => s + x, end: (s, n) => s / n })
export const maxPool2d = pool({ start: Number.NEGATIVE_INFINITY, step: (m, x) => (x > m ? x : m), end: (m) => m })
export const l2Pool2d = pool({ start: 0, step: (s, x) => s + x * x, end: (s, n) => Math.sqrt(s / n) })
