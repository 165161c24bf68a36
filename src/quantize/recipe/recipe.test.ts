import { describe, expect, it } from 'vitest'
import { DowncastError } from '../../core/diagnostics.ts'
import { parseModel } from '../../ir/parse.ts'
import type { Model } from '../../ir/types.ts'
import { quantize } from '../quantize.ts'
import type { QuantizeOptions } from '../types.ts'
import { namedRecipe, recipeNames } from './named-recipes.ts'
import { parseRecipe, recipeOf } from './parse-recipe.ts'

const model = parseModel(`graph main(%0 "x": f32[1,8,8,4] range[-1,1]) {
  %1 = const "filter" : f32[8,3,3,4] = random(1)
  %2 "conv/out" = conv_2d(%0, %1, none) {padding=same, stride=[1,1], dilation=[1,1], fusedActivation=none, quantizedBiasType=f32} : f32[1,8,8,8] range[-2,2] @"conv"
  %3 = const "shape" : i32[2] = [1, 512]
  %4 "flat" = reshape(%2, %3) : f32[1,512] range[-2,2]
  %5 = const "kernel" : f32[32,512] = random(2)
  %6 "head/out" = fully_connected(%4, %5, none) {fusedActivation=none, keepNumDims=false} : f32[1,32] range[-3,3] @"head"
  %7 = const "last" : f32[4,32] = random(3)
  %9 "tail/out" = fully_connected(%6, %7, none) {fusedActivation=none, keepNumDims=false} : f32[1,4] range[-3,3] @"tail"
  return %9
}`)

const weights = (num_bits: number, more: object = {}) => ({
  op_config: { weight_tensor_config: { num_bits, granularity: 'CHANNELWISE' }, compute_precision: 'INTEGER', ...more },
})
const recipe = (...rules: object[]) => parseRecipe('r.json', JSON.stringify(rules))
const follow = (rules: object[], options: QuantizeOptions = {}) => quantize(model, { recipe: recipe(...rules), ...options })

/** Types of the weights and activations that ops read, by op. */
const typesOf = (m: Model) =>
  m.graphs[0]!.nodes.flatMap((n) =>
    n.inputs[1] != null && n.op !== 'reshape'
      ? [[n.op, ...n.inputs.slice(0, 2).map((id) => m.graphs[0]!.values.get(id!)!.type.dtype)].join(' ')]
      : [n.op],
  )

function errorOf(work: () => unknown): DowncastError {
  try {
    work()
  } catch (e) {
    if (e instanceof DowncastError) return e
    throw e
  }
  throw new Error('nothing was thrown')
}

