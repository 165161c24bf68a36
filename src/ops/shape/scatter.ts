import type { DType } from '../../core/dtype.ts'
import { index } from '../dtypes.ts'
import { attr, defineOp, operand, shapesAgree } from '../spec.ts'

const gathered: readonly DType[] = ['f32', 'f16', 'i8', 'u8', 'i16', 'i32', 'i64', 'bool', 'string']

/** Slices of `params` at the index vectors along the last axis of `indices`. */
export const gatherNd = defineOp({
  name: 'gather_nd',
  builtin: 'GATHER_ND',
  summary: 'slices at index vectors',
  operands: [operand('params', gathered), operand('indices', ['i32', 'i64', 'i16'])],
  attrs: {},
  infer(n) {
    const { shape, dtype } = n.type('params')
    const indices = n.type('indices').shape
    const depth = indices.at(-1)
    if (typeof depth !== 'number' || depth > shape.length) return n.fail('the last dim of the indices must be at most the rank')
    return [{ dtype, shape: [...indices.slice(0, -1), ...shape.slice(depth)] }]
  },
  quant: { integer: ['i8', 'i16'], sameScales: { operands: ['params'], results: [0] } },
  version(n) {
    const [x, i] = n.types
    if (x!.dtype === 'bool') return 5
    if (i!.dtype === 'i16') return 4
    return x!.dtype === 'i16' ? 3 : x!.dtype === 'string' ? 2 : 1
  },
  releases: { 1: '1.14.0', 2: '2.3.0', 3: '2.5.0', 4: '2.13.0', 5: '2.16.0' },
  accuracy: 'exact',
  movesElements: true,
})

/** Zeros of the shape `shape`, to which `updates` are added at the index vectors along the last axis of `indices`. */
export const scatterNd = defineOp({
  name: 'scatter_nd',
  builtin: 'SCATTER_ND',
  summary: 'updates added to zeros at index vectors',
  operands: [
    operand('indices', ['i32']),
    operand('updates', ['f32', 'i8', 'u8', 'i32', 'i64', 'bool']),
    operand('shape', ['i32'], { preparing: true }),
  ],
  attrs: {},
  options: 'ScatterNdOptions',
  infer(n) {
    const { dtype, shape: updates } = n.type('updates')
    const indices = n.type('indices').shape
    const shape = n.dims('shape') ?? n.unknownShape('shape')
    const depth = indices.at(-1)
    if (typeof depth !== 'number' || depth > shape.length) return n.fail('the last dim of the indices must be at most the rank')
    if (!shapesAgree(updates, [...indices.slice(0, -1), ...shape.slice(depth)])) n.fail('the updates do not fit the indices')
    return [{ dtype, shape }]
  },
  quant: { integer: ['i8'], signedOnly: true, sameScales: { operands: ['updates'], results: [0] } },
  version: () => 1,
  releases: { 1: '2.1.0' },
  accuracy: 'rounding',
  passesOn: ['updates'],
})

/** A tensor of the shape `shape` with `values` at `indices` (scalar, vector, or rows of coordinates) and the default elsewhere. */
export const sparseToDense = defineOp({
  name: 'sparse_to_dense',
  builtin: 'SPARSE_TO_DENSE',
  summary: 'values at coordinates, a default elsewhere',
  operands: [
    operand('indices', index),
    operand('shape', index, { preparing: true }),
    operand('values', ['f32', 'i8', 'u8', 'i32', 'i64']),
    operand('defaultValue', ['f32', 'i8', 'u8', 'i32', 'i64']),
  ],
  attrs: { validateIndices: attr.bool('validateIndices') },
  options: 'SparseToDenseOptions',
  infer(n) {
    const { dtype, shape: values } = n.type('values')
    const shape = n.dims('shape') ?? n.unknownShape('shape')
    const indices = n.type('indices').shape
    const depth = indices[1] ?? 1
    if (indices.length > 2 || (typeof depth === 'number' && depth !== shape.length))
      n.fail('the indices must hold coordinates of the result')
    if (values.length > 1 || (values.length === 1 && !shapesAgree(values, [indices[0] ?? 1])))
      n.fail('there must be one value, or one for each index')
    if (n.type('defaultValue').dtype !== dtype || n.type('defaultValue').shape.length > 0)
      n.fail('the default must be a scalar of the same dtype')
    return [{ dtype, shape }]
  },
  quant: { floatOnly: 'TensorFlow does not quantize it' },
  version(n) {
    const { dtype } = n.type('values')
    return dtype === 'i8' || dtype === 'u8' ? 3 : dtype === 'i64' ? 2 : 1
  },
  releases: { 1: '1.9.0', 2: '1.14.0', 3: '1.15.0' },
  accuracy: 'exact',
  passesOn: ['values', 'defaultValue'],
})

/** `input` with `update` written over it from `start`, which is clamped so that the update fits. */
export const dynamicUpdateSlice = defineOp({
  name: 'dynamic_update_slice',
  builtin: 'DYNAMIC_UPDATE_SLICE',
  summary: 'a block written over the operand',
  operands: [
    operand('input', ['f32', 'f16', 'i8', 'u8', 'i16', 'i32', 'i64', 'bool']),
    operand('update', ['f32', 'f16', 'i8', 'u8', 'i16', 'i32', 'i64', 'bool']),
    operand('start', index),
  ],
  attrs: {},
  options: 'DynamicUpdateSliceOptions',
  infer(n) {
    const [x, update] = [n.type('input'), n.type('update')]
    if (x.dtype !== update.dtype || x.shape.length !== update.shape.length) n.fail('input and update must have one dtype and one rank')
    if (update.shape.some((d, i) => typeof d === 'number' && typeof x.shape[i] === 'number' && d > x.shape[i]))
      n.fail('the update is larger than the input')
    if (!shapesAgree(n.type('start').shape, [x.shape.length])) n.fail('the start must have one element for each dim')
    return [{ dtype: x.dtype, shape: x.shape }]
  },
  quant: { integer: ['i8', 'i16'], signedOnly: true, sameScales: { operands: ['input', 'update'], results: [0] } },
  version(n) {
    const [x, , start] = n.types
    return x!.dtype === 'i16' ? 4 : x!.dtype === 'f16' ? 3 : start!.dtype === 'i64' ? 2 : 1
  },
  releases: { 1: '2.9.0', 2: '2.17.0', 3: '2.19.0', 4: '2.20.0' },
  accuracy: 'exact',
  passesOn: ['input', 'update'],
})
