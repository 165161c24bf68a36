import { elementCount, stridesOf } from '../../core/shape.ts'
import { arrayOfWords, intsOf, makeWords, operandAt, resultShape, wordsOf } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'
import { copyBlock } from './copy.kernel.ts'

/** PAD and PADV2: zeros, or the third operand, around the first. */
export const pad: Kernel = (context) => {
  const x = operandAt(context, 0)
  const paddings = intsOf(operandAt(context, 1))
  const shape = resultShape(context)
  const from = wordsOf(x)
  const to = makeWords(from, elementCount(shape)!)
  const value = context.inputs[2]
  if (value) {
    const words = wordsOf(value)
    copyBlock(shape, { words, start: 0, strides: shape.map(() => 0) }, { words: to, start: 0, strides: stridesOf(shape) })
  }
  const strides = stridesOf(shape)
  const start = strides.reduce((n, s, i) => n + s * paddings[2 * i]!, 0)
  copyBlock(x.shape, { words: from, start: 0, strides: stridesOf(x.shape) }, { words: to, start, strides })
  return [arrayOfWords(x.dtype, shape, to)]
}

/** Pads axis by axis; what was padded already is mirrored along, which gives the corners. */
export const mirrorPad: Kernel = (context) => {
  const x = operandAt(context, 0)
  const paddings = intsOf(operandAt(context, 1))
  const border = context.attrs.mode === 'reflect' ? 1 : 0
  const shape = resultShape(context)
  const strides = stridesOf(shape)
  const from = wordsOf(x)
  const words = makeWords(from, elementCount(shape)!)
  const corner = strides.reduce((n, s, i) => n + s * paddings[2 * i]!, 0)
  copyBlock(x.shape, { words: from, start: 0, strides: stridesOf(x.shape) }, { words, start: corner, strides })
  x.shape.forEach((size, axis) => {
    const [before, after] = [paddings[2 * axis]!, paddings[2 * axis + 1]!]
    const step = strides[axis]!
    // Axes before this one are complete, those after it hold the operand only.
    const block = shape.map((d, i) => (i < axis ? d : x.shape[i]!))
    const origin = strides.reduce((n, s, i) => n + (i > axis ? s * paddings[2 * i]! : 0), 0)
    const along = (count: number, to: number, source: number) =>
      copyBlock(
        block.map((d, i) => (i === axis ? count : d)),
        { words, start: origin + source * step, strides: strides.map((s, i) => (i === axis ? -s : s)) },
        { words, start: origin + to * step, strides },
      )
    along(before, 0, before + before - 1 + border)
    along(after, before + size, before + size - 1 - border)
  })
  return [arrayOfWords(x.dtype, shape, words)]
}
