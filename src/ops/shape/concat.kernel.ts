import { elementCount, normalizeAxis, stridesOf } from '../../core/shape.ts'
import { arrayOfWords, makeWords, operandAt, resultShape, wordsOf } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'
import { copyBlock } from './copy.kernel.ts'

export const concatenation: Kernel = (context) => {
  const shape = resultShape(context)
  const axis = normalizeAxis(context.attrs.axis as number, shape.length)!
  return joined(context, shape, axis, (array) => array)
}

export const pack: Kernel = (context) => {
  const shape = resultShape(context)
  const axis = normalizeAxis(context.attrs.axis as number, shape.length)!
  return joined(context, shape, axis, (sizes) => [...sizes.slice(0, axis), 1, ...sizes.slice(axis)])
}

function joined(
  context: Parameters<Kernel>[0],
  shape: readonly number[],
  axis: number,
  blockShape: (sizes: readonly number[]) => readonly number[],
): ReturnType<Kernel> {
  const { dtype } = operandAt(context, 0)
  const to = makeWords(wordsOf({ dtype, shape: [0], bytes: new Uint8Array() }), elementCount(shape)!)
  const strides = stridesOf(shape)
  let at = 0
  for (let i = 0; i < context.inputs.length; i++) {
    const x = operandAt(context, i)
    const block = blockShape(x.shape)
    copyBlock(block, { words: wordsOf(x), start: 0, strides: stridesOf(block) }, { words: to, start: at * strides[axis]!, strides })
    at += block[axis]!
  }
  return [arrayOfWords(dtype, shape, to)]
}
