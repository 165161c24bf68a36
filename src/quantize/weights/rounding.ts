import { type IntegerChoice, inSequence } from './gptq.ts'
import type { DampedHessian, Gram } from './hessian.ts'
import { clamped, lostOf, nearestCode, type Row } from './rows.ts'

/** Changes that gain less than this part of the error are not worth one. */
const leastGain = 1e-9
/** Of an element, on average. */
const mostChanges = 8

/** H with what was added to its diagonal, every row whole. */
export function wholeHessian({ columns, sums }: Gram, { added }: DampedHessian): Float64Array {
  const whole = new Float64Array(columns * columns)
  for (let i = 0, at = 0; i < columns; i++)
    for (let j = i; j < columns; j++, at++) whole[i * columns + j] = whole[j * columns + i] = sums[at]!
  for (let i = 0; i < columns; i++) whole[i * columns + i]! += added
  return whole
}

/**
 * For each of up to four rows, integers next below or next above each element with a small squared error of the layer's results: the problem
 * of AdaRound, solved by greedy coordinate descent, which turns the element that gains most as long as one does. It starts from the nearest
 * integers, and again from those that GPTQ finds among the two; each start only gets better.
 * @see Nagel et al., "Up or Down? Adaptive Rounding for Post-Training Quantization", section 3.2; Nair and Suggala, "CDQuant: Greedy Coordinate
 * Descent for Accurate LLM Quantization"
 */
export function upOrDown(hessian: DampedHessian, whole: Float64Array, rows: readonly Row[]): Int8Array[][] {
  const starts = [rows.map((r) => r.nearest), inSequence(hessian, rows, oneOfTwo)]
  return starts.map((codes) => codes.map((start, r) => descended(whole, rows[r]!, start)))
}

const oneOfTwo: IntegerChoice = ({ weights, scales, low, high }, k, target) => {
  const below = Math.floor(weights[k]! / scales[k]!)
  return nearestCode(target, scales[k]!, clamped(below, low, high), clamped(below + 1, low, high))
}

function descended(whole: Float64Array, row: Row, start: Int8Array): Int8Array {
  const { weights, scales, low, high } = row
  const columns = weights.length
  const codes = start.slice()
  const lost = lostOf(row, codes)
  /** What is added to what is lost of an element when it is turned; 0 where there is one integer only. */
  const change = Float64Array.from(codes, (q, k) => {
    const below = clamped(Math.floor(weights[k]! / scales[k]!), low, high)
    return scales[k]! * (q - (q === below ? clamped(below + 1, low, high) : below))
  })
  const diagonal = Float64Array.from({ length: columns }, (_, k) => whole[k * (columns + 1)]!)
  /** Half of what the error grows by with each element of what is lost. */
  const slope = new Float64Array(columns)
  let error = 0
  for (let i = 0, at = 0; i < columns; i++) {
    let sum = 0
    for (let j = 0; j < columns; j++, at++) sum += whole[at]! * lost[j]!
    slope[i] = sum
    error += sum * lost[i]!
  }
  for (let turns = mostChanges * columns; turns > 0; turns--) {
    let [best, gain] = [-1, leastGain * error]
    for (let k = 0; k < columns; k++) {
      const c = change[k]!
      const g = -c * (2 * slope[k]! + c * diagonal[k]!)
      if (g > gain) {
        gain = g
        best = k
      }
    }
    if (best < 0) break
    const c = change[best]!
    codes[best]! -= Math.round(c / scales[best]!)
    change[best] = -c
    error -= gain
    for (let j = 0, at = best * columns; j < columns; j++, at++) slope[j]! += c * whole[at]!
  }
  return codes
}
