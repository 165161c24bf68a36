import { arrayOf, floatsOf, operandAt } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'

/** Applies `row` to each row along the last axis: it reads x[at..at+n) and writes out[at..at+n). */
function overRows(row: (x: Float32Array, out: Float32Array, at: number, n: number) => void): Kernel {
  return (context) => {
    const array = operandAt(context, 0)
    const x = floatsOf(array)
    const out = new Float32Array(x.length)
    const n = array.shape.at(-1) ?? 1
    for (let at = 0; at < x.length; at += n) row(x, out, at, n)
    return [arrayOf('f32', array.shape, out)]
  }
}

function largest(x: Float32Array, at: number, n: number): number {
  let max = Number.NEGATIVE_INFINITY
  for (let i = at; i < at + n; i++) if (x[i]! > max) max = x[i]!
  return max
}

/** Sums in float64, rounds each element once. */
export const softmax: Kernel = (context) => {
  const beta = Math.fround(context.attrs.beta as number)
  return overRows((x, out, at, n) => {
    const max = largest(x, at, n)
    let sum = 0
    for (let i = at; i < at + n; i++) sum += Math.exp(Math.fround(x[i]! - max) * beta)
    for (let i = at; i < at + n; i++) out[i] = Math.exp(Math.fround(x[i]! - max) * beta) / sum
  })(context)
}

/** Sums in float64, rounds each element once. */
export const logSoftmax = overRows((x, out, at, n) => {
  const max = largest(x, at, n)
  let sum = 0
  for (let i = at; i < at + n; i++) sum += Math.exp(x[i]! - max)
  const logSum = Math.log(sum)
  for (let i = at; i < at + n; i++) out[i] = x[i]! - max - logSum
})

/** x / max(|x|, 1e-6) along the last axis. @see LiteRT reference/l2normalization.h */
export const l2Normalization = overRows((x, out, at, n) => {
  let squares = 0
  for (let i = at; i < at + n; i++) squares += x[i]! * x[i]!
  const norm = Math.max(Math.fround(Math.sqrt(squares)), Math.fround(1e-6))
  for (let i = at; i < at + n; i++) out[i] = x[i]! / norm
})
