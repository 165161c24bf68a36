import type { DType } from '../../core/dtype.ts'
import { index } from '../dtypes.ts'
import { attr, defineOp, operand } from '../spec.ts'

const marks: readonly DType[] = ['f32', 'i8', 'u8', 'i32', 'i64', 'bool']

/** A new dim of size `depth` at `axis` (-1: last) holds `onValue` at the index and `offValue` elsewhere. */
export const oneHot = defineOp({
  name: 'one_hot',
  builtin: 'ONE_HOT',
  summary: 'a mark at each index',
  operands: [
    operand('indices', index),
    operand('depth', ['i32'], { preparing: true }),
    operand('onValue', marks),
    operand('offValue', marks),
  ],
  attrs: { axis: attr.i32('axis') },
  options: 'OneHotOptions',
  infer(n) {
    const { shape } = n.type('indices')
    const [on, off] = [n.type('onValue'), n.type('offValue')]
    if (on.dtype !== off.dtype) n.fail('both values must have one dtype')
    const { axis } = n.attrs
    if (axis < -1 || axis > shape.length) n.fail(`axis ${axis} is out of range`)
    const at = axis === -1 ? shape.length : axis
    return [{ dtype: on.dtype, shape: [...shape.slice(0, at), n.dims('depth')?.[0] ?? n.unknown(''), ...shape.slice(at)] }]
  },
  quant: { integer: ['i8'], sameScales: { operands: ['onValue', 'offValue'], results: [0] } },
  version: () => 1,
  releases: { 1: '1.11.0' },
  accuracy: 'exact',
  passesOn: ['onValue', 'offValue'],
})

/** For each element the number of boundaries at or below it. The boundaries ascend. */
export const bucketize = defineOp({
  name: 'bucketize',
  builtin: 'BUCKETIZE',
  summary: 'the interval each element lies in',
  operands: [operand('input', ['f32', 'f64', 'i32', 'i64'])],
  attrs: { boundaries: attr.f32s('boundaries') },
  options: 'BucketizeOptions',
  infer: (n) => [{ dtype: 'i32', shape: n.type('input').shape }],
  version: () => 1,
  releases: { 1: '2.8.0' },
  accuracy: 'exact',
})
