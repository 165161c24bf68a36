import { expect, test } from 'vitest'
import { attr, encode, type Proto, tensor } from '../../../test/testkit/saved-model.ts'
import type { DType } from '../../core/dtype.ts'
import { AttrValue, TensorProto } from '../../schema/tensorflow/graph.ts'
import { decodeBytes, lazy, message } from '../../wire/protobuf.ts'
import { NodeAttrs, noDefaults } from './attrs.ts'
import { constantOf } from './constant.ts'

const constant = (dtype: DType, dims: readonly number[], fields: Proto = []) =>
  constantOf(decodeBytes(TensorProto, encode(tensor(dtype, dims, fields)), 'm.pb'), 'm.pb', 'constant "c"')
const bytes = (dtype: DType, dims: readonly number[], fields: Proto = []): number[] => {
  const c = constant(dtype, dims, fields)
  if (c.dtype === 'string') throw new Error('strings')
  expect(c.data.byteLength).toBe(c.data.bytes().byteLength)
  return [...c.data.bytes()]
}
const floatBytes = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer)

test('content is a view', () => {
  expect(bytes('i16', [2], [[4, Uint8Array.of(1, 2, 3, 4)]])).toEqual([1, 2, 3, 4])
  const input = encode(tensor('u8', [3], [[4, Uint8Array.of(7, 8, 9)]]))
  const c = constantOf(decodeBytes(TensorProto, input, 'm.pb'), 'm.pb', 'c')
  expect('data' in c && c.data.bytes().buffer).toBe(input.buffer)
})

// Which field holds which type: Tensor::FromProto in tensorflow/core/framework/tensor.cc.
test.each<[DType, number, number[]]>([
  ['i32', 7, [5, 0, 0, 0]],
  ['i16', 7, [5, 0]],
  ['u16', 7, [5, 0]],
  ['i8', 7, [5]],
  ['u8', 7, [5]],
  ['i4', 7, [5]],
  ['u4', 7, [5]],
  ['i2', 7, [5]],
  ['i64', 10, [5, 0, 0, 0, 0, 0, 0, 0]],
  ['u64', 17, [5, 0, 0, 0, 0, 0, 0, 0]],
  ['u32', 16, [5, 0, 0, 0]],
  ['f16', 13, [5, 0]],
  ['bf16', 13, [5, 0]],
  ['bool', 11, [1]],
])('elements of %s in field %i', (dtype, field, element) => {
  expect(bytes(dtype, [], [[field, 5]])).toEqual(element)
  expect(bytes(dtype, [2], [[field, 5]])).toEqual([...element, ...element])
  expect(bytes(dtype, [2])).toEqual(new Array(2 * element.length).fill(0))
})

test('elements of floating and complex types', () => {
  expect(bytes('f32', [2], [[5, floatBytes(1.5, -2)]])).toEqual([...floatBytes(1.5, -2)])
  expect(bytes('f64', [1], [[6, new Uint8Array(Float64Array.of(3).buffer)]])).toEqual([...new Uint8Array(Float64Array.of(3).buffer)])
  expect(bytes('c64', [2], [[9, floatBytes(1, 2)]])).toEqual([...floatBytes(1, 2, 1, 2)])
  const pair = new Uint8Array(Float64Array.of(1, 2).buffer)
  expect(bytes('c128', [1], [[12, pair]])).toEqual([...pair])
})

test('the last stated element stands for the rest, of any size', () => {
  expect(
    bytes(
      'i8',
      [6],
      [
        [7, 1],
        [7, 2],
        [7, 3],
      ],
    ),
  ).toEqual([1, 2, 3, 3, 3, 3])
  expect(
    bytes(
      'i8',
      [2],
      [
        [7, 1],
        [7, 2],
        [7, 3],
      ],
    ),
  ).toEqual([1, 2])
  const many = bytes(
    'i16',
    [10_001],
    [
      [7, 1],
      [7, 258],
    ],
  )
  expect(many.slice(0, 4)).toEqual([1, 0, 2, 1])
  expect(many.filter((_, i) => i % 2 === 0).slice(1)).toEqual(new Array(10_000).fill(2))
  expect(many.length).toBe(20_002)
  expect(bytes('i32', [3], [[7, -1]])).toEqual(new Array(12).fill(255))
})

