import { arrayOfWords, countOf, makeWords, numbersOf, operandAt, resultShape, wordsOf } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'
import { broadcastRows } from './broadcast.kernel.ts'

/** SELECT_V2, and SELECT of equal shapes. */
export const selectV2: Kernel = (context) => {
  const [condition, x, y] = [operandAt(context, 0), operandAt(context, 1), operandAt(context, 2)]
  return [choose(context, condition.shape, x.shape, y.shape)]
}

/** A condition of rank 1 picks along the first axis. */
export const select: Kernel = (context) => {
  const [condition, x, y] = [operandAt(context, 0), operandAt(context, 1), operandAt(context, 2)]
  const isLow = condition.shape.length === 1 && x.shape.length > 1
  return [choose(context, isLow ? [...condition.shape, ...x.shape.slice(1).map(() => 1)] : condition.shape, x.shape, y.shape)]
}

function choose(context: Parameters<Kernel>[0], ...shapes: (readonly number[])[]): ReturnType<Kernel>[number] {
  const condition = numbersOf(operandAt(context, 0))
  const [x, y] = [wordsOf(operandAt(context, 1)), wordsOf(operandAt(context, 2))]
  const shape = resultShape(context)
  const out = makeWords(x, countOf(context.results[0]!))
  const rows = broadcastRows(shape, shapes)
  const [cStep, xStep, yStep] = rows.steps as [number, number, number]
  const w = x.perElement
  rows.each((o, [c, i, j]) => {
    for (let k = 0; k < rows.size; k++) {
      const holds = condition[c! + k * cStep] !== 0
      const [from, at] = holds ? [x.data, (i! + k * xStep) * w] : [y.data, (j! + k * yStep) * w]
      for (let b = 0; b < w; b++) out.data[(o + k) * w + b] = from[at + b]!
    }
  })
  return arrayOfWords(operandAt(context, 1).dtype, shape, out)
}
