import { arrayOf, floatsOf, intsOf, operandAt, resultShape } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'

export const embeddingLookup: Kernel = (context) => {
  const ids = intsOf(operandAt(context, 0))
  const values = floatsOf(operandAt(context, 1))
  const shape = resultShape(context)
  const size = shape.slice(1).reduce((a, b) => a * b, 1)
  const out = new Float32Array(ids.length * size)
  for (let i = 0; i < ids.length; i++) out.set(values.subarray(ids[i]! * size, (ids[i]! + 1) * size), i * size)
  return [arrayOf('f32', shape, out)]
}
