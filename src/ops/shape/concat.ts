import { addDims } from '../../core/dim.ts'
import { type Dim, normalizeAxis } from '../../core/shape.ts'
import { movable } from '../dtypes.ts'
import { attr, defineOp, operand, versionByDType } from '../spec.ts'

/** @see LiteRT kernels/concatenation.cc */
const joined = movable.filter((t) => t !== 'u16')

/** Operands one after another along `axis`. */
export const concatenation = defineOp({
  name: 'concatenation',
  builtin: 'CONCATENATION',
  summary: 'operands one after another along an axis',
  operands: [operand('inputs', joined, { variadic: true })],
  attrs: { axis: attr.i32('axis'), fusedActivation: attr.activation() },
  options: 'ConcatenationOptions',
  infer(n) {
    const [first, ...rest] = n.types as { dtype: 'f32'; shape: readonly Dim[] }[]
    if (!first) return n.fail('it needs at least one operand')
    const axis = normalizeAxis(n.attrs.axis, first.shape.length) ?? n.fail(`axis ${n.attrs.axis} is out of range`)
    const shape = [...first.shape]
    for (const t of rest) {
      if (t.dtype !== first.dtype || t.shape.length !== shape.length) n.fail('operands must have one dtype and one rank')
      t.shape.forEach((d, i) => {
        if (i === axis) shape[i] = addDims(shape[i]!, d)
        else if (typeof d === 'number' && typeof shape[i] === 'number' && d !== shape[i]) n.fail(`the sizes differ in dim ${i}`)
        else if (typeof d === 'number') shape[i] = d
      })
    }
    return [{ dtype: first.dtype, shape }]
  },
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['inputs'], results: [0], signedOnly: true } },
  version: versionByDType({ i8: 2, i16: 3, u32: 4, i4: 5, f16: 6 }),
  releases: { 1: '1.5.0', 2: '1.14.0', 3: '2.3.0', 4: '2.14.0', 5: '2.21.0', 6: '2.23.0' },
  accuracy: 'exact',
  movesElements: true,
})

/** Stacks operands of one shape along a new axis. */
export const pack = defineOp({
  name: 'pack',
  builtin: 'PACK',
  summary: 'stacks operands along a new axis',
  operands: [operand('values', movable, { variadic: true })],
  attrs: { valuesCount: attr.i32('valuesCount'), axis: attr.i32('axis') },
  options: 'PackOptions',
  infer(n) {
    const [first] = n.types
    if (!first) return n.fail('it needs at least one operand')
    if (n.types.some((t) => t!.dtype !== first.dtype || t!.shape.length !== first.shape.length)) n.fail('operands must have one type')
    const at = normalizeAxis(n.attrs.axis, first.shape.length + 1) ?? n.fail(`axis ${n.attrs.axis} is out of range`)
    return [{ dtype: first.dtype, shape: [...first.shape.slice(0, at), n.types.length, ...first.shape.slice(at)] }]
  },
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['values'], results: [0] } },
  version: versionByDType({ i8: 2, i16: 3, u32: 4 }),
  releases: { 1: '1.11.0', 2: '1.14.0', 3: '2.3.0', 4: '2.13.0' },
  accuracy: 'exact',
  movesElements: true,
})
