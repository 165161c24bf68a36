import { expect, it, test } from 'vitest'
import type { ConstData } from '../../core/bytes.ts'
import type { Model } from '../../ir/types.ts'
import { modelFromText } from '../../ops/text.ts'
import { quantize } from '../quantize.ts'
import { planObservation } from './observed-layers.ts'

const modelOf = (input: string, body: string): Model =>
  modelFromText(`graph main(%x "x": ${input}) {\n${body}\n return %y }\nsignature "serve" main("x" %x) -> ("y" %y)`)
const weightsOf = ({ graphs: [g] }: Model): ConstData[] => [...g!.values.values()].filter((v) => v.name.startsWith('w')).map((v) => v.data!)
const planOf = (model: Model) => planObservation(model, { products: new Set(weightsOf(model)) })

test.each([
  ['i32[3]', '%w = const "w" : f32[4,5] = random(1)\n %y = gather(%w, %x) {axis=0}', 'GATHER is no product of matrices'],
  [
    'f32[2,3]',
    '%c = const "c" : f32[2,4] = random(2)\n %w = const "w" : f32[3,4] = random(1)\n %z = fully_connected(%c, %w, none)\n %y = add(%z, %x)',
    'its input is no float activation',
  ],
])('leaves out %s: %s', (input, body, reason) => {
  const { layers, refused } = planOf(modelOf(input, body))
  expect(layers).toEqual([])
  expect([...refused.values()]).toHaveLength(1)
  expect([...refused.values()][0]).toContain(reason)
})

it('takes layers until their Hessians fill the memory that they may have', () => {
  const lines = Array.from(
    { length: 9 },
    (_, i) => `%w${i} = const "w${i}" : f32[1,4608] = random(${i})
      %x${i} = ${i % 2 === 0 ? 'sin' : 'cos'}(%x${i === 0 ? '' : i - 1})
      %y${i} = fully_connected(%x${i}, %w${i}, none)`,
  )
  const sum = Array.from({ length: 8 }, (_, i) => `%${i === 7 ? 'y' : `s${i}`} = add(%${i === 0 ? 'y0' : `s${i - 1}`}, %y${i + 1})`)
  const model = modelOf('f32[2,4608]', [...lines, ...sum].join('\n'))
  const { layers, refused } = planOf(model)
  expect(layers).toHaveLength(7)
  expect([...refused.values()]).toEqual(Array.from({ length: 2 }, () => 'what is observed of the layers before it takes 640 MB'))
  const { diagnostics } = quantize(model, {
    mode: 'dynamic',
    minElements: 0,
    weightsAlgorithm: 'gptq',
    hessians: { of: (w) => ({ reason: refused.get(w) ?? 'it is large' }), moments: () => ({ reason: 'nothing asks' }) },
  })
  const told = diagnostics.filter((d) => d.code === 'quantize/other-algorithm').map((d) => d.message)
  expect(told).toHaveLength(2)
  expect(told[1]).toBe(
    '2 weights (the first is "w7"): rounded to nearest, not gptq: what is observed of the layers before it takes 640 MB.',
  )
})

it('sums once what several layers read', () => {
  const body = ['0', '1'].map((i) => `%w${i} = const "w${i}" : f32[${i}4,6] = random(${i})\n %y${i} = fully_connected(%x, %w${i}, none)`)
  const { sums, layers } = planOf(modelOf('f32[2,6]', [...body, '%y = concatenation(%y0, %y1) {axis=1}'].join('\n')))
  expect(sums.map((s) => s.columns)).toEqual([6])
  expect(layers.map((l) => l.sums)).toEqual([0, 0])
})

it('takes weights of several ops as one layer, where they are the same rows for all', () => {
  const body = (second: string) => `%w = const "w" : f32[4,6] = random(1)
    %v = const "v" : ${second} = random(2)
    %a = fully_connected(%x, %w, none)
    %z = ${second === 'f32[4,6]' ? 'fully_connected(%x, %v, none)' : 'fully_connected(%t, %v, none)'}
    %y = ${second === 'f32[4,6]' ? 'add(%a, %z)' : 'concatenation(%a, %z) {axis=1}'}`
  const sharing = (second: string): Model => {
    const model = modelFromText(
      `graph main(%x "x": f32[1,6], %t "t": f32[1,3]) {\n${body(second)}\n return %y }\nsignature "serve" main("x" %x, "t" %t) -> ("y" %y)`,
    )
    const [graph] = model.graphs
    const [data] = weightsOf(model)
    const values = new Map([...graph!.values].map(([id, v]) => [id, v.name === 'v' ? { ...v, data: data! } : v]))
    return { ...model, graphs: [{ ...graph!, values }] }
  }
  const same = planOf(sharing('f32[4,6]'))
  expect(same.sums.map((l) => l.rows.length)).toEqual([2])
  const other = planOf(sharing('f32[8,3]'))
  expect([...other.refused.values()]).toEqual(['its ops take it for rows of different lengths'])
})
