import { describe, expect, it, test } from 'vitest'
import { typedView } from '../../core/dtype.ts'
import { ndArray, toFloat32 } from '../../core/nd-array.ts'
import type { Graph, Model } from '../../ir/types.ts'
import { interpret } from '../../ops/interpret.ts'
import { modelFromText } from '../../ops/text.ts'
import { withError } from '../decide.ts'
import { quantize } from '../quantize.ts'
import { parseRecipe } from '../recipe/parse-recipe.ts'
import { storedValues } from '../stored-error.ts'
import type { QuantizeOptions } from '../types.ts'
import { floored, oscarBound, oscarFactors } from './oscar.ts'

const [rows, columns] = [3, 12]
const values = Float32Array.from(
  { length: rows * columns },
  (_, i) => Math.sin(7 * Math.floor(i / columns) + 3 * (i % columns) + 1) * (1 + ((i % columns) % 5)),
)
const moments = Float64Array.from({ length: columns }, (_, c) => Math.exp(((c * 13) % 7) - 3))

/*
 * What litert-quantizer 0.11 gives for these: oscar._compute_channel_scales(w, mu2, block) and oscar.get_clip_bounds(FULLY_CONNECTED, w * f,
 * mu2 / f**2, bits, granularity), with the factors f of one block.
 */
const wholeRows = [
  0.6438135, 1.777004, 1.296897, 0.8823876, 0.6236866, 1.108296, 0.6260248, 0.4100837, 1.434968, 1.183522, 2.122509, 1.194077,
]
const blocksOf4 = [
  0.6570316, 1.813488, 1.277757, 0.9005038, 0.5352234, 1.13105, 0.6388777, 0.4185031, 1.413499, 1.207821, 2.166086, 1.218593,
]
const byRow = { 2: [2.082927, 3.063575, 4.618015], 4: [2.665303, 3.803772, 5.499261], 8: [2.689608, 3.853993, 5.531962] } as const
const ofAll = { 2: 3.556834, 4: 5.434811, 8: 5.531762 } as const
const expectNear = (found: number, expected: number) => expect(Math.abs(found / expected - 1)).toBeLessThan(1e-6)

test.each([
  [columns, wholeRows],
  [4, blocksOf4],
])('factors of blocks of %d columns are those of litert-quantizer', (block, expected) => {
  const factors = oscarFactors({ values, columns, block }, moments)!
  for (const [c, f] of expected.entries()) expectNear(factors[c]!, f)
})

it('has no factors where none are better', () => {
  expect(oscarFactors({ values: new Float32Array(32).fill(1), columns: 8, block: 8 }, new Float64Array(8).fill(2))).toBeUndefined()
})

describe.each([2, 4, 8] as const)('bounds of %d bits', (bits) => {
  const factors = oscarFactors({ values, columns, block: columns }, moments)!
  const scaled = Float64Array.from(values, (w, k) => w * factors[k % columns]!)
  const power = floored(moments.map((m, c) => m / factors[c]! ** 2))
  const most = 2 ** (bits - 1) - 1

  it('are those of litert-quantizer', () => {
    for (const [r, bound] of byRow[bits].entries())
      expectNear(oscarBound(scaled.subarray(r * columns, (r + 1) * columns), power, most), bound)
    const tiled = Float64Array.from(scaled, (_, k) => power[k % columns]!)
    expectNear(oscarBound(scaled, tiled, most), ofAll[bits])
  })

  it('lose least of all', () => {
    const row = scaled.subarray(0, columns)
    const lossAt = (c: number) =>
      row.reduce((sum, a, i) => sum + (Math.max(Math.abs(a) - c, 0) ** 2 + c ** 2 / (12 * most * most)) * power[i]!, 0)
    const least = lossAt(oscarBound(row, power, most))
    for (let step = 1; step <= 4000; step++) expect(lossAt((step * 5) / 4000)).toBeGreaterThanOrEqual(least * (1 - 1e-9))
  })
})

const modelOf = (input: string, body: string): Model =>
  modelFromText(`graph main(%x "x": ${input}) {\n${body}\n return %y }\nsignature "serve" main("x" %x) -> ("y" %y)`)
const seen: QuantizeOptions['hessians'] = { of: () => ({ reason: 'nothing asks' }), moments: () => moments }
const numbers = `[${values.join(', ')}]`
const dense = `%w = const "w" : f32[3,12] = ${numbers}\n %b = const "b" : f32[3] = random(2)\n %y = fully_connected(%x, %w, %b) @"head"`
const ops = ({ graphs: [g] }: Model) => g!.nodes.map((n) => n.op)
/** Channels with these moments. */
const input = (count: number) =>
  ndArray(
    'f32',
    Float32Array.from({ length: count * columns }, (_, i) => Math.sqrt(2 * moments[i % columns]!) * Math.sin(5 * i * i + 1)),
    [count, columns],
  )
const resultOf = (graph: Graph, x: ReturnType<typeof input>) => toFloat32(interpret(graph, [x])[0]!)!

