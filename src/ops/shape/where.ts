import { index } from '../dtypes.ts'
import { attr, defineOp, operand } from '../spec.ts'

/** Coordinates of the elements that are not zero, [count, rank], in row-major order. */
export const where = defineOp({
  name: 'where',
  builtin: 'WHERE',
  summary: 'coordinates of what is not zero (data-dependent size)',
  operands: [operand('condition', ['bool', 'f32', 'i8', 'u8', 'i32', 'u32', 'i64'])],
  attrs: {},
  infer: (n) => [{ dtype: 'i64', shape: [n.unknown(''), n.type('condition').shape.length] }],
  version: (n) => (n.types[0]!.dtype === 'bool' ? 1 : 2),
  releases: { 1: '1.14.0', 2: '2.8.0' },
  accuracy: 'exact',
})

/** Distinct elements of a vector in the order of their first appearance, and for each element the position of its value. */
export const unique = defineOp({
  name: 'unique',
  builtin: 'UNIQUE',
  summary: 'distinct elements of a vector (data-dependent size)',
  operands: [operand('input', ['f32', 'i8', 'u8', 'i16', 'i32', 'i64'])],
  attrs: { idxOutType: attr.dtype('idxOutType', 'i32') },
  options: 'UniqueOptions',
  infer(n) {
    const { shape, dtype } = n.type('input')
    if (shape.length !== 1) n.fail('the input must be a vector')
    if (!index.includes(n.attrs.idxOutType)) n.fail('positions are i32 or i64')
    return [
      { dtype, shape: [n.unknown('')] },
      { dtype: n.attrs.idxOutType, shape },
    ]
  },
  version: () => 1,
  releases: { 1: '1.14.0' },
  accuracy: 'exact',
})
