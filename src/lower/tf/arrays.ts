import { isStatic, sameShape } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { constInts } from '../../ops/view.ts'
import { elementwise } from '../broadcast.ts'
import { asI32, smallAsI32, widened } from '../conversions.ts'
import { Formula } from '../formula.ts'
import { castTo, constantOf, countUp, reshapeTo, shapeOf, sizes, sliceAxis, toI32, withLast } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'

/** SELECT where nothing broadcasts, else SELECT_V2. A vector condition of `Select` (version 1) picks along the first axis. */
function select(n: SourceOp, b: OpBuilder): Value {
  const [c, x, y] = [n.in(0), n.in(1), n.in(2)]
  const same = [c, y].every((v) => v.type.shape.join() === x.type.shape.join())
  if (same) return b.op(op.select, [c, x, y])
  if (n.node.op === 'Select' && c.type.shape.length === 1 && x.type.shape.length > 1) {
    return elementwise(b, op.selectV2, [reshapeTo(b, c, [c.type.shape[0]!, ...x.type.shape.slice(1).map(() => 1)]), x, y])
  }
  return elementwise(b, op.selectV2, [c, x, y])
}

/** A scalar in [0, rank), which may be found at run time. */
function axisOf(n: SourceOp, b: OpBuilder): Value {
  const rank = n.in(0).type.shape.length
  const given = n.operands.length > 1 ? constInts(n.in(1))?.[0] : 0
  if (given !== undefined) return b.i32([n.axis(given, rank)], [])
  return new Formula(b).floorMod(reshapeTo(b, toI32(b, n.in(1)), []), rank)
}

/** The kernel takes f32, i32, u8 and i8. @see LiteRT kernels/arg_min_max.cc */
function arg(spec: typeof op.argMax | typeof op.argMin) {
  return (n: SourceOp, b: OpBuilder): Value => {
    const { dtype } = n.in(0).type
    if (dtype === 'c64' || dtype === 'string') n.reject(`${dtype} has no order`)
    const at = axisOf(n, b)
    const outputType = n.type('output_type', 'i64')
    if (dtype === 'i64' || dtype === 'u32') {
      // The place of the extreme element, whose reduction has a kernel.
      const x = castTo(b, n.in(0), 'i64')
      const extremeOf = (spec === op.argMax ? op.reduceMax : op.reduceMin) as typeof op.reduceMax
      const extreme = b.op(extremeOf, [x, reshapeTo(b, at, [1])], { keepDims: true })
      return b.op(op.argMax, [castTo(b, new Formula(b).equal(x, extreme), 'i32'), at], { outputType })
    }
    const x = dtype === 'f32' || dtype === 'i32' ? n.in(0) : castTo(b, n.in(0), /^[iu]|bool/.test(dtype) ? 'i32' : 'f32')
    return b.op(spec as typeof op.argMax, [x, at], { outputType })
  }
}

/** Sorted or not, TOPK_V2 sorts. */
function topK(n: SourceOp, b: OpBuilder): readonly Value[] {
  const k = n.operands.length > 1 ? toI32(b, n.in(1)) : b.i32([n.int('k')], [])
  const x = n.in(0)
  const [values, indices] = b.ops(op.topkV2, [x.type.dtype.startsWith('u') ? widened(b, x) : x, k])
  const wanted = n.has('index_type') ? n.type('index_type') : 'i32'
  return [castTo(b, values!, x.type.dtype), castTo(b, indices!, wanted)]
}

/** All of the largest or, negated, the smallest, which every recall allows. @see https://www.tensorflow.org/api_docs/python/tf/raw_ops/ApproxTopK */
function approxTopK(n: SourceOp, b: OpBuilder): readonly Value[] {
  const f = new Formula(b)
  const x = n.in(0)
  const rank = x.type.shape.length
  const axis = n.axis(n.int('reduction_dimension', -1), rank)
  if (!n.bool('aggregate_to_topk', true)) n.reject('aggregate_to_topk=False gives as many results as the device likes')
  const turn = (v: Value) => withLast(b, v, axis)
  const isMax = n.bool('is_max_k', true)
  const [values, indices] = b.ops(op.topkV2, [turn(isMax ? x : f.neg(x)), b.i32([n.int('k')], [])]) as [Value, Value]
  return [turn(isMax ? values : f.neg(values)), turn(indices)]
}

/** How many classes have a higher score than the target's is below k. */
function inTopK(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const [scores, targets] = [n.in(0), toI32(b, n.in(1))]
  const k = n.operands[2] ? toI32(b, n.operands[2]) : b.i32([n.int('k')], [])
  const own = b.op(op.gather, [scores, reshapeTo(b, targets, [targets.type.shape[0]!, 1])], { axis: 1, batchDims: 1 })
  const higher = f.sum(castTo(b, f.greater(scores, own), 'i32'), [1])
  return f.less(higher, k)
}

