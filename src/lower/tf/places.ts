import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'

/*
 * Places in a tensor, of as many numbers as it has dims, whose sizes may be known at run time only.
 */

/** Element `k` along the last dim. */
export function column(b: OpBuilder, x: Value, k: number): Value {
  return b.op(op.gather, [x, b.i32([k], [])], { axis: x.type.shape.length - 1 })
}

/** Row-major numbers of places, given dim by dim; the size of the first does not matter. */
export function rowNumber(b: OpBuilder, places: readonly Value[], sizeOf: (dim: number) => Value): Value {
  const f = new Formula(b)
  return places.slice(1).reduce((number, place, k) => f.add(f.mul(number, sizeOf(k + 1)), place), places[0]!)
}
