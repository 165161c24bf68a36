import { largestF32 } from '../../core/dtype.ts'
import { elementCount } from '../../core/shape.ts'
import { arrayOf, intsOf, makeNumbers, type Numbers, numbersOf, operandAt, resultShape } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'

/** Each step is rounded or wrapped; rows with a negative segment are dropped. `start` fills segments without rows. */
function segment(start: (out: Numbers) => number, step: (kept: number, x: number) => number): Kernel {
  return (context) => {
    const data = operandAt(context, 0)
    const x = numbersOf(data)
    const ids = operandAt(context, 1)
    const shape = resultShape(context)
    const run = elementCount(data.shape.slice(ids.shape.length))!
    const out = makeNumbers(data.dtype, elementCount(shape)!)
    out.fill(start(out))
    const combine = step === multiply && !(out instanceof Float32Array) ? Math.imul : step
    intsOf(ids).forEach((id, k) => {
      if (id < 0 || id >= shape[0]!) return
      for (let i = 0; i < run; i++) out[id * run + i] = combine(out[id * run + i]!, x[k * run + i]!)
    })
    return [arrayOf(data.dtype, shape, out)]
  }
}

function multiply(x: number, y: number): number {
  return x * y
}

export const segmentSum = segment(
  () => 0,
  (s, x) => s + x,
)
export const unsortedSegmentProd = segment(() => 1, multiply)
export const unsortedSegmentMax = segment(
  (out) => (out instanceof Float32Array ? -largestF32 : -(2 ** 31)),
  (s, x) => (x > s ? x : s),
)
export const unsortedSegmentMin = segment(
  (out) => (out instanceof Float32Array ? largestF32 : 2 ** 31 - 1),
  (s, x) => (x < s ? x : s),
)
