import type { NdArray } from '../../core/nd-array.ts'
import { elementCount, normalizeAxis, stridesOf } from '../../core/shape.ts'
import { arrayOfWords, intsOf, makeWords, operandAt, resultShape, wordsOf } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'
import { copyBlock } from './copy.kernel.ts'
import { batchDimsOf, slicedRange } from './slice.ts'

/** Elements start + i * step of each axis. */
export function strided(x: NdArray, shape: readonly number[], starts: readonly number[], steps: readonly number[]): NdArray {
  const strides = stridesOf(x.shape)
  const from = wordsOf(x)
  const to = makeWords(from, elementCount(shape)!)
  const start = starts.reduce((n, s, i) => n + s * strides[i]!, 0)
  copyBlock(
    shape,
    { words: from, start, strides: steps.map((s, i) => s * strides[i]!) },
    { words: to, start: 0, strides: stridesOf(shape) },
  )
  return arrayOfWords(x.dtype, shape, to)
}

export const slice: Kernel = (context) => {
  const x = operandAt(context, 0)
  const begin = Array.from(intsOf(operandAt(context, 1)))
  const size = intsOf(operandAt(context, 2))
  const shape = x.shape.map((d, i) => (size[i] === -1 ? d - begin[i]! : size[i]!))
  return [
    strided(
      x,
      shape,
      begin,
      shape.map(() => 1),
    ),
  ]
}

export const stridedSlice: Kernel = (context) => {
  const x = operandAt(context, 0)
  const [begin, end, strides] = [1, 2, 3].map((i) => intsOf(operandAt(context, i)))
  const { beginMask, endMask, shrinkAxisMask, offset } = context.attrs as Record<string, number>
  const starts: number[] = []
  const steps: number[] = []
  const counts: number[] = []
  x.shape.forEach((size, i) => {
    const bit = 1 << i
    const step = strides![i] ?? 1
    const from = beginMask! & bit ? undefined : begin![i]
    const to = endMask! & bit || end![i] === undefined ? undefined : end![i]! + (offset ? (from ?? 0) : 0)
    if (shrinkAxisMask! & bit) {
      starts.push(from! < 0 ? from! + size : from!)
      steps.push(1)
      counts.push(1)
    } else {
      const range = slicedRange(size, from, to, step)
      starts.push(range.start)
      steps.push(step)
      counts.push(range.count)
    }
  })
  return [{ ...strided(x, counts, starts, steps), shape: resultShape(context) }]
}

export const gather: Kernel = (context) => {
  const x = operandAt(context, 0)
  const at = operandAt(context, 1)
  const indices = intsOf(at)
  const axis = normalizeAxis(context.attrs.axis as number, x.shape.length)!
  const batchDims = batchDimsOf(context.attrs.batchDims as number, at.shape.length)
  const batches = elementCount(x.shape.slice(0, batchDims))!
  const outer = elementCount(x.shape.slice(batchDims, axis))!
  const inner = elementCount(x.shape.slice(axis + 1))!
  const size = x.shape[axis]!
  const perBatch = elementCount(at.shape.slice(batchDims))!
  const from = wordsOf(x)
  const to = makeWords(from, batches * outer * perBatch * inner)
  const run = inner * from.perElement
  let d = 0
  for (let o = 0; o < batches * outer; o++) {
    const batch = Math.floor(o / outer)
    for (let k = 0; k < perBatch; k++, d += run) {
      const index = indices[batch * perBatch + k]!
      // LiteRT refuses an index out of range; a folded constant holds zeros there.
      if (index < 0 || index >= size) continue
      const s = (o * size + index) * run
      if (run < 16) for (let i = 0; i < run; i++) to.data[d + i] = from.data[s + i]!
      else to.data.set(from.data.subarray(s, s + run), d)
    }
  }
  return [arrayOfWords(x.dtype, resultShape(context), to)]
}
