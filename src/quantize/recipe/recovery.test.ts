import { describe, expect, it } from 'vitest'
import { DowncastError } from '../../core/diagnostics.ts'
import { typedView } from '../../core/dtype.ts'
import { parseModel } from '../../ir/parse.ts'
import { quantize } from '../quantize.ts'
import type { QuantizeOptions } from '../types.ts'
import { parseRecipe } from './parse-recipe.ts'

const modelOf = (head: string, tail: string) =>
  parseModel(`graph main(%0 "x": f32[1,4] range[-1,1]) {
  %1 = const "head" : f32[2,4] = [${head}]
  %2 "mid" = fully_connected(%0, %1, none) : f32[1,2] range[-2,2] @"first"
  %3 = const "tail" : f32[2,2] = [${tail}]
  %9 "y" = fully_connected(%2, %3, none) : f32[1,2] range[-3,3] @"second"
  return %9
}`)

const steps = '0.5, -1, 1.5, 3, 0, 0.25, -2, 1.75'
const sound = modelOf(steps, '1, 2, -2, 4')
const unsound = modelOf('0.5, -1, 1.3, 3, 0, 0.25, -2, 1.8', '1, 2.3, -2, 4')
const depthwise = parseModel(`graph main(%0 "x": f32[1,2,2,2]) {
  %1 = const "w" : f32[1,2,2,2] = [${steps}]
  %2 = const "b" : f32[2] = [0, 0]
  %9 "y" = depthwise_conv_2d(%0, %1, %2) {padding="valid", depthMultiplier=1} : f32[1,1,1,2] range[-3,3]
  return %9
}`)

const activation = { num_bits: 8, symmetric: false, granularity: 'TENSORWISE', dtype: 'INT' }
const recipe = (more: object = {}, operation = 'FULLY_CONNECTED') =>
  parseRecipe(
    'r.json',
    JSON.stringify([
      {
        operation,
        algorithm_key: 'dequantized_weight_recovery',
        op_config: { weight_tensor_config: { num_bits: 8, granularity: 'CHANNELWISE' }, compute_precision: 'INTEGER', ...more },
      },
    ]),
  )

function weightsOf(options: QuantizeOptions, model = sound) {
  const [graph] = quantize(model, options).model.graphs
  return graph!.nodes.flatMap(({ op, inputs }) => {
    const value = op.includes('c') ? graph!.values.get(inputs[1]!) : undefined
    if (value?.data === undefined || value.type.dtype !== 'i8') return []
    const { quant } = value.type
    return [{ scales: quant?.kind === 'per-axis' ? [...quant.scales] : [], codes: [...typedView('i8', value.data.bytes())] }]
  })
}

function problemsOf(options: QuantizeOptions, model = unsound): readonly (string | undefined)[] {
  try {
    quantize(model, options)
  } catch (e) {
    if (!(e instanceof DowncastError)) throw e
    expect(e.code).toBe('quantize/not-recovered')
    return e.diagnostics.map((d) => d.tensor)
  }
  throw new Error('nothing was thrown')
}

const found = [
  { scales: [0.5, 0.25], codes: [1, -2, 3, 6, 0, 1, -8, 7] },
  { scales: [1, 2], codes: [1, 2, -1, 2] },
]

describe('weights that are integers times a scale', () => {
  it.each<[string, QuantizeOptions]>([
    ['beside float activations', { recipe: recipe() }],
    ['beside integer ones', { recipe: recipe({ activation_tensor_config: activation }) }],
    ['by the algorithm of a mode', { mode: 'dynamic', weightsAlgorithm: 'recover', minElements: 0 }],
  ])('have these again %s', (_, options) => {
    expect(weightsOf(options)).toEqual(found)
  })

  it('are told all together where they are none', () => {
    const both = ['head', 'tail']
    expect(problemsOf({ recipe: recipe() })).toEqual(both)
    expect(problemsOf({ recipe: recipe({ activation_tensor_config: activation }) })).toEqual(both)
    expect(problemsOf({ mode: 'dynamic', weightsAlgorithm: 'recover', minElements: 0 })).toEqual(both)
    expect(problemsOf({ mode: 'dynamic', weightsAlgorithm: 'recover', minElements: 0, keepFloat: ['first'] })).toEqual(['tail'])
  })

  it('pass as they are where a rule skips checks', () => {
    for (const more of [{}, { activation_tensor_config: activation }])
      expect(weightsOf({ recipe: recipe({ ...more, skip_checks: true }) }, unsound)).toHaveLength(2)
  })

  it('are those of three ops in recipes, of every op in modes', () => {
    const { diagnostics } = quantize(depthwise, { recipe: recipe({}, 'DEPTHWISE_CONV_2D') })
    expect(diagnostics[0]!.message).toContain('recover is not for DEPTHWISE_CONV_2D in a recipe')
    const integer = quantize(depthwise, {
      recipe: recipe({ activation_tensor_config: activation }, 'DEPTHWISE_CONV_2D'),
      ranges: { of: () => [-3, 3] },
    })
    expect(integer.diagnostics[0]!.message).toContain('recover is not for DEPTHWISE_CONV_2D in a recipe')
    const mode = quantize(depthwise, { mode: 'dynamic', weightsAlgorithm: 'recover', minElements: 0 })
    expect(mode.decisions.find((d) => d.tensor === 'w')).toMatchObject({ to: 'i8', algorithm: 'recover', grid: { scale: [0.25, 0.5] } })
  })
})
