import { type NdArray, toFloat32 } from '../../src/core/nd-array.ts'

/** The largest finite magnitude in a tensor; 0 for types that are not plain numbers. */
export function magnitudeOf(array: NdArray): number {
  let largest = 0
  for (const x of toFloat32(array) ?? []) if (Number.isFinite(x)) largest = Math.max(largest, Math.abs(x))
  return largest
}

/** The largest difference of two arrays; NaN equals NaN, an infinity itself. Infinity when types or shapes differ. */
export function largestDifference(actual: NdArray, expected: NdArray): number {
  if (actual.dtype !== expected.dtype || actual.shape.join() !== expected.shape.join()) return Number.POSITIVE_INFINITY
  const a = toFloat32(actual)
  const e = toFloat32(expected)
  if (!a || !e) return Buffer.compare(actual.bytes, expected.bytes) === 0 ? 0 : Number.POSITIVE_INFINITY
  let worst = 0
  for (let i = 0; i < e.length; i++) {
    if (a[i] === e[i] || (Number.isNaN(a[i]) && Number.isNaN(e[i]))) continue
    const d = Math.abs(a[i]! - e[i]!)
    worst = Number.isNaN(d) ? Number.POSITIVE_INFINITY : Math.max(worst, d)
  }
  return worst
}
