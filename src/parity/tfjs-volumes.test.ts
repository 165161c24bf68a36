import * as tf from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { bytesOf, typedView } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import type { SourceAttr, SourceNode } from '../import/source-graph.ts'
import { loadNodeTfJs } from '../platform/node-tfjs.ts'
import { tfjsEvaluator } from './tfjs.ts'
import { convolutionByProducts } from './tfjs-volumes.ts'

/*
 * Small ones are computed by TensorFlow.js's own kernels for these ops, which the recorded cases of TensorFlow hold for right.
 */

const numbers = (shape: readonly number[], seed: number): NdArray => ({
  dtype: 'f32',
  shape,
  bytes: bytesOf(Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, i) => ((i * seed + Math.floor(i / 3)) % 11) - 5)),
})
const sizes = (...shape: number[]): NdArray => ({ dtype: 'i32', shape: [shape.length], bytes: bytesOf(Int32Array.from(shape)) })

function node(op: string, padding: string, strides: readonly number[], dilations: readonly number[]): SourceNode {
  const text = (value: string): SourceAttr => ({ kind: 'string', value, bytes: new TextEncoder().encode(value) })
  const around = (steps: readonly number[]): SourceAttr => ({ kind: 'ints', value: [1, ...steps, 1] })
  const attrs = new Map<string, SourceAttr>([
    ['padding', text(padding)],
    ['strides', around(strides)],
    ['dilations', around(dilations)],
    ['data_format', text(strides.length === 3 ? 'NDHWC' : 'NHWC')],
    ['T', { kind: 'type', code: 1, value: 'f32' }],
  ])
  return {
    name: 'y',
    op,
    layer: ['y'],
    inputs: [],
    attrs: { get: (name: string) => attrs.get(name), names: () => [...attrs.keys()] },
  } as unknown as SourceNode
}

/** TensorFlow.js has it under another name than the graph's. */
async function spreadVolume([, w, x]: readonly NdArray[], strides: number[], padding: string): Promise<NdArray> {
  await (await loadNodeTfJs()).use('cpu')
  const [filter, input] = [w!, x!].map((o) =>
    tf.tensor5d(typedView('f32', o.bytes), [...o.shape] as [number, number, number, number, number]),
  )
  const [n, ...from] = x!.shape.slice(0, 4) as [number, number, number, number]
  const isSame = padding === 'SAME'
  const to = from.map((d, a) => (isSame ? d * strides[a]! - (strides[a]! - 1) : (d - 1) * strides[a]! + w!.shape[a]!))
  const shape = [n, ...to, w!.shape[3]!] as [number, number, number, number, number]
  const steps = strides as [number, number, number]
  const result = tf.conv3dTranspose(input!, filter!, shape, steps, isSame ? 'same' : 'valid')
  return { dtype: 'f32', shape, bytes: bytesOf(result.dataSync()) }
}

type Case = readonly [op: string, padding: string, strides: number[], dilations: number[], operands: NdArray[]]

const volume = numbers([2, 5, 6, 7, 3], 7)
const filter = numbers([3, 2, 3, 3, 4], 5)
const cases: Case[] = [
  ['Conv3D', 'SAME', [1, 1, 1], [1, 1, 1], [volume, filter]],
  ['Conv3D', 'VALID', [1, 1, 1], [1, 1, 1], [volume, filter]],
  ['Conv3D', 'SAME', [2, 2, 2], [1, 1, 1], [volume, filter]],
  ['Conv3D', 'VALID', [2, 1, 1], [1, 1, 1], [volume, filter]],
  ['Conv3D', 'SAME', [1, 1, 1], [2, 2, 2], [volume, filter]],
  ['Conv3DBackpropInputV2', 'SAME', [2, 2, 2], [1, 1, 1], [sizes(2, 9, 11, 13, 4), numbers([3, 2, 3, 4, 3], 5), volume]],
  ['Conv3DBackpropInputV2', 'VALID', [1, 2, 1], [1, 1, 1], [sizes(2, 7, 12, 9, 4), numbers([3, 2, 3, 4, 3], 5), volume]],
  ['Conv2DBackpropInput', 'SAME', [2, 2], [1, 1], [sizes(2, 9, 12, 4), numbers([3, 5, 4, 3], 5), numbers([2, 5, 6, 3], 7)]],
  ['Conv2DBackpropInput', 'VALID', [3, 2], [1, 1], [sizes(2, 16, 15, 4), numbers([3, 5, 4, 3], 5), numbers([2, 5, 6, 3], 7)]],
]

test.each(cases)('%s of %s with strides %j and dilations %j', async (op, padding, strides, dilations, operands) => {
  const tfjs = await loadNodeTfJs()
  const n = node(op, padding, strides, dilations)
  const expected =
    op === 'Conv3DBackpropInputV2'
      ? await spreadVolume(operands, strides, padding)
      : (await tfjsEvaluator(tfjs).evaluate(n, operands, [0]))?.get(0)
  await tfjs.use('wasm')
  const found = convolutionByProducts(tfjs.core, n, operands)
  expect(found?.shape).toEqual(expected?.shape)
  expect([...typedView('f32', found!.bytes)]).toEqual([...typedView('f32', expected!.bytes)])
})

test.each<Case>([
  ['Conv3D', 'SAME', [2, 2, 2], [2, 2, 2], [volume, filter]],
  ['Conv3D', 'SAME', [1, 1, 1], [1, 1, 1], [volume, numbers([3, 2, 3, 1, 4], 5)]],
  ['Conv2DBackpropInput', 'EXPLICIT', [1, 1], [1, 1], [sizes(2, 5, 6, 4), numbers([3, 5, 4, 3], 5), numbers([2, 5, 6, 3], 7)]],
])('%s of %s with strides %j and dilations %j is left to others', async (op, padding, strides, dilations, operands) => {
  const { core } = await loadNodeTfJs()
  expect(convolutionByProducts(core, node(op, padding, strides, dilations), operands)).toBeUndefined()
})

test('large ones are computed so', async () => {
  const tfjs = await loadNodeTfJs()
  const operands = [numbers([1, 12, 24, 24, 8], 7), numbers([3, 3, 3, 8, 4], 5)]
  const n = node('Conv3D', 'SAME', [1, 1, 1], [1, 1, 1])
  const used: string[] = []
  const watched = { ...tfjs, use: (backend: 'wasm' | 'cpu') => tfjs.use(used.push(backend) > 0 ? backend : 'cpu') }
  const found = (await tfjsEvaluator(watched).evaluate(n, operands, [0]))!.get(0)!
  expect(used).toEqual(['wasm'])
  await tfjs.use('cpu')
  const [x, w] = operands.map((o) => tf.tensor5d(typedView('f32', o.bytes), [...o.shape] as [number, number, number, number, number]))
  const expected = tf.conv3d(x!, w!, [1, 1, 1], 'same')
  expect([...typedView('f32', found.bytes)]).toEqual([...expected.dataSync()])
})
