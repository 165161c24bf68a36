import { describe, expect, it } from 'vitest'
import { codeOf } from '../../test/testkit/refusal.ts'
import { constFromBytes, memorySource } from '../core/bytes.ts'
import { bytesOf } from '../core/dtype.ts'
import { tfliteBytes } from '../export/write-tflite.ts'
import { importTflite } from '../import/tflite/import-model.ts'
import { readTfliteFile } from '../import/tflite/read-file.ts'
import { parseModel } from '../ir/parse.ts'
import type { Model } from '../ir/types.ts'
import { withDefaults } from '../ops/build.ts'
import { op } from '../ops/index.ts'
import { quantize } from './quantize.ts'
import type { QuantizeOptions } from './types.ts'

const model = (body: string): Model => parseModel(`graph main(%0 "x": f32[N,64]) {\n${body}\n  return %9\n}`)
const dense = model(
  '  %1 = const "w" : f32[16,64] = random(1)\n  %2 = const "b" : f32[16] = random(2)\n  %9 = fully_connected(%0, %1, %2) : f32[N,16] @"head/dense"',
)

describe('dynamic', () => {
  const run = (m: Model, options: QuantizeOptions = {}) => quantize(m, { mode: 'dynamic', ...options })

  it('stores weights as int8 per channel and lets biases be', () => {
    const { model: small, decisions } = run(dense)
    const [node] = small.graphs[0]!.nodes
    const types = node!.inputs.map((id) => small.graphs[0]!.values.get(id!)!.type)
    expect(types.map((t) => t.dtype)).toEqual(['f32', 'i8', 'f32'])
    expect(types[1]!.quant).toMatchObject({ kind: 'per-axis', axis: 0 })
    expect(node!.attrs.asymmetricQuantizeInputs).toBe(true)
    expect(decisions.map((d) => [d.tensor, d.to, d.reason])).toEqual([
      ['w', 'i8', undefined],
      ['b', 'f32', 'FULLY_CONNECTED takes this operand as float'],
    ])
  })

  it('leaves weights below 1024 elements float, and says so', () => {
    const small = model('  %1 = const "w" : f32[15,64] = random(1)\n  %9 = fully_connected(%0, %1, none) : f32[N,15]')
    expect(run(small).decisions[0]).toMatchObject({ to: 'f32', reason: '960 elements < 1024' })
    expect(run(small, { minElements: 960 }).decisions[0]).toMatchObject({ to: 'i8' })
  })

  it('has a scale for each channel with perTensor too where the kernel reads as many', () => {
    const depthwise = parseModel(
      'graph main(%0 "x": f32[1,8,8,16]) {\n  %1 = const "w" : f32[1,3,3,16] = random(1)\n  %2 = const "b" : f32[16] = random(2)\n  %9 = depthwise_conv_2d(%0, %1, %2) {padding="valid", depthMultiplier=1} : f32[1,6,6,16]\n  return %9\n}',
    )
    const granularity = (mode: 'dynamic' | 'weight-only-int8') =>
      quantize(depthwise, { mode, perTensor: true, minElements: 0 }).decisions.find((d) => d.tensor === 'w')!.granularity
    expect([granularity('dynamic'), granularity('weight-only-int8')]).toEqual(['per-axis', 'per-tensor'])
  })

  it('has one scale for a weight with perTensor', () => {
    const value = [...run(dense, { perTensor: true }).model.graphs[0]!.values.values()].find((v) => v.type.dtype === 'i8')
    expect(value!.type.quant).toMatchObject({ kind: 'per-tensor', zeroPoint: 0 })
  })

  it.each(['head/dense', 'head/*', 'head', 'w', '*dense'])('keeps what %s names', (pattern) => {
    expect(run(dense, { keepFloat: [pattern] }).decisions[0]).toMatchObject({ to: 'f32', reason: 'kept by --keep-float' })
  })

  it('refuses a pattern that names nothing', () =>
    expect(codeOf(() => run(dense, { keepFloat: ['tail'] }))).toBe('quantize/unmatched-pattern'))

  it('moves int8 through a lookup and widens after it', () => {
    const lookup = parseModel(
      'graph main(%0 "ids": i32[N]) {\n  %1 = const "table" : f32[64,32] = random(3)\n  %9 = gather(%1, %0) : f32[N,32]\n  return %9\n}',
    )
    const [graph] = run(lookup).model.graphs
    expect(graph!.nodes.map((n) => n.op)).toEqual(['gather', 'dequantize'])
    expect(graph!.values.get(graph!.nodes[0]!.outputs[0]!)!.type).toMatchObject({ dtype: 'i8', quant: { kind: 'per-tensor' } })
    expect(graph!.outputs).toEqual(graph!.nodes[1]!.outputs)
  })

  it('refuses weights that are not finite', () => {
    const [graph] = dense.graphs
    const values = new Map(graph!.values)
    const weight = [...values.values()].find((v) => v.name === 'w')!
    values.set(weight.id, { ...weight, data: constFromBytes(bytesOf(new Float32Array(1024).fill(Number.NaN))) })
    const broken = { ...dense, graphs: [{ ...graph!, values }] }
    expect(codeOf(() => run(broken))).toBe('quantize/not-finite')
  })

  it('does not change its input', () => {
    const before = JSON.stringify(dense.graphs[0]!.nodes)
    run(dense)
    expect(JSON.stringify(dense.graphs[0]!.nodes)).toBe(before)
  })
})