test('empty and string tensors', () => {
  expect(bytes('f32', [0, 5])).toEqual([])
  const text = (s: string): Uint8Array => new TextEncoder().encode(s)
  expect(
    constant(
      'string',
      [3],
      [
        [8, 'a'],
        [8, 'b'],
      ],
    ),
  ).toEqual({ dtype: 'string', shape: [3], strings: [text('a'), text('b'), text('b')] })
  expect(constant('string', [1])).toEqual({ dtype: 'string', shape: [1], strings: [text('')] })
})

test.each<[string, DType, readonly number[], Proto, string]>([
  ['content of another size', 'f32', [2], [[4, new Uint8Array(7)]], 'wire/malformed'],
  ['a negative size', 'f32', [-1], [], 'wire/malformed'],
  ['an unknown rank', 'f32', [], [[2, [[3, 1]]]], 'wire/malformed'],
  ['more elements than numbers can count', 'f32', [2 ** 30, 2 ** 30], [], 'wire/malformed'],
  ['a splat of 4 TiB', 'f32', [2 ** 20, 2 ** 20], [], 'wire/limit-exceeded'],
  ['a billion strings', 'string', [2 ** 30], [], 'wire/limit-exceeded'],
  ['a handle', 'resource', [], [], 'import/unsupported-data-type'],
  ['an 8-bit float', 'f32', [], [[1, 24]], 'import/unsupported-data-type'],
])('refuses %s', (_, dtype, dims, fields, code) => {
  expect(() => constant(dtype, dims, fields)).toThrow(expect.objectContaining({ code, message: expect.stringContaining('"m.pb"') }))
})

test('attributes of every kind', () => {
  const Wrapped = message('Wrapped', { value: lazy(1, AttrValue) })
  const get = (value: Proto) => {
    const attrs = new Map([['a', decodeBytes(Wrapped, encode([[1, value]]), 'm.pb').value!]])
    return new NodeAttrs({ name: 'n', attr: attrs }, noDefaults, 'm.pb').get('a')
  }
  const text = (s: string): Uint8Array => new TextEncoder().encode(s)
  expect(get(attr.string('SAME'))).toEqual({ kind: 'string', value: 'SAME', bytes: text('SAME') })
  expect(get(attr.int(-3))).toEqual({ kind: 'int', value: -3 })
  expect(get(attr.bool(false))).toEqual({ kind: 'bool', value: false })
  expect(get(attr.type('f32'))).toEqual({ kind: 'type', value: 'f32', code: 1 })
  expect(get([[6, 101]])).toEqual({ kind: 'type', value: 'f32', code: 101 })
  expect(get([[6, 99]])).toEqual({ kind: 'type', value: undefined, code: 99 })
  expect(get(attr.shape([-1, 3]))).toEqual({ kind: 'shape', value: [-1, 3] })
  expect(get(attr.shape(undefined))).toEqual({ kind: 'shape', value: undefined })
  expect(get(attr.tensor(tensor('i32', [], [[7, 4]])))).toMatchObject({ kind: 'tensor', value: { dtype: 'i32', shape: [] } })
  expect(get(attr.func('f'))).toMatchObject({ kind: 'func', value: 'f' })
  expect(get(attr.placeholder('T'))).toEqual({ kind: 'placeholder', value: 'T' })
  expect(get(attr.list([[2, 'a']]))).toEqual({ kind: 'strings', value: ['a'], bytes: [text('a')] })
  expect(get(attr.list([[3, Uint8Array.of(1, 2)]]))).toEqual({ kind: 'ints', value: [1, 2] })
  expect(get(attr.list([[4, floatBytes(0.5)]]))).toEqual({ kind: 'floats', value: [0.5] })
  expect(get(attr.list([[5, 1]]))).toEqual({ kind: 'bools', value: [true] })
  expect(
    get(
      attr.list([
        [6, 3],
        [6, 99],
      ]),
    ),
  ).toEqual({ kind: 'types', value: ['i32', undefined], codes: [3, 99] })
  expect(
    get(
      attr.list([
        [7, [[2, [[1, 2]]]]],
        [7, [[3, 1]]],
      ]),
    ),
  ).toEqual({ kind: 'shapes', value: [[2], undefined] })
  expect(get(attr.list([[9, [[1, 'f']]]]))).toEqual({ kind: 'funcs', value: ['f'] })
  expect(get(attr.list([]))).toEqual({ kind: 'empty-list' })
  expect(get([])).toBeUndefined()
})
