import { arrayOf, countOf, makeNumbers, numbersOf, operandAt, resultShape } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'

/** Added from left to right, each sum rounded or wrapped. */
export const addN: Kernel = (context) => {
  const type = context.results[0]!
  const out = makeNumbers(type.dtype, countOf(type))
  for (let k = 0; k < context.inputs.length; k++) {
    const x = numbersOf(operandAt(context, k))
    for (let i = 0; i < out.length; i++) out[i]! += x[i]!
  }
  return [arrayOf(type.dtype, resultShape(context), out)]
}