describe('float16', () => {
  it('stores every constant as f16 and widens each once for all its readers', () => {
    const shared = model(
      '  %1 = const "w" : f32[16,64] = random(1)\n  %3 = fully_connected(%0, %1, none) : f32[N,16]\n  %4 = fully_connected(%0, %1, none) : f32[N,16]\n  %9 = add(%3, %4) : f32[N,16]',
    )
    const { model: half } = quantize(shared, { mode: 'float16' })
    expect(half.graphs[0]!.nodes.map((n) => n.op)).toEqual(['dequantize', 'fully_connected', 'fully_connected', 'add'])
    expect([...half.metadata.keys()]).toEqual(['reduced_precision_support'])
  })

  it('stores those of an op with states, but not what a variable is set to', () => {
    const weights = Array.from({ length: 8 }, (_, i) => `  %${i + 1} = const "w${i}" : f32[2,2] = random(${i})`).join('\n')
    const operands = `%0, %1, %2, %3, %4, %5, %6, %7, %8, none, none, none, %10, %10, %10, %10, none, none, %11, %12, none, none, none, none`
    const stateful = parseModel(`graph main(%0 "x": f32[1,3,2]) {
${weights}
  %10 = const "b" : f32[2] = random(9)
  %11 = variable "h" : f32[1,2]
  %12 = variable "c" : f32[1,2]
  %9 = unidirectional_sequence_lstm(${operands}) {fusedActivation=tanh} : f32[1,3,2]
  %13 = var_handle() {container="", sharedName="v"} : resource[]
  %14 = const "set" : f32[2] = random(10)
  assign_variable(%13, %14)
  return %9
}`)
    const { model: half, decisions } = quantize(stateful, { mode: 'float16' })
    expect(half.graphs[0]!.nodes.filter((n) => n.op === 'dequantize').length).toBe(9)
    expect(decisions.filter((d) => d.reason)).toMatchObject([{ tensor: 'set', reason: 'it is what a variable holds' }])
  })
})

it('refuses a mode that is not there', () =>
  expect(codeOf(() => quantize(dense, { mode: 'int9' as 'none' }))).toBe('quantize/unknown-mode'))

