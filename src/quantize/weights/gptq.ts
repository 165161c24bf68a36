import type { DampedHessian } from './hessian.ts'
import { nearestCode, type Row } from './rows.ts'

/** The integer for element k of a row that is now to be `target`. */
export type IntegerChoice = (row: Row, k: number, target: number) => number

/** GPTQ: the nearest integer, whatever it is. */
export const anyInteger: IntegerChoice = ({ scales, low, high }, k, target) => nearestCode(target, scales[k]!, low, high)

/**
 * Integers of up to four rows, element by element: what rounding has lost so far moves the elements that follow, as far as these can make
 * good for it. @see Frantar et al., "GPTQ", algorithm 1 (equations 2 and 3 through a Cholesky factor), with blocks of one column
 */
export function inSequence(hessian: DampedHessian, rows: readonly Row[], pick: IntegerChoice = anyInteger): Int8Array[] {
  const { columns } = hessian
  const lost = hessian.vectors()
  const codes = rows.map(() => new Int8Array(columns))
  const parts = new Float64Array(lost.length)
  for (let k = 0; k < columns; k++) {
    hessian.parts(k, parts)
    const diagonal = hessian.diagonal(k)
    for (let r = 0; r < rows.length; r++) {
      const row = rows[r]!
      const w = row.weights[k]!
      const q = pick(row, k, w + parts[r]! / diagonal)
      codes[r]![k] = q
      lost[r]![k] = w - row.scales[k]! * q
    }
  }
  return codes
}
