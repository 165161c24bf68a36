import type { Dim } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { permute, toF32 } from '../operands.ts'
import type { KerasOp } from './keras-op.ts'

/** Pictures [N,H,W,C] made larger by whole factors. */
export function resizeBy(k: KerasOp, b: OpBuilder, x: Value, [fh, fw]: readonly [number, number], mode: string): Value {
  const [, h, w] = x.type.shape
  if (typeof h === 'number' && typeof w === 'number') return resizeTo(k, b, x, [h * fh, w * fw], mode)
  const sizes = b.op(op.slice, [b.op(op.shape, [x]), b.i32([1]), b.i32([2])])
  return sampled(k, b, x, b.op(op.mul, [sizes, b.i32([fh, fw])]), mode)
}

/** Pictures [N,H,W,C] at another size, sampled at the centers of pixels as `tf.image.resize` does. */
export function resizeTo(k: KerasOp, b: OpBuilder, x: Value, size: readonly [number, number], mode: string): Value {
  if (x.type.shape[1] === size[0] && x.type.shape[2] === size[1]) return x
  if (mode === 'nearest' || mode === 'bilinear') return sampled(k, b, x, b.i32(size), mode)
  const kernel = kernels[mode]
  if (!kernel) return k.reject(`the interpolation ${mode} is not supported`, 'Supported are nearest, bilinear and bicubic.')
  const rows = weighted(k, b, toF32(b, x), size[0], kernel)
  const turned = weighted(k, b, permute(b, rows, [0, 2, 1, 3]), size[1], kernel)
  return permute(b, turned, [0, 2, 1, 3])
}

function sampled(k: KerasOp, b: OpBuilder, x: Value, size: Value, mode: string): Value {
  if (mode === 'nearest') return b.op(op.resizeNearestNeighbor, [nearestInput(b, x), size], { halfPixelCenters: true })
  if (mode === 'bilinear') return b.op(op.resizeBilinear, [toF32(b, x), size], { halfPixelCenters: true })
  return k.reject(`the interpolation ${mode} needs a known picture size`)
}

const nearestInput = (b: OpBuilder, x: Value): Value => (x.type.dtype === 'f32' || x.type.dtype === 'u8' ? x : toF32(b, x))

/** Cubic convolution with a = -0.5. @see Keys, Cubic Convolution Interpolation, 1981 */
function cubic(t: number): number {
  const d = Math.abs(t)
  if (d >= 2) return 0
  return d <= 1 ? (1.5 * d - 2.5) * d * d + 1 : ((-0.5 * d + 2.5) * d - 4) * d + 2
}

const kernels: Readonly<Record<string, (t: number) => number>> = Object.assign(Object.create(null), { bicubic: cubic })

/** Dim 1 of [N,H,W,C] as a product with constant weights [size,H]; taps outside the picture are left out and the rest scaled to 1. */
function weighted(k: KerasOp, b: OpBuilder, x: Value, size: number, kernel: (t: number) => number): Value {
  const [, h, w, c] = x.type.shape as [Dim, Dim, Dim, Dim]
  if (typeof h !== 'number' || typeof w !== 'number' || typeof c !== 'number') return k.reject('the picture size must be known')
  const matrix = new Float32Array(size * h)
  for (let i = 0; i < size; i++) {
    const center = ((i + 0.5) * h) / size - 0.5
    const row = Array.from({ length: h }, (_, j) => kernel(center - j))
    const sum = row.reduce((s, v) => s + v, 0)
    for (const [j, v] of row.entries()) matrix[i * h + j] = v / sum
  }
  const last = permute(b, x, [0, 2, 3, 1])
  const y = b.op(op.fullyConnected, [last, b.f32([...matrix], [size, h]), null], { keepNumDims: true })
  return permute(b, y, [0, 3, 1, 2])
}
