import { elementCount, normalizeAxis } from '../../core/shape.ts'
import {
  arrayOf,
  arrayOfWords,
  bigsOf,
  countOf,
  intsOf,
  isBig,
  makeWords,
  numbersOf,
  operandAt,
  resultShape,
  wordsOf,
} from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'

function arg(isBetter: (x: number, best: number) => boolean): Kernel {
  return (context) => {
    const input = operandAt(context, 0)
    const x = numbersOf(input)
    const axis = normalizeAxis(intsOf(operandAt(context, 1))[0]!, input.shape.length)!
    const inner = elementCount(input.shape.slice(axis + 1))!
    const size = input.shape[axis]!
    const { dtype } = context.results[0]!
    const found = new Int32Array(countOf(context.results[0]!))
    for (let k = 0; k < found.length; k++) {
      const start = Math.floor(k / inner) * size * inner + (k % inner)
      for (let i = 1; i < size; i++) if (isBetter(x[start + i * inner]!, x[start + found[k]! * inner]!)) found[k] = i
    }
    return [arrayOf(dtype, resultShape(context), dtype === 'i64' ? BigInt64Array.from(found, BigInt) : found)]
  }
}

export const argMax = arg((x, best) => x > best)
export const argMin = arg((x, best) => x < best)

export const topkV2: Kernel = (context) => {
  const input = operandAt(context, 0)
  const x = isBig(input.dtype) ? bigsOf(input) : numbersOf(input)
  const from = wordsOf(input)
  const w = from.perElement
  const size = input.shape.at(-1)!
  const shape = resultShape(context)
  const k = shape.at(-1)!
  const to = makeWords(from, elementCount(shape)!)
  const places = new Int32Array(elementCount(shape)!)
  for (let row = 0; row < x.length / size; row++) {
    const order = Array.from({ length: size }, (_, i) => i).sort((a, b) => {
      const [p, q] = [x[row * size + a]!, x[row * size + b]!]
      return p > q ? -1 : p < q ? 1 : a - b
    })
    for (let i = 0; i < k; i++) {
      places[row * k + i] = order[i]!
      for (let b = 0; b < w; b++) to.data[(row * k + i) * w + b] = from.data[(row * size + order[i]!) * w + b]!
    }
  }
  return [arrayOfWords(input.dtype, shape, to), arrayOf('i32', shape, places)]
}
