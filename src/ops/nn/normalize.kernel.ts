import { arrayOf, floatsOf, operandAt } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'

export { l2Normalization } from './softmax.kernel.ts'

/** Squares are summed in float64; each element is rounded once. */
export const localResponseNormalization: Kernel = (context) => {
  const { radius, bias, alpha, beta } = context.attrs as Record<string, number>
  const array = operandAt(context, 0)
  const x = floatsOf(array)
  const out = new Float32Array(x.length)
  const depth = array.shape.at(-1)!
  for (let row = 0; row < x.length; row += depth) {
    for (let c = 0; c < depth; c++) {
      let squares = 0
      for (let k = Math.max(0, c - radius!); k <= Math.min(depth - 1, c + radius!); k++) squares += x[row + k]! * x[row + k]!
      out[row + c] = x[row + c]! * (Math.fround(bias!) + Math.fround(alpha!) * squares) ** -Math.fround(beta!)
    }
  }
  return [arrayOf('f32', array.shape, out)]
}
