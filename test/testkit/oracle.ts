import { typedView, type ViewableDType } from '../../src/core/dtype.ts'
import type { NdArray } from '../../src/core/nd-array.ts'

/**
 * The first thing that differs between outputs and what TensorFlow recorded; undefined when nothing does. Integers and booleans must be
 * equal, shapes and dtypes too; each float within `abs <= max(tol/10, atol)` or `rel <= tol`, relative to max(|x|, 1e-6).
 */
export function firstDifference(
  found: ReadonlyMap<string, NdArray>,
  expected: ReadonlyMap<string, NdArray>,
  tol: number,
  atol: number,
): string | undefined {
  if (found.size !== expected.size) return `outputs ${[...found.keys()]}, TensorFlow has ${[...expected.keys()]}`
  for (const [name, want] of expected) {
    const got = found.get(name) ?? (expected.size === 1 ? [...found.values()][0] : undefined)
    if (!got) return `output ${name} is missing`
    if (got.dtype !== want.dtype || got.shape.join() !== want.shape.join()) {
      return `${name} is ${got.dtype}[${got.shape}], TensorFlow has ${want.dtype}[${want.shape}]`
    }
    const difference = firstElement(got, want, tol, atol)
    if (difference) return `${name}${difference}`
  }
  return undefined
}

function firstElement(got: NdArray, want: NdArray, tol: number, atol: number): string | undefined {
  const isFloat = /^[fc]/.test(want.dtype)
  const a = typedView(want.dtype as ViewableDType, got.bytes) as Float32Array
  const b = typedView(want.dtype as ViewableDType, want.bytes) as Float32Array
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [Number(a[i]), Number(b[i])]
    if (Object.is(x, y) || x === y) continue
    const error = Math.abs(x - y)
    const fits = isFloat && (error <= Math.max(tol / 10, atol) || error / Math.max(Math.abs(y), 1e-6) <= tol)
    if (!fits) return `[${i}] is ${x}, TensorFlow has ${y}`
  }
  return undefined
}