describe('weights alone, as litert-quantizer stores them', () => {
  const conv = parseModel(
    'graph main(%0 "x": f32[1,8,8,4]) {\n  %1 = const "w" : f32[6,3,3,4] = random(1)\n  %2 = const "d" : f32[1,3,3,6] = random(2)\n  %3 = conv_2d(%0, %1, none) : f32[1,8,8,6]\n  %9 = depthwise_conv_2d(%3, %2, none) {depthMultiplier=1} : f32[1,8,8,6]\n  return %9\n}',
  )
  const typesOf = (m: Model) =>
    m.graphs[0]!.nodes.map((n) => [n.op, ...n.inputs.map((id) => (id === null ? null : m.graphs[0]!.values.get(id)!.type.dtype))])

  it('dynamic-int4 hands int4 to the kernels that take it; the others stay float, and it says so', () => {
    const { model: small, decisions } = quantize(conv, { mode: 'dynamic-int4' })
    expect(typesOf(small)).toEqual([
      ['conv_2d', 'f32', 'i4', null],
      ['depthwise_conv_2d', 'f32', 'f32', null],
    ])
    expect(decisions).toMatchObject([
      { tensor: 'w', to: 'i4', bits: 4, granularity: 'per-axis', bytesAfter: 108 + 6 * 4, reason: undefined },
      { tensor: 'd', to: 'f32', bits: 32, reason: 'DEPTHWISE_CONV_2D takes no 4-bit weights with float activations' },
    ])
  })

  it('weight-only modes put a DEQUANTIZE before the op, one for all readers', () => {
    const shared = model(
      '  %1 = const "w" : f32[16,64] = random(1)\n  %3 = fully_connected(%0, %1, none) : f32[N,16]\n  %4 = fully_connected(%0, %1, none) : f32[N,16]\n  %9 = add(%3, %4) : f32[N,16]',
    )
    for (const [mode, dtype] of [
      ['weight-only-int8', 'i8'],
      ['weight-only-int4', 'i4'],
    ] as const) {
      const small = quantize(shared, { mode, asymmetric: true }).model
      expect(typesOf(small).map(([op]) => op)).toEqual(['dequantize', 'fully_connected', 'fully_connected', 'add'])
      expect(typesOf(small)[0]).toEqual(['dequantize', dtype])
      expect(small.graphs[0]!.nodes[1]!.attrs).not.toHaveProperty('asymmetricQuantizeInputs')
    }
    expect(quantize(conv, { mode: 'weight-only-int4' }).decisions[1]!.reason).toBe('DEPTHWISE_CONV_2D has no 4-bit weight-only form')
  })

  it('blocks divide rows of matrices, where they divide', () => {
    const { model: small, decisions } = quantize(dense, { mode: 'dynamic-int4', blockSize: 32 })
    const stored = [...small.graphs[0]!.values.values()].find((v) => v.type.dtype === 'i4')!
    expect(stored.type.quant).toMatchObject({ kind: 'blockwise', axis: 1, blockSize: 32 })
    expect(decisions[0]).toMatchObject({ granularity: 'blockwise', blockSize: 32, bytesAfter: 512 + 32 * 2 })
    expect(quantize(dense, { mode: 'dynamic-int4', blockSize: 128 }).decisions[0]!.reason).toBe(
      'rows of 64 elements do not divide into blocks of 128',
    )
  })

  it('blocks before a DEQUANTIZE are rows of their own, on float scales', () => {
    for (const asymmetric of [false, true]) {
      const { model: small, decisions } = quantize(dense, { mode: 'weight-only-int8', blockSize: 32, asymmetric })
      const { nodes, values } = small.graphs[0]!
      expect(nodes.map((n) => n.op)).toEqual(['dequantize', 'reshape', 'fully_connected'])
      const stored = values.get(nodes[0]!.inputs[0]!)!
      expect(stored.type).toMatchObject({ dtype: 'i8', shape: [32, 32], quant: { kind: 'per-axis', axis: 0 } })
      expect(values.get(nodes[2]!.inputs[1]!)).toMatchObject({ name: 'w', type: { dtype: 'f32', shape: [16, 64] } })
      expect(decisions[0]).toMatchObject({ to: 'i8', granularity: 'blockwise', blockSize: 32, bytesAfter: 1024 + 32 * 4 })
    }
    expect(quantize(conv, { mode: 'weight-only-int8', blockSize: 32 }).decisions.map((d) => d.reason)).toEqual([
      'CONV_2D has no 8-bit weight-only form in blocks',
      'DEPTHWISE_CONV_2D has no 8-bit weight-only form in blocks',
    ])
  })

  it('blocks before a DEQUANTIZE are somewhat smaller where rows do not divide, and it says so', () => {
    const rows = (columns: number) =>
      parseModel(
        `graph main(%0 "x": f32[N,${columns}]) {\n  %1 = const "w" : f32[6,${columns}] = random(1)\n  %9 = fully_connected(%0, %1, none) : f32[N,6]\n  return %9\n}`,
      )
    const decided = (columns: number) => quantize(rows(columns), { mode: 'weight-only-int8', blockSize: 32 }).decisions[0]!
    expect(decided(784)).toMatchObject({ blockSize: 28, note: 'blocks of 28: rows of 784 elements do not divide into blocks of 32' })
    expect(decided(100)).toMatchObject({ blockSize: 25, bytesAfter: 600 + 24 * 4 })
    expect(decided(10)).toMatchObject({ blockSize: 10, bytesAfter: 60 + 6 * 4 })
    expect(decided(101)).toMatchObject({ to: 'f32', reason: 'rows of 101 elements do not divide into blocks of 32' })
  })

  it('writes blocks with a tensor of scales, and reads them back', () => {
    const [plain] = dense.graphs
    const nodes = plain!.nodes.map((n) => ({ ...n, attrs: withDefaults(op.fullyConnected, {}) }))
    const { model: small } = quantize({ ...dense, graphs: [{ ...plain!, nodes }] }, { mode: 'dynamic-int4', blockSize: 32 })
    const bytes = tfliteBytes(small)
    const file = readTfliteFile(memorySource('m.tflite', bytes))
    const [graph] = importTflite(file).graphs
    const before = [...small.graphs[0]!.values.values()].find((v) => v.type.dtype === 'i4')!
    const after = [...graph!.values.values()].find((v) => v.type.dtype === 'i4')!
    expect(after.type.quant).toEqual(before.type.quant)
    expect(after.data!.bytes()).toEqual(before.data!.bytes())
    expect(file.model.subgraphs[0]!.tensors.map((t) => [t.name, t.type, [...t.shape]])).toContainEqual(['w_scales', 'FLOAT16', [16, 2]])
    expect(Buffer.from(tfliteBytes(importTflite(file))).equals(bytes)).toBe(true)
  })

  it('asks for --asymmetric and --block-size only where they have an effect', () => {
    expect(codeOf(() => quantize(dense, { mode: 'dynamic-int4', asymmetric: true }))).toBe('quantize/unfit-option')
    expect(codeOf(() => quantize(dense, { mode: 'dynamic', asymmetric: true }))).toBe('quantize/unfit-option')
    expect(codeOf(() => quantize(dense, { mode: 'dynamic', blockSize: 32 }))).toBe('quantize/unfit-option')
    expect(codeOf(() => quantize(dense, { mode: 'dynamic-int4', blockSize: 32, perTensor: true }))).toBe('quantize/unfit-option')
  })
})
