import { normalizeAxis } from '../../core/shape.ts'
import { index } from '../dtypes.ts'
import { attr, defineOp, operand, shapesAgree } from '../spec.ts'

/** Elements in the opposite order along the constant `axis` (a vector). */
export const reverseV2 = defineOp({
  name: 'reverse_v2',
  builtin: 'REVERSE_V2',
  summary: 'elements in the opposite order along axes',
  operands: [operand('input', ['f32', 'f16', 'i8', 'u8', 'i16', 'i32', 'i64', 'bool']), operand('axis', ['i32'], { preparing: true })],
  attrs: {},
  infer(n) {
    const { shape, dtype } = n.type('input')
    for (const a of n.ints('axis') ?? []) if (normalizeAxis(a, shape.length) === undefined) n.fail(`axis ${a} is out of range`)
    return [{ dtype, shape }]
  },
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['input'], results: [0] } },
  version: (n) => (n.types[0]!.dtype === 'i8' ? 3 : n.types[0]!.dtype === 'bool' ? 2 : 1),
  releases: { 1: '1.14.0', 2: '2.2.0', 3: '2.5.0' },
  accuracy: 'exact',
  movesElements: true,
})

/** The first `seqLengths[b]` elements along `seqDim` in the opposite order, for each b along `batchDim`. */
export const reverseSequence = defineOp({
  name: 'reverse_sequence',
  builtin: 'REVERSE_SEQUENCE',
  summary: 'the head of each sequence in the opposite order',
  operands: [operand('input', ['f32', 'u8', 'i16', 'i32', 'i64']), operand('seqLengths', index)],
  attrs: { seqDim: attr.i32('seqDim'), batchDim: attr.i32('batchDim') },
  options: 'ReverseSequenceOptions',
  infer(n) {
    const { shape, dtype } = n.type('input')
    const place = (a: number) => normalizeAxis(a, shape.length) ?? n.fail(`axis ${a} is out of range`)
    const [seq, batch] = [place(n.attrs.seqDim), place(n.attrs.batchDim)]
    if (seq === batch) n.fail('the sequences and the batch lie along one axis')
    if (!shapesAgree(n.type('seqLengths').shape, [shape[batch]!])) n.fail('there must be a length for each batch')
    return [{ dtype, shape }]
  },
  quant: { floatOnly: 'no int8 kernel' },
  version: () => 1,
  releases: { 1: '1.14.0' },
  accuracy: 'exact',
  passesOn: ['input'],
})
