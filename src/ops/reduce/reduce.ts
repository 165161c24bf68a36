import { mulDims } from '../../core/dim.ts'
import type { DType } from '../../core/dtype.ts'
import { type Dim, normalizeAxis } from '../../core/shape.ts'
import { floatOrQ } from '../dtypes.ts'
import { attr, defineOp, elementsAtBatchOne, type OpSpec, operand, type QuantTraits, versionByDType } from '../spec.ts'

const reduceAttrs = { keepDims: attr.bool('keepDims') }

interface ReduceRow {
  summary: string
  dtypes: readonly DType[]
  quant?: QuantTraits
  versions?: Partial<Record<DType, number>>
  releases: Readonly<Record<number, string>>
  accuracy?: 'exact' | 'rounding'
  dims?: OpSpec['dims']
  passesFactors?: OpSpec['passesFactors']
}

/** One value for all elements along the axes; axes is an i32 vector or scalar, negative counts from the end. */
function reduce<const Name extends string>(name: Name, row: ReduceRow): OpSpec<Name, typeof reduceAttrs> {
  return defineOp<Name, typeof reduceAttrs>({
    name,
    builtin: name.toUpperCase(),
    summary: row.summary,
    operands: [operand('input', row.dtypes), operand('axes', ['i32'], { preparing: true })],
    attrs: reduceAttrs,
    options: 'ReducerOptions',
    infer(n) {
      const { shape, dtype } = n.type('input')
      const axes = n.ints('axes')?.map((a) => normalizeAxis(a, shape.length) ?? n.fail(`axis ${a} is out of range`))
      if (!axes) return [{ dtype, shape: n.attrs.keepDims ? shape.map((_, i) => n.unknown(i)) : n.fail('the axes must be constant') }]
      const out: Dim[] = []
      shape.forEach((d, i) => {
        if (!axes.includes(i)) out.push(d)
        else if (n.attrs.keepDims) out.push(1)
      })
      return [{ dtype, shape: out }]
    },
    ...(row.quant ? { quant: row.quant } : {}),
    ...(row.dims ? { dims: row.dims } : {}),
    ...(row.passesFactors ? { passesFactors: row.passesFactors } : {}),
    version: versionByDType(row.versions ?? { i8: 2, i16: 3 }),
    releases: row.releases,
    accuracy: row.accuracy ?? 'exact',
    cost: (n) => ({ macs: 0, elementOps: elementsAtBatchOne(n.type('input').shape) }),
  })
}

const sameScales: QuantTraits = { integer: ['i8', 'i16'], sameScales: { operands: ['input'], results: [0] } }
/** The last axis stays. */
const keepsChannels: OpSpec['passesFactors'] = (n) => {
  const { length } = n.type('input').shape
  return n.ints('axes')?.every((a) => normalizeAxis(a, length) !== length - 1) === true
}
const numbers: readonly DType[] = [...floatOrQ, 'i32', 'i64']
export const mean = reduce('mean', {
  summary: 'mean over axes',
  dtypes: numbers,
  quant: { integer: ['i8', 'i16'] },
  releases: { 1: '1.6.0', 2: '1.14.0', 3: '2.4.0' },
  accuracy: 'rounding',
  passesFactors: keepsChannels,
})
export const sum = reduce('sum', {
  summary: 'sum over axes',
  dtypes: numbers,
  quant: { integer: ['i8', 'i16'] },
  versions: { i8: 2 },
  releases: { 1: '1.10.0', 2: '1.15.0' },
  accuracy: 'rounding',
  passesFactors: keepsChannels,
})
export const reduceMax = reduce('reduce_max', {
  summary: 'largest over axes',
  dtypes: numbers,
  quant: sameScales,
  releases: { 1: '1.11.0', 2: '1.14.0', 3: '2.5.0' },
})
export const reduceMin = reduce('reduce_min', {
  summary: 'smallest over axes',
  dtypes: numbers,
  quant: sameScales,
  releases: { 1: '1.11.0', 2: '1.14.0', 3: '2.5.0' },
})
export const reduceProd = reduce('reduce_prod', {
  summary: 'product over axes',
  dtypes: numbers,
  quant: { integer: ['i8', 'i16'], signedOnly: true },
  versions: { i8: 2, i16: 2 },
  releases: { 1: '1.11.0', 2: '2.6.0' },
  accuracy: 'rounding',
  dims: ({ values }) => (values[0]?.dims && values[0].type.shape.length === 1 ? [mulDims(...values[0].dims)] : undefined),
})
export const reduceAny = reduce('reduce_any', { summary: 'any over axes', dtypes: ['bool'], versions: {}, releases: { 1: '1.11.0' } })
export const reduceAll = reduce('reduce_all', { summary: 'all over axes', dtypes: ['bool'], versions: {}, releases: { 1: '2.6.0' } })