describe('a fully connected layer', () => {
  it.each(['dynamic-int4', 'weight-only-int4', 'weight-only-int8'] as const)('loses less in %s than on the scales of min-max', (mode) => {
    const model = modelOf('f32[64,12]', dense)
    const x = input(64)
    const float = resultOf(model.graphs[0]!, x)
    const lost = (options: QuantizeOptions) => {
      const done = quantize(model, { mode, ...options })
      // Kernels of dynamic ranges quantize activations too: the weights are put in their place as floats.
      const { graphs, decisions } = { graphs: done.model.graphs, decisions: done.decisions.map(withError) }
      const stored = decisions.find((d) => d.operand === 'weights')!
      return { graph: graphs[0]!, stored }
    }
    const { graph, stored } = lost({ weightsAlgorithm: 'oscar', hessians: seen })
    expect(stored).toMatchObject({ algorithm: 'oscar', reason: undefined })
    const [least, most] = stored.columnFactors!
    expect(least).toBeLessThan(1)
    expect(most).toBeGreaterThan(1)
    const multiplier = [...graph.values.values()].find((v) => v.name === 'w/multiplier')!
    const inverse = typedView('f32', multiplier.data!.bytes())
    const errorOf = (g: Graph, times: ArrayLike<number> | undefined) => {
      const weights = [...g.values.values()].find((v) => v.type.quant && v.data)!
      const value = storedValues({ type: weights.type, data: weights.data! })
      const w = typedView('f32', [...model.graphs[0]!.values.values()].find((v) => v.name === 'w')!.data!.bytes())
      const e = Float64Array.from(w, (v, k) => v - value(k) * (times?.[k % columns] ?? 1))
      const xs = toFloat32(x)!
      let sum = 0
      for (let n = 0; n < 64; n++)
        for (let o = 0; o < rows; o++) {
          let y = 0
          for (let c = 0; c < columns; c++) y += xs[n * columns + c]! * e[o * columns + c]!
          sum += y * y
        }
      return sum
    }
    expect(errorOf(graph, inverse)).toBeLessThan(errorOf(lost({}).graph, undefined))
    expect(ops({ ...model, graphs: [graph] }).sort()).toEqual([
      ...(mode === 'dynamic-int4' ? [] : ['dequantize']),
      'fully_connected',
      'mul',
    ])
    if (mode !== 'dynamic-int4') {
      const found = resultOf(graph, x)
      const range = float.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
      for (const [i, v] of found.entries()) expect(Math.abs(v - float[i]!)).toBeLessThan(0.2 * range)
    }
  })

  it('tells the loss against the weights themselves, and biases are corrected for it', () => {
    const model = modelOf('f32[64,12]', dense)
    const means = { of: () => new Float64Array(columns).fill(0.5) }
    const done = quantize(model, { mode: 'weight-only-int8', weightsAlgorithm: 'oscar', hessians: seen, biasCorrection: true, means })
    const stored = done.decisions.map(withError).find((d) => d.operand === 'weights')!
    expect(stored.error!.sqnrDb).toBeGreaterThan(25)
    expect(done.biasCorrection!.corrected).toHaveLength(1)
    expect(done.biasCorrection!.corrected[0]!.shift).toBeLessThan(0.2)
  })

  it('shares the MUL with those that read the same with the same weights, and no others', () => {
    const two = (second: string) =>
      modelOf(
        'f32[4,12]',
        `%w = const "w" : f32[3,12] = ${numbers}\n %v = const "v" : f32[3,12] = [${[...values].reverse().join(', ')}]\n %a = fully_connected(%x, %w, none)\n %c = fully_connected(%x, ${second}, none)\n %y = add(%a, %c)`,
      )
    const run = (model: Model) => ops(quantize(model, { mode: 'dynamic-int4', weightsAlgorithm: 'oscar', hessians: seen }).model)
    expect(run(two('%w')).filter((o) => o === 'mul')).toHaveLength(1)
    expect(run(two('%v')).filter((o) => o === 'mul')).toHaveLength(2)
  })

  it.each<[string, string, string, QuantizeOptions['hessians'], string]>([
    [
      'convolutions',
      'f32[1,4,4,3]',
      '%w = const "w" : f32[5,2,2,3] = random(1)\n %y = conv_2d(%x, %w, none) {padding=valid}',
      seen,
      'oscar is not for CONV_2D',
    ],
    [
      'flattened inputs',
      'f32[2,3,4]',
      '%w = const "w" : f32[5,12] = random(1)\n %y = fully_connected(%x, %w, none)',
      seen,
      'its input is read across axes',
    ],
    [
      'inputs that were 0',
      'f32[2,12]',
      dense,
      { of: seen!.of, moments: () => new Float64Array(columns) },
      'its inputs were 0 in all samples',
    ],
    ['inputs that were not seen', 'f32[2,12]', dense, { of: seen!.of, moments: () => ({ reason: 'nobody looked' }) }, 'nobody looked'],
  ])('has the scales of min-max of %s, and tells it', (_, shape, body, hessians, why) => {
    const { decisions, diagnostics } = quantize(modelOf(shape, body), { mode: 'weight-only-int8', weightsAlgorithm: 'oscar', hessians })
    const stored = decisions.find((d) => d.to === 'i8')!
    expect(stored.algorithm).toBe('min-max')
    expect(stored.note).toContain(`min-max, not oscar: `)
    expect(stored.note).toContain(why)
    expect(diagnostics.map((d) => d.code)).toEqual(['quantize/other-algorithm'])
  })

  it('is what a rule of a recipe says, and needs samples', () => {
    const rule = {
      algorithm_key: 'OSCAR',
      op_config: { weight_tensor_config: { num_bits: 4, granularity: 'CHANNELWISE' }, compute_precision: 'INTEGER' },
    }
    const recipe = parseRecipe('r.json', JSON.stringify([rule]))
    const model = modelOf('f32[64,12]', dense)
    expect(ops(quantize(model, { recipe, hessians: seen }).model)).toEqual(['mul', 'fully_connected'])
    expect(() => quantize(model, { recipe })).toThrow('oscar stores the weight "w" of "head" by what samples make')
  })
})
