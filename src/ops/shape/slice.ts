import { addDims } from '../../core/dim.ts'
import type { Dim } from '../../core/shape.ts'
import { normalizeAxis } from '../../core/shape.ts'
import { index, movable } from '../dtypes.ts'
import { attr, defineOp, operand, shapesAgree } from '../spec.ts'

/** Number of elements from begin (inclusive) to end (exclusive) by stride, after TensorFlow's clamping. */
export function slicedRange(
  size: number,
  begin: number | undefined,
  end: number | undefined,
  stride: number,
): { start: number; count: number } {
  const low = stride > 0 ? 0 : -1
  const high = stride > 0 ? size : size - 1
  const canonical = (x: number) => Math.min(high, Math.max(low, x < 0 ? x + size : x))
  const start = begin === undefined ? (stride > 0 ? low : high) : canonical(begin)
  const stop = end === undefined ? (stride > 0 ? high : low) : canonical(end)
  return { start, count: Math.max(0, Math.ceil((stop - start) / stride)) }
}

/** x[begin:end:stride]; bits of the masks are dims. Ellipsis and new axes are rewritten away while lowering. */
export const stridedSlice = defineOp({
  name: 'strided_slice',
  builtin: 'STRIDED_SLICE',
  summary: 'x[begin:end:stride]',
  operands: [
    operand('input', movable),
    operand('begin', index, { preparing: true }),
    operand('end', index, { preparing: true }),
    operand('strides', index, { preparing: true }),
  ],
  attrs: {
    beginMask: attr.i32('beginMask'),
    endMask: attr.i32('endMask'),
    ellipsisMask: attr.i32('ellipsisMask'),
    newAxisMask: attr.i32('newAxisMask'),
    shrinkAxisMask: attr.i32('shrinkAxisMask'),
    offset: attr.bool('offset'),
  },
  options: 'StridedSliceOptions',
  infer(n) {
    const { shape, dtype } = n.type('input')
    const begin = n.ints('begin')
    const end = n.ints('end')
    const strides = n.ints('strides')
    const { beginMask, endMask, shrinkAxisMask, ellipsisMask, newAxisMask, offset } = n.attrs
    if (ellipsisMask || newAxisMask) n.fail('ellipsis and new axes must be rewritten first')
    const stated = n.type('strides').shape[0]
    const out: Dim[] = []
    shape.forEach((d, i) => {
      if (typeof stated === 'number' && i >= stated) {
        out.push(d)
        return
      }
      if (shrinkAxisMask & (1 << i)) return
      const stride = strides ? (strides[i] ?? 1) : Number.NaN
      const from = beginMask & (1 << i) ? undefined : (begin?.[i] ?? (begin && i >= begin.length ? undefined : Number.NaN))
      const until = endMask & (1 << i) ? undefined : (end?.[i] ?? (end && i >= end.length ? undefined : Number.NaN))
      const to = until !== undefined && offset ? until + (from ?? 0) : until
      if (from === undefined && to === undefined && Math.abs(stride) === 1) out.push(d)
      else if (typeof d === 'number' && ![from, to, stride].some(Number.isNaN)) out.push(slicedRange(d, from, to, stride).count)
      else if (stride === 1 && to !== undefined && to >= 0 && (from ?? 0) === 0 && !Number.isNaN(to)) out.push(`min(${d},${to})`)
      else if ([from, to, stride].some(Number.isNaN)) out.push(n.unknown(i))
      else out.push(`(slice(${d},${from ?? ''}:${to ?? ''}:${stride}))`)
    })
    return [{ dtype, shape: out }]
  },
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['input'], results: [0] } },
  version(n) {
    const [x] = n.types
    if (n.attrs.offset) return 8
    if (x!.dtype === 'u32') return 7
    if (n.attrs.ellipsisMask || n.attrs.newAxisMask) return 6
    if (x!.dtype === 'string') return 5
    if (x!.shape.length > 4) return 4
    return x!.dtype === 'bool' ? 3 : x!.dtype === 'i8' ? 2 : 1
  },
  releases: { 1: '1.6.0', 2: '1.14.0', 3: '2.1.0', 4: '2.2.0', 5: '2.5.0', 6: '2.6.0', 7: '2.14.0', 8: '2.14.0' },
  accuracy: 'exact',
  movesElements: true,
})

