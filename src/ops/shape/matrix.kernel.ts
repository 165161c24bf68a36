import { elementCount, stridesOf } from '../../core/shape.ts'
import { arrayOfWords, makeWords, operandAt, resultShape, type Words, wordsOf } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'
import { copyBlock } from './copy.kernel.ts'

/** Writes `diagonal` [.., n] on the main diagonals of `to` with the shape [.., rows, cols]. */
function setDiagonals(diagonal: Words, n: number, to: Words, shape: readonly number[]): void {
  const outer = elementCount(shape.slice(0, -2))!
  const [rows, cols] = shape.slice(-2) as [number, number]
  copyBlock(
    [outer, n],
    { words: diagonal, start: 0, strides: stridesOf([outer, n]) },
    { words: to, start: 0, strides: [rows * cols, cols + 1] },
  )
}

export const matrixDiag: Kernel = (context) => {
  const x = operandAt(context, 0)
  const shape = resultShape(context)
  const from = wordsOf(x)
  const to = makeWords(from, elementCount(shape)!)
  setDiagonals(from, x.shape.at(-1)!, to, shape)
  return [arrayOfWords(x.dtype, shape, to)]
}

export const matrixSetDiag: Kernel = (context) => {
  const x = operandAt(context, 0)
  const diagonal = operandAt(context, 1)
  const to = makeWords(wordsOf(x), elementCount(x.shape)!)
  to.data.set(wordsOf(x).data)
  setDiagonals(wordsOf(diagonal), diagonal.shape.at(-1)!, to, x.shape)
  return [arrayOfWords(x.dtype, x.shape, to)]
}
