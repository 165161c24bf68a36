import { addDims, divDims } from '../../core/dim.ts'
import { normalizeAxis } from '../../core/shape.ts'
import { index } from '../dtypes.ts'
import { attr, defineOp, operand, versionByDType } from '../spec.ts'

const parts = ['f32', 'i8', 'u8', 'i16', 'i32', 'i64'] as const

/** A bound for what damaged files state. */
const maxParts = 65_536

/** `numSplits` equal parts along the constant scalar `axis`. */
export const split = defineOp({
  name: 'split',
  builtin: 'SPLIT',
  summary: 'equal parts along an axis',
  operands: [operand('axis', ['i32'], { preparing: true }), operand('value', parts)],
  attrs: { numSplits: attr.i32('numSplits') },
  options: 'SplitOptions',
  infer(n) {
    const { shape, dtype } = n.type('value')
    const { numSplits } = n.attrs
    const given = n.ints('axis')?.[0] ?? n.fail('the axis must be constant')
    const axis = normalizeAxis(given, shape.length) ?? n.fail(`axis ${given} is out of range`)
    const size = divDims(shape[axis]!, numSplits) ?? (typeof shape[axis] === 'number' ? undefined : n.unknown(axis))
    if (size === undefined || numSplits < 1 || numSplits > maxParts) return n.fail(`${shape[axis]} does not divide into ${numSplits} parts`)
    const part = shape.map((d, i) => (i === axis ? size : d))
    return Array.from({ length: numSplits }, () => ({ dtype, shape: part }))
  },
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['value'], results: 'all' } },
  version(n) {
    const { dtype } = n.type('value')
    return dtype === 'i16' ? 4 : dtype === 'i32' ? 3 : dtype === 'i8' ? 2 : 1
  },
  releases: { 1: '1.5.0', 2: '1.14.0', 3: '1.14.0', 4: '2.3.0' },
  accuracy: 'exact',
  movesElements: 'value',
})

/** Parts of the sizes `sizeSplits` along the constant scalar `axis`; one size may be -1, what is left. */
export const splitV = defineOp({
  name: 'split_v',
  builtin: 'SPLIT_V',
  summary: 'parts of given sizes along an axis',
  operands: [operand('value', parts), operand('sizeSplits', index, { preparing: true }), operand('axis', ['i32'], { preparing: true })],
  attrs: { numSplits: attr.i32('numSplits') },
  options: 'SplitVOptions',
  infer(n) {
    const { shape, dtype } = n.type('value')
    const given = n.ints('axis')?.[0] ?? n.fail('the axis must be constant')
    const axis = normalizeAxis(given, shape.length) ?? n.fail(`axis ${given} is out of range`)
    const sizes = n.ints('sizeSplits') ?? n.fail('the sizes must be constant')
    if (sizes.length !== n.attrs.numSplits) n.fail(`${sizes.length} sizes for ${n.attrs.numSplits} parts`)
    const known = sizes.reduce((a, s) => a + Math.max(s, 0), 0)
    if (sizes.filter((s) => s < 0).length > 1) n.fail('more than one size is -1')
    const rest = addDims(shape[axis]!, -known)
    if (typeof rest === 'number' && (rest < 0 || (rest > 0 && !sizes.includes(-1)))) n.fail(`the sizes do not add up to ${shape[axis]}`)
    return sizes.map((s) => ({ dtype, shape: shape.map((d, i) => (i === axis ? (s < 0 ? rest : s) : d)) }))
  },
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['value'], results: 'all' } },
  version: versionByDType({ i8: 2 }),
  releases: { 1: '1.13.1', 2: '2.3.0' },
  accuracy: 'exact',
  movesElements: true,
})

/** The `num` slices along `axis`, without that axis. */
export const unpack = defineOp({
  name: 'unpack',
  builtin: 'UNPACK',
  summary: 'the slices along an axis',
  operands: [operand('value', ['f32', 'f16', 'i8', 'u8', 'i16', 'i32', 'bool'])],
  attrs: { num: attr.i32('num'), axis: attr.i32('axis') },
  options: 'UnpackOptions',
  infer(n) {
    const { shape, dtype } = n.type('value')
    const axis = normalizeAxis(n.attrs.axis, shape.length) ?? n.fail(`axis ${n.attrs.axis} is out of range`)
    if (typeof shape[axis] === 'number' && shape[axis] !== n.attrs.num) n.fail(`${shape[axis]} slices are not ${n.attrs.num}`)
    if (n.attrs.num < 0 || n.attrs.num > maxParts) n.fail(`${n.attrs.num} slices are not possible`)
    const part = shape.filter((_, i) => i !== axis)
    return Array.from({ length: n.attrs.num }, () => ({ dtype, shape: part }))
  },
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['value'], results: 'all' } },
  version: versionByDType({ i8: 2, u8: 2, bool: 3, i16: 4, f16: 5 }),
  releases: { 1: '1.11.0', 2: '1.14.0', 3: '2.2.0', 4: '2.3.0', 5: '2.22.0' },
  accuracy: 'exact',
  movesElements: true,
})
