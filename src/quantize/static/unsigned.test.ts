import { describe, expect, it, test } from 'vitest'
import { codeOf } from '../../../test/testkit/refusal.ts'
import { typedView } from '../../core/dtype.ts'
import { parseModel } from '../../ir/parse.ts'
import type { Model } from '../../ir/types.ts'
import { textRecords } from '../../ops/text.ts'
import { quantize } from '../quantize.ts'
import type { QuantizeOptions } from '../types.ts'

const model = (body: string, input = 'f32[N,4]', inputs = `%0 "x": ${input}`): Model => {
  const ports = inputs.split(', %').map((p, i) => `"${/"(\w+)"/.exec(p)![1]}" %${i}`)
  return parseModel(`model "m"\ngraph main(${inputs}) {\n${body}\n  return %9\n}\nsignature "s" main(${ports.join(', ')}) -> ("y" %9)\n`, {
    records: textRecords,
  })
}
const dense = model(
  '  %1 = const "w" : f32[3,4] = random(1)\n  %9 = fully_connected(%0, %1, none) : f32[N,3] range[-2,3]',
  'f32[N,4] range[-1,1]',
)
const unseen = model('  %8 = relu(%0) : f32[N,4]\n  %9 = exp(%8) : f32[N,4]')
const run = (m: Model, options: QuantizeOptions = {}) => quantize(m, { mode: 'uint8', ...options })
const ops = (m: Model) => m.graphs[0]!.nodes.map((n) => n.op)
const types = (m: Model) => [...m.graphs[0]!.inputs, ...m.graphs[0]!.outputs].map((id) => m.graphs[0]!.values.get(id)!.type)
describe('uint8', () => {
  it('stores inputs, results and weights as u8, 0 among the numbers', () => {
    const { model: m, decisions } = run(dense)
    expect(ops(m)).toEqual(['fully_connected'])
    // 127.5 goes away from 0, in u8.
    expect(types(m)).toMatchObject([
      { dtype: 'u8', quant: { zeroPoint: 128 } },
      { dtype: 'u8', quant: { scale: Math.fround(5 / 255), zeroPoint: 102 } },
    ])
    const weight = m.graphs[0]!.values.get(m.graphs[0]!.nodes[0]!.inputs[1]!)!
    const stored = typedView('u8', weight.data!.bytes())
    expect([weight.type.dtype, Math.min(...stored), Math.max(...stored)]).toEqual(['u8', 1, 255])
    expect(decisions).toMatchObject([{ tensor: 'w', to: 'u8', granularity: 'per-tensor', grid: { scales: 1 } }])
  })
  it('takes inputs by mean and standard deviation', () => {
    const { model: m } = run(dense, { inputStats: { x: { mean: 127.5, std: 127.5 } } })
    expect(types(m)[0]).toMatchObject({ quant: { scale: Math.fround(1 / 127.5), zeroPoint: 128 } })
  })
  it('gives and takes floats on demand', () => {
    expect(ops(run(dense, { io: 'float32' }).model)).toEqual(['quantize', 'fully_connected', 'dequantize'])
    expect(ops(run(dense, { io: { y: 'float32' } }).model)).toEqual(['fully_connected', 'dequantize'])
  })
  it('leaves float what has no kernel for u8', () => {
    const { model: m, diagnostics } = run(
      model('  %8 = relu(%0) : f32[N,4] range[0,1]\n  %9 = exp(%8) : f32[N,4] range[0,4]', 'f32[N,4] range[-1,1]'),
    )
    expect(ops(m)).toEqual(['relu', 'dequantize', 'exp', 'quantize'])
    expect(diagnostics[0]!.message).toContain('EXP has no kernel for u8')
  })
  it('makes a result on the grid that its only reader asks for, as TensorFlow 2.21 does', () => {
    const trained = (n: number, of: number, grid: string) =>
      `  %${n} = quantize(%${of}) {to=u8} : u8[N,4]<${grid}>\n  %${n + 1} = dequantize(%${n}) : f32[N,4]\n`
    const larger = (made: string, last: string) => {
      const before = `  %1 = ${made} : f32[N,4]\n${trained(10, 1, '0.25:128')}  %2 = relu(%0) : f32[N,4]\n${trained(20, 2, '0.0625:0')}`
      const { nodes, values } = run(
        model(`${before}  %3 = maximum(%11, %21) : f32[N,4]\n${trained(30, 3, '0.5:64')}${last}`, 'f32[N,4] range[0,2]'),
      ).model.graphs[0]!
      return nodes.map((n) => [n.op, values.get(n.outputs[0]!)!.type.quant])
    }
    const to = { zeroPoint: 64, scale: 0.5 }
    const only = '  %9 = relu(%31) : f32[N,4] range[0,4]'
    expect(larger('add(%0, %0)', only).slice(0, 3)).toMatchObject([
      ['add', to],
      ['relu', to],
      ['maximum', to],
    ])
    // The kernel of TANH sets the grid of its result: TensorFlow fails there.
    expect(larger('tanh(%0)', only).filter(([name]) => name === 'quantize')).not.toEqual([])
    // Another reader takes it as it was trained.
    expect(larger('add(%0, %0)', '  %9 = add(%11, %31) : f32[N,4] range[-2,6]').filter(([name]) => name === 'quantize')).toMatchObject([
      ['quantize', to],
    ])
  })
  it('lets CONCATENATION have operands on different grids', () => {
    const join = model(
      '  %2 = tanh(%0) : f32[N,4] range[-2,2]\n  %3 = relu(%0) : f32[N,4] range[0,4]\n  %9 = concatenation(%2, %3) {axis=1} : f32[N,8]',
      'f32[N,4] range[-4,4]',
    )
    expect(ops(run(join).model)).toEqual(['tanh', 'relu', 'quantize', 'concatenation'])
  })
})

