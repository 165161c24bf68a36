import type { NdArray } from '../../core/nd-array.ts'
import { stridesOf } from '../../core/shape.ts'
import { arrayOf, countOf, makeNumbers, makeWords, numbersOf, operandAt, resultShape, wordsOf } from '../arrays.kernel.ts'
import { broadcastRows } from '../elementwise/broadcast.kernel.ts'
import type { Kernel } from '../fold.ts'
import { copyBlock } from '../shape/copy.kernel.ts'
import { dot } from './window.kernel.ts'

/** Products are summed in float64 and rounded once. */
export const batchMatmul: Kernel = (context) => {
  const { adjX, adjY } = context.attrs
  const [x, y] = [operandAt(context, 0), operandAt(context, 1)]
  const shape = resultShape(context)
  const [rows, cols] = shape.slice(-2) as [number, number]
  const inner = x.shape.at(adjX ? -2 : -1)!
  // Both sides in the layout whose rows are multiplied: x as [.., rows, inner], y as [.., cols, inner].
  const a = numbersOf(adjX ? swapped(x) : x)
  const b = numbersOf(adjY ? y : swapped(y))
  const type = context.results[0]!
  const out = makeNumbers(type.dtype, countOf(type))
  const batches = broadcastRows(shape.slice(0, -2), [x.shape.slice(0, -2), y.shape.slice(0, -2)])
  const [xStep, yStep] = batches.steps as [number, number]
  batches.each((o, [i, j]) => {
    for (let k = 0; k < batches.size; k++) {
      const [xAt, yAt] = [(i! + k * xStep) * rows * inner, (j! + k * yStep) * cols * inner]
      let at = (o + k) * rows * cols
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < cols; c++) out[at++] = dot(inner, a, xAt + r * inner, b, yAt + c * inner)
      }
    }
  })
  return [arrayOf(type.dtype, shape, out)]
}

/** The last two dims exchanged. */
function swapped(x: NdArray): NdArray {
  const { length } = x.shape
  const perm = x.shape.map((_, i) => (i === length - 1 ? length - 2 : i === length - 2 ? length - 1 : i))
  const shape = perm.map((p) => x.shape[p]!)
  const strides = stridesOf(x.shape)
  const from = wordsOf(x)
  const to = makeWords(
    from,
    shape.reduce((n, d) => n * d, 1),
  )
  copyBlock(shape, { words: from, start: 0, strides: perm.map((p) => strides[p]!) }, { words: to, start: 0, strides: stridesOf(shape) })
  return arrayOf(x.dtype as 'f32', shape, to.data)
}
