import { normalizeAxis } from '../../core/shape.ts'
import { intsOf, operandAt, resultShape } from '../arrays.kernel.ts'
import type { Kernel, KernelContext } from '../fold.ts'
import { strided } from './slice.kernel.ts'

/** Consecutive blocks along `axis`, with the sizes of the results. */
function parts(context: KernelContext, operand: number, axis: number): ReturnType<Kernel> {
  const x = operandAt(context, operand)
  let at = 0
  return context.results.map((_, k) => {
    const shape = resultShape(context, k)
    const starts = shape.map((_, i) => (i === axis ? at : 0))
    at += shape[axis]!
    return strided(
      x,
      shape,
      starts,
      shape.map(() => 1),
    )
  })
}

export const split: Kernel = (context) => {
  const rank = operandAt(context, 1).shape.length
  return parts(context, 1, normalizeAxis(intsOf(operandAt(context, 0))[0]!, rank)!)
}

export const splitV: Kernel = (context) => {
  const rank = operandAt(context, 0).shape.length
  return parts(context, 0, normalizeAxis(intsOf(operandAt(context, 2))[0]!, rank)!)
}

export const unpack: Kernel = (context) => {
  const x = operandAt(context, 0)
  const axis = normalizeAxis(context.attrs.axis as number, x.shape.length)!
  const block = x.shape.map((d, i) => (i === axis ? 1 : d))
  const steps = block.map(() => 1)
  return context.results.map((_, k) => ({
    ...strided(
      x,
      block,
      block.map((_, i) => (i === axis ? k : 0)),
      steps,
    ),
    shape: resultShape(context, k),
  }))
}
