import { expect, test } from 'vitest'
import { bytesOf, typedView } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import type { SourceAttr, SourceNode } from '../import/source-graph.ts'
import { sizedByValuesEvaluator } from './sized-by-values.ts'

const floats = (values: readonly number[], shape: readonly number[] = [values.length]): NdArray => ({
  dtype: 'f32',
  shape,
  bytes: bytesOf(Float32Array.from(values)),
})
const ints = (values: readonly number[]): NdArray => ({ dtype: 'i32', shape: [values.length], bytes: bytesOf(Int32Array.from(values)) })

function evaluate(op: string, attrs: Readonly<Record<string, SourceAttr>>, operands: readonly NdArray[], outputs: readonly number[]) {
  const own = new Map(Object.entries(attrs))
  const node = { op, attrs: { get: (name: string) => own.get(name) } } as unknown as SourceNode
  return sizedByValuesEvaluator.evaluate(node, operands, outputs)
}
const parts = (value: number): Readonly<Record<string, SourceAttr>> => ({ num_partitions: { kind: 'int', value } })

// What TensorFlow gives on recorded operands is in test/parity-oracle.test.ts.
test('rows go to their partitions, in order, and one may be empty', async () => {
  const results = (await evaluate('DynamicPartition', parts(3), [floats([1, 2, 3, 4, 5, 6], [3, 2]), ints([2, 0, 2])], [0, 1, 2]))!
  expect([...results.values()].map((r) => [r.shape, [...typedView('f32', r.bytes)]])).toEqual([
    [
      [1, 2],
      [3, 4],
    ],
    [[0, 2], []],
    [
      [2, 2],
      [1, 2, 5, 6],
    ],
  ])
})

test('unique numbers with where and how often they are, as i32 or i64', async () => {
  const [y, at, counts] = [...(await evaluate('UniqueWithCounts', {}, [floats([3, 1, 3, 3, 1])], [0, 1, 2]))!.values()] as [
    NdArray,
    NdArray,
    NdArray,
  ]
  expect([...typedView('f32', y.bytes)]).toEqual([3, 1])
  expect([...typedView('i32', at.bytes)]).toEqual([0, 1, 0, 0, 1])
  expect([...typedView('i32', counts.bytes)]).toEqual([3, 2])
  const wide = await evaluate('UniqueWithCounts', { out_idx: { kind: 'type', value: 'i64', code: 9 } }, [floats([3, 3])], [2])
  expect(wide!.get(2)).toMatchObject({ dtype: 'i64', shape: [1] })
  const zeros = await evaluate('UniqueWithCounts', {}, [floats([0, -0, Number.NaN, Number.NaN])], [1])
  expect([...typedView('i32', zeros!.get(1)!.bytes)]).toEqual([0, 0, 1, 2])
})

test('places of what is not zero', async () => {
  const rows = [...(await evaluate('Where', {}, [floats([0, 2, -0, -1, 0, 0.5], [2, 3])], [0]))!.values()][0]!
  expect(rows.shape).toEqual([3, 2])
  expect([...typedView('i64', rows.bytes)]).toEqual([0n, 1n, 1n, 0n, 1n, 2n])
})

test('numbers that another vector has not, with where they are', async () => {
  const [y, at] = [
    ...(await evaluate('ListDiff', {}, [floats([3, -0, 3, Number.NaN]), floats([0, 1, 2, Number.NaN])], [0, 1]))!.values(),
  ] as [NdArray, NdArray]
  expect([...typedView('f32', y.bytes)]).toEqual([3, 3, Number.NaN])
  expect([...typedView('i32', at.bytes)]).toEqual([0, 2, 3])
})

test.each([
  ['partitions out of range', 'DynamicPartition', parts(2), [floats([1]), ints([2])]],
  ['too many partitions', 'DynamicPartition', parts(1e9), [floats([1]), ints([0])]],
  ['rows without a partition', 'DynamicPartition', parts(2), [floats([1, 2]), ints([0])]],
  ['more than one axis', 'UniqueWithCounts', {}, [floats([1, 2], [1, 2])]],
  ['other ops', 'Neg', {}, [floats([1])]],
])('%s are left to others', async (_, op, attrs, operands) => {
  expect(await evaluate(op, attrs, operands, [0])).toBeUndefined()
})