describe('of the rules that hold for an op the last one wins', () => {
  it('by expression, layer, tensor, op and place', () => {
    const all = { regex: '.*', operation: '*', ...weights(8) }
    expect(typesOf(follow([all]).model)).toEqual(['conv_2d f32 i8', 'reshape', 'fully_connected f32 i8', 'fully_connected f32 i8'])
    for (const match of [{ regex: 'head/out;' }, { layer: 'head' }, { tensor: 'kernel' }, { index: 2 }, { layer: ['he*', 'none of it'] }]) {
      const { model: small, decisions } = follow([all, { ...match, algorithm_key: 'no_quantize' }])
      expect(typesOf(small)).toEqual(['conv_2d f32 i8', 'reshape', 'fully_connected f32 f32', 'fully_connected f32 i8'])
      expect(decisions.find((d) => d.tensor === 'kernel')!.reason).toBe('rule [1] of the recipe keeps it float')
    }
    expect(typesOf(follow([all, { operation: 'FULLY_CONNECTED', ...weights(4) }]).model)[2]).toBe('fully_connected f32 i4')
  })

  it('where the kernel allows it; else the one before, and a rule that holds nowhere is told', () => {
    const blocks = { weight_tensor_config: { num_bits: 4, block_size: 256 } }
    const { model: small, diagnostics } = follow([
      { ...weights(8) },
      { op_config: { ...blocks, compute_precision: 'INTEGER' } },
      { operation: 'CONV_2D', op_config: { ...blocks, compute_precision: 'INTEGER' } },
    ])
    expect(typesOf(small)).toEqual(['conv_2d f32 i8', 'reshape', 'fully_connected f32 i4', 'fully_connected f32 i8'])
    expect(diagnostics).toMatchObject([
      {
        code: 'quantize/idle-rule',
        severity: 'warning',
        message: 'Rule [2] of the recipe "r.json" changes nothing: CONV_2D takes no 4-bit weights in blocks with float activations.',
      },
    ])
  })

  it('one for all ops with the same expression replaces those before it, one for an op that for the same op', () => {
    const all = { regex: '.*', ...weights(8) }
    const blocks = { regex: '.*', op_config: { weight_tensor_config: { num_bits: 4, block_size: 256 }, compute_precision: 'INTEGER' } }
    const { model: small, diagnostics } = follow([all, blocks])
    expect(typesOf(small)).toEqual(['conv_2d f32 f32', 'reshape', 'fully_connected f32 i4', 'fully_connected f32 f32'])
    expect(diagnostics[0]!.message).toContain(
      'Rule [0] of the recipe "r.json" changes nothing: rule [1], of the same expression, replaces it',
    )
    const fc = (bits: number, regex = '.*') => ({ regex, operation: 'FULLY_CONNECTED', ...weights(bits) })
    expect(typesOf(follow([fc(8), fc(4)]).model)[2]).toBe('fully_connected f32 i4')
    // The later rule stands where the first of its expression does.
    expect(typesOf(follow([fc(8), fc(4, 'out'), fc(2)]).model)[2]).toBe('fully_connected f32 i4')
  })

  it('holds also where there is no constant to store', () => {
    const integer = { activation_tensor_config: { num_bits: 8, symmetric: false } }
    const computed = parseModel(`graph main(%0 "x": f32[2,4] range[-1,1], %1 "w": f32[3,4] range[-1,1]) {
  %2 = fully_connected(%0, %1, none) {fusedActivation=none, keepNumDims=false} : f32[2,3] range[-3,3]
  return %2
}`)
    const small = quantize(computed, { recipe: recipe(weights(8, integer), { operation: 'FULLY_CONNECTED', ...weights(4) }) }).model
    expect(typesOf(small)).toEqual(['fully_connected f32 f32'])
  })

  it('leaves what a composite stands for as it is', () => {
    const [graph] = model.graphs
    const options = { type: 'StableHLOCompositeOptions', value: { name: 'c', decompositionSubgraphIndex: 1 } }
    const node = { ...graph!.nodes[0]!, op: 'custom', attrs: {}, kept: { of: {}, record: { operator: { builtinOptions2: options } } } }
    const whole: Model = { ...model, graphs: [{ ...graph!, nodes: [node, ...graph!.nodes.slice(1)] }, graph!] }
    const { decisions } = quantize(whole, { recipe: recipe(weights(8)) })
    expect(decisions.map((d) => d.reason)).toEqual([
      undefined,
      undefined,
      ...Array.from({ length: 3 }, () => 'it is part of a composite that stays float'),
    ])
  })

  it('float_casting stores weights as f16 and nothing else', () => {
    const half = { weight_tensor_config: { num_bits: 16, dtype: 'FLOAT' }, explicit_dequantize: true }
    const { model: small, decisions } = follow([{ algorithm_key: 'float_casting', operation: 'FULLY_CONNECTED', op_config: half }])
    expect(typesOf(small)).toEqual([
      'conv_2d f32 f32',
      'reshape',
      'dequantize',
      'fully_connected f32 f32',
      'dequantize',
      'fully_connected f32 f32',
    ])
    expect(decisions.filter((d) => d.to === 'f16').map((d) => d.tensor)).toEqual(['kernel', 'last'])
  })

  it('skip_checks does without a known kernel, min_weight_elements is a threshold', () => {
    const blocks = { op_config: { weight_tensor_config: { num_bits: 8, block_size: 32 }, compute_precision: 'INTEGER', skip_checks: true } }
    expect(typesOf(follow([{ operation: 'FULLY_CONNECTED', ...blocks }]).model)[2]).toBe('fully_connected f32 i8')
    const { decisions } = follow([weights(8, { min_weight_elements: 1024 })])
    expect(decisions.map((d) => d.reason)).toEqual(['288 elements < 1024', undefined, '128 elements < 1024'])
  })

  it('asks for --keep-float too', () => {
    expect(typesOf(follow([weights(8)], { keepFloat: ['tail'] }).model)[3]).toBe('fully_connected f32 f32')
  })
})

