import { activate } from '../activation.kernel.ts'
import { arrayOf, floatsOf, operandAt, resultShape } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'
import { walksOf } from './window.kernel.ts'

/**
 * Each input element is spread over the window it came from in the forward direction, so padding is that of the
 * convolution from the result's size to the input's. Sums are kept in float64 and rounded once.
 */
export const transposeConv: Kernel = (context) => {
  const weights = operandAt(context, 1)
  const input = operandAt(context, 2)
  const [outDepth, kh, kw, inDepth] = weights.shape as unknown as [number, number, number, number]
  const shape = resultShape(context)
  return spread(context, shape, [kh, kw], input.shape, {
    inDepth,
    outDepth,
    weightAt: (tap, o, c) => (o * kh * kw + tap) * inDepth + c,
  })
}

/** Filter [D,H,W,O,I]. */
export const conv3dTranspose: Kernel = (context) => {
  const filter = operandAt(context, 1)
  const input = operandAt(context, 2)
  const [kd, kh, kw, outDepth, inDepth] = filter.shape as unknown as [number, number, number, number, number]
  return spread(context, resultShape(context), [kd, kh, kw], input.shape, {
    inDepth,
    outDepth,
    weightAt: (tap, o, c) => (tap * outDepth + o) * inDepth + c,
  })
}

interface Weights {
  readonly inDepth: number
  readonly outDepth: number
  /** Position of the weight of a window position, an output and an input channel. */
  weightAt(tap: number, o: number, c: number): number
}

function spread(
  context: Parameters<Kernel>[0],
  shape: readonly number[],
  sizes: readonly number[],
  inputShape: readonly number[],
  { inDepth, outDepth, weightAt }: Weights,
): ReturnType<Kernel> {
  const [w, x] = [floatsOf(operandAt(context, 1)), floatsOf(operandAt(context, 2))]
  const bias = context.inputs[3] ? floatsOf(context.inputs[3]) : undefined
  const outSizes = shape.slice(1, -1)
  const inSizes = inputShape.slice(1, -1)
  const walks = walksOf(outSizes, sizes, context.attrs)
  const outPixels = outSizes.reduce((a, b) => a * b, 1)
  const inPixels = inSizes.reduce((a, b) => a * b, 1)
  const taps = sizes.reduce((a, b) => a * b, 1)
  const sums = new Float64Array(shape[0]! * outPixels * outDepth)
  for (let n = 0; n < shape[0]!; n++) {
    for (let p = 0; p < inPixels; p++) {
      const from = unravel(p, inSizes)
      for (let tap = 0; tap < taps; tap++) {
        const to = positionIn(
          unravel(tap, sizes).map((k, i) => from[i]! * walks[i]!.stride + walks[i]!.origin + k * walks[i]!.dilation),
          outSizes,
        )
        if (to < 0) continue
        for (let o = 0; o < outDepth; o++) {
          let sum = 0
          for (let c = 0; c < inDepth; c++) sum += x[(n * inPixels + p) * inDepth + c]! * w[weightAt(tap, o, c)]!
          sums[(n * outPixels + to) * outDepth + o]! += sum
        }
      }
    }
  }
  if (bias) for (let i = 0; i < sums.length; i++) sums[i]! += bias[i % outDepth]!
  return [arrayOf('f32', shape, activate(Float32Array.from(sums), context.attrs))]
}

function unravel(position: number, sizes: readonly number[]): number[] {
  const at = new Array<number>(sizes.length)
  for (let i = sizes.length - 1, rest = position; i >= 0; i--) {
    at[i] = rest % sizes[i]!
    rest = Math.floor(rest / sizes[i]!)
  }
  return at
}

/** Row-major position, -1 outside. */
function positionIn(at: readonly number[], sizes: readonly number[]): number {
  let position = 0
  for (let i = 0; i < sizes.length; i++) {
    if (at[i]! < 0 || at[i]! >= sizes[i]!) return -1
    position = position * sizes[i]! + at[i]!
  }
  return position
}
