import type { DType } from '../../core/dtype.ts'
import { normalizeAxis } from '../../core/shape.ts'
import { index } from '../dtypes.ts'
import { attr, defineOp, elementsAtBatchOne, type OpSpec, operand } from '../spec.ts'

const ordered: readonly DType[] = ['f32', 'i8', 'u8', 'i32', 'bool']
const argAttrs = { outputType: attr.dtype('outputType', 'i32') }

function arg<const Name extends string>(name: Name, options: string, summary: string): OpSpec<Name, typeof argAttrs> {
  return defineOp<Name, typeof argAttrs>({
    name,
    builtin: name.toUpperCase(),
    summary,
    operands: [operand('input', ordered), operand('axis', index, { preparing: true })],
    attrs: argAttrs,
    options,
    infer(n) {
      const { shape } = n.type('input')
      if (!index.includes(n.attrs.outputType)) n.fail('positions are i32 or i64')
      const given = n.ints('axis')?.[0]
      if (given === undefined) return [{ dtype: n.attrs.outputType, shape: shape.slice(1).map((_, i) => n.unknown(i)) }]
      const axis = normalizeAxis(given, shape.length) ?? n.fail(`axis ${given} is out of range`)
      return [{ dtype: n.attrs.outputType, shape: shape.filter((_, i) => i !== axis) }]
    },
    quant: { integer: ['i8'] },
    version: (n) => (n.types[0]!.dtype === 'bool' ? 3 : n.types[0]!.dtype === 'i8' ? 2 : 1),
    releases: { 1: '1.9.0', 2: '1.14.0', 3: '2.9.0' },
    accuracy: 'exact',
    cost: (n) => ({ macs: 0, elementOps: elementsAtBatchOne(n.type('input').shape) }),
  })
}

export const argMax = arg('arg_max', 'ArgMaxOptions', 'position of the largest element, the first of equals')
export const argMin = arg('arg_min', 'ArgMinOptions', 'position of the smallest element, the first of equals')

/** The k largest elements along the last axis, descending, and their positions; of equals the first comes first. */
export const topkV2 = defineOp({
  name: 'topk_v2',
  builtin: 'TOPK_V2',
  summary: 'the k largest elements and their positions',
  operands: [operand('input', ['f32', 'i8', 'u8', 'i16', 'i32', 'i64']), operand('k', ['i32', 'i16'], { preparing: true })],
  attrs: {},
  options: 'TopKV2Options',
  infer(n) {
    const { shape, dtype } = n.type('input')
    if (shape.length < 1) n.fail('the input must have rank 1 or more')
    const k = n.dims('k')?.[0] ?? n.unknown('')
    const last = shape.at(-1)!
    if (typeof k === 'number' && typeof last === 'number' && k > last) n.fail(`there are not ${k} elements along the last axis`)
    const kept = [...shape.slice(0, -1), k]
    return [
      { dtype, shape: kept },
      { dtype: 'i32', shape: kept },
    ]
  },
  quant: { integer: ['i8'], sameScales: { operands: ['input'], results: [0] } },
  version(n) {
    const [x, k] = n.types
    return x!.dtype === 'i16' || k!.dtype === 'i16' ? 3 : x!.dtype === 'i8' ? 2 : 1
  },
  releases: { 1: '1.7.0', 2: '1.14.0', 3: '2.13.0' },
  accuracy: 'exact',
})