describe('static rules', () => {
  const integer = (bits: number, num_bits = 8) => ({
    op_config: {
      activation_tensor_config: { num_bits: bits, symmetric: bits === 16 },
      weight_tensor_config: { num_bits, granularity: 'CHANNELWISE' },
      compute_precision: 'INTEGER',
    },
  })

  it('mix with the others, op by op', () => {
    const { model: small, decisions } = follow([
      integer(8),
      { layer: 'head', ...weights(4) },
      { layer: 'tail', algorithm_key: 'no_quantize' },
    ])
    expect(typesOf(small)).toEqual([
      'quantize',
      'conv_2d i8 i8',
      'reshape',
      'dequantize',
      'fully_connected f32 i4',
      'fully_connected f32 f32',
    ])
    expect(decisions.map((d) => [d.tensor, d.to])).toEqual([
      ['filter', 'i8'],
      ['kernel', 'i4'],
      ['last', 'f32'],
    ])
  })

  it('with weights of 4 bits where the kernel takes them', () => {
    const small = integer(8, 4)
    expect(typesOf(follow([small]).model)).toEqual([
      'quantize',
      'conv_2d i8 i4',
      'reshape',
      'fully_connected i8 i4',
      'fully_connected i8 i4',
      'dequantize',
    ])
    const depthwise = parseModel(`graph main(%0 "x": f32[1,8,8,4] range[-1,1]) {
  %1 = const "filter" : f32[1,3,3,4] = random(1)
  %2 = depthwise_conv_2d(%0, %1, none) {padding=same, stride=[1,1], depthMultiplier=1, dilation=[1,1], fusedActivation=none} : f32[1,8,8,4] range[-2,2]
  return %2
}`)
    const { decisions } = quantize(depthwise, { recipe: recipe(small) })
    expect(decisions.map((d) => d.reason)).toEqual(['DEPTHWISE_CONV_2D takes no 4-bit weights with integer activations'])
  })

  it('inputs and outputs as the last rule for them says, unless --io does', () => {
    const graph = model.graphs[0]!
    const port = (value: number) => [{ name: `p${value}`, value }]
    const signed = { ...model, signatures: [{ key: 's', graph: 0, inputs: port(graph.inputs[0]!), outputs: port(graph.outputs[0]!) }] }
    const types = (rules: object[], options: QuantizeOptions = {}) => {
      const [g] = quantize(signed, { recipe: recipe(...rules), ...options }).model.graphs
      return [...g!.inputs, ...g!.outputs].map((id) => g!.values.get(id)!.type.dtype)
    }
    const float = { algorithm_key: 'no_quantize' }
    expect(types([integer(8)])).toEqual(['i8', 'i8'])
    expect(types([integer(16)])).toEqual(['i16', 'i16'])
    expect(types([integer(8), { operation: 'INPUT', ...float }])).toEqual(['f32', 'i8'])
    expect(types([integer(8), { operation: 'OUTPUT', regex: 'tail', ...float }])).toEqual(['i8', 'f32'])
    expect(types([integer(8), { layer: 'tail', ...float }])).toEqual(['i8', 'i8'])
    const unsigned = { op_config: { ...integer(8).op_config, activation_tensor_config: { num_bits: 8, symmetric: false, dtype: 'UINT' } } }
    expect(types([integer(8), { operation: 'INPUT', ...unsigned }])).toEqual(['u8', 'i8'])
    expect(types([integer(8), { operation: 'FULLY_CONNECTED', algorithm_key: 'no_quantize' }])).toEqual(['i8', 'i8'])
    expect(types([integer(8)], { io: 'float32' })).toEqual(['f32', 'f32'])
    expect(types([{ operation: 'CONV_2D', ...integer(8) }])).toEqual(['f32', 'f32'])
  })

  it('inputs and outputs also where no op can be integer', () => {
    const plain = parseModel('graph main(%0 "x": f32[1,4]) {\n  %9 "y" = hard_swish(%0) : f32[1,4]\n  return %9\n}')
    const port = (value: number) => [{ name: `p${value}`, value }]
    const { inputs, outputs } = plain.graphs[0]!
    const signed = { ...plain, signatures: [{ key: 's', graph: 0, inputs: port(inputs[0]!), outputs: port(outputs[0]!) }] }
    const { model: made } = quantize(signed, { recipe: recipe(integer(16)), ranges: { of: () => [-1, 1] } })
    expect(made.graphs[0]!.nodes.map((n) => n.op)).toEqual(['dequantize', 'hard_swish', 'quantize'])
  })

  it('give one pass to weights of different widths', () => {
    const small = follow([integer(8), { operation: 'FULLY_CONNECTED', ...integer(8, 4) }]).model
    expect(typesOf(small)).toEqual(['quantize', 'conv_2d i8 i8', 'reshape', 'fully_connected i8 i4', 'fully_connected i8 i4', 'dequantize'])
  })

  it('with algorithms for weights alone leave other ops and the ports float', () => {
    expect(typesOf(follow([{ ...integer(8), algorithm_key: 'MSE' }]).model)).toEqual([
      'quantize',
      'conv_2d i8 i8',
      'dequantize',
      'reshape',
      'quantize',
      'fully_connected i8 i8',
      'fully_connected i8 i8',
      'dequantize',
    ])
  })

  it('make a result on the grid that all its readers ask for, and an input on its own', () => {
    const joined = parseModel(`model "m"
graph main(%0 "x": f32[1,4] range[-1,1], %1 "z": f32[1,4] range[-4,1]) {
  %2 = tanh(%0) : f32[1,4] range[-1,1]
  %3 "exp" = add(%0, %0) {fusedActivation=none, potScaleInt16=true} : f32[1,4] range[-2,2]
  %4 = concatenation(%1, %2, %3) {axis=1} : f32[1,12] range[-4,2]
  return %4
}
signature "s" main("x" %0, "z" %1) -> ("y" %4)
`)
    const [graph] = quantize(joined, { recipe: namedRecipe('static_wi8_ai8') }).model.graphs
    const grids = (node: string) =>
      graph!.nodes.filter((n) => n.op === node).flatMap((n) => n.outputs.map((id) => graph!.values.get(id)!.type.quant))
    // The input keeps its own and so does TANH, whose kernel sets it; ADD, which is free, has that of the result.
    expect(graph!.nodes.map((n) => n.op).sort()).toEqual(['add', 'concatenation', 'quantize', 'quantize', 'tanh'])
    expect(grids('add')).toEqual(grids('concatenation'))
    expect(graph!.values.get(graph!.inputs[1]!)!.type.quant).toMatchObject({ scale: Math.fround(5 / 255) })
  })

  it('UINT for inputs and outputs alone', () => {
    const unsigned = { op_config: { ...integer(8).op_config, activation_tensor_config: { num_bits: 8, symmetric: false, dtype: 'UINT' } } }
    const { diagnostics } = follow([unsigned])
    expect(diagnostics[0]!.message).toContain('only inputs and outputs of a model are UINT')
  })

  it('int8 and int16 in one model', () => {
    const { model: small } = follow([integer(8), { layer: 'tail', ...integer(16) }])
    expect(typesOf(small).filter((t) => t.includes(' '))).toEqual(['conv_2d i8 i8', 'fully_connected i8 i8', 'fully_connected i16 i8'])
  })

  it('need ranges', () => {
    const graph = model.graphs[0]!
    const values = new Map([...graph.values].map(([id, v]) => [id, { ...v, type: { ...v.type, range: undefined } }]))
    const blind = { ...model, graphs: [{ ...graph, values }] }
    expect(errorOf(() => quantize(blind, { recipe: namedRecipe('static_wi8_ai8') })).code).toBe('quantize/no-ranges')
  })
})

