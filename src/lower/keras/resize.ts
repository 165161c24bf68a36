import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { toF32 } from '../operands.ts'
import { tensorflowOp } from '../tf/call.ts'
import { fixTheShape, type KerasOp } from './keras-op.ts'

const isKernel = (mode: string): boolean => mode.startsWith('lanczos') || mode === 'gaussian' || mode === 'mitchellcubic'

/** Pictures [N,H,W,C] made larger by whole factors. */
export function resizeBy(k: KerasOp, b: OpBuilder, x: Value, [fh, fw]: readonly [number, number], mode: string): Value {
  const [, h, w] = x.type.shape
  if (typeof h === 'number' && typeof w === 'number') return resizeTo(k, b, x, [h * fh, w * fw], mode)
  if (isKernel(mode)) return k.reject('the picture size must be known', fixTheShape)
  const sizes = b.op(op.slice, [b.op(op.shape, [x]), b.i32([1]), b.i32([2])])
  return sampled(k, b, x, b.op(op.mul, [sizes, b.i32([fh, fw])]), mode)
}

/** Pictures [N,H,W,C] at another size, sampled at the centers of pixels as `tf.image.resize` does. */
export function resizeTo(k: KerasOp, b: OpBuilder, x: Value, size: readonly [number, number], mode: string): Value {
  if (x.type.shape[1] === size[0] && x.type.shape[2] === size[1]) return x
  if (isKernel(mode)) return byKernel(k, b, x, size, mode, false)
  return sampled(k, b, x, b.i32(size), mode)
}

/** The same by kernels as wide as the pixels that a smaller picture leaves out. */
export function resizeSmoothly(k: KerasOp, b: OpBuilder, x: Value, size: readonly [number, number], mode: string): Value {
  if (mode === 'nearest') return resizeTo(k, b, x, size, mode)
  const kernel = mode === 'bilinear' ? 'triangle' : mode === 'bicubic' ? 'keyscubic' : mode
  return byKernel(k, b, x, size, kernel, true)
}

function byKernel(k: KerasOp, b: OpBuilder, x: Value, size: readonly [number, number], kernel: string, antialias: boolean): Value {
  const [, h, w] = x.type.shape
  if (typeof h !== 'number' || typeof w !== 'number') return k.reject('the picture size must be known', fixTheShape)
  const operands = [toF32(b, x), b.i32(size), b.f32([Math.fround(size[0] / h), Math.fround(size[1] / w)]), b.f32([0, 0])]
  return tensorflowOp(k, b, 'ScaleAndTranslate', operands, { kernel_type: kernel, antialias })[0]!
}

function sampled(k: KerasOp, b: OpBuilder, x: Value, size: Value, mode: string): Value {
  if (mode === 'nearest') return b.op(op.resizeNearestNeighbor, [nearestInput(b, x), size], { halfPixelCenters: true })
  if (mode === 'bilinear') return b.op(op.resizeBilinear, [toF32(b, x), size], { halfPixelCenters: true })
  if (mode === 'area') return tensorflowOp(k, b, 'ResizeArea', [toF32(b, x), size])[0]!
  if (mode !== 'bicubic')
    return k.reject(
      `the interpolation ${mode} is not supported`,
      'Supported are nearest, bilinear, bicubic, area, gaussian, mitchellcubic, lanczos3 and lanczos5.',
    )
  return tensorflowOp(k, b, 'ResizeBicubic', [toF32(b, x), size], { half_pixel_centers: true })[0]!
}

const nearestInput = (b: OpBuilder, x: Value): Value => (x.type.dtype === 'f32' || x.type.dtype === 'u8' ? x : toF32(b, x))
