import { elementCount } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { reshapeTo, toI32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'

function split(n: SourceOp, b: OpBuilder): readonly Value[] {
  const count = n.int('num_split')
  return count === 1 ? [n.in(1)] : b.ops(op.split, [toI32(b, n.in(0)), n.in(1)], { numSplits: count })
}

function splitV(n: SourceOp, b: OpBuilder): readonly Value[] {
  return b.ops(op.splitV, [n.in(0), toI32(b, n.in(1)), toI32(b, n.in(2))], { numSplits: n.int('num_split') })
}

function unpack(n: SourceOp, b: OpBuilder): readonly Value[] {
  const axis = n.axis(n.int('axis', 0), n.in(0).type.shape.length)
  return b.ops(op.unpack, [n.in(0)], { num: n.int('num'), axis })
}

/** SELECT where nothing broadcasts, else SELECT_V2. A vector condition of `Select` (version 1) picks along the first axis. */
function select(n: SourceOp, b: OpBuilder): Value {
  const [c, x, y] = [n.in(0), n.in(1), n.in(2)]
  const same = [c, y].every((v) => v.type.shape.join() === x.type.shape.join())
  if (same) return b.op(op.select, [c, x, y])
  if (n.node.op === 'Select' && c.type.shape.length === 1 && x.type.shape.length > 1) {
    return b.op(op.selectV2, [reshapeTo(b, c, [c.type.shape[0]!, ...x.type.shape.slice(1).map(() => 1)]), x, y])
  }
  return b.op(op.selectV2, [c, x, y])
}

function arg(spec: typeof op.argMax | typeof op.argMin) {
  return (n: SourceOp, b: OpBuilder): Value => {
    const axis = n.operands.length > 1 ? toI32(b, n.in(1)) : b.i32([0], [])
    return b.op(spec as typeof op.argMax, [n.in(0), axis], { outputType: n.type('output_type', 'i64') })
  }
}

/** Sorted or not, TOPK_V2 sorts. */
function topK(n: SourceOp, b: OpBuilder): readonly Value[] {
  if (n.has('index_type') && n.type('index_type') !== 'i32') n.reject('only i32 indices are supported')
  return b.ops(op.topkV2, [n.in(0), n.operands.length > 1 ? toI32(b, n.in(1)) : b.i32([n.int('k')], [])])
}

/** The kernel takes axes that lie side by side only; others are reversed one after another. */
function reverse(n: SourceOp, b: OpBuilder): Value {
  const rank = n.in(0).type.shape.length
  return n.ints(1, 'the axes').reduce<Value>((x, a) => b.op(op.reverseV2, [x, b.i32([n.axis(a, rank)])]), n.in(0))
}

function addN(n: SourceOp, b: OpBuilder): Value {
  if (n.operands.length === 1) return n.in(0)
  if (n.in(0).type.dtype === 'i64') return n.operands.slice(1).reduce((sum, x) => b.op(op.add, [sum, x]), n.in(0))
  return b.op(op.addN, n.operands)
}

function onesLike(n: SourceOp, b: OpBuilder): Value {
  const x = n.in(0)
  const one = x.type.dtype === 'f32' ? b.f32([1]) : b.i32([1], [])
  const count = elementCount(x.type.shape)
  if (x.type.dtype !== 'f32' && x.type.dtype !== 'i32') n.reject(`ones of type ${x.type.dtype} are not supported`)
  return b.op(op.broadcastTo, [one, count === undefined ? b.op(op.shape, [x]) : b.i32(x.type.shape as number[])])
}

/** Only NaN differs from itself. */
const isNan = (n: SourceOp, b: OpBuilder): Value => b.op(op.notEqual, [n.in(0), n.in(0)])
/** x - x is 0 for finite x and NaN otherwise. */
const isFiniteNumber = (n: SourceOp, b: OpBuilder): Value => b.op(op.equal, [b.op(op.sub, [n.in(0), n.in(0)]), b.f32([0])])
/** Neither NaN nor finite: exact for the largest float, which TensorFlow's own lowering takes for infinite. */
function isInf(n: SourceOp, b: OpBuilder): Value {
  const isNumber = b.op(op.equal, [n.in(0), n.in(0)])
  return b.op(op.logicalAnd, [isNumber, b.op(op.logicalNot, [isFiniteNumber(n, b)])])
}

/** x / y where y is not 0, else 0. */
function divNoNan(n: SourceOp, b: OpBuilder): Value {
  const zero = b.op(op.equal, [n.in(1), b.f32([0])])
  const quotient = b.op(op.div, [n.in(0), n.in(1)])
  return b.op(op.selectV2, [zero, b.f32([0]), quotient])
}

function segments(
  spec: typeof op.unsortedSegmentSum | typeof op.unsortedSegmentProd | typeof op.unsortedSegmentMax | typeof op.unsortedSegmentMin,
) {
  return (n: SourceOp, b: OpBuilder): Value => b.op(spec as typeof op.unsortedSegmentSum, [n.in(0), toI32(b, n.in(1)), toI32(b, n.in(2))])
}

/** scale * (x > 0 ? x : alpha * (exp(x) - 1)). @see Klambauer et al., Self-Normalizing Neural Networks, 2017 */
function selu(n: SourceOp, b: OpBuilder): Value {
  const [scale, scaledAlpha] = [1.0507009873554805, 1.0507009873554805 * 1.6732632423543772]
  const x = n.in(0)
  const negative = b.op(op.mul, [b.op(op.sub, [b.op(op.exp, [x]), b.f32([1])]), b.f32([Math.fround(scaledAlpha)])])
  const positive = b.op(op.mul, [x, b.f32([Math.fround(scale)])])
  return b.op(op.select, [b.op(op.greater, [x, b.f32([0])]), positive, negative])
}

export const arrays: LoweringRegistry = {
  Split: split,
  SplitV: splitV,
  Unpack: unpack,
  Select: select,
  SelectV2: select,
  ArgMax: arg(op.argMax),
  ArgMin: arg(op.argMin),
  TopKV2: topK,
  AddN: addN,
  OnesLike: onesLike,
  IsNan: isNan,
  IsFinite: isFiniteNumber,
  IsInf: isInf,
  DivNoNan: divNoNan,
  Selu: selu,
  Tile: (n, b) => b.op(op.tile, [n.in(0), toI32(b, n.in(1))]),
  BroadcastTo: (n, b) => b.op(op.broadcastTo, [n.in(0), toI32(b, n.in(1))]),
  BroadcastArgs: (n, b) => b.op(op.broadcastArgs, [n.in(0), n.in(1)]),
  Fill: (n, b) => b.op(op.fill, [toI32(b, n.in(0)), n.in(1)]),
  Range: (n, b) => b.op(op.range, [n.in(0), n.in(1), n.in(2)]),
  Rank: (n, b) => b.i32([n.in(0).type.shape.length], []),
  Size: (n, b) => b.op(op.reduceProd, [b.op(op.shape, [n.in(0)], { outType: n.type('out_type', 'i32') }), b.i32([0])]),
  OneHot: (n, b) => b.op(op.oneHot, [n.in(0), toI32(b, n.in(1)), n.in(2), n.in(3)], { axis: n.int('axis', -1) }),
  ReverseV2: reverse,
  ReverseSequence: (n, b) => b.op(op.reverseSequence, [n.in(0), n.in(1)], { seqDim: n.int('seq_dim'), batchDim: n.int('batch_dim', 0) }),
  GatherNd: (n, b) => b.op(op.gatherNd, [n.in(0), n.in(1)]),
  ScatterNd: (n, b) => b.op(op.scatterNd, [toI32(b, n.in(0)), n.in(1), toI32(b, n.in(2))]),
  Where: (n, b) => b.op(op.where, [n.in(0)]),
  Cumsum: (n, b) =>
    b.op(op.cumsum, [n.in(0), toI32(b, n.in(1))], { exclusive: n.bool('exclusive', false), reverse: n.bool('reverse', false) }),
  Atan2: (n, b) => b.op(op.atan2, [n.in(0), n.in(1)]),
  SegmentSum: (n, b) => b.op(op.segmentSum, [n.in(0), toI32(b, n.in(1))]),
  UnsortedSegmentSum: segments(op.unsortedSegmentSum),
  UnsortedSegmentProd: segments(op.unsortedSegmentProd),
  UnsortedSegmentMax: segments(op.unsortedSegmentMax),
  UnsortedSegmentMin: segments(op.unsortedSegmentMin),
  BitwiseXor: (n, b) => b.op(op.bitwiseXor, [n.in(0), n.in(1)]),
  RightShift: (n, b) => b.op(op.rightShift, [n.in(0), n.in(1)]),
  MatrixDiag: (n, b) => b.op(op.matrixDiag, [n.in(0)]),
  MatrixSetDiag: (n, b) => b.op(op.matrixSetDiag, [n.in(0), n.in(1)]),
}