describe('refuses', () => {
  const parse = (text: string) => errorOf(() => parseRecipe('r.json', text))
  const one = (rule: object) => parse(JSON.stringify([rule]))

  it('what is no list of rules', () => {
    expect(parse('[')).toMatchObject({ code: 'quantize/recipe-not-json' })
    expect(parse('3')).toMatchObject({ code: 'quantize/recipe-parts' })
    expect(parse('{"a": [], "b": []}').message).toContain('"a", "b"')
    expect(parse('{"__proto__": 1, "constructor": 2}')).toMatchObject({ code: 'quantize/recipe-parts' })
    expect(parseRecipe('r.json', '{"a": [], "b": []}', 'b').rules).toEqual([])
  })

  it('unknown words, with the nearest known one', () => {
    expect(one({ regx: '.*', ...weights(8) })).toMatchObject({ code: 'quantize/unknown-recipe-key' })
    expect(one({ regx: '.*', ...weights(8) }).message).toBe(
      'The recipe "r.json" says "regx" at [0], which means nothing there. Did you mean "regex"?',
    )
    expect(one(weights(8, { weight_tensor_confg: 1 })).message).toContain(
      'at [0].op_config, which means nothing there. Did you mean "weight',
    )
    expect(one({ operation: 'FULLY_CONECTED', ...weights(8) }).message).toContain('Did you mean "FULLY_CONNECTED"?')
    expect(one({ algorithm_key: 'OCTAVE', ...weights(8) })).toMatchObject({
      code: 'quantize/unsupported-algorithm',
      hint: 'Did you mean OCTAV?',
    })
    expect(errorOf(() => namedRecipe('dynamic_wi8_afp31'))).toMatchObject({ code: 'quantize/unknown-recipe' })
  })

  it.each([
    ['.regex', { regex: '(', ...weights(8) }],
    ['.op_config', {}],
    ['.op_config.weight_tensor_config', { op_config: {} }],
    ['.op_config.weight_tensor_config.num_bits', weights(3)],
    ['.op_config.weight_tensor_config.num_bits', weights('8' as unknown as number)],
    ['.op_config.weight_tensor_config.dtype', weights(8, { weight_tensor_config: { num_bits: 8, dtype: 'FLOAT' } })],
    ['.op_config.compute_precision', weights(8, { activation_tensor_config: { num_bits: 8 }, compute_precision: 'FLOAT' })],
    ['.op_config.activation_tensor_config.num_bits', weights(8, { activation_tensor_config: { num_bits: 4 } })],
    ['.op_config.activation_tensor_config', weights(8, { activation_tensor_config: { num_bits: 8, dtype: 'UINT' } })],
    ['.op_config.activation_tensor_config', weights(8, { activation_tensor_config: { num_bits: 8, dtype: 'FLOAT' } })],
    ['.op_config.activation_tensor_config.symmetric', weights(8, { activation_tensor_config: { num_bits: 16, symmetric: false } })],
    ['.op_config.weight_tensor_config', { algorithm_key: 'float_casting', ...weights(8) }],
    ['.op_config', { algorithm_key: 'float_casting', ...weights(16, { weight_tensor_config: { num_bits: 16, dtype: 'FLOAT' } }) }],
    ['.op_config.weight_tensor_config', weights(2, { activation_tensor_config: { num_bits: 8, symmetric: false } })],
    ['.op_config.explicit_dequantize', weights(8, { compute_precision: 'FLOAT' })],
    ['.op_config.explicit_dequantize', weights(8, { explicit_dequantize: true })],
    ['.algorithm_key', { ...weights(8, { activation_tensor_config: { num_bits: 8, symmetric: false } }), algorithm_key: 'OSCAR' }],
  ])('values that cannot be: %s', (path, rule) => {
    const error = one(rule)
    expect(error).toMatchObject({ code: 'quantize/recipe-value' })
    expect(error.message).toContain(`at [0]${path}:`)
  })

  it('all problems at once', () => {
    const error = parse(JSON.stringify([{ regx: 1, ...weights(8) }, weights(3), { algorithm_key: 'AWQ', ...weights(8) }]))
    expect(error.diagnostics.map((d) => d.code)).toEqual([
      'quantize/unknown-recipe-key',
      'quantize/recipe-value',
      'quantize/unsupported-algorithm',
    ])
  })

  it('rules that fit no op', () => {
    const error = errorOf(() => follow([weights(8), { layer: 'nothing', ...weights(8) }, { operation: 'ADD', index: 3, ...weights(8) }]))
    expect(error.diagnostics.map((d) => d.message)).toEqual([
      'Rule [1] of the recipe "r.json" fits no op of the model (layer "nothing").',
      'Rule [2] of the recipe "r.json" fits no op of the model (ADD, index 3).',
    ])
  })

  it.each([
    { mode: 'dynamic' },
    { minElements: 4 },
    { perTensor: true },
    { blockSize: 32 },
    { asymmetric: true },
  ] satisfies QuantizeOptions[])('%o beside a recipe', (options) =>
    expect(errorOf(() => follow([weights(8)], options)).code).toBe('quantize/unfit-option'),
  )
})

