import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { constInts, knownDims } from '../../ops/view.ts'
import { Formula } from '../formula.ts'
import { castTo, reshapeTo, shapeOf, sliceAxis, toI32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'
import { stridedSlice } from './strided-slice.ts'
import { transpose } from './transpose.ts'

/** A target that is known, at most one size symbolic, becomes a constant with -1. */
function reshape(n: SourceOp, b: OpBuilder): Value {
  const shape = toI32(b, n.in(1))
  const known = knownDims(shape)
  if (known && known.filter((d) => typeof d === 'string').length + known.filter((d) => d === -1).length <= 1)
    return b.op(op.reshape, [n.in(0), b.i32(known.map((d) => (typeof d === 'number' ? d : -1)))])
  return b.op(op.reshape, [n.in(0), shape])
}

function squeeze(n: SourceOp, b: OpBuilder): Value {
  const x = n.in(0)
  const rank = x.type.shape.length
  const axes = n.has('squeeze_dims') ? n.list('squeeze_dims').map((a) => n.axis(a, rank)) : []
  const target = x.type.shape.filter((d, i) => (axes.length > 0 ? !axes.includes(i) : d !== 1))
  if (target.filter((d) => typeof d === 'string').length <= 1) return reshapeTo(b, x, target)
  return b.op(op.squeeze, [x], { squeezeDims: axes })
}

function expandDims(n: SourceOp, b: OpBuilder): Value {
  const x = n.in(0)
  const axis = constInts(n.in(1))?.[0]
  if (axis === undefined) return b.op(op.expandDims, [x, reshapeTo(b, toI32(b, n.in(1)), [])])
  const at = n.axis(axis, x.type.shape.length + 1)
  const target = [...x.type.shape.slice(0, at), 1, ...x.type.shape.slice(at)]
  if (target.filter((d) => typeof d === 'string').length <= 1) return reshapeTo(b, x, target)
  return b.op(op.expandDims, [x, b.i32([at], [])])
}

function concat(n: SourceOp, b: OpBuilder, inputs: readonly Value[], axis: Value): Value {
  const at = knownDims(axis)?.[0]
  if (typeof at !== 'number') return n.reject('the axis must be constant')
  const axisIn = n.axis(at, inputs[0]!.type.shape.length)
  return inputs.length === 1 ? inputs[0]! : b.op(op.concatenation, inputs, { axis: axisIn })
}

function pack(n: SourceOp, b: OpBuilder): Value {
  const axis = n.axis(n.int('axis', 0), n.in(0).type.shape.length + 1)
  if (packed.has(n.in(0).type.dtype)) return b.op(op.pack, n.operands, { valuesCount: n.operands.length, axis })
  const parts = n.operands.map((x) => reshapeTo(b, x, [...x.type.shape.slice(0, axis), 1, ...x.type.shape.slice(axis)]))
  return concat(n, b, parts, b.i32([axis], []))
}
/** @see LiteRT kernels/pack.cc */
const packed: ReadonlySet<string> = new Set(['f32', 'i8', 'u8', 'i16', 'i32', 'i64'])

/** The kernel takes no i64 and no bool: one slice for each part there. */
function unpack(n: SourceOp, b: OpBuilder): readonly Value[] {
  const x = n.in(0)
  const axis = n.axis(n.int('axis', 0), x.type.shape.length)
  const num = n.int('num')
  if (unpacked.has(x.type.dtype)) return b.ops(op.unpack, [x], { num, axis })
  const rest = x.type.shape.filter((_, i) => i !== axis)
  if (typeof x.type.shape[axis] === 'number' && x.type.shape[axis] !== num)
    n.reject(`it has ${num} parts, its operand ${x.type.shape[axis]}`)
  return Array.from({ length: num }, (_, i) => reshapeTo(b, sliceAxis(b, x, axis, i, 1), rest))
}
const unpacked: ReadonlySet<string> = new Set(['f32', 'i32'])

function gatherV2(n: SourceOp, b: OpBuilder): Value {
  const rank = n.in(0).type.shape.length
  const axis = n.operands.length > 2 ? n.axis(n.ints(2, 'the axis')[0]!, rank) : 0
  const batch = n.int('batch_dims', 0)
  return b.op(op.gather, [n.in(0), n.in(1)], { axis, batchDims: batch < 0 ? batch + n.in(1).type.shape.length : batch })
}

/** SPLIT of what its kernel takes; other types by SPLIT_V or slices. */
function split(n: SourceOp, b: OpBuilder): readonly Value[] {
  const count = n.int('num_split')
  const x = n.in(1)
  if (count === 1) return [x]
  if (x.type.dtype === 'f32' || x.type.dtype === 'i32') return b.ops(op.split, [toI32(b, n.in(0)), x], { numSplits: count })
  const axis = n.axis(n.ints(0, 'the axis')[0]!, x.type.shape.length)
  const size = x.type.shape[axis]!
  if (typeof size !== 'number' || size % count !== 0) return n.reject(`${size} does not divide into ${count} parts`)
  return Array.from({ length: count }, (_, i) => sliceAxis(b, x, axis, (i * size) / count, size / count))
}

function splitV(n: SourceOp, b: OpBuilder): readonly Value[] {
  const numSplits = n.int('num_split')
  const [x, sizes, axis] = [n.in(0), toI32(b, n.in(1)), toI32(b, n.in(2))]
  const { dtype } = x.type
  if (dtype !== 'bool') return b.ops(op.splitV, [x, sizes, axis], { numSplits })
  return b.ops(op.splitV, [castTo(b, x, 'i32'), sizes, axis], { numSplits }).map((v) => castTo(b, v, dtype))
}

/** Elements of the shape, where the product is known a constant. */
function size(n: SourceOp, b: OpBuilder): Value {
  return b.op(op.reduceProd, [b.op(op.shape, [n.in(0)], { outType: n.type('out_type', 'i32') }), b.i32([0])])
}

/** The slice begins where all of it is still within. @see https://openxla.org/xla/operation_semantics#dynamicslice */
function dynamicSlice(n: SourceOp, b: OpBuilder): Value {
  const [x, sizes] = [n.in(0), toI32(b, n.in(2))]
  const last = b.op(op.sub, [shapeOf(b, x), sizes])
  const begin = b.op(op.maximum, [b.op(op.minimum, [toI32(b, n.in(1)), last]), b.i32([0])])
  return b.op(op.slice, [x, begin, sizes])
}

const shapeOp = (n: SourceOp, b: OpBuilder, x: Value): Value => b.op(op.shape, [x], { outType: n.type('out_type', 'i32') })

/** Where each of the shapes begins in their concatenation: zeros but for the axis, which has the sum of the sizes before it. */
function concatOffset(n: SourceOp, b: OpBuilder): readonly Value[] {
  const f = new Formula(b)
  const [axis, ...shapes] = n.operands.map((v) => toI32(b, v)) as [Value, ...Value[]]
  const rank = shapes[0]?.type.shape[0]
  if (typeof rank !== 'number') return n.reject('the rank must be known')
  const isAxis = castTo(
    b,
    f.equal(b.i32(Array.from({ length: rank }, (_, i) => i)), f.select(f.less(axis, 0), f.add(axis, rank), axis)),
    'i32',
  )
  let begin = b.i32(new Array<number>(rank).fill(0))
  return shapes.map((shape) => {
    const own = castTo(b, begin, n.in(1).type.dtype)
    begin = f.add(begin, f.mul(shape, isAxis))
    return own
  })
}

/** Zeros, also where TensorFlow leaves the elements as they happen to be. */
function empty(n: SourceOp, b: OpBuilder): Value {
  const dtype = n.type('dtype')
  if (dtype === 'c64' || dtype === 'string') return n.reject(`${dtype} is not supported`)
  return castTo(b, b.op(op.fill, [toI32(b, n.in(0)), dtype === 'f32' ? b.f32([0], []) : b.i32([0], [])]), dtype)
}

/** Where nothing is dynamic the shape is a constant, and folds. */
function broadcastTo(n: SourceOp, b: OpBuilder): Value {
  return b.op(op.broadcastTo, [n.in(0), toI32(b, n.in(1))])
}

export const shape: LoweringRegistry = {
  Reshape: reshape,
  Squeeze: squeeze,
  ExpandDims: expandDims,
  Transpose: transpose,
  ConcatV2: (n, b) => concat(n, b, n.operands.slice(0, -1), n.operands.at(-1)!),
  Concat: (n, b) => concat(n, b, n.operands.slice(1), n.in(0)),
  ConcatOffset: concatOffset,
  Empty: empty,
  ParallelConcat: (n, b) => concat(n, b, n.operands, b.i32([0], [])),
  Pack: pack,
  Unpack: unpack,
  Split: split,
  SplitV: splitV,
  Slice: (n, b) => b.op(op.slice, [n.in(0), toI32(b, n.in(1)), toI32(b, n.in(2))]),
  StridedSlice: stridedSlice,
  XlaDynamicSlice: dynamicSlice,
  Gather: gatherV2,
  GatherV2: gatherV2,
  Shape: (n, b) => shapeOp(n, b, n.in(0)),
  ShapeN: (n, b) => n.operands.map((x) => shapeOp(n, b, x)),
  Rank: (n, b) => b.i32([n.in(0).type.shape.length], []),
  Size: (n, b) => (n.in(0).type.shape.length === 0 ? castTo(b, b.i32([1], []), n.type('out_type', 'i32')) : size(n, b)),
  Tile: (n, b) => b.op(op.tile, [n.in(0), toI32(b, n.in(1))]),
  BroadcastTo: broadcastTo,
  BroadcastArgs: (n, b) => b.op(op.broadcastArgs, [n.in(0), n.in(1)]),
  Fill: (n, b) => b.op(op.fill, [toI32(b, n.in(0)), n.in(1)]),
  Range: (n, b) => b.op(op.range, [n.in(0), n.in(1), n.in(2)]),
}