describe('a default range', () => {
  it('stands where none is known, is told of and marked in the file', () => {
    const { model: m, diagnostics } = run(unseen, { defaultRange: [-6, 6], inputStats: { '': { mean: 0, std: 255 } } })
    expect(ops(m)).toEqual(['relu', 'dequantize', 'exp'])
    expect(diagnostics[0]).toMatchObject({ code: 'quantize/not-for-accuracy', severity: 'warning' })
    expect(JSON.parse(new TextDecoder().decode(m.metadata.get('downcast.default_range')!.bytes()))).toEqual({
      warning: 'not for accuracy',
      range: [-6, 6],
      activations: 1,
    })
  })
  it('leaves no mark where all ranges are known', () => expect(run(dense, { defaultRange: [-6, 6] }).model.metadata.size).toBe(0))
})

describe('a float model', () => {
  const stored = (io?: 'uint8' | 'int8') => quantize(unseen, { mode: 'none', io, inputStats: { x: { mean: 100, std: 50 } } }).model
  it('may have inputs by mean and standard deviation', () => {
    expect(ops(stored())).toEqual(['dequantize', 'relu', 'exp'])
    expect(types(stored())).toMatchObject([{ dtype: 'u8', quant: { zeroPoint: 100 } }, { dtype: 'f32' }])
    expect(types(stored('int8'))[0]).toMatchObject({ dtype: 'i8', quant: { zeroPoint: 100 } })
  })
})

const two = model('  %9 = add(%0, %1) : f32[N,4] range[0,1]', '', '%0 "x": f32[N,4] range[0,1], %1 "z": f32[N,4] range[0,1]')
const ids = model('  %1 = const "t" : f32[8,4] = random(1)\n  %9 = gather(%1, %0) : f32[N,4] range[-1,1]', 'i32[N]')
const stats = { mean: 0, std: 1 }
test.each([
  ['quantize/no-ranges', () => run(unseen)],
  ['quantize/unfit-port-type', () => run(dense, { io: 'int8' })],
  ['quantize/unfit-port-type', () => run(dense, { io: { x: 'int16' } })],
  ['quantize/unknown-port', () => run(dense, { inputStats: { z: stats } })],
  ['quantize/ambiguous-stats', () => run(two, { inputStats: { '': stats } })],
  ['quantize/stats-not-float', () => run(ids, { inputStats: { x: stats } })],
  ['quantize/unfit-option', () => run(dense, { mode: 'dynamic', inputStats: { x: stats } })],
  ['quantize/unfit-option', () => run(dense, { mode: 'int16x8', defaultRange: [-1, 1] })],
])('%s', (code, work) => expect(codeOf(work)).toBe(code))
