import { expect, test } from 'vitest'
import { bytesOf, typedView } from '../core/dtype.ts'
import { sizeOf } from '../core/nd-array.ts'
import { interpret } from '../ops/interpret.ts'
import { graphFromText } from '../ops/text.ts'
import { loadNodeTfJs } from '../platform/node-tfjs.ts'
import { isProduct, productsByTfJs } from './tfjs-products.ts'

const bias = '%b = const : f32[16] = ...'
test.each([
  [
    'conv_2d',
    `(%x: f32[1,40,40,8]) { %w = const : f32[16,3,3,8] = ...\n ${bias}\n %y = conv_2d(%x, %w, %b) {fusedActivation=relu, stride=[2, 1]} return %y }`,
  ],
  [
    'conv_2d',
    `(%x: f32[1,40,40,8]) { %w = const : f32[16,3,3,8] = ...\n ${bias}\n %y = conv_2d(%x, %w, %b) {padding=valid, dilation=[2, 3]} return %y }`,
  ],
  [
    'depthwise_conv_2d',
    `(%x: f32[1,80,80,8]) { %w = const : f32[1,3,3,16] = ...\n ${bias}\n %y = depthwise_conv_2d(%x, %w, %b) {stride=[2, 2], depthMultiplier=2} return %y }`,
  ],
  [
    'fully_connected',
    `(%x: f32[100,400]) { %w = const : f32[16,400] = ...\n ${bias}\n %y = fully_connected(%x, %w, %b) {fusedActivation=relu6} return %y }`,
  ],
  ['batch_matmul', `(%x: f32[2,100,80]) { %w = const : f32[2,50,80] = ...\n %y = batch_matmul(%x, %w) {adjY=true} return %y }`],
])('%s by TensorFlow.js is what our kernels compute: %s', async (op, text) => {
  expect(isProduct(op)).toBe(true)
  const graph = graphFromText(`graph main${text}`)
  const { shape } = graph.values.get(graph.inputs[0]!)!.type
  const x = Float32Array.from({ length: (shape as readonly number[]).reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * 1.7))
  const feeds = [{ dtype: 'f32' as const, shape: shape as readonly number[], bytes: bytesOf(x) }]
  const tfjs = await loadNodeTfJs()
  await tfjs.use('wasm')
  const byTfJs = productsByTfJs(tfjs)
  let computed = 0
  const compute: typeof byTfJs = (...args) => {
    const results = byTfJs(...args)
    if (results) computed++
    return results
  }
  const [[found], [expected]] = [interpret(graph, feeds, { compute }), interpret(graph, feeds)]
  expect(computed).toBe(1)
  expect(found!.shape).toEqual(expected!.shape)
  expect(sizeOf(found!)).toBeGreaterThan(100)
  const [a, b] = [typedView('f32', found!.bytes), typedView('f32', expected!.bytes)]
  const largest = b.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
  for (let i = 0; i < b.length; i++) expect(Math.abs(a[i]! - b[i]!)).toBeLessThan(1e-5 * largest)
})

test('what TensorFlow.js lacks, and what is small, is left to the kernels', async () => {
  const tfjs = await loadNodeTfJs()
  await tfjs.use('wasm')
  for (const text of [
    '(%x: f32[1,4,4,2]) { %w = const : f32[2,1,1,2] = ...\n %y = conv_2d(%x, %w, none) return %y }',
    '(%x: f32[1,80,80,8]) { %w = const : f32[16,3,3,4] = ...\n %y = conv_2d(%x, %w, none) return %y }',
    '(%x: f32[1,80,80,8]) { %w = const : f32[16,3,3,8] = ...\n %y = conv_2d(%x, %w, none) {stride=[2, 2], dilation=[2, 2]} return %y }',
  ]) {
    const graph = graphFromText(`graph main${text}`)
    const [node] = graph.nodes
    const operands = node!.inputs.map((id) => {
      const type = id === null ? undefined : graph.values.get(id)!.type
      const shape = type?.shape as readonly number[]
      return type ? { dtype: type.dtype, shape, bytes: new Uint8Array(4 * shape.reduce((a, b) => a * b, 1)) } : null
    })
    expect(productsByTfJs(tfjs)(node!, operands, [graph.values.get(node!.outputs[0]!)!.type])).toBeUndefined()
  }
})
