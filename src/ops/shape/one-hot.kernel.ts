import { elementCount } from '../../core/shape.ts'
import { arrayOf, arrayOfWords, bigsOf, intsOf, isBig, makeWords, numbersOf, operandAt, resultShape, wordsOf } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'

/** An index out of range marks nothing. */
export const oneHot: Kernel = (context) => {
  const indices = operandAt(context, 0)
  const at = intsOf(indices)
  const [on, off] = [wordsOf(operandAt(context, 2)), wordsOf(operandAt(context, 3))]
  const shape = resultShape(context)
  const axis = context.attrs.axis === -1 ? shape.length - 1 : (context.attrs.axis as number)
  const inner = elementCount(shape.slice(axis + 1))!
  const depth = shape[axis]!
  const to = makeWords(on, elementCount(shape)!)
  const w = on.perElement
  for (let i = 0; i < to.data.length; i++) to.data[i] = off.data[i % w]!
  for (let k = 0; k < at.length; k++) {
    const index = at[k]!
    if (index < 0 || index >= depth) continue
    const position = (Math.floor(k / inner) * depth + index) * inner + (k % inner)
    for (let b = 0; b < w; b++) to.data[position * w + b] = on.data[b]!
  }
  return [arrayOfWords(operandAt(context, 2).dtype, shape, to)]
}

export const bucketize: Kernel = (context) => {
  const x = operandAt(context, 0)
  const boundaries = (context.attrs.boundaries as readonly number[]).map(Math.fround)
  const values = isBig(x.dtype) ? Array.from(bigsOf(x), Number) : numbersOf(x)
  return [
    arrayOf(
      'i32',
      x.shape,
      Int32Array.from(values, (v) => boundaries.filter((b) => v >= b).length),
    ),
  ]
}