it.each(recipeNames)('%s can be followed or says why not', (name) => {
  const found = namedRecipe(`${name}_recipe.json`)
  try {
    const { decisions } = quantize(model, { recipe: found })
    expect(decisions.length).toBeGreaterThan(0)
  } catch (e) {
    expect((e as DowncastError).code).toBe('quantize/unmatched-rule')
  }
})

it('blocks of 8 bits lie behind a DEQUANTIZE', () => {
  const dense = parseModel(
    'graph main(%0 "x": f32[1,64]) {\n  %1 = const "w" : f32[16,64] = random(1)\n  %9 = fully_connected(%0, %1, none) : f32[1,16]\n  return %9\n}',
  )
  const how = { weight_tensor_config: { num_bits: 8, granularity: 'BLOCKWISE_32' } }
  const decided = (op_config: object) => quantize(dense, { recipe: recipeOf('r.json', [{ regex: '.*', op_config }]) }).decisions[0]
  expect(decided({ ...how, compute_precision: 'FLOAT', explicit_dequantize: true })).toMatchObject({
    to: 'i8',
    granularity: 'blockwise',
    blockSize: 32,
  })
  expect(decided({ ...how, compute_precision: 'INTEGER' })!.reason).toBe(
    'FULLY_CONNECTED takes no 8-bit weights in blocks with float activations, but does behind a DEQUANTIZE (weight-only)',
  )
})
