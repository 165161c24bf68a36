import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { convertTflite } from '../../convert.ts'
import { constFromBytes, memorySource } from '../../core/bytes.ts'
import { DowncastError } from '../../core/diagnostics.ts'
import { bytesOf, typedView } from '../../core/dtype.ts'
import { ndArray, toFloat32 } from '../../core/nd-array.ts'
import { tfliteBytes } from '../../export/write-tflite.ts'
import { readTfliteFile } from '../../import/tflite/read-file.ts'
import { parseModel } from '../../ir/parse.ts'
import type { Graph, Model } from '../../ir/types.ts'
import { modelFromText } from '../../ops/text.ts'
import { loadNodeLiteRt } from '../../platform/node-litert.ts'
import { liteRtRunner } from '../../run/litert.ts'
import { quantize } from '../quantize.ts'
import { namedRecipe } from '../recipe/named-recipes.ts'
import { parseRecipe } from '../recipe/parse-recipe.ts'
import { hadamardMatrix, rotatedConst, rotationSize } from './hadamard.ts'

const ruleOf = (algorithm_key: string, weight: object = {}, more: object = {}) => ({
  algorithm_key,
  op_config: { weight_tensor_config: { num_bits: 8, granularity: 'CHANNELWISE', ...weight }, compute_precision: 'INTEGER', ...more },
})
const recipe = (...rules: object[]) => parseRecipe('r.json', JSON.stringify(rules))
const follow = (model: Model, ...rules: object[]) => quantize(model, { recipe: recipe(...rules) })
const custom = ruleOf('HADAMARD_ROTATION')
const decomposed = ruleOf('DECOMPOSED_HADAMARD_ROTATION')

function codesOf(work: () => unknown): string[] {
  try {
    work()
  } catch (e) {
    if (e instanceof DowncastError) return e.diagnostics.map((d) => d.code)
    throw e
  }
  return []
}

/** Ops with the names of what they read and make. */
const wiring = ({ nodes, values }: Graph) =>
  nodes.map((n) => {
    const names = (ids: readonly (number | null)[]) => ids.flatMap((id) => (id === null ? [] : [values.get(id)!.name])).join(', ')
    return `${n.op}(${names(n.inputs)}) -> ${names(n.outputs)}`
  })

const fc = 'fusedActivation=none, keepNumDims=false'
const pair = parseModel(`graph main(%0 "x": f32[3,24]) {
  %1 = const "a/w" : f32[5,24] = random(1)
  %2 = const "b/w" : f32[4,24] = random(2)
  %3 "a" = fully_connected(%0, %1, none) {${fc}} : f32[3,5] @"a"
  %4 "b" = fully_connected(%0, %2, none) {${fc}} : f32[3,4] @"b"
  return %3, %4
}`)

describe('the Hadamard matrix', () => {
  it('has rows of one length at right angles', () => {
    const matrix = hadamardMatrix(8)
    for (let a = 0; a < 8; a++)
      for (let b = 0; b < 8; b++) {
        const product = Array.from({ length: 8 }, (_, k) => matrix[8 * a + k]! * matrix[8 * b + k]!).reduce((x, y) => x + y, 0)
        expect(product).toBeCloseTo(a === b ? 1 : 0, 6)
      }
  })

  it.each([1, 2, 4, 32, 128])('of size %d is what rows are multiplied with; twice brings them back', (size) => {
    const values = Float32Array.from({ length: 3 * size }, (_, i) => Math.sin(7 * i + 1))
    const once = rotatedConst(constFromBytes(bytesOf(values)), size)
    const matrix = hadamardMatrix(size)
    typedView('f32', once.bytes()).forEach((x, k) => {
      const row = values.subarray(k - (k % size), k - (k % size) + size)
      expect(x).toBeCloseTo(
        row.reduce((sum, v, i) => sum + v * matrix[i * size + (k % size)]!, 0),
        5,
      )
    })
    typedView('f32', rotatedConst(once, size).bytes()).forEach((x, k) => {
      expect(x).toBeCloseTo(values[k]!, 5)
    })
  })

  it('is as large as rows allow', () => {
    expect([24, 7, 512, 784].map((n) => rotationSize(n))).toEqual([8, 1, 512, 16])
    expect(rotationSize(512, 100)).toBe(64)
  })
})