/** The kernel takes axes that lie side by side only; others are reversed one after another. */
function reverse(n: SourceOp, b: OpBuilder): Value {
  const rank = n.in(0).type.shape.length
  return n.ints(1, 'the axes').reduce<Value>((x, a) => b.op(op.reverseV2, [x, b.i32([n.axis(a, rank)])]), n.in(0))
}

function reverseFlags(n: SourceOp, b: OpBuilder): Value {
  return n.ints(1, 'the dims').reduce<Value>((x, flag, i) => (flag ? b.op(op.reverseV2, [x, b.i32([i])]) : x), n.in(0))
}

function addN(n: SourceOp, b: OpBuilder): Value {
  if (n.operands.length === 1) return n.in(0)
  const [first, ...rest] = n.operands as [Value, ...Value[]]
  const isAlike = rest.every((x) => sameShape(x.type.shape, first.type.shape))
  if (isAlike && (first.type.dtype === 'f32' || first.type.dtype === 'i32')) return b.op(op.addN, n.operands)
  return rest.reduce((sum, x) => elementwise(b, op.add, [sum, x]), first)
}

/** One value everywhere, of the operand's type and shape. */
function splatLike(number: number) {
  return (n: SourceOp, b: OpBuilder): Value => {
    const x = n.in(0)
    if (number === 0 && ['f32', 'i32', 'i64'].includes(x.type.dtype)) return b.op(op.zerosLike, [x])
    const { dtype } = x.type
    if (isStatic(x.type.shape)) return b.op(op.broadcastTo, [constantOf(b, dtype, [number]), b.i32(x.type.shape)])
    return castTo(b, b.op(op.broadcastTo, [constantOf(b, dtype === 'f32' ? 'f32' : 'i32', [number]), shapeOf(b, x)]), dtype)
  }
}

/** Values at equal steps; the last one is `stop` itself. */
function linSpace(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const [start, stop, num] = [n.in(0), n.in(1), toI32(b, n.in(2))]
  const count = castTo(b, num, 'f32')
  const positions = castTo(b, countUp(b, num), 'f32')
  const last = f.max(f.sub(count, 1), 1)
  return f.add(start, f.mul(positions, f.div(f.sub(stop, start), last)))
}

/** The axes rotated: two slices and a concatenation for each, or for amounts found at run time a gather. */
function roll(n: SourceOp, b: OpBuilder): Value {
  const axes = n.ints(2, 'the axes')
  const { shape } = n.in(0).type
  return axes.reduce<Value>((x, a, i) => {
    const axis = n.axis(a, shape.length)
    const size = shape[axis]!
    const shifts = n.in(1).data ? n.ints(1, 'the shifts') : undefined
    if (shifts && shifts.length !== axes.length) n.reject('there must be one shift for each axis')
    if (shifts && typeof size === 'number') {
      const by = size === 0 ? 0 : ((shifts[i]! % size) + size) % size
      if (by === 0) return x
      return b.op(op.concatenation, [sliceAxis(b, x, axis, size - by, by), sliceAxis(b, x, axis, 0, size - by)], { axis })
    }
    const f = new Formula(b)
    const count = reshapeTo(b, sizes(b, [size], [x]) ?? n.reject('the size of the axis must be known'), [])
    const shift = n.in(1).type.shape.length === 0 ? toI32(b, n.in(1)) : reshapeTo(b, sliceAxis(b, toI32(b, n.in(1)), 0, i, 1), [])
    const positions = countUp(b, count)
    return b.op(op.gather, [x, f.floorMod(f.sub(positions, shift), count)], { axis })
  }, n.in(0))
}

function oneHot(n: SourceOp, b: OpBuilder): Value {
  const indices = n.in(0).type.dtype === 'i64' ? n.in(0) : toI32(b, n.in(0))
  return b.op(op.oneHot, [indices, toI32(b, n.in(1)), n.in(2), n.in(3)], { axis: n.int('axis', -1) })
}

/** Boundaries are for f32; whole numbers are compared as such. */
function bucketize(n: SourceOp, b: OpBuilder): Value {
  const boundaries = n.floats('boundaries')
  if (boundaries.length === 0) return b.op(op.fill, [shapeOf(b, n.in(0)), b.i32([0], [])])
  return b.op(op.bucketize, [n.in(0)], { boundaries })
}

