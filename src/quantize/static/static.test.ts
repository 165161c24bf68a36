import { describe, expect, it } from 'vitest'
import { codeOf } from '../../../test/testkit/refusal.ts'
import { typedView } from '../../core/dtype.ts'
import { parseModel } from '../../ir/parse.ts'
import type { Model } from '../../ir/types.ts'
import { quantize } from '../quantize.ts'
import type { QuantizeOptions } from '../types.ts'
import { biasScales, quantizedBias } from './constants.ts'
import { activationGrid } from './grid.ts'

const model = (body: string, input = 'f32[N,4] range[-1,1]'): Model =>
  parseModel(`graph main(%0 "x": ${input}) {\n${body}\n  return %9\n}\nsignature "serve" main("x" %0) -> ("y" %9)`)
const run = (m: Model, options: QuantizeOptions = {}) => quantize(m, { mode: 'int8', ...options })
const ops = (m: Model) => m.graphs[0]!.nodes.map((n) => n.op)
const ports = ({ graphs: [g], signatures: [s] }: Model) => [...s!.inputs, ...s!.outputs].map((p) => g!.values.get(p.value)!.type)

const dense = model(
  '  %1 = const "w" : f32[3,4] = random(1)\n  %2 = const "b" : f32[3] = random(2)\n  %9 = fully_connected(%0, %1, %2) : f32[N,3] range[-2,3] @"head"',
)
const island = model('  %8 = sin(%0) : f32[N,4] range[-1,1] @"wave"\n  %9 = relu(%8) : f32[N,4] range[0,1]')

describe('activationGrid', () => {
  // Parameters that TensorFlow 2.21 wrote for these ranges.
  it.each([
    [-0.9523809552192688, 0.9523809552192688, 0.007469655, 0],
    [-40, 40, 0.3137255, -1],
    [0, 1e-5, 3.9215688e-8, -128],
    [0, 0, 7.843137e-9, 0],
    [-2.58287e-7, 3.0299e-7, 1.0044224e-8, -3],
    [2, 6, 0.023529412, -128],
  ])('[%d, %d] in i8', (low, high, scale, zeroPoint) => {
    const grid = activationGrid(low, high, 'i8')
    expect(grid.zeroPoint).toBe(zeroPoint)
    expect(Math.abs(grid.scale - scale)).toBeLessThan(scale * 1e-6)
  })
  it('is symmetric in i16', () =>
    expect(activationGrid(-2, 1, 'i16')).toEqual({ kind: 'per-tensor', scale: Math.fround(2 / 32767), zeroPoint: 0 }))
})

describe('bias', () => {
  it('widens the weights where it would not fit', () => {
    const { bias, weights } = biasScales(Float32Array.of(1, 1e6), 1e-3, Float32Array.of(1e-2, 1e-3))
    expect([...bias]).toEqual([Math.fround(1e-5), Math.fround(1e6 / 2 ** 30)])
    expect(weights[1]! / 1e-3).toBeCloseTo(1e6 / 2 ** 30 / 1e-6, 3)
    expect(quantizedBias(Float32Array.of(1, 1e6), bias, 'i32')[1]).toBe(2 ** 30)
  })
})

describe('int8', () => {
  it('computes in integers between a QUANTIZE and a DEQUANTIZE', () => {
    const { model: m, decisions, diagnostics } = run(dense)
    expect(ops(m)).toEqual(['quantize', 'fully_connected', 'dequantize'])
    expect(m.graphs[0]!.nodes[1]!.inputs.map((id) => m.graphs[0]!.values.get(id!)!.type.dtype)).toEqual(['i8', 'i8', 'i32'])
    expect(decisions.map((d) => [d.tensor, d.operand, d.to, d.granularity])).toEqual([
      ['b', 'bias', 'i32', 'per-axis'],
      ['w', 'weights', 'i8', 'per-axis'],
    ])
    expect(diagnostics).toEqual([])
    expect(ports(m).map((t) => t.dtype)).toEqual(['f32', 'f32'])
  })

  it('leaves what has no kernel float, with its cost', () => {
    const { model: m, diagnostics } = run(island)
    expect(ops(m)).toEqual(['sin', 'quantize', 'relu', 'dequantize'])
    expect(diagnostics[0]).toMatchObject({ code: 'quantize/stays-float', node: 'wave', severity: 'info' })
    expect(diagnostics[0]!.message).toBe('SIN "wave" stays float: no integer kernel. Values go over 1 time, 4 of them for one sample.')
  })

  it('keeps what --keep-float names', () => {
    expect(ops(run(dense, { keepFloat: ['head'] }).model)).toEqual(['fully_connected'])
  })

  it('takes ranges that are given before those of the file', () => {
    const given = run(dense, { ranges: { of: (_, v) => (v.name === 'x' ? [-4, 4] : undefined) } }).model.graphs[0]!
    expect(given.values.get(given.nodes[0]!.outputs[0]!)!.type.quant).toMatchObject({ scale: Math.fround(8 / 255) })
  })

  it('brings a DIV to integers only where the divisor is away from 0', () => {
    const div = (range: string) =>
      model(`  %1 = const "one" : f32[1] = [1]\n  %9 = div(%1, %0) : f32[N,4] range[-9,9]`, `f32[N,4] range[${range}]`)
    expect(ops(run(div('0.5,2')).model)).toContain('quantize')
    expect(ops(run(div('-1,2')).model)).toEqual(['div'])
  })

  it('needs ranges', () => expect(codeOf(() => run(model('  %9 = relu(%0) : f32[N,4]', 'f32[N,4]')))).toBe('quantize/no-ranges'))
})

