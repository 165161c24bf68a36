import { expect, test } from 'vitest'
import { attr, constant, floats, type ModelSpec, modelFolder, node, tensor } from '../../test/testkit/saved-model.ts'
import { typedView } from '../core/dtype.ts'
import { type NdArray, ndArray } from '../core/nd-array.ts'
import { importSavedModel } from '../import/saved-model/read.ts'
import type { SourceGraph } from '../import/source-graph.ts'
import { tensorflow } from '../lower/tf/index.ts'
import { loadNodeTfJs } from '../platform/node-tfjs.ts'
import { evaluateSource, isUnknown } from './evaluate-source.ts'
import { kernelEvaluator } from './kernel-evaluator.ts'
import { tfjsEvaluator } from './tfjs.ts'

const f32 = attr.type('f32')
const x = node('x', 'Placeholder', [], { dtype: f32, shape: attr.shape([2, 3]) })
const input = ndArray('f32', Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3])

function graphOf(nodes: ModelSpec['nodes'], opNames: readonly string[], outputs: readonly string[]): SourceGraph {
  const ops = opNames.map((name) => ({ name, outputs: ['output'] }))
  const ports = Object.fromEntries(outputs.map((name) => [name, { name: `${name}:0`, dims: 'unknown' as const }]))
  const model = { nodes, ops, signatures: { serving_default: { inputs: { x: { name: 'x:0', dims: [2, 3] } }, outputs: ports } } }
  return importSavedModel(modelFolder(model)).graphs[0]!
}

async function evaluators() {
  return [tfjsEvaluator(await loadNodeTfJs()), kernelEvaluator(tensorflow)]
}

test('random ops and what follows from them have no value, the rest has', async () => {
  const size = constant('size', tensor('i32', [2], [[4, new Uint8Array(Int32Array.of(2, 3).buffer)]]))
  const noise = node('noise', 'RandomUniform', ['size'], { T: attr.type('i32'), dtype: f32, seed: attr.int(1), seed2: attr.int(2) })
  const graph = graphOf(
    [x, size, noise, node('chance', 'Mul', ['x', 'noise'], { T: f32 }), node('sure', 'Neg', ['x'], { T: f32 })],
    ['RandomUniform', 'Mul', 'Neg'],
    ['chance', 'sure'],
  )
  const results = await evaluateSource(graph, [input], { evaluators: await evaluators() })
  const byName = new Map(graph.outputs.map((o, i) => [o.name, results[i]!]))
  expect(byName.get('chance')).toEqual({ reason: 'RandomUniform "noise" is random' })
  expect(isUnknown(byName.get('sure')!)).toBe(false)
  expect([...typedView('f32', (byName.get('sure') as NdArray).bytes)]).toEqual([-1, -2, -3, -4, -5, -6])
})

test('what TensorFlow.js does not know our kernels compute, what both do not know has no value', async () => {
  const graph = graphOf(
    [x, node('soft', 'Softsign', ['x'], { T: f32 }), node('odd', 'NoSuchOp', ['x'], { T: f32 })],
    ['Softsign', 'NoSuchOp'],
    ['soft', 'odd'],
  )
  const used: string[] = []
  const onEvaluated = (evaluator: string, op: string) => used.push(`${op} by ${evaluator}`)
  const results = await evaluateSource(graph, [input], { evaluators: await evaluators(), onEvaluated })
  expect(used).toEqual(['Softsign by own kernels'])
  expect(results[graph.outputs.findIndex((o) => o.name === 'odd')]).toEqual({ reason: 'NoSuchOp "odd" has no evaluator' })
})

test('channels that come first TensorFlow.js is not asked for', async () => {
  const shape = constant('shape', tensor('i32', [4], [[4, new Uint8Array(Int32Array.of(1, 2, 1, 3).buffer)]]))
  const picture = node('picture', 'Reshape', ['x', 'shape'], { T: f32, Tshape: attr.type('i32') })
  const bias = constant('bias', tensor('f32', [2], [[4, new Uint8Array(Float32Array.of(10, 11).buffer)]]))
  const sum = node('sum', 'BiasAdd', ['picture', 'bias'], { T: f32, data_format: attr.string('NCHW') })
  const graph = graphOf([x, shape, picture, bias, sum], ['Reshape', 'BiasAdd'], ['sum'])
  const used: string[] = []
  const onEvaluated = (evaluator: string, op: string) => used.push(`${op} by ${evaluator}`)
  const [result] = await evaluateSource(graph, [input], { evaluators: await evaluators(), onEvaluated })
  expect(used).toContain('BiasAdd by own kernels')
  expect([...typedView('f32', (result as NdArray).bytes)]).toEqual([11, 12, 13, 15, 16, 17])
})

test('a variable holds what was stored last: an output that depends on chance has a reason, the rest a value', async () => {
  const nodes = [
    x,
    node('v', 'VarHandleOp', [], { shared_name: attr.string('v') }),
    node('set', 'AssignAddVariableOp', ['v', 'x']),
    node('read', 'ReadVariableOp', ['v', '^set'], { dtype: f32 }),
    node('sure', 'Neg', ['read'], { T: f32 }),
    node('noise', 'RandomStandardNormal', ['x'], { dtype: f32 }),
    node('again', 'AssignVariableOp', ['v', 'noise', '^read']),
    node('late', 'ReadVariableOp', ['v', '^again'], { dtype: f32 }),
    node('chance', 'Neg', ['late'], { T: f32 }),
  ]
  const ports = { chance: { name: 'chance:0' }, sure: { name: 'sure:0' } }
  const signatures = { serving_default: { inputs: { x: { name: 'x:0', dims: [2, 3] } }, outputs: ports } }
  const ops = ['Neg', 'RandomStandardNormal'].map((name) => ({ name, outputs: ['y'] }))
  const [graph] = importSavedModel(modelFolder({ nodes, ops, signatures }, { tensors: { v: floats([2, 3], 1) } })).graphs
  const results = await evaluateSource(graph!, [input], { evaluators: await evaluators() })
  expect(results[0]).toEqual({ reason: 'RandomStandardNormal "noise" is random' })
  expect([...typedView('f32', (results[1] as NdArray).bytes)]).toEqual([-2, -4, -6, -8, -10, -12])
})

test('an evaluation that is given up says before which layer', async () => {
  const graph = graphOf([x, node('first', 'Neg', ['x'], { T: f32 }), node('second', 'Neg', ['first'], { T: f32 })], ['Neg'], ['second'])
  const [done] = await evaluateSource(graph, [input], { evaluators: await evaluators(), stopSeconds: 100 })
  expect([...typedView('f32', (done as NdArray).bytes)]).toEqual([1, 2, 3, 4, 5, 6])
  const stopped = await evaluateSource(graph, [input], { evaluators: await evaluators(), stopSeconds: 0 })
  expect(stopped).toEqual([{ isGivenUp: true, reason: 'its evaluation was given up after 0 s, before Neg "first"' }])
})