/** Coordinates of row-major numbers, one row for each dim. */
function unravelIndex(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const sizesOf = n.ints(1, 'the dims')
  const pitch = sizesOf.map((_, i) => sizesOf.slice(i + 1).reduce((a, s) => a * s, 1))
  const numbers = toI32(b, n.in(0))
  const row = numbers.type.shape.length === 0 ? [] : [1]
  const [p, s] = [pitch, sizesOf].map((v) => b.i32(v, [v.length, ...row])) as [Value, Value]
  return castTo(b, f.floorMod(f.floorDiv(numbers, p), s), n.in(0).type.dtype)
}

/** Index vectors without elements each take the whole operand. */
function gatherNd(n: SourceOp, b: OpBuilder): Value {
  const [x, indices] = [n.in(0), n.in(1)]
  if (indices.type.shape.at(-1) !== 0) return b.op(op.gatherNd, [x, indices])
  const places = b.op(op.slice, [shapeOf(b, indices), b.i32([0]), b.i32([indices.type.shape.length - 1])])
  return b.op(op.broadcastTo, [x, b.op(op.concatenation, [places, shapeOf(b, x)], { axis: 0 })])
}

/** The vector product of the last dims. */
function cross(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const axis = n.in(0).type.shape.length - 1
  const turned = (x: Value, order: readonly number[]) => b.op(op.gather, [x, b.i32(order)], { axis })
  const [x, y] = [n.in(0), n.in(1)]
  return f.sub(f.mul(turned(x, [1, 2, 0]), turned(y, [2, 0, 1])), f.mul(turned(x, [2, 0, 1]), turned(y, [1, 2, 0])))
}

/** Where each letter of the source format stands in the other. */
function formats(n: SourceOp): { from: string; to: string } {
  const [from, to] = [n.string('src_format', 'NHWC'), n.string('dst_format', 'NCHW')]
  if ([...from].sort().join('') !== [...to].sort().join('')) n.reject(`the formats ${from} and ${to} have other dims`)
  return { from, to }
}

/** A vector (or pairs) in the order of another format; without the letters that are no sizes when it is shorter. */
function permuteByFormat(n: SourceOp, b: OpBuilder): Value {
  const { from, to } = formats(n)
  const count = n.in(0).type.shape[0]
  if (typeof count !== 'number') return n.reject('the number of its elements must be known')
  const isWhole = count === from.length
  const used = (format: string) => [...format].filter((c) => isWhole || (c !== 'N' && c !== 'C'))
  return b.op(op.gather, [n.in(0), b.i32(used(to).map((c) => used(from).indexOf(c)))], { axis: 0 })
}

/** Dims of one format as dims of the other. */
function mapDims(n: SourceOp, b: OpBuilder): Value {
  const { from, to } = formats(n)
  const { dtype } = n.in(0).type
  const at = new Formula(b).floorMod(toI32(b, n.in(0)), from.length)
  return castTo(b, b.op(op.gather, [b.i32([...from].map((c) => to.indexOf(c))), at], { axis: 0 }), dtype)
}

export const arrays: LoweringRegistry = {
  DataFormatVecPermute: permuteByFormat,
  DataFormatDimMap: mapDims,
  UnravelIndex: unravelIndex,
  ...smallAsI32({ Cross: cross }),
  Select: select,
  SelectV2: select,
  ArgMax: arg(op.argMax),
  ArgMin: arg(op.argMin),
  TopK: topK,
  TopKV2: topK,
  ApproxTopK: approxTopK,
  InTopK: inTopK,
  InTopKV2: inTopK,
  ...smallAsI32({ AddN: addN, AccumulateNV2: addN }),
  ZerosLike: splatLike(0),
  OnesLike: splatLike(1),
  LinSpace: linSpace,
  Roll: roll,
  OneHot: oneHot,
  Reverse: reverseFlags,
  ReverseV2: reverse,
  ReverseSequence: (n, b) => b.op(op.reverseSequence, [n.in(0), n.in(1)], { seqDim: n.int('seq_dim'), batchDim: n.int('batch_dim', 0) }),
  GatherNd: gatherNd,
  Where: (n, b) => b.op(op.where, [/^[iu]16$/.test(n.in(0).type.dtype) ? castTo(b, n.in(0), 'i32') : n.in(0)]),
  Bitcast: (n, b) => b.op(op.bitcast, [n.in(0)], { to: n.type('type') }),
  Bucketize: bucketize,
  InvertPermutation: asI32((n, b) => {
    const count = n.in(0).type.shape[0]!
    const length = sizes(b, [count], [n.in(0)])!
    const positions = countUp(b, reshapeTo(b, length, []))
    return b.op(op.scatterNd, [reshapeTo(b, n.in(0), [count, 1]), positions, length])
  }),
}
