import { elementCount, stridesOf } from '../../core/shape.ts'
import {
  arrayOf,
  arrayOfWords,
  intsOf,
  isBig,
  makeBigs,
  makeNumbers,
  makeWords,
  numbersOf,
  operandAt,
  resultShape,
  wordsOf,
} from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'
import { copyBlock } from './copy.kernel.ts'

/** The result is written as [m0, d0, m1, d1, ..], the operand read with step 0 along each m. */
export const tile: Kernel = (context) => {
  const x = operandAt(context, 0)
  const multiples = intsOf(operandAt(context, 1))
  const strides = stridesOf(x.shape)
  const shape = x.shape.flatMap((d, i) => [multiples[i]!, d])
  const from = wordsOf(x)
  const to = makeWords(from, elementCount(shape)!)
  copyBlock(shape, { words: from, start: 0, strides: strides.flatMap((s) => [0, s]) }, { words: to, start: 0, strides: stridesOf(shape) })
  return [arrayOfWords(x.dtype, resultShape(context), to)]
}

/** BROADCAST_TO and FILL: the operand at `index` at the shape of the result. */
function spread(index: number): Kernel {
  return (context) => {
    const x = operandAt(context, index)
    const shape = resultShape(context)
    const strides = stridesOf(x.shape)
    const steps = shape.map((_, i) => {
      const own = x.shape.length - shape.length + i
      return own >= 0 && x.shape[own] !== 1 ? strides[own]! : 0
    })
    const from = wordsOf(x)
    const to = makeWords(from, elementCount(shape)!)
    copyBlock(shape, { words: from, start: 0, strides: steps }, { words: to, start: 0, strides: stridesOf(shape) })
    return [arrayOfWords(x.dtype, shape, to)]
  }
}

export const broadcastTo = spread(0)
export const fill = spread(1)

export const broadcastArgs: Kernel = (context) => {
  const [x, y] = [operandAt(context, 0), operandAt(context, 1)]
  const [a, b] = [intsOf(x), intsOf(y)]
  const rank = Math.max(a.length, b.length)
  const sizes = Array.from({ length: rank }, (_, i) => {
    const [d, e] = [a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1]
    return d === 1 ? e : d
  })
  return [arrayOf(x.dtype, [rank], isBig(x.dtype) ? BigInt64Array.from(sizes, BigInt) : Int32Array.from(sizes))]
}

/** Element i of an f32 range is f32(start + i * delta). */
export const range: Kernel = (context) => {
  const start = operandAt(context, 0)
  const delta = operandAt(context, 2)
  const [n] = resultShape(context) as [number]
  if (isBig(start.dtype)) {
    const [first, step] = [BigInt(intsOf(start)[0]!), BigInt(intsOf(delta)[0]!)]
    const out = makeBigs(start.dtype, n)
    for (let i = 0; i < n; i++) out[i] = first + step * BigInt(i)
    return [arrayOf(start.dtype, [n], out)]
  }
  const [first, step] = [numbersOf(start)[0]!, numbersOf(delta)[0]!]
  const out = makeNumbers(start.dtype, n)
  for (let i = 0; i < n; i++) out[i] = first + step * i
  return [arrayOf(start.dtype, [n], out)]
}
