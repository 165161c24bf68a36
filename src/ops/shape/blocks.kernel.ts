import type { NdArray } from '../../core/nd-array.ts'
import { elementCount, stridesOf } from '../../core/shape.ts'
import { arrayOfWords, intsOf, makeWords, operandAt, resultShape, wordsOf } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'
import { copyBlock } from './copy.kernel.ts'

/** The operand read as `sizes`, its axes in the order `perm`, under the shape of the result. */
function regrouped(x: NdArray, sizes: readonly number[], perm: readonly number[], shape: readonly number[]): NdArray {
  const strides = stridesOf(sizes)
  const order = perm.map((p) => sizes[p]!)
  const from = wordsOf(x)
  const to = makeWords(from, elementCount(order)!)
  copyBlock(order, { words: from, start: 0, strides: perm.map((p) => strides[p]!) }, { words: to, start: 0, strides: stridesOf(order) })
  return arrayOfWords(x.dtype, shape, to)
}

export const spaceToDepth: Kernel = (context) => {
  const x = operandAt(context, 0)
  const b = context.attrs.blockSize as number
  const [n, h, w, c] = x.shape as unknown as [number, number, number, number]
  return [regrouped(x, [n, h / b, b, w / b, b, c], [0, 1, 3, 2, 4, 5], resultShape(context))]
}

export const depthToSpace: Kernel = (context) => {
  const x = operandAt(context, 0)
  const b = context.attrs.blockSize as number
  const [n, h, w, c] = x.shape as unknown as [number, number, number, number]
  return [regrouped(x, [n, h, w, b, b, c / b / b], [0, 1, 3, 2, 4, 5], resultShape(context))]
}

/** The padded operand as [N, s0, b0, s1, b1, .., rest] becomes [b0, b1, .., N, s0, s1, .., rest]. */
export const spaceToBatchNd: Kernel = (context) => {
  const x = operandAt(context, 0)
  const block = Array.from(intsOf(operandAt(context, 1)))
  const paddings = intsOf(operandAt(context, 2))
  const m = block.length
  const padded = x.shape.map((d, i) => (i >= 1 && i <= m ? d + paddings[2 * i - 2]! + paddings[2 * i - 1]! : d))
  const from = wordsOf(x)
  const to = makeWords(from, elementCount(padded)!)
  const strides = stridesOf(padded)
  const start = block.reduce((n, _, i) => n + paddings[2 * i]! * strides[i + 1]!, 0)
  copyBlock(x.shape, { words: from, start: 0, strides: stridesOf(x.shape) }, { words: to, start, strides })
  const sizes = [padded[0]!, ...block.flatMap((b, i) => [padded[i + 1]! / b, b]), ...padded.slice(m + 1)]
  const spatial = block.map((_, i) => 2 * i + 1)
  const perm = [...spatial.map((i) => i + 1), 0, ...spatial, ...sizes.keys()].filter((p, i, all) => all.indexOf(p) === i)
  return [regrouped(arrayOfWords(x.dtype, padded, to), sizes, perm, resultShape(context))]
}

/** The operand as [b0, b1, .., N, s0, s1, .., rest] becomes [N, s0, b0, s1, b1, .., rest], then is cropped. */
export const batchToSpaceNd: Kernel = (context) => {
  const x = operandAt(context, 0)
  const block = Array.from(intsOf(operandAt(context, 1)))
  const crops = intsOf(operandAt(context, 2))
  const m = block.length
  const batch = x.shape[0]! / block.reduce((a, b) => a * b, 1)
  const sizes = [...block, batch, ...x.shape.slice(1)]
  const perm = [m, ...block.flatMap((_, i) => [m + 1 + i, i]), ...sizes.keys()].filter((p, i, all) => all.indexOf(p) === i)
  const whole = [batch, ...block.map((b, i) => b * x.shape[i + 1]!), ...x.shape.slice(m + 1)]
  const full = regrouped(x, sizes, perm, whole)
  const shape = resultShape(context)
  const strides = stridesOf(whole)
  const from = wordsOf(full)
  const to = makeWords(from, elementCount(shape)!)
  const start = block.reduce((n, _, i) => n + crops[2 * i]! * strides[i + 1]!, 0)
  copyBlock(shape, { words: from, start, strides }, { words: to, start: 0, strides: stridesOf(shape) })
  return [arrayOfWords(x.dtype, shape, to)]
}
