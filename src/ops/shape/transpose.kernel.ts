import { elementCount, stridesOf } from '../../core/shape.ts'
import { arrayOfWords, intsOf, makeWords, operandAt, wordsOf } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'
import { copyBlock } from './copy.kernel.ts'

export const transpose: Kernel = (context) => {
  const x = operandAt(context, 0)
  const perm = Array.from(intsOf(operandAt(context, 1)))
  const shape = perm.map((p) => x.shape[p]!)
  const strides = stridesOf(x.shape)
  const from = wordsOf(x)
  const to = makeWords(from, elementCount(shape)!)
  copyBlock(shape, { words: from, start: 0, strides: perm.map((p) => strides[p]!) }, { words: to, start: 0, strides: stridesOf(shape) })
  return [arrayOfWords(x.dtype, shape, to)]
}
