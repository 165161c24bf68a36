import { mulDims } from '../../core/dim.ts'
import { largestF32 } from '../../core/dtype.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { constInts } from '../../ops/view.ts'
import { smallAsI32 } from '../conversions.ts'
import { Formula } from '../formula.ts'
import { constantOf, reshapeTo, sliceAxis, toI32 } from '../operands.ts'
import type { Lowering, LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'

/** The kernel takes an axis of the operand's own numbering, which may be found at run time. */
function cumsum(n: SourceOp, b: OpBuilder): Value {
  const rank = n.in(0).type.shape.length
  const given = constInts(n.in(1))?.[0]
  const axis = given === undefined ? new Formula(b).floorMod(reshapeTo(b, toI32(b, n.in(1)), []), rank) : b.i32([n.axis(given, rank)], [])
  return b.op(op.cumsum, [n.in(0), axis], { exclusive: n.bool('exclusive', false), reverse: n.bool('reverse', false) })
}

interface Scan {
  /** What leaves the other operand as it is. */
  readonly neutral: number
  combine(f: Formula, earlier: Value, x: Value): Value
  /** What the scan gives, from what the steps leave. */
  finish?(f: Formula, y: Value): Value
}

/** Running results of an associative operation in log2(size) steps, each on the whole axis. @see Hillis and Steele, 1986 */
function scan({ neutral, combine, finish }: Scan): Lowering {
  return (n, b) => {
    const f = new Formula(b)
    const x = n.in(0)
    const { shape } = x.type
    const axis = n.axis(n.ints(1, 'the axis')[0]!, shape.length)
    const size = shape[axis]!
    if (typeof size !== 'number') return n.reject('the size of the axis must be known', 'Export the model with this size fixed.')
    const [reverse, exclusive] = [n.bool('reverse', false), n.bool('exclusive', false)]
    // Three dims are enough for any rank, and PAD takes no more than five.
    const at = 1
    let y = reshapeTo(b, x, [mulDims(...shape.slice(0, axis)), size, mulDims(...shape.slice(axis + 1))])
    const shifted = (v: Value, by: number) => {
      const pads = v.type.shape.flatMap((_, i) => (i !== at ? [0, 0] : reverse ? [0, by] : [by, 0]))
      const padded = b.op(op.padv2, [v, b.i32(pads, [v.type.shape.length, 2]), constantOf(b, v.type.dtype, [neutral])])
      return sliceAxis(b, padded, at, reverse ? by : 0, size)
    }
    if (exclusive) y = shifted(y, Math.min(1, size))
    for (let by = 1; by < size; by *= 2) y = combine(f, shifted(y, by), y)
    return reshapeTo(b, finish?.(f, y) ?? y, shape, [x])
  }
}

/** log(exp(x) + exp(y)) from the larger one on. */
function logAddExp(f: Formula, x: Value, y: Value): Value {
  const [high, low] = [f.max(x, y), f.min(x, y)]
  return f.add(high, f.log(f.add(f.exp(f.sub(low, high)), 1)))
}

export const scans: LoweringRegistry = {
  ...smallAsI32({ Cumsum: cumsum, Cumprod: scan({ neutral: 1, combine: (f, a, x) => f.mul(a, x) }) }),
  // The sum of nothing is 0, its logarithm -infinity, with which the steps would make NaN.
  CumulativeLogsumexp: scan({
    neutral: -largestF32,
    combine: logAddExp,
    finish: (f, y) => f.select(f.lessEqual(y, -largestF32), Number.NEGATIVE_INFINITY, y),
  }),
}
