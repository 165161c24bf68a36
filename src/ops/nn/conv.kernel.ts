import { activate } from '../activation.kernel.ts'
import { arrayOf, floatsOf, operandAt, resultShape } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'
import { dot, type Walk, walksOf } from './window.kernel.ts'

type Sizes4 = [number, number, number, number]

/** Copies the window at output (y, x) of one image into `patch` as [kh, kw, channels], zeros where it lies in the padding. */
function readPatch(
  x: Float32Array,
  imageStart: number,
  [, height, width, depth]: Sizes4,
  [rows, cols]: readonly [Walk, Walk],
  oy: number,
  ox: number,
  patch: Float64Array,
): void {
  let p = 0
  for (let ky = 0; ky < rows.size; ky++) {
    const iy = rows.origin + oy * rows.stride + ky * rows.dilation
    for (let kx = 0; kx < cols.size; kx++, p += depth) {
      const ix = cols.origin + ox * cols.stride + kx * cols.dilation
      if (iy < 0 || iy >= height || ix < 0 || ix >= width) patch.fill(0, p, p + depth)
      else {
        const s = imageStart + (iy * width + ix) * depth
        for (let c = 0; c < depth; c++) patch[p + c] = x[s + c]!
      }
    }
  }
}

/** Products are summed in float64 and rounded once. */
export const conv2d: Kernel = (context) => {
  const input = operandAt(context, 0)
  const filter = operandAt(context, 1)
  const [x, w] = [floatsOf(input), floatsOf(filter)]
  const bias = context.inputs[2] ? floatsOf(context.inputs[2]) : undefined
  const sizes = input.shape as unknown as Sizes4
  const [, kh, kw, inner] = filter.shape as unknown as Sizes4
  const shape = resultShape(context)
  const [batch, outHeight, outWidth, outDepth] = shape as unknown as Sizes4
  const walks = walksOf([sizes[1], sizes[2]], [kh, kw], context.attrs) as [Walk, Walk]
  const depth = sizes[3]
  const groups = depth / inner
  const perGroup = outDepth / groups
  const taps = kh * kw
  const patch = new Float64Array(taps * depth)
  const grouped = groups > 1 ? new Float64Array(taps * inner) : patch
  const out = new Float32Array(batch * outHeight * outWidth * outDepth)
  let at = 0
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) {
        readPatch(x, n * sizes[1] * sizes[2] * depth, sizes, walks, oy, ox, patch)
        for (let g = 0; g < groups; g++) {
          if (groups > 1)
            for (let t = 0; t < taps; t++) grouped.set(patch.subarray(t * depth + g * inner, t * depth + (g + 1) * inner), t * inner)
          for (let o = g * perGroup; o < (g + 1) * perGroup; o++) {
            out[at++] = dot(taps * inner, w, o * taps * inner, grouped, 0) + (bias?.[o] ?? 0)
          }
        }
      }
    }
  }
  return [arrayOf('f32', shape, activate(out, context.attrs))]
}

/** Products are summed in float64 and rounded once. */
export const depthwiseConv2d: Kernel = (context) => {
  const input = operandAt(context, 0)
  const filter = operandAt(context, 1)
  const [x, w] = [floatsOf(input), floatsOf(filter)]
  const bias = context.inputs[2] ? floatsOf(context.inputs[2]) : undefined
  const sizes = input.shape as unknown as Sizes4
  const [, kh, kw, outDepth] = filter.shape as unknown as Sizes4
  const shape = resultShape(context)
  const [batch, outHeight, outWidth] = shape as unknown as Sizes4
  const walks = walksOf([sizes[1], sizes[2]], [kh, kw], context.attrs) as [Walk, Walk]
  const depth = sizes[3]
  const multiplier = outDepth / depth
  const patch = new Float64Array(kh * kw * depth)
  const sums = new Float64Array(outDepth)
  const out = new Float32Array(batch * outHeight * outWidth * outDepth)
  let at = 0
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++, at += outDepth) {
        readPatch(x, n * sizes[1] * sizes[2] * depth, sizes, walks, oy, ox, patch)
        if (bias) sums.set(bias)
        else sums.fill(0)
        for (let t = 0, f = 0; t < kh * kw; t++) {
          for (let c = 0; c < depth; c++) {
            const value = patch[t * depth + c]!
            for (let m = 0; m < multiplier; m++, f++) sums[c * multiplier + m]! += value * w[f]!
          }
        }
        out.set(sums, at)
      }
    }
  }
  return [arrayOf('f32', shape, activate(out, context.attrs))]
}
