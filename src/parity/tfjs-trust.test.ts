import { expect, test } from 'vitest'
import { type NdArray, ndArray } from '../core/nd-array.ts'
import type { SourceAttr, SourceNode } from '../import/source-graph.ts'
import { isTrusted } from './tfjs-trust.ts'

const floats = (values: readonly number[], shape: readonly number[] = [values.length]): NdArray =>
  ndArray('f32', Float32Array.from(values), shape)
const ints = (values: readonly number[], shape: readonly number[] = [values.length]): NdArray =>
  ndArray('i32', Int32Array.from(values), shape)

function trusted(
  op: string,
  attrs: Readonly<Record<string, boolean | number | string | readonly number[]>>,
  ...operands: NdArray[]
): boolean {
  const known = new Map(Object.entries(attrs).map(([name, value]) => [name, attrOf(value)]))
  const node = { op, attrs: { get: (name: string) => known.get(name) } } as unknown as SourceNode
  return isTrusted(node, operands)
}

function attrOf(value: boolean | number | string | readonly number[]): SourceAttr {
  if (typeof value === 'boolean') return { kind: 'bool', value }
  if (typeof value === 'number') return { kind: 'int', value }
  return typeof value === 'string' ? { kind: 'string', value, bytes: new Uint8Array() } : { kind: 'ints', value }
}

test('channels that come first, and windows over the batch or the channels', () => {
  expect(trusted('MaxPool', { data_format: 'NHWC', ksize: [1, 2, 2, 1], strides: [1, 2, 2, 1] })).toBe(true)
  expect(trusted('MaxPool', { data_format: 'NCHW', ksize: [1, 1, 2, 2], strides: [1, 1, 2, 2] })).toBe(false)
  expect(trusted('MaxPool', { ksize: [1, 1, 1, 2], strides: [1, 1, 1, 2] })).toBe(false)
  expect(trusted('Conv2D', { data_format: 'NCHW', strides: [1, 1, 1, 1] })).toBe(true)
  expect(trusted('Conv2D', { data_format: 'NCHW', strides: [1, 1, 2, 2] })).toBe(false)
})

test('attributes decide', () => {
  expect(trusted('FusedBatchNorm', { is_training: false })).toBe(true)
  expect(trusted('FusedBatchNorm', { is_training: true })).toBe(false)
  expect(trusted('CropAndResize', { method: 'bilinear' })).toBe(true)
  expect(trusted('CropAndResize', { method: 'nearest' })).toBe(false)
  expect(trusted('OneHot', { axis: -1 })).toBe(true)
  expect(trusted('OneHot', { axis: 0 })).toBe(false)
  const boxes = floats([0, 0, 1, 1], [1, 4])
  expect(trusted('NonMaxSuppressionV4', { pad_to_max_output_size: false }, boxes, floats([1]), ints([2], []))).toBe(true)
  expect(trusted('NonMaxSuppressionV4', { pad_to_max_output_size: true }, boxes, floats([1]), ints([1], []))).toBe(true)
  expect(trusted('NonMaxSuppressionV4', { pad_to_max_output_size: true }, boxes, floats([1]), ints([2], []))).toBe(false)
  expect(trusted('Neg', {})).toBe(true)
})

test('steps over a volume that are longer than the window', () => {
  const [x, filter] = [floats(new Array(6 * 6 * 6).fill(0), [1, 6, 6, 6, 1]), (k: number) => floats(new Array(k).fill(0), [k, 1, 1, 1, 1])]
  const conv = (step: number, k: number, padding = 'SAME') => trusted('Conv3D', { padding, strides: [1, step, 1, 1, 1] }, x, filter(k))
  expect([conv(2, 1), conv(2, 2), conv(3, 2), conv(1, 1), conv(2, 1, 'VALID')]).toEqual([false, true, false, true, true])
  const pool = (step: number) => trusted('MaxPool3D', { padding: 'SAME', ksize: [1, 2, 2, 2, 1], strides: [1, step, step, step, 1] }, x)
  expect([pool(2), pool(3)]).toEqual([true, false])
})

test('types, ranks and values of operands decide', () => {
  const [f, i] = [floats([1, 2]), ints([1, 2])]
  expect(trusted('Mean', {}, f)).toBe(true)
  expect(trusted('Mean', {}, i)).toBe(false)
  expect(trusted('Cumsum', {}, f, ints([0], []))).toBe(true)
  expect(trusted('Cumsum', {}, f, ints([-1], []))).toBe(false)
  expect(trusted('Cumsum', { reverse: true }, f, ints([0], []))).toBe(false)
  expect(trusted('Select', {}, i, floats([1, 2], [1, 2]))).toBe(false)
  expect(trusted('Select', {}, i, f)).toBe(true)
  expect(trusted('ClipByValue', {}, f, floats([0], []), floats([1], []))).toBe(true)
  expect(trusted('ClipByValue', {}, f, f, floats([1], []))).toBe(false)
  expect(trusted('StridedSlice', { shrink_axis_mask: 1 }, f, i, i, ints([1, 1]))).toBe(true)
  expect(trusted('StridedSlice', { shrink_axis_mask: 1 }, f, i, i, ints([1, 2]))).toBe(false)
  expect(trusted('StridedSlice', { new_axis_mask: 1 }, f, i, i, ints([1, 1]))).toBe(false)
  expect(trusted('RFFT', {}, f, ints([2]))).toBe(true)
  expect(trusted('RFFT', {}, f, ints([4]))).toBe(false)
  expect(trusted('NonMaxSuppressionV5', {}, f, f, f, f, f, floats([0], []))).toBe(true)
  expect(trusted('NonMaxSuppressionV5', {}, f, f, f, f, f, floats([0.5], []))).toBe(false)
})

test('a search takes sequences that are in order', () => {
  const rows = (values: readonly number[]) => trusted('LowerBound', {}, floats(values, [2, 2]), floats([1]))
  expect(rows([1, 2, 0, 0])).toBe(true)
  expect(rows([1, 2, 3, 0])).toBe(false)
})

test('complex numbers, in a few ops and where nothing broadcasts', () => {
  const pairs = (shape: readonly number[]): NdArray => ({
    dtype: 'c64',
    shape,
    bytes: new Uint8Array(8 * shape.reduce((a, b) => a * b, 1)),
  })
  expect(trusted('Real', {}, pairs([2]))).toBe(true)
  expect(trusted('Exp', {}, pairs([2]))).toBe(false)
  expect(trusted('Mul', {}, pairs([2]), pairs([2]))).toBe(true)
  expect(trusted('Mul', {}, pairs([2]), pairs([]))).toBe(false)
  expect(trusted('Mul', {}, floats([1, 2]), floats([1], []))).toBe(true)
})
