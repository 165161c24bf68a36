import { elementCount, normalizeAxis, stridesOf } from '../../core/shape.ts'
import { arrayOfWords, intsOf, makeWords, operandAt, wordsOf } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'
import { copyBlock } from './copy.kernel.ts'
import { strided } from './slice.kernel.ts'

export const reverseV2: Kernel = (context) => {
  const x = operandAt(context, 0)
  const axes = Array.from(intsOf(operandAt(context, 1)), (a) => normalizeAxis(a, x.shape.length))
  const starts = x.shape.map((d, i) => (axes.includes(i) ? d - 1 : 0))
  return [
    strided(
      x,
      x.shape,
      starts,
      x.shape.map((_, i) => (axes.includes(i) ? -1 : 1)),
    ),
  ]
}

export const reverseSequence: Kernel = (context) => {
  const x = operandAt(context, 0)
  const lengths = intsOf(operandAt(context, 1))
  const rank = x.shape.length
  const seq = normalizeAxis(context.attrs.seqDim as number, rank)!
  const batch = normalizeAxis(context.attrs.batchDim as number, rank)!
  const strides = stridesOf(x.shape)
  const words = wordsOf(x)
  const to = makeWords(words, elementCount(x.shape)!)
  const block = (b: number, begin: number, count: number, isReversed: boolean) => {
    const shape = x.shape.map((d, i) => (i === batch ? 1 : i === seq ? count : d))
    const start = b * strides[batch]! + begin * strides[seq]!
    copyBlock(
      shape,
      {
        words,
        start: isReversed ? start + (count - 1) * strides[seq]! : start,
        strides: strides.map((s, i) => (isReversed && i === seq ? -s : s)),
      },
      { words: to, start, strides },
    )
  }
  for (let b = 0; b < x.shape[batch]!; b++) {
    // LiteRT refuses a length beyond the axis.
    const length = Math.max(0, Math.min(lengths[b]!, x.shape[seq]!))
    block(b, 0, length, true)
    block(b, length, x.shape[seq]! - length, false)
  }
  return [arrayOfWords(x.dtype, x.shape, to)]
}