describe('strict modes', () => {
  it('name every op that stays float', () => {
    expect(codeOf(() => run(island, { mode: 'int8-only' }))).toBe('quantize/not-integer')
    expect(codeOf(() => run(island, { mode: 'int16x8-only' }))).toBe('quantize/not-integer')
    expect(ops(run(dense, { mode: 'int8-only' }).model)).toHaveLength(3)
  })
})

describe('int8-only', () => {
  it('takes an op that computes the same where one has no integer kernel', () => {
    const squares = model('  %8 = square(%0) : f32[N,4] range[0,1]\n  %9 = neg(%8) : f32[N,4] range[-1,0]')
    expect(ops(run(squares, { mode: 'int8-only' }).model)).toEqual(['quantize', 'mul', 'mul', 'dequantize'])
    expect(ops(run(squares).model)).toEqual(['square', 'neg'])
  })
})

describe('int16x8', () => {
  it('has a bias for each op that reads one, on the scale of its own input and weights (docs/adr/0010-shared-biases.md)', () => {
    const two = parseModel(`graph main(%0 "a": f32[2,4] range[-1,1], %1 "b": f32[2,4] range[-12,12]) {
      %2 = const "w" : f32[3,4] = random(1)
      %3 = const "bias" : f32[3] = random(2)
      %4 "p" = fully_connected(%0, %2, %3) : f32[2,3] range[-4,4]
      %5 "q" = fully_connected(%1, %2, %3) : f32[2,3] range[-40,40]
      return %4, %5
    }
    signature "serve" main("a" %0, "b" %1) -> ("p" %4, "q" %5)`)
    const { graphs } = run(two, { mode: 'int16x8' }).model
    const [graph] = graphs
    const scalesOf = (id: number | null) => {
      const { quant } = graph!.values.get(id!)!.type
      return quant?.kind === 'per-tensor' ? [quant.scale] : [...quant!.scales]
    }
    const dense = graph!.nodes.filter((n) => n.op === 'fully_connected')
    expect(dense).toHaveLength(2)
    for (const { inputs } of dense) {
      const [input, weights, bias] = inputs.map(scalesOf)
      for (const [c, scale] of bias!.entries()) expect(scale / (input![0]! * weights![c]!)).toBeCloseTo(1, 6)
    }
    expect(new Set(dense.map((n) => n.inputs[2])).size).toBe(2)
  })

  it.each([
    ['i64', undefined],
    ['i32', 'i32'],
  ] as const)('has %s biases', (dtype, biasType) => {
    const { model: m } = run(dense, { mode: 'int16x8', ...(biasType && { biasType }) })
    const node = m.graphs[0]!.nodes[1]!
    expect(node.inputs.map((id) => m.graphs[0]!.values.get(id!)!.type.dtype)).toEqual(['i16', 'i8', dtype])
    expect(node.attrs.quantizedBiasType).toBe(dtype)
  })
})

