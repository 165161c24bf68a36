import { arrayOf, floatsOf, intsOf, operandAt, resultShape } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'

/** Direct sums in float64, rows then columns; each element is rounded once. */
export const rfft2d: Kernel = (context) => {
  const input = operandAt(context, 0)
  const x = floatsOf(input)
  const [inRows, inCols] = input.shape.slice(-2) as [number, number]
  const [rows, cols] = Array.from(intsOf(operandAt(context, 1))) as [number, number]
  const half = Math.floor(cols / 2) + 1
  const shape = resultShape(context)
  const batches = shape.slice(0, -2).reduce((a, b) => a * b, 1)
  const out = new Float32Array(batches * rows * half * 2)
  const [usedRows, usedCols] = [Math.min(rows, inRows), Math.min(cols, inCols)]
  for (let n = 0; n < batches; n++) {
    const re = new Float64Array(usedRows * half)
    const im = new Float64Array(usedRows * half)
    for (let r = 0; r < usedRows; r++) {
      for (let k = 0; k < half; k++) {
        for (let c = 0; c < usedCols; c++) {
          const [cos, sin] = turn(c * k, cols)
          const value = x[(n * inRows + r) * inCols + c]!
          re[r * half + k]! += value * cos
          im[r * half + k]! += value * sin
        }
      }
    }
    for (let j = 0; j < rows; j++) {
      for (let k = 0; k < half; k++) {
        let sumRe = 0
        let sumIm = 0
        for (let r = 0; r < usedRows; r++) {
          const [cos, sin] = turn(r * j, rows)
          const [a, b] = [re[r * half + k]!, im[r * half + k]!]
          sumRe += a * cos - b * sin
          sumIm += a * sin + b * cos
        }
        const at = 2 * ((n * rows + j) * half + k)
        out[at] = sumRe
        out[at + 1] = sumIm
      }
    }
  }
  return [arrayOf('c64', shape, out)]
}

/** exp(-2 pi i step / size) as (cos, sin); the angle is reduced first. */
function turn(step: number, size: number): [number, number] {
  const angle = (-2 * Math.PI * (step % size)) / size
  return [Math.cos(angle), Math.sin(angle)]
}
