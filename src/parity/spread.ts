import { typedView } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import { stridesOf } from '../core/shape.ts'

/** Elements of an f32 array repeated along axes that it lacks or has once; the array's own where it has them all. */
export function spread(array: NdArray, shape: readonly number[]): Float32Array {
  const from = typedView('f32', array.bytes)
  if (String(array.shape) === String(shape)) return from
  const own = [...new Array<number>(shape.length - array.shape.length).fill(1), ...array.shape]
  const steps = stridesOf(own).map((stride, axis) => (own[axis] === 1 ? 0 : stride))
  const to = new Float32Array(shape.reduce((a, b) => a * b, 1))
  // Trailing axes that it has whole are copied together, those that it has once filled.
  let axis = shape.length
  let run = 1
  while (axis > 0 && own[axis - 1] === shape[axis - 1]) run *= shape[--axis]!
  const isFilled = axis === shape.length
  if (isFilled) while (axis > 0 && own[axis - 1] === 1) run *= shape[--axis]!
  const index = new Array<number>(axis).fill(0)
  let at = 0
  for (let out = 0; out < to.length; out += run) {
    if (isFilled) to.fill(from[at]!, out, out + run)
    else to.set(from.subarray(at, at + run), out)
    for (let k = axis - 1; k >= 0; k--) {
      at += steps[k]!
      if (++index[k]! < shape[k]!) break
      at -= steps[k]! * shape[k]!
      index[k] = 0
    }
  }
  return to
}
