import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { knownDims } from '../../ops/view.ts'
import { reshapeTo, toI32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'
import { stridedSlice } from './strided-slice.ts'

/** A target that is known, at most one size symbolic, becomes a constant with -1. */
function reshape(n: SourceOp, b: OpBuilder): Value {
  const shape = toI32(b, n.in(1))
  const known = knownDims(shape)
  if (known && known.filter((d) => typeof d === 'string').length + known.filter((d) => d === -1).length <= 1)
    return reshapeTo(b, n.in(0), known)
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
  const at = n.axis(n.ints(1, 'the axis')[0]!, x.type.shape.length + 1)
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
  return b.op(op.pack, n.operands, { valuesCount: n.operands.length, axis })
}

function gatherV2(n: SourceOp, b: OpBuilder): Value {
  const rank = n.in(0).type.shape.length
  const axis = n.operands.length > 2 ? n.axis(n.ints(2, 'the axis')[0]!, rank) : 0
  const batch = n.int('batch_dims', 0)
  return b.op(op.gather, [n.in(0), n.in(1)], { axis, batchDims: batch < 0 ? batch + n.in(1).type.shape.length : batch })
}

export const shape: LoweringRegistry = {
  Reshape: reshape,
  Squeeze: squeeze,
  ExpandDims: expandDims,
  Transpose: (n, b) => b.op(op.transpose, [n.in(0), toI32(b, n.in(1))]),
  ConcatV2: (n, b) => concat(n, b, n.operands.slice(0, -1), n.operands.at(-1)!),
  Concat: (n, b) => concat(n, b, n.operands.slice(1), n.in(0)),
  Pack: pack,
  Pad: (n, b) => b.op(op.pad, [n.in(0), toI32(b, n.in(1))]),
  PadV2: (n, b) => b.op(op.padv2, [n.in(0), toI32(b, n.in(1)), n.in(2)]),
  MirrorPad: (n, b) =>
    b.op(op.mirrorPad, [n.in(0), toI32(b, n.in(1))], { mode: n.string('mode') === 'SYMMETRIC' ? 'symmetric' : 'reflect' }),
  Slice: (n, b) => b.op(op.slice, [n.in(0), toI32(b, n.in(1)), toI32(b, n.in(2))]),
  StridedSlice: stridedSlice,
  Gather: gatherV2,
  GatherV2: gatherV2,
  Shape: (n, b) => b.op(op.shape, [n.in(0)], { outType: n.type('out_type', 'i32') }),
}
