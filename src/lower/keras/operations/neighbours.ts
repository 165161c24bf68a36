import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { Formula } from '../../formula.ts'
import { castTo, reshapeTo, sliceAxis, toF32 } from '../../operands.ts'
import type { LoweringRegistry } from '../../registry.ts'
import { axesOf, tensorOf } from '../arguments.ts'
import { type KerasOp, layer } from '../keras-op.ts'
import { first, numberOption, option, run } from './operation.ts'

/*
 * Sums and differences of neighbours.
 */

/** All elements along `axis` but the first, and all but the last. */
function neighbours(k: KerasOp, b: OpBuilder, x: Value, axis: number): [later: Value, earlier: Value] {
  const at = (v: number) => b.i32(x.type.shape.map((_, i) => (i === axis ? v : 0)))
  const strides = b.i32(x.type.shape.map(() => 1))
  const mask = {
    begin_mask: 0,
    end_mask: ((1 << x.type.shape.length) - 1) & ~(1 << axis),
    ellipsis_mask: 0,
    new_axis_mask: 0,
    shrink_axis_mask: 0,
  }
  return [sliceAxis(b, x, axis, 1, -1), run(k, b, 'StridedSlice', [x, at(0), at(-1), strides], mask)]
}

function diff(k: KerasOp, b: OpBuilder): Value {
  const x = first(k, b)
  const axis = axesOf(k, option(k, 'axis') ?? -1, x.type.shape.length)[0]!
  let y = x
  for (let i = numberOption(k, 'n', 1); i > 0; i--) {
    const [later, earlier] = neighbours(k, b, y, axis)
    y =
      y.type.dtype === 'bool'
        ? new Formula(b).notEqual(castTo(b, later, 'i32'), castTo(b, earlier, 'i32'))
        : run(k, b, 'Sub', [later, earlier])
  }
  return y
}

/** The area under y over `x`, or over steps of `dx`. */
function trapezoid(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const y = toF32(b, first(k, b))
  const rank = y.type.shape.length
  const axis = axesOf(k, option(k, 'axis') ?? -1, rank)[0]!
  const [later, earlier] = neighbours(k, b, y, axis)
  const heights = f.mul(f.add(later, earlier), 0.5)
  const stated = option(k, 'x')
  if (stated === undefined || stated === null) return f.sum(f.mul(heights, numberOption(k, 'dx', 1)), [axis])
  const x = toF32(b, tensorOf(k, b, stated, 'f32'))
  const isVector = x.type.shape.length === 1
  const [after, before] = neighbours(k, b, x, isVector ? 0 : axis)
  const widths = f.sub(after, before)
  const wide = isVector
    ? reshapeTo(
        b,
        widths,
        y.type.shape.map((_, i) => (i === axis ? widths.type.shape[0]! : 1)),
      )
    : widths
  return f.sum(f.mul(heights, wide), [axis])
}

export const neighbourOperations: LoweringRegistry = { Diff: layer(diff), Trapezoid: layer(trapezoid) }
