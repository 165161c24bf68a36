import { expect, test } from 'vitest'
import { bytesOf, typedView } from '../core/dtype.ts'
import { type NdArray, sizeOf } from '../core/nd-array.ts'
import type { SourceAttr, SourceNode } from '../import/source-graph.ts'
import { interpret } from '../ops/interpret.ts'
import { graphFromText } from '../ops/text.ts'
import { loadNodeTfJs } from '../platform/node-tfjs.ts'
import { isProduct, productEvaluator, productOf } from './products.ts'
import { tfjsEvaluator } from './tfjs.ts'

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
    `(%x: f32[1,160,160,8]) { %w = const : f32[1,3,3,16] = ...\n ${bias}\n %y = depthwise_conv_2d(%x, %w, %b) {stride=[2, 2], depthMultiplier=2} return %y }`,
  ],
  [
    'fully_connected',
    `(%x: f32[100,400]) { %w = const : f32[16,400] = ...\n ${bias}\n %y = fully_connected(%x, %w, %b) {fusedActivation=relu6} return %y }`,
  ],
  ['batch_matmul', `(%x: f32[2,100,80]) { %w = const : f32[2,50,80] = ...\n %y = batch_matmul(%x, %w) {adjY=true} return %y }`],
  [
    'depthwise_conv_2d',
    `(%x: f32[2,70,71,6]) { %w = const : f32[1,3,5,6] = ...\n %y = depthwise_conv_2d(%x, %w, none) {depthMultiplier=1, padding=valid, stride=[1, 1], dilation=[3, 2]} return %y }`,
  ],
  [
    'conv_2d',
    `(%x: f32[2,60,60,8]) { %w = const : f32[16,3,3,4] = ...\n ${bias}\n %y = conv_2d(%x, %w, %b) {padding=same, stride=[2, 3]} return %y }`,
  ],
])('%s is what our kernels compute: %s', (op, text) => {
  expect(isProduct(op)).toBe(true)
  const graph = graphFromText(`graph main${text}`)
  const { shape } = graph.values.get(graph.inputs[0]!)!.type
  const x = Float32Array.from({ length: (shape as readonly number[]).reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * 1.7))
  const feeds = [{ dtype: 'f32' as const, shape: shape as readonly number[], bytes: bytesOf(x) }]
  let computed = 0
  const compute: typeof productOf = (...args) => {
    const results = productOf(...args)
    if (results) computed++
    return results
  }
  const [[found], [expected]] = [interpret(graph, feeds, { compute }), interpret(graph, feeds)]
  expect(computed).toBe(1)
  expectNear(found!, expected!)
})

function expectNear(found: NdArray, expected: NdArray): void {
  expect(found.shape).toEqual(expected.shape)
  expect(sizeOf(found)).toBeGreaterThan(100)
  const [a, b] = [typedView('f32', found.bytes), typedView('f32', expected.bytes)]
  const largest = b.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
  let worst = 0
  for (let i = 0; i < b.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!))
  expect(worst).toBeLessThan(1e-5 * largest)
}

test('what is small is left to the kernels', () => {
  const graph = graphFromText('graph main(%x: f32[1,4,4,2]) { %w = const : f32[2,1,1,2] = ...\n %y = conv_2d(%x, %w, none) return %y }')
  const results: unknown[] = []
  const compute: typeof productOf = (...args) => {
    results.push(productOf(...args))
    return undefined
  }
  interpret(graph, [noise(1, 4, 4, 2)], { compute })
  expect(results).toEqual([undefined])
})

const noise = (...shape: number[]): NdArray => {
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => ((i * 7919) % 1013) / 500 - 1)
  return { dtype: 'f32', shape, bytes: bytesOf(values) }
}
const flag = (value: boolean): SourceAttr => ({ kind: 'bool', value })
const text = (value: string): SourceAttr => ({ kind: 'string', value, bytes: new TextEncoder().encode(value) })
const ints = (...value: number[]): SourceAttr => ({ kind: 'ints', value })
function node(op: string, attrs: Readonly<Record<string, SourceAttr>>): SourceNode {
  const own = new Map(Object.entries<SourceAttr>({ T: { kind: 'type', value: 'f32', code: 1 }, ...attrs }))
  return { name: op, op, inputs: [], layer: [op], attrs: { get: (k) => own.get(k), has: (k) => own.has(k), names: () => [...own.keys()] } }
}
const sliding = (padding: string, strides: number[], dilations = [1, 1], explicit: number[] = []): Record<string, SourceAttr> => ({
  ...{ padding: text(padding), data_format: text('NHWC'), strides: ints(1, ...strides, 1), dilations: ints(1, ...dilations, 1) },
  ...{ explicit_paddings: ints(...explicit) },
})

const volume = (padding: string, strides: number[], dilations = [1, 1, 1]): Record<string, SourceAttr> => ({
  ...sliding(padding, strides, dilations),
  data_format: text('NDHWC'),
})
const sizes = (...shape: number[]): NdArray => ({ dtype: 'i32', shape: [shape.length], bytes: bytesOf(Int32Array.from(shape)) })
const fused = (...names: string[]): Record<string, SourceAttr> => ({
  ...sliding('SAME', [1, 1]),
  ...{
    fused_ops: { kind: 'strings', value: names, bytes: names.map((n) => new TextEncoder().encode(n)) },
    num_args: { kind: 'int', value: 1 },
  },
  leakyrelu_alpha: { kind: 'float', value: 0.25 },
})

