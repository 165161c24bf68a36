import { describe, expect, it } from 'vitest'
import { codeOf } from '../../../test/testkit/refusal.ts'
import { typedView } from '../../core/dtype.ts'
import { type NdArray, ndArray, toFloat32 } from '../../core/nd-array.ts'
import type { Graph, Model, Value } from '../../ir/types.ts'
import { allSpecs } from '../../ops/index.ts'
import { interpret } from '../../ops/interpret.ts'
import { modelFromText } from '../../ops/text.ts'
import { verifyGraph } from '../../ops/verify.ts'
import type { Means } from '../means.ts'
import { quantize } from '../quantize.ts'
import { recipeOf } from '../recipe/parse-recipe.ts'
import type { QuantizeOptions } from '../types.ts'
import { placesOf } from '../weighted.ts'
import { triangleLength } from '../weights/hessian.ts'

const modelOf = (body: string, input: string): Model =>
  modelFromText(`graph main(%x "x": ${input}) {\n${body}\n return %y }\nsignature "serve" main("x" %x) -> ("y" %y)`)

const samples = 6
/** Samples whose channels differ, which spread around 1. */
function samplesOf({ type }: Value): NdArray[] {
  const shape = type.shape as readonly number[]
  const count = shape.reduce((a, b) => a * b, 1)
  return Array.from({ length: samples }, (_, s) =>
    ndArray(
      'f32',
      Float32Array.from({ length: count }, (_, i) => 1 + Math.sin(7 * s + i) / 2 + (i % shape.at(-1)!) / 4),
      shape,
    ),
  )
}

const inputOf = ({ graphs: [g] }: Model): Value => g!.values.get(g!.inputs[0]!)!
const resultsOf = (graph: Graph, inputs: readonly NdArray[]): Float32Array[] => inputs.map((x) => toFloat32(interpret(graph, [x])[0]!)!)

/** Means of every value of a model over samples, found by plain loops. */
function meansOf({ graphs: [g] }: Model, inputs: readonly NdArray[]): Means {
  return {
    of(_, value, channels) {
      const shown = { ...g!, outputs: [value.id] }
      const all = value.id === g!.inputs[0] ? inputs.map((x) => toFloat32(x)!) : resultsOf(shown, inputs)
      const means = new Float64Array(channels)
      for (const x of all) for (const [i, v] of x.entries()) means[i % channels]! += (v * channels) / (x.length * all.length)
      return means
    },
  }
}

/** Largest difference of the mean of a channel of the result, over samples, to that of the float model. */
function movedBy(float: Graph, small: Graph, inputs: readonly NdArray[]): number {
  const channels = float.values.get(float.outputs[0]!)!.type.shape.at(-1) as number
  const [a, b] = [resultsOf(float, inputs), resultsOf(small, inputs)]
  const moved = new Float64Array(channels)
  for (const [s, x] of a.entries())
    for (const [i, v] of x.entries()) moved[i % channels]! += ((b[s]![i]! - v) * channels) / (x.length * samples)
  return moved.reduce((most, m) => Math.max(most, Math.abs(m)), 0)
}

const dense = '%w = const "w" : f32[5,8] = random(1)\n %b = const "b" : f32[5] = random(2)\n %y = fully_connected(%x, %w, %b) @"head"'
/** The range of results is about 30; float32 has a part in 10^7 of it. */
const rounding = 1e-5

const run = (model: Model, options: QuantizeOptions = {}) => {
  const inputs = samplesOf(inputOf(model))
  const how: QuantizeOptions = {
    mode: 'weight-only-int4',
    means: meansOf(model, inputs),
    ranges: { of: () => [-20, 20] },
    ...options,
  }
  const plain = quantize(model, how)
  const done = quantize(model, { ...how, biasCorrection: true })
  for (const graph of done.model.graphs) expect(verifyGraph(graph, 'quantized')).toEqual([])
  const moved = (m: Model) => movedBy(model.graphs[0]!, m.graphs[0]!, inputs)
  return { plain, done, movedBefore: () => moved(plain.model), movedAfter: () => moved(done.model), found: done.biasCorrection! }
}

