import { addDims } from '../../core/dim.ts'
import type { TensorType } from '../../ir/types.ts'
import { index } from '../dtypes.ts'
import { attr, defineOp, type NodeView, operand, type TypedNodeView } from '../spec.ts'

const paddable = ['f32', 'i8', 'u8', 'i16', 'i32', 'i64', 'bool'] as const

function padded(n: NodeView): readonly TensorType[] {
  const { shape, dtype } = n.type('input')
  const p = n.dims('paddings')
  if (!p) return [{ dtype, shape: shape.map((_, i) => n.unknown(i)) }]
  if (p.length !== 2 * shape.length) n.fail(`paddings must be [${shape.length},2]`)
  if (p.some((v) => typeof v === 'number' && v < 0)) n.fail('a padding is negative')
  return [{ dtype, shape: shape.map((d, i) => addDims(d, addDims(p[2 * i]!, p[2 * i + 1]!))) }]
}

function padVersion(n: TypedNodeView): number {
  const [x] = n.types
  return x!.dtype === 'bool' ? 5 : x!.shape.length > 4 ? 4 : x!.dtype === 'i16' ? 3 : x!.dtype === 'i8' ? 2 : 1
}

/** Zeros around the operand; paddings [rank,2] = (before, after). */
export const pad = defineOp({
  name: 'pad',
  builtin: 'PAD',
  summary: 'zeros around the operand',
  operands: [operand('input', paddable), operand('paddings', index, { preparing: true })],
  attrs: {},
  options: 'PadOptions',
  infer: padded,
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['input'], results: [0] } },
  version: padVersion,
  releases: { 1: '1.5.0', 2: '1.14.0', 3: '2.4.0', 4: '2.6.0', 5: '2.20.0' },
  accuracy: 'exact',
  passesOn: ['input'],
  passesFactors: (n) =>
    n
      .ints('paddings')
      ?.slice(-2)
      .every((p) => p === 0) === true,
})

/** A constant around the operand. */
export const padv2 = defineOp({
  name: 'padv2',
  builtin: 'PADV2',
  summary: 'a constant around the operand',
  operands: [operand('input', paddable), operand('paddings', index, { preparing: true }), operand('value', paddable)],
  attrs: {},
  options: 'PadV2Options',
  infer: padded,
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['input', 'value'], results: [0] } },
  version: padVersion,
  releases: { 1: '1.9.0', 2: '1.14.0', 3: '2.4.0', 4: '2.6.0', 5: '2.20.0' },
  accuracy: 'exact',
  passesOn: ['input', 'value'],
})

/** The operand mirrored at its borders; REFLECT leaves the border out, SYMMETRIC repeats it. */
export const mirrorPad = defineOp({
  name: 'mirror_pad',
  builtin: 'MIRROR_PAD',
  summary: 'the operand mirrored at its borders',
  operands: [operand('input', paddable), operand('paddings', index, { preparing: true })],
  attrs: { mode: attr.oneOf('mode', ['reflect', 'symmetric'], 'reflect') },
  options: 'MirrorPadOptions',
  infer: padded,
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['input'], results: [0] } },
  version: (n) => (n.types[0]!.dtype === 'i16' ? 3 : n.types[0]!.dtype === 'i8' ? 2 : 1),
  releases: { 1: '1.13.1', 2: '2.3.0', 3: '2.12.0' },
  accuracy: 'exact',
  passesOn: ['input'],
})