describe('rotations', () => {
  it('come before the layers that read a value, once for all', () => {
    const { model, decisions, diagnostics } = follow(pair, custom)
    const [graph] = model.graphs
    expect(wiring(graph!)).toEqual([
      'custom(x) -> x_rotated',
      'fully_connected(x_rotated, a/w) -> a',
      'fully_connected(x_rotated, b/w) -> b',
    ])
    const { customCode, options } = graph!.nodes[0]!.attrs
    expect(customCode).toBe('aeq.hadamard_rotation')
    // As litert-quantizer 0.11 writes size 8.
    const vector = `08${'01'.repeat(8)}${'04'.repeat(8)}`
    expect(Buffer.from(options as Uint8Array).toString('hex')).toBe(
      `${Buffer.from('hadamard_size\0random_binary_vector\0').toString('hex')}${vector}02352802010208170428042401`,
    )
    expect(decisions.filter((d) => d.operand === 'weights').map((d) => d.algorithm)).toEqual(['hadamard', 'hadamard'])
    expect(diagnostics.map((d) => [d.code, d.severity])).toEqual([['quantize/needs-custom-kernel', 'warning']])
  })

  it('are ops that all runtimes have, where that is asked for', () => {
    const { model, diagnostics } = follow(pair, decomposed)
    expect(wiring(model.graphs[0]!)).toEqual([
      'reshape(x, x_prerotate_shape) -> x_prerotate_reshaped',
      'fully_connected(x_prerotate_reshaped, x_hadamard_matrix) -> x_rotated',
      'reshape(x_rotated, x_postrotate_shape) -> x_postrotate_reshaped',
      'fully_connected(x_postrotate_reshaped, a/w) -> a',
      'fully_connected(x_postrotate_reshaped, b/w) -> b',
    ])
    expect(diagnostics).toEqual([])
  })

  it('come behind a table, for all that read it', () => {
    const table = parseModel(`graph main(%0 "ids": i32[4]) {
  %1 = const "table" : f32[9,16] = random(1)
  %2 "rows" = embedding_lookup(%0, %1) : f32[4,16]
  %3 = const "w" : f32[3,16] = random(2)
  %4 "y" = fully_connected(%2, %3, none) {${fc}} : f32[4,3]
  return %4, %2
}`)
    const { model } = follow(table, custom)
    expect(wiring(model.graphs[0]!)).toEqual([
      'embedding_lookup(ids, table) -> rows',
      'custom(rows) -> rows_rotated',
      'custom(rows_rotated) -> rows_rotated_rotated',
      'fully_connected(rows_rotated_rotated, w) -> y',
    ])
    expect(model.graphs[0]!.outputs.map((id) => model.graphs[0]!.values.get(id)!.name)).toEqual(['y', 'rows_rotated'])
  })

  it('tell what storing the rotated rows loses', async () => {
    const { withError } = await import('../decide.ts')
    const [stored] = follow(pair, decomposed).decisions.filter((d) => d.operand === 'weights')
    expect(withError(stored!).error!.sqnrDb!).toBeGreaterThan(35)
  })
})

