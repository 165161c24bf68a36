import { activate } from '../activation.kernel.ts'
import { arrayOf, floatsOf, operandAt, resultShape } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'
import { dot } from './window.kernel.ts'

/** Products are summed in float64 and rounded once. */
export const fullyConnected: Kernel = (context) => {
  const x = floatsOf(operandAt(context, 0))
  const weights = operandAt(context, 1)
  const w = floatsOf(weights)
  const bias = context.inputs[2] ? floatsOf(context.inputs[2]) : undefined
  const [outDepth, inner] = weights.shape as unknown as [number, number]
  const shape = resultShape(context)
  const rows = shape.reduce((a, b) => a * b, 1) / outDepth
  const out = new Float32Array(rows * outDepth)
  for (let r = 0, at = 0; r < rows; r++) {
    for (let o = 0; o < outDepth; o++) out[at++] = dot(inner, x, r * inner, w, o * inner) + (bias?.[o] ?? 0)
  }
  return [arrayOf('f32', shape, activate(out, context.attrs))]
}