describe('correctBiases', () => {
  it('takes from a bias what the errors of weights add to the mean of a linear layer', () => {
    const model = modelOf(dense, 'f32[4,8]')
    const { movedBefore, movedAfter, found, plain, done } = run(model)
    expect(movedBefore()).toBeGreaterThan(0.05)
    expect(movedAfter()).toBeLessThan(rounding)
    expect(found).toMatchObject({ corrected: [{ layer: 'head', op: 'fully_connected', channels: 5, bias: 'own' }], others: [] })
    expect(found.corrected[0]!.shift).toBeCloseTo(movedBefore(), 4)
    expect(found.corrected[0]!.share).toBeCloseTo(movedBefore() / 40, 6)
    expect(bytesAt(done.model, 'w/quantized')).toEqual(bytesAt(plain.model, 'w/quantized'))
  })

  // A window of an input that is the same everywhere sees the mean, so that nothing but rounding is left.
  it.each([
    ['a convolution', 'f32[1,5,5,3]', '%w = const "w" : f32[4,2,2,3] = random(1)\n %y = conv_2d(%x, %w, %b) {padding=valid}'],
    ['one in groups', 'f32[1,5,5,6]', '%w = const "w" : f32[4,2,2,3] = random(1)\n %y = conv_2d(%x, %w, %b) {padding=valid}'],
    [
      'a depthwise one, two results for each channel',
      'f32[1,5,5,2]',
      '%w = const "w" : f32[1,3,3,4] = random(1)\n %y = depthwise_conv_2d(%x, %w, %b) {padding=valid, depthMultiplier=2}',
    ],
    [
      'a transposed one',
      'f32[1,3,3,2]',
      '%w = const "w" : f32[4,2,2,2] = random(1)\n %s = const "s" : i32[4] = [1,6,6,4]\n %y = transpose_conv(%s, %w, %x, %b) {padding=valid, stride=[2,2]}',
    ],
    ['padding', 'f32[1,5,6,3]', '%w = const "w" : f32[4,3,3,3] = random(1)\n %y = conv_2d(%x, %w, %b) {padding=same, stride=[2,2]}'],
    [
      'padding around windows with gaps',
      'f32[1,7,4,3]',
      '%w = const "w" : f32[4,3,2,3] = random(1)\n %y = conv_2d(%x, %w, %b) {padding=same, dilation=[2,3]}',
    ],
    [
      'padding around a depthwise one',
      'f32[1,3,5,4]',
      '%w = const "w" : f32[1,5,3,4] = random(1)\n %y = depthwise_conv_2d(%x, %w, %b) {padding=same, depthMultiplier=1}',
    ],
    [
      'a transposed one that is cut',
      'f32[1,3,2,2]',
      '%w = const "w" : f32[4,3,4,2] = random(1)\n %s = const "s" : i32[4] = [1,5,6,4]\n %y = transpose_conv(%s, %w, %x, %b) {padding=same, stride=[2,3]}',
    ],
    ['flattened rows', 'f32[1,2,2,3]', '%w = const "w" : f32[4,12] = random(1)\n %y = fully_connected(%x, %w, %b)'],
  ])('follows %s', (_, input, body) => {
    const model = modelOf(`%b = const "b" : f32[4] = random(2)\n ${body}`, input)
    const { shape } = inputOf(model).type
    const channels = shape.at(-1) as number
    const count = (shape as number[]).reduce((a, b) => a * b, 1)
    const flat = [
      ndArray(
        'f32',
        Float32Array.from({ length: count }, (_, i) => 1 + (i % channels)),
        shape as number[],
      ),
    ]
    const how = { mode: 'weight-only-int8', perTensor: true, means: meansOf(model, flat) } as const
    const moved = (biasCorrection: boolean) => movedBy(model.graphs[0]!, quantize(model, { ...how, biasCorrection }).model.graphs[0]!, flat)
    expect(moved(false)).toBeGreaterThan(5e-4)
    expect(moved(true)).toBeLessThan(rounding)
  })

  it.each([
    'dynamic',
    'dynamic-int4',
    'weight-only-int8',
    'weight-only-int4',
    'int8',
    'int8-only',
    'uint8',
    'int16x8',
    'int16x8-only',
  ] as const)('corrects by the error that weights have in %s', (mode) => {
    const { done, plain, found } = run(modelOf(dense, 'f32[4,8]'), { mode, minElements: mode === 'dynamic' ? 0 : undefined })
    expect(found.corrected.length).toBe(1)
    expect(done.decisions.length).toBe(plain.decisions.length)
    const bias = ({ graphs: [g] }: Model) => [...g!.values.values()].find((v) => v.name === 'b')!
    const steps = realOf(bias(done.model)).map((b, o) => b - realOf(bias(plain.model))[o]!)
    const most = Math.max(...steps.map(Math.abs))
    // A bias in integers is on steps of its own, of about 1e-3 here.
    expect(Math.abs(most - found.corrected[0]!.shift)).toBeLessThan(2e-3)
  })

  it('takes windows on pictures of open sizes to lie on the picture', () => {
    const text = '%w = const "w" : f32[4,3,3,3] = random(1)\n %y = conv_2d(%x, %w, none) {padding=same}'
    const means = { of: () => Float64Array.of(1, 2, 3) }
    const shifts = ['f32[1,h,w,3]', 'f32[1,1000,1000,3]'].map((input) => {
      const { biasCorrection } = quantize(modelOf(text, input), { mode: 'weight-only-int4', biasCorrection: true, means })
      return biasCorrection!.corrected[0]!.shift
    })
    expect(Math.abs(shifts[0]! / shifts[1]! - 1)).toBeLessThan(0.01)
    expect(shifts[0]).not.toBe(shifts[1])
  })

  it('goes with a recipe, and says what this keeps float', () => {
    const weights = { num_bits: 4, symmetric: true, granularity: 'CHANNELWISE', dtype: 'INT' }
    const recipe = recipeOf('mine', [
      {
        operation: 'FULLY_CONNECTED',
        layer: 'head',
        algorithm_key: 'min_max_uniform_quantize',
        op_config: { weight_tensor_config: weights, compute_precision: 'FLOAT', explicit_dequantize: true },
      },
    ])
    const body = '%v = const "v" : f32[8,8] = random(3)\n %h = fully_connected(%x, %v, none) @"first"\n'
    const model = modelOf(`${body}${dense.replace('%x', '%h')}`, 'f32[4,8]')
    const { found, movedAfter } = run(model, { mode: 'none', recipe })
    expect(found.corrected.map((c) => c.layer)).toEqual(['head'])
    expect(found.others).toEqual([{ layer: 'first', op: 'fully_connected', reason: 'its weights are not stored as integers' }])
    expect(movedAfter()).toBeLessThan(rounding)
  })

  it('gives a bias to an op that has none', () => {
    const text = '%w = const "w" : f32[5,8] = random(1)\n %y = fully_connected(%x, %w, none) @"head"'
    for (const mode of ['weight-only-int4', 'int8'] as const) {
      const { found, done } = run(modelOf(text, 'f32[4,8]'), { mode })
      expect(found.corrected).toMatchObject([{ bias: 'new' }])
      expect([...done.model.graphs[0]!.values.values()].some((v) => v.name === 'y/bias' || v.name.endsWith('/bias'))).toBe(true)
    }
    expect(run(modelOf(text, 'f32[4,8]')).movedAfter()).toBeLessThan(rounding)
    // Behind operands that are left out at the end.
    const transposed =
      '%w = const "w" : f32[4,2,2,2] = random(1)\n %s = const "s" : i32[4] = [1,6,6,4]\n %y = transpose_conv(%s, %w, %x) {padding=valid, stride=[2,2]}'
    expect(run(modelOf(transposed, 'f32[1,3,3,2]'), { mode: 'weight-only-int8' }).found.corrected).toMatchObject([{ bias: 'new' }])
  })

  it('can do so for every op with weights', () => {
    const able = allSpecs().filter(placesOf)
    expect(able.length).toBeGreaterThan(3)
    for (const spec of able) expect(spec.operands[placesOf(spec)!.bias]!.optional, spec.name).toBe(true)
  })

  it('gives a copy of a bias to each op that reads it, and shares weights', () => {
    const body =
      '%w = const "w" : f32[8,8] = random(1)\n %b = const "b" : f32[8] = random(2)\n %h = fully_connected(%x, %w, %b)\n %y = fully_connected(%h, %w, %b)'
    const { found, done } = run(modelOf(body, 'f32[4,8]'))
    expect(found.corrected.map((c) => c.bias)).toEqual(['shared', 'shared'])
    const [first, second] = done.model.graphs[0]!.nodes.filter((n) => n.op === 'fully_connected')
    expect(first!.inputs[2]).not.toBe(second!.inputs[2])
    expect(first!.inputs[1]).toBe(second!.inputs[1])
  })

  it('keeps the integers that samples chose', () => {
    const model = modelOf(dense, 'f32[4,8]')
    const sums = new Float64Array(triangleLength(8)).map((_, i) => [8, 1.5, 1][i % 3]!)
    for (let i = 0, at = 0; i < 8; at += 8 - i, i++) sums[at] = 40 + i
    for (const mode of ['weight-only-int4', 'dynamic-int4', 'int8'] as const) {
      const hessian = { columns: 8, groups: 1, isTransposed: false, sums }
      const { plain, done, found } = run(model, {
        mode,
        weightsAlgorithm: 'gptq',
        hessians: { of: () => hessian, moments: () => ({ reason: 'nothing asks' }) },
      })
      expect(found.corrected.length).toBe(1)
      const stored = (m: Model) => m.graphs[0]!.values.get(weightsOf(m))!.data!.bytes()
      expect(stored(done.model)).toEqual(stored(plain.model))
      expect(done.decisions.find((d) => d.results)?.results).toEqual(plain.decisions.find((d) => d.results)?.results)
    }
  })

  it.each<[string, string, QuantizeOptions, string]>([
    ['--keep-float', dense, { keepFloat: ['head'] }, 'its weights are not stored as integers'],
    ['an input that was not observed', dense, { means: { of: () => undefined } }, 'the means of what it reads are not known'],
    [
      'computed weights',
      '%w = const "w" : f32[5,8] = random(1)\n %v = neg(%w)\n %y = fully_connected(%x, %v, none)',
      {},
      'its weights are computed',
    ],
    [
      'a computed bias',
      '%w = const "w" : f32[5,8] = random(1)\n %b = const "b" : f32[5] = random(2)\n %c = neg(%b)\n %y = fully_connected(%x, %w, %c)',
      {},
      'its bias is computed',
    ],
    ['a bias with NaN', dense.replace('random(2)', '[0, 1, nan, 2, 3]'), {}, 'its bias holds NaN or infinity'],
    [
      'weights stored in several ways',
      '%w = const "w" : f32[8,8] = random(1)\n %h = fully_connected(%x, %w, none)\n %y = fully_connected(%h, %w, none)',
      { mode: 'none', recipe: mixedRecipe() },
      'its weights are stored in several ways',
    ],
  ])('leaves %s', (_, body, options, reason) => {
    const { found, done } = run(modelOf(body, 'f32[4,8]'), options)
    expect(found.corrected).toEqual([])
    expect(found.others.map((o) => o.reason)).toContain(reason)
    expect(done.diagnostics).toContainEqual(expect.objectContaining({ code: 'quantize/nothing-corrected', severity: 'warning' }))
  })

  it('says of ops without such a bias that they have none', () => {
    const text =
      '%t = const "t" : f32[6,8] = random(1)\n %i = const "i" : i32[4] = [0,1,2,3]\n %g = embedding_lookup(%i, %t) @"words"\n %h = add(%x, %g)\n ' +
      '%m = const "m" : f32[8,5] = random(2)\n %y = batch_matmul(%h, %m) @"product"'
    const { biasCorrection } = quantize(modelOf(text, 'f32[4,8]'), {
      mode: 'dynamic',
      minElements: 0,
      biasCorrection: true,
      means: { of: () => undefined },
    })
    expect(biasCorrection).toEqual({
      corrected: [],
      others: [
        { layer: 'words', op: 'embedding_lookup', reason: 'EMBEDDING_LOOKUP adds no bias to one product of its weights' },
        { layer: 'product', op: 'batch_matmul', reason: 'BATCH_MATMUL adds no bias to one product of its weights' },
      ],
    })
  })

  it('leaves weights that were trained on steps of their own', () => {
    const pair = '%q = quantize(%w) {to=u8} : u8[5,8]<axis=0, 0.1:128, 0.1:128, 0.1:128, 0.1:128, 0.1:128>\n %v = dequantize(%q) : f32[5,8]'
    const text = `%w = const "w" : f32[5,8] = random(1)\n ${pair}\n %y = fully_connected(%x, %v, none) @"head"`
    const { found } = run(modelOf(text, 'f32[4,8]'), { mode: 'int8' })
    expect(found).toEqual({ corrected: [], others: [{ layer: 'head', op: 'fully_connected', reason: 'its weights are computed' }] })
  })

  it('needs means, and a mode whose weights lose something', () => {
    const model = modelOf(dense, 'f32[4,8]')
    expect(codeOf(() => quantize(model, { mode: 'int8', biasCorrection: true, ranges: { of: () => [-1, 1] } }))).toBe(
      'quantize/needs-means',
    )
    for (const mode of ['none', 'float16'] as const)
      expect(codeOf(() => quantize(model, { mode, biasCorrection: true, means: { of: () => undefined } }))).toBe('quantize/unfit-option')
  })
})

