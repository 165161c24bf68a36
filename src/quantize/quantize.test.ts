import { describe, expect, it } from 'vitest'
import { constFromBytes } from '../core/bytes.ts'
import { DowncastError } from '../core/diagnostics.ts'
import { bytesOf, typedView } from '../core/dtype.ts'
import { parseModel } from '../ir/parse.ts'
import type { Model } from '../ir/types.ts'
import { quantize } from './quantize.ts'
import type { QuantizeOptions } from './types.ts'
import { quantizeSymmetricInt8 } from './weights.ts'

const model = (body: string): Model => parseModel(`graph main(%0 "x": f32[N,64]) {\n${body}\n  return %9\n}`)
const dense = model(
  '  %1 = const "w" : f32[16,64] = random(1)\n  %2 = const "b" : f32[16] = random(2)\n  %9 = fully_connected(%0, %1, %2) : f32[N,16] @"head/dense"',
)

function codeOf(work: () => unknown): string | undefined {
  try {
    work()
  } catch (e) {
    if (e instanceof DowncastError) return e.code
    throw e
  }
  return undefined
}

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
})

it('refuses a mode that is not there', () =>
  expect(codeOf(() => quantize(dense, { mode: 'int9' as 'none' }))).toBe('quantize/unknown-mode'))

describe('quantizeSymmetricInt8', () => {
  // Values from TensorFlow's rule: scale = 2m/254 in double, halves away from zero.
  it('rounds halves away from zero, and covers the range exactly', () => {
    const { data, scales } = quantizeSymmetricInt8(Float32Array.of(127, -127, 0.5, -0.5, 1.5, 0.49), [6], null)!
    expect([...data]).toEqual([127, -127, 1, -1, 2, 0])
    expect([...scales]).toEqual([1])
  })

  it('gives an all-zero channel the smallest range', () => {
    const { data, scales } = quantizeSymmetricInt8(new Float32Array(4), [2, 2], 0)!
    expect([...data]).toEqual([0, 0, 0, 0])
    expect(scales[0]).toBe(Math.fround(1e-6 / 254))
  })

  it('takes channels along any axis', () => {
    const weights = Float32Array.of(1, 10, -2, 5)
    expect([...quantizeSymmetricInt8(weights, [2, 2], 1)!.data]).toEqual([64, 127, -127, 64])
    expect([...typedView('i8', new Uint8Array(quantizeSymmetricInt8(weights, [2, 2], 0)!.data.buffer))]).toEqual([13, 127, -51, 127])
  })
})
