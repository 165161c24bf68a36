import { elementCount, normalizeAxis } from '../../core/shape.ts'
import { arrayOf, bigsOf, intsOf, isBig, makeBigs, makeNumbers, numbersOf, operandAt } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'

/** Each running sum is rounded or wrapped. */
export const cumsum: Kernel = (context) => {
  const input = operandAt(context, 0)
  const { exclusive, reverse } = context.attrs
  const axis = normalizeAxis(intsOf(operandAt(context, 1))[0]!, input.shape.length)!
  const inner = elementCount(input.shape.slice(axis + 1))!
  const size = input.shape[axis]!
  const count = elementCount(input.shape)!
  const walk = (visit: (at: number, before: number | undefined) => void) => {
    for (let lane = 0; lane < count / Math.max(size, 1); lane++) {
      const start = Math.floor(lane / inner) * size * inner + (lane % inner)
      let before: number | undefined
      for (let i = 0; i < size; i++) {
        const at = start + (reverse ? size - 1 - i : i) * inner
        visit(at, before)
        before = at
      }
    }
  }
  if (isBig(input.dtype)) {
    const x = bigsOf(input)
    const out = makeBigs(input.dtype, count)
    walk((at, before) => {
      out[at] = before === undefined ? (exclusive ? 0n : x[at]!) : out[before]! + x[exclusive ? before : at]!
    })
    return [arrayOf(input.dtype, input.shape, out)]
  }
  const x = numbersOf(input)
  const out = makeNumbers(input.dtype, count)
  walk((at, before) => {
    out[at] = before === undefined ? (exclusive ? 0 : x[at]!) : out[before]! + x[exclusive ? before : at]!
  })
  return [arrayOf(input.dtype, input.shape, out)]
}
