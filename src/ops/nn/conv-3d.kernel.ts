import { activate } from '../activation.kernel.ts'
import { arrayOf, floatsOf, operandAt, resultShape } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'
import { type Walk, walksOf } from './window.kernel.ts'

/** Filter [D,H,W,I,O]. Products are summed in float64 and rounded once. */
export const conv3d: Kernel = (context) => {
  const input = operandAt(context, 0)
  const filter = operandAt(context, 1)
  const [x, w] = [floatsOf(input), floatsOf(filter)]
  const bias = context.inputs[2] ? floatsOf(context.inputs[2]) : undefined
  const [, depth, height, width, channels] = input.shape as unknown as [number, number, number, number, number]
  const [kd, kh, kw, , outChannels] = filter.shape as unknown as [number, number, number, number, number]
  const shape = resultShape(context)
  const [batch, outDepth, outHeight, outWidth] = shape as unknown as [number, number, number, number]
  const [planes, rows, cols] = walksOf([depth, height, width], [kd, kh, kw], context.attrs) as [Walk, Walk, Walk]
  const sums = new Float64Array(outChannels)
  const out = new Float32Array(batch * outDepth * outHeight * outWidth * outChannels)
  let at = 0
  const addTap = (start: number, tap: number) => {
    for (let c = 0; c < channels; c++) {
      const value = x[start + c]!
      const f = (tap * channels + c) * outChannels
      for (let o = 0; o < outChannels; o++) sums[o]! += value * w[f + o]!
    }
  }
  const place = (walk: Walk, o: number, k: number) => walk.origin + o * walk.stride + k * walk.dilation
  for (let p = 0; p < batch * outDepth * outHeight * outWidth; p++, at += outChannels) {
    const ox = p % outWidth
    const oy = Math.floor(p / outWidth) % outHeight
    const oz = Math.floor(p / outWidth / outHeight) % outDepth
    const n = Math.floor(p / outWidth / outHeight / outDepth)
    if (bias) sums.set(bias)
    else sums.fill(0)
    for (let kz = 0; kz < kd; kz++) {
      const iz = place(planes, oz, kz)
      for (let ky = 0; ky < kh; ky++) {
        const iy = place(rows, oy, ky)
        for (let kx = 0; kx < kw; kx++) {
          const ix = place(cols, ox, kx)
          if (iz < 0 || iz >= depth || iy < 0 || iy >= height || ix < 0 || ix >= width) continue
          addTap((((n * depth + iz) * height + iy) * width + ix) * channels, (kz * kh + ky) * kw + kx)
        }
      }
    }
    out.set(sums, at)
  }
  return [arrayOf('f32', shape, activate(out, context.attrs))]
}
