import { expect, test } from 'vitest'
import { convertTflite } from '../convert.ts'
import { memorySource } from '../core/bytes.ts'
import { typedView } from '../core/dtype.ts'
import { tfliteBytes } from '../export/write-tflite.ts'
import { readTfliteFile } from '../import/tflite/read-file.ts'
import { parseModel } from '../ir/parse.ts'
import type { Model } from '../ir/types.ts'
import { withDefaults } from '../ops/build.ts'
import { findSpec } from '../ops/index.ts'
import { quantize } from './quantize.ts'
import type { QuantizeOptions } from './types.ts'

/** The model of a text, with the attributes that it leaves out. */
function whole(text: string): Model {
  const model = parseModel(text)
  const graphs = model.graphs.map((g) => ({ ...g, nodes: g.nodes.map((n) => ({ ...n, attrs: withDefaults(findSpec(n.op)!, n.attrs) })) }))
  return { ...model, graphs }
}

const float = whole(
  'graph main(%0 "x": f32[1,64]) {\n  %1 = const "w" : f32[16,64] = random(1)\n  %2 = const "b" : f32[16] = random(2)\n' +
    '  %3 = fully_connected(%0, %1, %2) : f32[1,16]\n' +
    '  %4 = const "c" : f32[16] = random(3)\n  %9 = mul(%3, %4) : f32[1,16]\n  return %9\n}',
)
const fileOf = (model: Model) => readTfliteFile(memorySource('half.tflite', tfliteBytes(model)))
const half = fileOf(quantize(float, { mode: 'float16' }).model)
/** Operands of the nodes, each with the type that is stored. */
function stored(model: Model, options: QuantizeOptions = {}): string[] {
  const { graphs } = convertTflite(fileOf(model), options).model
  const [graph] = graphs
  const maker = new Map(graph!.nodes.map((n) => [n.outputs[0]!, n]))
  return graph!.nodes
    .filter((n) => n.op !== 'dequantize')
    .map((n) => `${n.op} ${n.inputs.slice(1).map((id) => graph!.values.get(maker.get(id!)?.inputs[0] ?? id!)!.type.dtype)}`)
}

test('weights stored as f16 are quantized as the floats they stand for; what stays float stays f16 but beside integers', () => {
  const model = quantize(float, { mode: 'float16' }).model
  expect(stored(model, { mode: 'dynamic' })).toEqual(['fully_connected i8,f32', 'mul f16'])
  expect(stored(model, { mode: 'weight-only-int8' })).toEqual(['fully_connected i8,f16', 'mul f16'])
  expect(stored(model, { mode: 'dynamic', keepFloat: ['w'] })).toEqual(['fully_connected f16,f16', 'mul f16'])
})

test('modes without integers leave them', () => {
  const model = quantize(float, { mode: 'float16' }).model
  expect(stored(model)).toEqual(['fully_connected f16,f16', 'mul f16'])
  const { decisions } = convertTflite(half, { mode: 'float16' })
  expect(decisions.map((d) => d.reason)).toEqual(['it is FLOAT16 already', 'it is FLOAT16 already', 'it is FLOAT16 already'])
})

test('the integers are those of the rounded floats', () => {
  const { floatModel, decisions, model } = convertTflite(half, { mode: 'dynamic' })
  const [before] = [...floatModel.graphs[0]!.values.values()].filter((v) => v.data?.byteLength === 4096)
  const plain = [...float.graphs[0]!.values.values()].find((v) => v.name === 'w')!
  const [rounded, exact] = [before!, plain].map((v) => typedView('f32', v.data!.bytes()))
  expect(Math.max(...exact!.map((x, i) => Math.abs(x - rounded![i]!)))).toBeLessThan(2 ** -11 * Math.max(...exact!.map(Math.abs)))
  expect(rounded).not.toEqual(exact)
  expect(decisions[0]).toMatchObject({ from: 'f32', to: 'i8', reason: undefined })
  const ints = (m: Model) => [...m.graphs[0]!.values.values()].find((v) => v.type.dtype === 'i8')!.data!.bytes()
  expect(ints(model)).toEqual(ints(quantize(floatModel, { mode: 'dynamic' }).model))
})

test('integers behind a DEQUANTIZE stay', () => {
  const model = quantize(float, { mode: 'weight-only-int8' }).model
  expect(stored(model, { mode: 'dynamic' })).toEqual(['fully_connected i8,f32', 'mul f32'])
  expect(convertTflite(fileOf(model), { mode: 'dynamic' }).floatModel.graphs[0]!.nodes.map((n) => n.op)).toContain('dequantize')
})

test('a graph with sparse weights stays as it is', () => {
  const file = fileOf(quantize(float, { mode: 'float16' }).model)
  const sparsity = { traversalOrder: Int32Array.of(0), blockMap: Int32Array.of(), dimMetadata: [] }
  const subgraphs = file.model.subgraphs.map((g) => ({
    ...g,
    tensors: g.tensors.map((t) => (t.shape.length === 2 && t.type === 'FLOAT16' ? { ...t, sparsity } : t)),
  }))
  const { decisions } = convertTflite({ ...file, model: { ...file.model, subgraphs } }, { mode: 'dynamic' })
  expect(new Set(decisions.map((d) => d.to))).toEqual(new Set(['f16']))
})

test('a half that is an output, and one that is computed, are left', () => {
  const model = whole(
    'graph main(%0 "x": f16[4]) {\n  %1 = const "h" : f16[4] = [1, 2, 3, 4]\n  %2 = dequantize(%1) : f32[4]\n  %3 = dequantize(%0) : f32[4]\n' +
      '  %9 = add(%2, %3) : f32[4]\n  return %9, %2\n}',
  )
  const { floatModel } = convertTflite(fileOf(model), { mode: 'dynamic' })
  expect(floatModel.graphs[0]!.nodes.map((n) => n.op)).toEqual(['dequantize', 'dequantize', 'add'])
})

test('an op with integer weights keeps its bias float: XNNPACK refuses a widened one', () => {
  const dynamic = quantize(float, { mode: 'dynamic' }).model
  expect(stored(dynamic, { mode: 'float16' })).toEqual(['fully_connected i8,f32', 'mul f16'])
  const { decisions } = convertTflite(fileOf(dynamic), { mode: 'float16' })
  expect(decisions.find((d) => d.tensor === 'b')!.reason).toBe('an op that computes with integer weights takes it as float')
})
