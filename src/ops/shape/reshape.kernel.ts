import { arrayOf, isBig, operandAt, resultShape } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'

/** The operand's bytes under the result's shape: RESHAPE, SQUEEZE, EXPAND_DIMS. */
export const sameBytes: Kernel = (context) => {
  const { dtype, bytes } = operandAt(context, 0)
  return [{ dtype, shape: resultShape(context), bytes }]
}

export const shape: Kernel = (context) => {
  const sizes = operandAt(context, 0).shape
  const { dtype } = context.results[0]!
  return [arrayOf(dtype, [sizes.length], isBig(dtype) ? BigInt64Array.from(sizes, BigInt) : Int32Array.from(sizes))]
}

export const rank: Kernel = (context) => [arrayOf('i32', [], Int32Array.of(operandAt(context, 0).shape.length))]

/** The operand's bytes as another type. */
export const bitcast: Kernel = (context) => [
  { dtype: context.results[0]!.dtype, shape: resultShape(context), bytes: operandAt(context, 0).bytes },
]
