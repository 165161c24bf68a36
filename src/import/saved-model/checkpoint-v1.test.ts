import { describe, expect, test } from 'vitest'
import { encode, type Proto, shape } from '../../../test/testkit/saved-model.ts'
import { sealedBlock, type TableRows, tableFile } from '../../../test/testkit/sstable.ts'
import { memorySource } from '../../core/bytes.ts'
import { bytesOf, isViewable, typedView } from '../../core/dtype.ts'
import { CheckpointV1 } from './checkpoint-v1.ts'
import { sliceKey } from './slices.ts'

/*
 * Hand-made files; those that TensorFlow wrote are in test/tf1.test.ts.
 */

interface Stored {
  readonly name: string
  readonly dims: readonly number[]
  /** TensorFlow's number of the type; 1 is f32. */
  readonly type?: number
  /** For each slice its extents, `undefined` for all of a dim, and fields of its numbers. */
  readonly slices: readonly (readonly [readonly (readonly [number, number] | undefined)[], Proto])[]
}

const floats = (...values: number[]): Proto => [[5, new Uint8Array(bytesOf(Float32Array.from(values)))]]
const sliceProto = (extents: Stored['slices'][number][0]): Uint8Array =>
  encode(
    extents.map((e) => [
      1,
      encode(
        e
          ? [
              [1, e[0]],
              [2, e[1]],
            ]
          : [],
      ),
    ]),
  )
const keyOf = (name: string, extents: Stored['slices'][number][0]): string =>
  sliceKey(name, { extent: extents.map((e) => (e ? { start: e[0], length: e[1] } : { start: 0, length: undefined })) })

function metaRow(tensors: readonly Stored[]): readonly [string, Uint8Array] {
  const metas = tensors.map(({ name, dims, type = 1, slices }): [number, Uint8Array] => [
    1,
    encode([[1, name], [2, shape(dims)], [3, type], ...slices.map(([e]) => [4, sliceProto(e)] as [number, Uint8Array])]),
  ])
  return ['', encode([[1, encode(metas)]])]
}

function dataRows(tensors: readonly Stored[]): TableRows {
  const rows = tensors.flatMap(({ name, slices }) =>
    slices.map(
      ([e, data]) =>
        [
          keyOf(name, e),
          encode([
            [
              2,
              encode([
                [1, name],
                [2, sliceProto(e)],
                [3, encode(data)],
              ]),
            ],
          ]),
        ] as const,
    ),
  )
  return rows.sort(([a], [b]) => (a < b ? -1 : 1))
}

const file = (...tensors: Stored[]): Uint8Array => tableFile([[metaRow(tensors)], dataRows(tensors)])
const open = (...files: Uint8Array[]): CheckpointV1 => new CheckpointV1(files.map((bytes, i) => memorySource(`shard ${i}`, bytes)))

function numbers(checkpoint: CheckpointV1, key: string, slice?: string): number[] {
  const value = checkpoint.tensor(key, slice)
  if (value.dtype === 'string') throw new Error('no numbers')
  const bytes = value.data.bytes()
  return isViewable(value.dtype) ? Array.from(typedView(value.dtype, bytes) as Float32Array, Number) : [...bytes]
}

const whole: Stored = { name: 'w', dims: [2, 2], slices: [[[undefined, undefined], floats(1, 2, 3, 4)]] }
const low: Stored = { name: 'p', dims: [3], slices: [[[[0, 2]], floats(1, 2)]] }
const high: Stored = { name: 'p', dims: [3], slices: [[[[2, 1]], floats(3)]] }

describe('a checkpoint of the first version', () => {
  test('gives tensors and parts of them', () => {
    const checkpoint = open(file(whole))
    expect([checkpoint.has('w'), checkpoint.has('v')]).toEqual([true, false])
    expect(numbers(checkpoint, 'w')).toEqual([1, 2, 3, 4])
    expect(numbers(checkpoint, 'w', '2 2 1,1:-')).toEqual([3, 4])
  })

  test('puts slices together, also those of several shards', () => {
    expect(numbers(open(file({ ...low, slices: [...low.slices, ...high.slices] })), 'p')).toEqual([1, 2, 3])
    expect(numbers(open(file(low), file(high)), 'p')).toEqual([1, 2, 3])
  })

  test('has strings', () => {
    const text = new TextEncoder().encode('ab')
    expect(open(file({ name: 's', dims: [1], type: 7, slices: [[[undefined], [[8, text]]]] })).tensor('s')).toMatchObject({
      dtype: 'string',
      strings: [text],
    })
  })

  test.each<[string, () => unknown, string, RegExp]>([
    ['no list of tensors', () => open(tableFile([[['a', '']]])), 'wire/malformed', /a list of tensors/],
    ['shards that disagree', () => open(file(low), file({ ...high, dims: [4] })), 'wire/malformed', /one type and shape/],
    ['a slice that is missing', () => open(file(low)).tensor('p'), 'wire/malformed', /slices that cover it once/],
    ['a slice beyond the tensor', () => open(file({ ...low, dims: [1] })).tensor('p'), 'wire/malformed', /a part of \[1\]/],
    ['a part beyond the tensor', () => open(file(whole)).tensor('w', '2 2 1,2:-'), 'wire/malformed', /a part of \[2,2\]/],
    ['a slice without numbers', () => numbers(open(tableFile([[metaRow([low])]])), 'p', '3 0,2'), 'wire/malformed', /an entry of its own/],
    ['too few numbers', () => numbers(open(file({ ...whole, dims: [2, 3] })), 'w'), 'wire/malformed', /6 elements/],
    ['too few strings', () => open(file({ ...low, type: 7 })).tensor('p', '3 0,2'), 'wire/malformed', /2 elements/],
    [
      'more elements than the file can hold',
      () => open(file({ ...whole, dims: [2 ** 30, 2 ** 20] })).tensor('w'),
      'wire/malformed',
      /at most \d+ elements/,
    ],
    ['an unknown size', () => open(file({ ...whole, dims: [-1, 2] })).tensor('w'), 'wire/malformed', /known sizes/],
    ['a type that is no number', () => open(file({ ...whole, type: 20 })).tensor('w'), 'import/unsupported-data-type', /resource/],
    ['a type that it did not have', () => numbers(open(file({ ...whole, type: 23 })), 'w'), 'wire/malformed', /4 elements/],
    ['a damaged block', () => open(tableFile([[metaRow([low])]], (b) => sealedBlock(b, 2))), 'wire/malformed', /compression/],
  ])('refuses %s', (_, work, code, message) => {
    expect(work).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })

  test.each<[string, number, Proto, readonly number[]]>([
    ['negative integers', 3, [[7, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 5)]], [-1, 5]],
    ['wide integers', 9, [[10, Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 1, 2)]], [2 ** 35, 2]],
    ['booleans', 10, [[11, Uint8Array.of(1, 0)]], [1, 0]],
    ['doubles', 2, [[6, new Uint8Array(bytesOf(Float64Array.of(0.1, -2)))]], [0.1, -2]],
  ])('has %s', (_, type, data, expected) => {
    expect(numbers(open(file({ name: 'v', dims: [2], type, slices: [[[undefined], data]] })), 'v')).toEqual(expected)
  })
})
