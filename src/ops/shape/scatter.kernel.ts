import { elementCount, stridesOf } from '../../core/shape.ts'
import {
  arrayOf,
  arrayOfWords,
  bigsOf,
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

/** Position of each of `count` index vectors in units of slices; -1 where it is out of range. */
function positions(indices: ArrayLike<number>, count: number, depth: number, sizes: readonly number[]): Int32Array {
  const strides = stridesOf(sizes.slice(0, depth))
  return Int32Array.from({ length: count }, (_, k) => {
    let position = 0
    for (let i = 0; i < depth; i++) {
      const at = indices[k * depth + i]!
      if (at < 0 || at >= sizes[i]!) return -1
      position += at * strides[i]!
    }
    return position
  })
}

/** An index out of range, which LiteRT refuses, gives zeros. */
export const gatherNd: Kernel = (context) => {
  const x = operandAt(context, 0)
  const indices = operandAt(context, 1)
  const depth = indices.shape.at(-1)!
  const from = wordsOf(x)
  const shape = resultShape(context)
  const to = makeWords(from, elementCount(shape)!)
  const run = elementCount(x.shape.slice(depth))! * from.perElement
  positions(intsOf(indices), elementCount(indices.shape.slice(0, -1))!, depth, x.shape).forEach((p, k) => {
    if (p >= 0) to.data.set(from.data.subarray(p * run, (p + 1) * run), k * run)
  })
  return [arrayOfWords(x.dtype, shape, to)]
}

/** Updates at one place are added up, each sum rounded or wrapped; those out of range are dropped. */
export const scatterNd: Kernel = (context) => {
  const indices = operandAt(context, 0)
  const updates = operandAt(context, 1)
  const shape = resultShape(context)
  const depth = indices.shape.at(-1)!
  const run = elementCount(shape.slice(depth))!
  const at = positions(intsOf(indices), elementCount(indices.shape.slice(0, -1))!, depth, shape)
  if (isBig(updates.dtype)) {
    const values = bigsOf(updates)
    const out = makeBigs(updates.dtype, elementCount(shape)!)
    at.forEach((p, k) => {
      if (p >= 0) for (let i = 0; i < run; i++) out[p * run + i]! += values[k * run + i]!
    })
    return [arrayOf(updates.dtype, shape, out)]
  }
  const values = numbersOf(updates)
  const out = makeNumbers(updates.dtype, elementCount(shape)!)
  at.forEach((p, k) => {
    if (p >= 0) for (let i = 0; i < run; i++) out[p * run + i]! += values[k * run + i]!
  })
  if (updates.dtype === 'bool') for (let i = 0; i < out.length; i++) out[i] = out[i] ? 1 : 0
  return [arrayOf(updates.dtype, shape, out)]
}

export const sparseToDense: Kernel = (context) => {
  const indices = operandAt(context, 0)
  const values = wordsOf(operandAt(context, 2))
  const fallback = wordsOf(operandAt(context, 3))
  const shape = resultShape(context)
  const count = elementCount(shape)!
  const to = makeWords(values, count)
  const w = values.perElement
  for (let i = 0; i < count * w; i++) to.data[i] = fallback.data[i % w]!
  const depth = indices.shape.length === 2 ? indices.shape[1]! : 1
  const isSingle = operandAt(context, 2).shape.length === 0
  positions(intsOf(indices), indices.shape[0] ?? 1, depth, shape).forEach((p, k) => {
    if (p >= 0) for (let b = 0; b < w; b++) to.data[p * w + b] = values.data[(isSingle ? 0 : k) * w + b]!
  })
  return [arrayOfWords(operandAt(context, 2).dtype, shape, to)]
}

export const dynamicUpdateSlice: Kernel = (context) => {
  const x = operandAt(context, 0)
  const update = operandAt(context, 1)
  const strides = stridesOf(x.shape)
  const start = Array.from(intsOf(operandAt(context, 2)), (s, i) => Math.max(0, Math.min(s, x.shape[i]! - update.shape[i]!)) * strides[i]!)
  const from = wordsOf(x)
  const to = makeWords(from, elementCount(x.shape)!)
  to.data.set(from.data)
  copyBlock(
    update.shape,
    { words: wordsOf(update), start: 0, strides: stridesOf(update.shape) },
    { words: to, start: start.reduce((a, b) => a + b, 0), strides },
  )
  return [arrayOfWords(x.dtype, x.shape, to)]
}
