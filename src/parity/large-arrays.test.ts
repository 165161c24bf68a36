import { expect, test } from 'vitest'
import { bytesOf, typedView } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import type { SourceAttr, SourceNode } from '../import/source-graph.ts'
import { loadNodeTfJs } from '../platform/node-tfjs.ts'
import { largeArrayEvaluator } from './large-arrays.ts'
import { tfjsEvaluator } from './tfjs.ts'

/*
 * Against TensorFlow.js; on small arrays TensorFlow itself judges, in test/parity-oracle.test.ts.
 */

const noise = (shape: readonly number[], seed = 1): NdArray => {
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => 0.1 + ((i * 7919 * seed) % 1013) / 500)
  return { dtype: 'f32', shape, bytes: bytesOf(values) }
}
const ints = (values: readonly number[], shape: readonly number[]): NdArray => ({
  dtype: 'i32',
  shape,
  bytes: bytesOf(Int32Array.from(values)),
})

function node(op: string, attrs: Readonly<Record<string, SourceAttr>> = {}): SourceNode {
  const own = new Map(Object.entries(attrs))
  return { name: op, op, inputs: [], layer: [op], attrs: { get: (k) => own.get(k), has: (k) => own.has(k), names: () => [...own.keys()] } }
}
const flag = (value: boolean): SourceAttr => ({ kind: 'bool', value })
const text = (value: string): SourceAttr => ({ kind: 'string', value, bytes: new TextEncoder().encode(value) })
const inference = { is_training: flag(false), epsilon: { kind: 'float', value: 0.001 }, data_format: text('NHWC') } as const

const picture = noise([2, 90, 90, 5])
const perChannel = [2, 3, 4, 5].map((seed) => noise([5], seed))
const type: SourceAttr = { kind: 'type', value: 'f32', code: 1 }
const cases: readonly (readonly [string, SourceNode, readonly NdArray[]])[] = [
  ...['Relu', 'Relu6', 'Elu', 'Sigmoid', 'Tanh', 'Neg', 'Exp', 'Sqrt', 'Rsqrt', 'Square'].map((op) => [op, node(op), [picture]] as const),
  ...['Add', 'AddV2', 'Sub', 'Mul', 'RealDiv', 'Maximum', 'Minimum', 'SquaredDifference'].map(
    (op) => [`${op} of channels`, node(op), [picture, noise([5], 3)]] as const,
  ),
  ['a product of rows and columns', node('Mul'), [noise([300, 1]), noise([200], 2)]],
  ['a product of what lies between', node('Mul'), [noise([4, 1, 80, 1]), noise([90, 1, 6], 2)]],
  ['a sum with a number', node('AddV2'), [noise([], 2), picture]],
  ['BiasAdd', node('BiasAdd', { data_format: text('NHWC') }), [picture, noise([5], 2)]],
  ['FusedBatchNormV3', node('FusedBatchNormV3', { ...inference, U: type, T: type }), [picture, ...perChannel]],
  ['Mean over a picture', node('Mean', { keep_dims: flag(false) }), [picture, ints([1, 2], [2])]],
  ['Mean over the last axis', node('Mean', { keep_dims: flag(true) }), [picture, ints([-1], [1])]],
  ['Pad', node('Pad'), [picture, ints([0, 0, 1, 2, 0, 3, 1, 0], [4, 2])]],
  ['Softmax', node('Softmax'), [picture]],
]

test.each(cases)('%s', async (_, n, operands) => {
  const [loops, others] = [
    await largeArrayEvaluator().evaluate(n, operands, [0]),
    await tfjsEvaluator(await loadNodeTfJs()).evaluate(n, operands, [0]),
  ]
  const [found, expected] = [loops!.get(0)!, others!.get(0)!]
  expect(found.shape).toEqual(expected.shape)
  const [a, b] = [typedView('f32', found.bytes), typedView('f32', expected.bytes)]
  // Sums of 8100 float32 on one side.
  for (let i = 0; i < b.length; i += 13) expect(Math.abs(a[i]! - b[i]!)).toBeLessThanOrEqual(1e-4 * Math.abs(b[i]!) + 1e-6)
})

test.each([
  ['small arrays', node('Relu'), [noise([10])]],
  ['channels first', node('BiasAdd', { data_format: text('NCHW') }), [picture, noise([90], 2)]],
  ['training', node('FusedBatchNormV3', { ...inference, is_training: flag(true) }), [picture, ...perChannel]],
  ['axes apart', node('Mean', { keep_dims: flag(false) }), [picture, ints([0, 2], [2])]],
  ['negative paddings', node('Pad'), [picture, ints([0, 0, -1, 0, 0, 0, 0, 0], [4, 2])]],
  ['integers', node('AddV2'), [ints(new Array(40_000).fill(1), [40_000]), ints([1], [])]],
  ['many rows', node('MatMul'), [noise([17, 200]), noise([200, 300], 2)]],
  ['transposed rows', node('MatMul', { transpose_a: flag(true) }), [noise([200, 3]), noise([200, 300], 2)]],
  ['other ops', node('Cumsum'), [picture]],
])('%s are left to others', async (_, n, operands) => {
  expect(await largeArrayEvaluator().evaluate(n, operands, [0])).toBeUndefined()
})