/** `size` elements from `begin` in each dim; -1 is all that is left. */
export const slice = defineOp({
  name: 'slice',
  builtin: 'SLICE',
  summary: 'a block of the operand',
  operands: [operand('input', movable), operand('begin', index, { preparing: true }), operand('size', index, { preparing: true })],
  attrs: {},
  infer(n) {
    const { shape, dtype } = n.type('input')
    const begin = n.ints('begin')
    const size = n.dims('size')
    if (!size) return [{ dtype, shape: shape.map((_, i) => n.unknown(i)) }]
    return [
      {
        dtype,
        shape: shape.map((d, i) => {
          const s = size[i]!
          if (s !== -1) return s
          const b = begin?.[i]
          return b === undefined ? n.unknown(i) : b === 0 ? d : addDims(d, -b)
        }),
      },
    ]
  },
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['input'], results: [0] } },
  version(n) {
    const [x] = n.types
    if (x!.dtype === 'f16') return 8
    if (x!.dtype === 'i4') return 7
    if (x!.dtype === 'u32') return 6
    if (x!.shape.length > 4) return 5
    return x!.dtype === 'i16' ? 4 : x!.dtype === 'string' ? 3 : x!.dtype === 'i8' ? 2 : 1
  },
  releases: { 1: '1.14.0', 2: '1.14.0', 3: '1.14.0', 4: '2.4.0', 5: '2.5.0', 6: '2.14.0', 7: '2.21.0', 8: '2.23.0' },
  accuracy: 'exact',
  movesElements: true,
})

/** A negative number of batch dims counts from the rank of the indices. */
export function batchDimsOf(batchDims: number, indicesRank: number): number {
  return batchDims < 0 ? batchDims + indicesRank : batchDims
}

/** @see LiteRT kernels/gather.cc */
const gathered = movable.filter((t) => t !== 'u16' && t !== 'u32')

/** Slices of `input` at `indices` along `axis`, the first `batchDims` dims in common. */
export const gather = defineOp({
  name: 'gather',
  builtin: 'GATHER',
  summary: 'slices at indices along an axis',
  operands: [operand('input', gathered), operand('indices', ['i32', 'i64', 'i16'])],
  attrs: { axis: attr.i32('axis'), batchDims: attr.i32('batchDims') },
  options: 'GatherOptions',
  infer(n) {
    const x = n.type('input')
    const indices = n.type('indices').shape
    const axis = normalizeAxis(n.attrs.axis, x.shape.length) ?? n.fail(`axis ${n.attrs.axis} is out of range`)
    const batchDims = batchDimsOf(n.attrs.batchDims, indices.length)
    if (batchDims < 0 || batchDims > axis || batchDims > indices.length) n.fail(`${n.attrs.batchDims} batch dims are not possible`)
    if (!shapesAgree(x.shape.slice(0, batchDims), indices.slice(0, batchDims))) n.fail('the batch dims differ')
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...indices.slice(batchDims), ...x.shape.slice(axis + 1)] }]
  },
  quant: {
    integer: ['i8', 'i16'],
    sameScales: { operands: ['input'], results: [0] },
    weights: [{ operand: 'input', axis: null, narrowRange: true }],
    tableForm: {
      ...{ op: 'embedding_lookup', table: 'input', indices: 'indices' },
      picksRows: ({ axis, batchDims }, indicesRank) => axis === 0 && batchDimsOf(batchDims as number, indicesRank) === 0,
    },
  },
  version(n) {
    const [x, i] = n.types
    if (x!.dtype === 'i4') return 7
    if (i!.dtype === 'i16') return 6
    if (n.attrs.batchDims !== 0) return 5
    return x!.dtype === 'i16' ? 4 : x!.dtype === 'bool' ? 3 : x!.dtype === 'i8' ? 2 : 1
  },
  releases: { 1: '1.6.0', 2: '1.14.0', 3: '1.15.0', 4: '2.4.0', 5: '2.5.0', 6: '2.13.0', 7: '2.15.0' },
  accuracy: 'exact',
  movesElements: true,
})
