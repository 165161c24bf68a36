import { type ConstData, lazyConst } from '../../core/bytes.ts'
import { bytesOf, typedView } from '../../core/dtype.ts'

/**
 * Rows of how many elements are rotated together: the largest power of two that divides the columns, at most `most`, where 0 is no limit.
 * @see litert-quantizer 0.11, hadamard_rotation.py
 */
export function rotationSize(columns: number, most = 0): number {
  const largest = columns & -columns
  return most === 0 ? largest : Math.min(largest, 2 ** Math.floor(Math.log2(most)))
}

/**
 * An f32 constant whose every `size` elements are multiplied with the Hadamard matrix of that size, divided by the root of the size: its
 * entries are 1 and -1, in the order of Sylvester. Sums are exact, so that what is stored is rounded once.
 */
export function rotatedConst(data: ConstData, size: number): ConstData {
  const factor = Math.fround(1 / Math.fround(Math.sqrt(size)))
  return lazyConst(data.byteLength, () => {
    const out = Float32Array.from(typedView('f32', data.bytes()))
    const row = new Float64Array(size)
    for (let at = 0; at < out.length; at += size) {
      row.set(out.subarray(at, at + size))
      transform(row)
      for (let i = 0; i < size; i++) out[at + i] = row[i]! * factor
    }
    return bytesOf(out)
  })
}

/** The matrix itself, in float32. */
export function hadamardMatrix(size: number): Float32Array {
  const entry = 1 / Math.sqrt(size)
  return Float32Array.from({ length: size * size }, (_, k) => (isOdd(Math.floor(k / size) & (k % size)) ? -entry : entry))
}

/** Whether a number has an odd number of ones in binary. */
function isOdd(n: number): boolean {
  let odd = false
  for (let rest = n; rest > 0; rest &= rest - 1) odd = !odd
  return odd
}

/** In place: sums and differences of elements 1 apart, 2, 4 and so on. */
function transform(row: Float64Array): void {
  for (let apart = 1; apart < row.length; apart *= 2)
    for (let begin = 0; begin < row.length; begin += 2 * apart)
      for (let i = begin; i < begin + apart; i++) {
        const [a, b] = [row[i]!, row[i + apart]!]
        row[i] = a + b
        row[i + apart] = a - b
      }
}
