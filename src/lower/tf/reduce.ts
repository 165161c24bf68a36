import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { firstAsI32, smallAsI32 } from '../conversions.ts'
import { Formula } from '../formula.ts'
import { castTo, reshapeTo, toI32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'

type Reduce = (b: OpBuilder, x: Value, axes: Value, keepDims: boolean) => Value

const by =
  (spec: unknown): Reduce =>
  (b, x, axes, keepDims) =>
    b.op(spec as typeof op.sum, [x, axes], { keepDims })

/** Of a scalar there is nothing to reduce. */
function reduction(reduce: Reduce, whole: (b: OpBuilder, x: Value) => Value = (_, x) => x) {
  return (n: SourceOp, b: OpBuilder): Value => {
    const [x, axes] = [n.in(0), toI32(b, n.in(1))]
    const { shape } = x.type
    const keepDims = n.bool('keep_dims', false)
    if (shape.length === 0) return whole(b, x)
    if (axes.data || keepDims) return reduce(b, x, axes, keepDims)
    if (n.node.op === 'Sum' && n.scope.openAxes.has(n.in(1))) return reduce(b, x, axes, true)
    return reduceAlongUnknown(n, b, x, axes, reduce)
  }
}

/**
 * Axes that only a run tells. One axis: it may be any, so the result is a tensor whose rank is known but not its sizes. They are
 * those of the reduced tensor, in which the axes have size 1, without those axes.
 */
function reduceAlongUnknown(n: SourceOp, b: OpBuilder, x: Value, axes: Value, reduce: Reduce): Value {
  const f = new Formula(b)
  const rank = x.type.shape.length
  const count = axes.type.shape.length === 0 ? 1 : axes.type.shape[0]
  if (typeof count !== 'number') return n.reject('the number of axes must be known')
  const kept = reduce(b, x, axes, true)
  const all = b.i32(Array.from({ length: rank }, (_, i) => i))
  const positive = f.floorMod(reshapeTo(b, axes, [1, count]), rank)
  const isReduced = b.op(op.reduceAny, [f.equal(reshapeTo(b, all, [rank, 1]), positive), b.i32([1])])
  const left = b.op(op.where, [f.not(isReduced)])
  const places = b.op(op.reshape, [castTo(b, left, 'i32'), b.i32([rank - count])])
  return b.op(op.reshape, [kept, b.op(op.gather, [b.op(op.shape, [kept]), places], { axis: 0 })])
}

/** Half the sum of squares. */
function l2Loss(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const x = n.in(0)
  const axes = x.type.shape.map((_, i) => i)
  return f.mul(f.sum(f.square(x), axes), 0.5)
}

/** The kernel of i32 rounds as TensorFlow does not; integers are divided after the sum. */
const mean: Reduce = (b, x, axes, keepDims) => {
  if (x.type.dtype === 'f32') return b.op(op.mean, [x, axes], { keepDims })
  const f = new Formula(b)
  const sum = b.op(op.sum, [x, axes], { keepDims })
  const positive = f.floorMod(axes.type.shape.length === 0 ? reshapeTo(b, axes, [1]) : axes, x.type.shape.length)
  const count = b.op(op.reduceProd, [b.op(op.gather, [b.op(op.shape, [x]), positive], { axis: 0 }), b.i32([0])])
  return f.div(sum, count)
}

const euclidean: Reduce = (b, x, axes, keepDims) => new Formula(b).sqrt(b.op(op.sum, [b.op(op.mul, [x, x]), axes], { keepDims }))

/** The squares of integers add up in the integers' own type, which wraps; the root of a negative sum is 0, others are cut. */
function euclideanNorm(n: SourceOp, b: OpBuilder): Value {
  const { dtype } = n.in(0).type
  if (dtype === 'f32') return reduction(euclidean, (_, x) => new Formula(b).abs(x))(n, b)
  const f = new Formula(b)
  const x = castTo(b, n.in(0), 'i32')
  const squares = reduction(by(op.sum))(n.with([f.mul(x, x), n.in(1)]), b)
  const sum = f.max(castTo(b, castTo(b, squares, dtype), 'i32'), 0)
  const root = castTo(b, f.sqrt(castTo(b, sum, 'f32')), 'i32')
  // f32 does not hold all sums: the root may be one too large or too small.
  const least = f.select(f.greater(f.mul(root, root), sum), f.sub(root, 1), root)
  const next = f.add(least, 1)
  return castTo(b, f.select(f.lessEqual(f.mul(next, next), sum), next, least), dtype)
}

/** Axes are numbers of their own type, so only the first operand is widened. */
function numbers(work: (n: SourceOp, b: OpBuilder) => Value): (n: SourceOp, b: OpBuilder) => Value {
  const widened = smallAsI32({ work }).work!
  return (n, b) => widened(n, b) as Value
}

export const reductions: LoweringRegistry = {
  ...firstAsI32({ Mean: reduction(mean) }),
  Sum: numbers(reduction(by(op.sum))),
  Max: numbers(reduction(by(op.reduceMax))),
  Min: numbers(reduction(by(op.reduceMin))),
  Prod: numbers(reduction(by(op.reduceProd))),
  Any: reduction(by(op.reduceAny)),
  All: reduction(by(op.reduceAll)),
  EuclideanNorm: euclideanNorm,
  L2Loss: l2Loss,
}
