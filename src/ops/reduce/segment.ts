import { defineOp, type OpSpec, operand } from '../spec.ts'

const numbers = ['f32', 'i32'] as const

/** Sums of the rows that share a segment; ids ascend and leave none out. */
export const segmentSum = defineOp({
  name: 'segment_sum',
  builtin: 'SEGMENT_SUM',
  summary: 'sums of rows by ascending segment (data-dependent size)',
  operands: [operand('data', numbers), operand('segmentIds', ['i32'], { preparing: true })],
  attrs: {},
  infer(n) {
    const { shape, dtype } = n.type('data')
    const ids = n.ints('segmentIds')
    return [{ dtype, shape: [ids ? (ids.at(-1) ?? -1) + 1 : n.unknown(''), ...shape.slice(1)] }]
  },
  quant: { floatOnly: 'no integer kernel' },
  version: () => 1,
  releases: { 1: '2.2.0' },
  accuracy: 'rounding',
})

function unsorted<const Name extends string>(
  name: Name,
  summary: string,
  release: string,
  accuracy: 'exact' | 'rounding',
): OpSpec<Name, Record<never, never>> {
  return defineOp<Name, Record<never, never>>({
    name,
    builtin: name.toUpperCase(),
    summary,
    operands: [
      operand('data', numbers),
      operand('segmentIds', ['i32'], { preparing: true }),
      operand('numSegments', ['i32'], { preparing: true }),
    ],
    attrs: {},
    infer(n) {
      const { shape, dtype } = n.type('data')
      const ids = n.type('segmentIds').shape
      if (ids.length > shape.length) n.fail('the segment ids have more dims than the data')
      return [{ dtype, shape: [n.dims('numSegments')?.[0] ?? n.unknown(''), ...shape.slice(ids.length)] }]
    },
    quant: { floatOnly: 'no integer kernel' },
    version: () => 1,
    releases: { 1: release },
    accuracy,
  })
}

export const unsortedSegmentSum = unsorted('unsorted_segment_sum', 'sums of rows by segment', '2.10.0', 'rounding')
export const unsortedSegmentProd = unsorted('unsorted_segment_prod', 'products of rows by segment', '2.10.0', 'rounding')
export const unsortedSegmentMax = unsorted('unsorted_segment_max', 'largest of rows by segment', '2.10.0', 'exact')
export const unsortedSegmentMin = unsorted('unsorted_segment_min', 'smallest of rows by segment', '2.11.0', 'exact')