describe('what cannot be rotated', () => {
  const one = (weights: string, input: string, line: string) =>
    parseModel(`graph main(%0 "x": ${input}) {\n  %1 = const "w" : ${weights} = random(1)\n  ${line}\n  return %9\n}`)
  const whole = '{padding=same, stride=[1,1], dilation=[1,1], fusedActivation=none, quantizedBiasType=f32}'
  it.each([
    ['a convolution', one('f32[8,1,1,4]', 'f32[1,8,8,4]', `%9 = conv_2d(%0, %1, none) ${whole} : f32[1,8,8,8]`), custom, 'no rotated form'],
    ['rows of odd length', one('f32[8,7]', 'f32[1,7]', `%9 = fully_connected(%0, %1, none) {${fc}} : f32[1,8]`), custom, 'no power of 2'],
    [
      'weights behind a DEQUANTIZE',
      one('f32[8,8]', 'f32[1,8]', `%9 = fully_connected(%0, %1, none) {${fc}} : f32[1,8]`),
      ruleOf('HADAMARD_ROTATION', {}, { compute_precision: 'FLOAT', explicit_dequantize: true }),
      'behind a DEQUANTIZE',
    ],
    [
      'an input that is read across its axes, by the custom op',
      one('f32[8,8]', 'f32[2,2,2]', `%9 = fully_connected(%0, %1, none) {${fc}} : f32[1,8]`),
      custom,
      'across axes',
    ],
  ])('%s', (_, model, rule, reason) => {
    expect(follow(model, rule).decisions.find((d) => d.tensor === 'w')).toMatchObject({
      to: 'f32',
      reason: expect.stringContaining(reason),
    })
  })

  it('in rules: integer activations, and sizes that are none', () => {
    const activation_tensor_config = { num_bits: 8, symmetric: false }
    expect(codesOf(() => recipe(ruleOf('HADAMARD_ROTATION', {}, { activation_tensor_config })))).toEqual(['quantize/recipe-value'])
    for (const max_hadamard_size of [-1, 1.5, '8'])
      expect(codesOf(() => recipe(ruleOf('HADAMARD_ROTATION', { algorithm_params: { max_hadamard_size } })))).toEqual([
        'quantize/recipe-value',
      ])
    expect(codesOf(() => recipe(ruleOf('HADAMARD_ROTATION', { algorithm_params: { max_hadamard_size: 0 } })))).toEqual([])
  })
})

describe('in LiteRT.js', () => {
  const runner = liteRtRunner(loadNodeLiteRt)
  afterAll(() => runner.dispose())
  const input = Float32Array.from({ length: 4 * 784 }, (_, i) => ((i * 7919) % 256) / 255)
  const results = async (bytes: Uint8Array) => {
    const model = await runner.load(bytes, { name: 'm.tflite' })
    const { inputs, outputs } = model.signatures[0]!
    const found = toFloat32((await model.run(new Map([[inputs[0]!.name, ndArray('f32', input, [4, 28, 28, 1])]]))).get(outputs[0]!.name)!)!
    const copy = found.slice()
    await model.dispose()
    return copy
  }
  const mlp = new Uint8Array(readFileSync(new URL('../../../fixtures/tflite/mnist_mlp.float.tflite', import.meta.url)))
  const small = (rule: object) => tfliteBytes(convertTflite(readTfliteFile(memorySource('m.tflite', mlp)), { recipe: recipe(rule) }).model)

  it('the ops compute what the float model does, for an open number of rows too', async () => {
    const [want, got] = [await results(mlp), await results(small(decomposed))]
    got.forEach((x, i) => {
      // OCTAV clips: weights are off by about one part in 100.
      expect(Math.abs(x - want[i]!)).toBeLessThan(0.05)
    })
    expect(got.some((x, i) => x !== want[i])).toBe(true)
  })

  it('there is no kernel for the custom op', async () => {
    await expect(results(small(custom))).rejects.toMatchObject({ code: 'run/missing-op' })
  })

  it('two open sizes are read as the model runs', async () => {
    const open = modelFromText(`graph main(%0 "x": f32[N,T,8]) {
  %1 = const "w" : f32[4,8] = random(1)
  %9 "y" = fully_connected(%0, %1, none) {fusedActivation=none, keepNumDims=true} : f32[N,T,4]
  return %9
}
signature "serve" main("x" %0) -> ("y" %9)`)
    const bytes = [open, follow(open, decomposed).model].map((m) => tfliteBytes(m))
    const x = ndArray('f32', input.subarray(0, 2 * 3 * 8), [2, 3, 8])
    const [want, got] = await Promise.all(
      bytes.map(async (b) => {
        const model = await runner.load(b, { name: 'm.tflite' })
        return toFloat32((await model.run(new Map([['x', x]]))).get('y')!)!.slice()
      }),
    )
    want!.forEach((v, i) => {
      expect(Math.abs(v - got![i]!)).toBeLessThan(0.05)
    })
  })
})

it('the published recipes ask for it', () => {
  const rules = namedRecipe('dynamic_wi4_afp32_hadamard').rules.map((r) => ('scheme' in r.action ? r.action.scheme.algorithm : ''))
  expect(rules).toEqual(['min-max', 'decomposed-hadamard'])
})
