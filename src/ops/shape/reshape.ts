import { divDims, mulDims } from '../../core/dim.ts'
import { type Dim, normalizeAxis } from '../../core/shape.ts'
import { anyFixed, index } from '../dtypes.ts'
import { attr, defineOp, operand, versionByDType } from '../spec.ts'

const moves = { accuracy: 'exact', movesElements: true, cost: () => ({ macs: 0, elementOps: 0 }) } as const

/** Same elements in another shape; one -1 in `shape` takes what is left. */
export const reshape = defineOp({
  name: 'reshape',
  builtin: 'RESHAPE',
  summary: 'same elements, other shape',
  operands: [operand('input', anyFixed), operand('shape', ['i32'], { preparing: true })],
  attrs: {},
  infer(n) {
    const { shape, dtype } = n.type('input')
    const wanted = n.dims('shape')
    if (!wanted) return [{ dtype, shape: n.unknownShape('shape') }]
    const all = mulDims(...shape)
    const known = mulDims(...wanted.filter((d) => d !== -1))
    const left = known === 0 ? 0 : divDims(all, known)
    const free = wanted.filter((d) => d === -1).length
    if (free > 1) n.fail('the new shape has more than one -1')
    if (free === 0 && typeof all === 'number' && typeof known === 'number' && all !== known)
      n.fail(`${all} elements do not fit the new shape [${wanted.join(',')}]`)
    if (free === 1 && left === undefined) {
      if (typeof all === 'number' && typeof known === 'number') n.fail(`${all} elements do not divide into [${wanted.join(',')}]`)
      return [{ dtype, shape: wanted.map((d) => (d === -1 ? `(${all}/${known})` : d)) }]
    }
    return [{ dtype, shape: wanted.map((d) => (d === -1 ? left! : d)) }]
  },
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['input'], results: [0] } },
  version: () => 1,
  releases: { 1: '1.5.0' },
  passesFactors: true,
  ...moves,
})

/** Drops dims of size 1: those listed, or all. */
export const squeeze = defineOp({
  name: 'squeeze',
  builtin: 'SQUEEZE',
  summary: 'drops dims of size 1',
  operands: [operand('input', anyFixed)],
  attrs: { squeezeDims: attr.i32s('squeezeDims') },
  options: 'SqueezeOptions',
  infer(n) {
    const { shape, dtype } = n.type('input')
    const dims = n.attrs.squeezeDims.map((a) => normalizeAxis(a, shape.length) ?? n.fail(`axis ${a} is out of range`))
    for (const i of dims) if (typeof shape[i] === 'number' && shape[i] !== 1) n.fail(`dim ${i} has the size ${shape[i]}, not 1`)
    const drop = (d: Dim, i: number) => (dims.length > 0 ? dims.includes(i) : d === 1)
    return [{ dtype, shape: shape.filter((d, i) => !drop(d, i)) }]
  },
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['input'], results: [0] } },
  version: versionByDType({ string: 2 }),
  releases: { 1: '1.6.0', 2: '2.5.0' },
  passesFactors: true,
  ...moves,
})

/** Inserts a dim of size 1 before `axis` (constant scalar). */
export const expandDims = defineOp({
  name: 'expand_dims',
  builtin: 'EXPAND_DIMS',
  summary: 'inserts a dim of size 1',
  operands: [operand('input', anyFixed), operand('axis', index, { preparing: true })],
  attrs: {},
  options: 'ExpandDimsOptions',
  infer(n) {
    const { shape, dtype } = n.type('input')
    const axis = n.ints('axis')?.[0]
    if (axis === undefined) return [{ dtype, shape: [...shape, 1].map((_, i) => n.unknown(i)) }]
    const at = normalizeAxis(axis, shape.length + 1) ?? n.fail(`axis ${axis} is out of range`)
    return [{ dtype, shape: [...shape.slice(0, at), 1, ...shape.slice(at)] }]
  },
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['input'], results: [0] } },
  version: () => 1,
  releases: { 1: '1.10.0' },
  ...moves,
})

/** The number of dims of the operand, always known. */
export const rank = defineOp({
  name: 'rank',
  builtin: 'RANK',
  summary: 'number of dims of the operand',
  operands: [operand('input', anyFixed)],
  attrs: {},
  options: 'RankOptions',
  infer: () => [{ dtype: 'i32', shape: [] }],
  dims: ({ values }) => [values[0]!.type.shape.length],
  version: () => 1,
  releases: { 1: '1.14.0' },
  accuracy: 'exact',
})

/** The sizes of the operand. */
export const shape = defineOp({
  name: 'shape',
  builtin: 'SHAPE',
  summary: 'the sizes of the operand',
  operands: [operand('input', anyFixed)],
  attrs: { outType: attr.dtype('outType', 'i32') },
  options: 'ShapeOptions',
  infer(n) {
    if (!index.includes(n.attrs.outType)) n.fail('sizes are i32 or i64')
    return [{ dtype: n.attrs.outType, shape: [n.type('input').shape.length] }]
  },
  dims: ({ values }) => values[0]!.type.shape,
  quant: { readsShape: true },
  version: () => 1,
  releases: { 1: '1.10.0' },
  accuracy: 'exact',
})