test.each<[string, SourceNode, ...NdArray[]]>([
  ['Conv3D', node('Conv3D', volume('SAME', [1, 1, 1])), noise(1, 12, 13, 14, 5), noise(3, 2, 3, 5, 12)],
  ['Conv3D with steps', node('Conv3D', volume('SAME', [2, 2, 2])), noise(2, 20, 21, 22, 5), noise(3, 2, 3, 5, 12)],
  ['Conv3D, valid', node('Conv3D', volume('VALID', [2, 1, 1])), noise(2, 12, 13, 14, 5), noise(3, 2, 3, 5, 12)],
  [
    'Conv2DBackpropInput',
    node('Conv2DBackpropInput', sliding('SAME', [2, 2])),
    sizes(2, 29, 32, 14),
    noise(3, 5, 14, 13),
    noise(2, 15, 16, 13),
  ],
  [
    'its valid form',
    node('Conv2DBackpropInput', sliding('VALID', [3, 2])),
    sizes(2, 46, 45, 14),
    noise(3, 5, 14, 13),
    noise(2, 15, 21, 13),
  ],
  ['_FusedConv2D', node('_FusedConv2D', fused('BiasAdd', 'Relu6')), noise(1, 30, 31, 17), noise(3, 3, 17, 20), noise(20)],
  ['_FusedConv2D, elu', node('_FusedConv2D', fused('BiasAdd', 'Elu')), noise(1, 30, 31, 17), noise(3, 3, 17, 20), noise(20)],
  ['_FusedConv2D, leaky', node('_FusedConv2D', fused('BiasAdd', 'LeakyRelu')), noise(1, 30, 31, 17), noise(3, 3, 17, 20), noise(20)],
  ['fused depthwise', node('FusedDepthwiseConv2dNative', fused('BiasAdd')), noise(2, 80, 41, 17), noise(3, 5, 17, 1), noise(17)],
  ['MatMul', node('MatMul', { transpose_a: flag(false), transpose_b: flag(false) }), noise(30, 200), noise(200, 300)],
  ['MatMul of one row', node('MatMul', { transpose_a: flag(false), transpose_b: flag(true) }), noise(1, 2000), noise(300, 2000)],
  ['MatMul of both transposed', node('MatMul', { transpose_a: flag(true), transpose_b: flag(true) }), noise(200, 30), noise(300, 200)],
  ['BatchMatMulV2', node('BatchMatMulV2', { adj_x: flag(false), adj_y: flag(true) }), noise(2, 3, 40, 50), noise(2, 3, 60, 50)],
  ['BatchMatMulV2 of columns', node('BatchMatMulV2', { adj_x: flag(true), adj_y: flag(false) }), noise(2, 3, 50, 40), noise(2, 3, 50, 60)],
  ['Einsum', node('Einsum', { equation: text('abc,cde->abde'), N: { kind: 'int', value: 2 } }), noise(2, 30, 40), noise(40, 5, 60)],
  ['Conv2D', node('Conv2D', sliding('SAME', [1, 1])), noise(2, 30, 31, 7), noise(3, 4, 7, 20)],
  ['Conv2D with steps', node('Conv2D', sliding('SAME', [2, 3])), noise(2, 40, 41, 17), noise(3, 3, 17, 20)],
  ['Conv2D with holes', node('Conv2D', sliding('VALID', [1, 1], [2, 3])), noise(1, 40, 41, 17), noise(3, 3, 17, 20)],
  ['Conv2D of a point', node('Conv2D', sliding('VALID', [2, 2])), noise(1, 60, 61, 40), noise(1, 1, 40, 50)],
  [
    'Conv2D, padded',
    node('Conv2D', sliding('EXPLICIT', [2, 1], [1, 1], [0, 0, 2, 1, 0, 3, 0, 0])),
    noise(1, 30, 31, 17),
    noise(3, 5, 17, 20),
  ],
  ['depthwise', node('DepthwiseConv2dNative', sliding('SAME', [1, 1])), noise(2, 60, 41, 17), noise(3, 5, 17, 1)],
  ['depthwise with steps', node('DepthwiseConv2dNative', sliding('SAME', [2, 2])), noise(2, 91, 90, 8), noise(3, 3, 8, 3)],
  ['depthwise with holes', node('DepthwiseConv2dNative', sliding('VALID', [1, 1], [2, 2])), noise(1, 91, 90, 8), noise(3, 3, 8, 1)],
])('%s is what TensorFlow.js computes', async (_, n, ...operands) => {
  const own = await productEvaluator().evaluate(n, operands, [0])
  const others = await tfjsEvaluator(await loadNodeTfJs()).evaluate(n, operands, [0])
  expectNear(own!.get(0)!, others!.get(0)!)
})

test('channels first are left to others', async () => {
  const n = node('Conv2D', { ...sliding('SAME', [1, 1]), data_format: text('NCHW') })
  expect(await productEvaluator(1).evaluate(n, [noise(1, 8, 20, 20), noise(3, 3, 8, 8)], [0])).toBeUndefined()
})