function mixedRecipe() {
  const rule = (index: number, num_bits: number) => ({
    operation: 'FULLY_CONNECTED',
    index,
    algorithm_key: 'min_max_uniform_quantize',
    op_config: {
      weight_tensor_config: { num_bits, symmetric: true, granularity: 'CHANNELWISE', dtype: 'INT' },
      compute_precision: 'FLOAT',
      explicit_dequantize: true,
    },
  })
  return recipeOf('mixed', [rule(0, 4), rule(1, 8)])
}

const bytesAt = ({ graphs: [g] }: Model, name: string): Uint8Array => [...g!.values.values()].find((v) => v.name === name)!.data!.bytes()
const weightsOf = ({ graphs: [g] }: Model): number => {
  const { inputs } = g!.nodes.find((n) => n.op === 'fully_connected')!
  return g!.nodes.find((n) => n.outputs[0] === inputs[1])?.inputs[0] ?? inputs[1]!
}

/** Real numbers of a stored bias. */
function realOf({ type, data }: Value): number[] {
  const { quant } = type
  if (!quant) return [...typedView('f32', data!.bytes())]
  const scale = (i: number) => (quant.kind === 'per-tensor' ? quant.scale : quant.scales[i]!)
  const codes = type.dtype === 'i64' ? [...typedView('i64', data!.bytes())].map(Number) : [...typedView('i32', data!.bytes())]
  return codes.map((q, i) => q * scale(i))
}