describe('ports', () => {
  it('are int8 without a QUANTIZE, uint8 with one that moves the zero point', () => {
    expect(ops(run(dense, { io: 'int8' }).model)).toEqual(['fully_connected'])
    const { model: m } = run(dense, { io: 'uint8' })
    expect(ops(m)).toEqual(['quantize', 'fully_connected', 'quantize'])
    expect(ports(m)).toMatchObject([
      { dtype: 'u8', quant: { zeroPoint: 127 } },
      { dtype: 'u8', quant: { zeroPoint: 102 } },
    ])
  })
  it('go by name', () => expect(ports(run(dense, { io: { x: 'int8', y: 'uint8' } }).model).map((t) => t.dtype)).toEqual(['i8', 'u8']))
  it('read by float ops are converted', () =>
    expect(ops(run(island, { io: 'int8' }).model)).toEqual(['dequantize', 'sin', 'quantize', 'relu']))
  it('of int16x8 are int16', () =>
    expect(ports(run(dense, { mode: 'int16x8', io: 'int16' }).model).map((t) => t.dtype)).toEqual(['i16', 'i16']))

  const unseen = model('  %9 = sin(%0) : f32[N,4]')
  const ids = model('  %1 = const "t" : f32[8,4] = random(1)\n  %9 = gather(%1, %0) : f32[N,4] range[-1,1]', 'i32[N]')
  it.each([
    ['quantize/unknown-port', () => run(dense, { io: { z: 'int8' } })],
    ['quantize/unfit-port-type', () => run(dense, { io: 'int16' })],
    ['quantize/port-not-float', () => run(ids, { io: { x: 'int8' } })],
    ['quantize/port-without-range', () => run(unseen, { io: { y: 'int8' } })],
    ['quantize/io-needs-static-mode', () => run(dense, { mode: 'dynamic', io: 'int8' })],
  ])('%s', (code, work) => expect(codeOf(work)).toBe(code))
})

it('stores the same weights for two readers once', () => {
  const twice = model(
    '  %1 = const "w" : f32[4,4] = random(1)\n  %2 = fully_connected(%0, %1, none) : f32[N,4] range[-1,1]\n  %9 = fully_connected(%2, %1, none) : f32[N,4] range[-1,1]',
  )
  const [g] = run(twice).model.graphs
  const [, first, second] = g!.nodes
  expect(first!.inputs[1]).toBe(second!.inputs[1])
  expect(typedView('i8', g!.values.get(first!.inputs[1]!)!.data!.bytes()).some((q) => Math.abs(q) === 127)).toBe(true)
})

describe('a model that was trained with quantization', () => {
  const pair = (n: number, of: number, scale: number, zeroPoint: number, shape: string) =>
    `  %${n} = quantize(%${of}) {to=u8} : u8[${shape}]<${scale}:${zeroPoint}>\n  %${n + 1} = dequantize(%${n}) : f32[${shape}]`
  const trained = model(
    [
      pair(20, 0, 0.5, 128, 'N,4'),
      '  %1 = const "w" : f32[3,4] = random(1)',
      '  %30 = quantize(%1) {to=u8} : u8[3,4]<axis=0, 0.125:128, 0.25:128, 0.5:128>\n  %31 = dequantize(%30) : f32[3,4]',
      '  %2 = fully_connected(%21, %31, none) : f32[N,3]',
      pair(40, 2, 0.25, 3, 'N,3'),
      '  %9 = sin(%41) : f32[N,3]',
    ].join('\n'),
    'f32[N,4]',
  )

  it.each(['int8', 'dynamic', 'float16'] as const)('keeps its grids and needs no ranges in %s', (mode) => {
    const [g] = run(trained, { mode }).model.graphs
    const quantOf = (id: number | null) => g!.values.get(id!)!.type.quant
    expect(g!.nodes.map((n) => n.op)).toEqual(['quantize', 'fully_connected', 'dequantize', 'sin'])
    const fc = g!.nodes[1]!
    expect(quantOf(fc.inputs[0]!)).toMatchObject({ scale: 0.5, zeroPoint: 0 })
    expect(quantOf(fc.inputs[1]!)).toMatchObject({ kind: 'per-axis', scales: Float32Array.of(0.125, 0.25, 0.5) })
    expect(quantOf(fc.outputs[0]!)).toMatchObject({ scale: 0.25, zeroPoint: -125 })
  })

  it('tells that it used them', () =>
    expect(run(trained, { mode: 'dynamic' }).diagnostics.map((d) => d.code)).toEqual(['quantize/uses-trained-grids']))

  it('keeps a grid that no integer op touches', () => {
    const alone = model(`${pair(20, 0, 0.5, 128, 'N,4')}\n  %9 = sin(%21) : f32[N,4]`, 'f32[N,4]')
    expect(ops(run(alone).model)).toEqual(['quantize', 'dequantize', 'sin'])
  })

  it('takes its grids as ranges in int16x8', () => {
    const [g] = run(trained, { mode: 'int16x8' }).model.graphs
    const fc = g!.nodes.find((n) => n.op === 'fully_connected')!
    expect(g!.values.get(fc.inputs[0]!)!.type.quant).toMatchObject({ scale: Math.fround(64 / 32767) })
  })
})
