import { describe, expect, test } from 'vitest'
import { refusal } from '../../test/testkit/refusal.ts'
import { attr, constant, type ModelSpec, modelFolder, node, tensor } from '../../test/testkit/saved-model.ts'
import { importSavedModel } from '../import/saved-model/read.ts'
import { lowerSource } from './index.ts'

/*
 * Graphs that cannot be lowered: the code, and the user's own names in the sentence.
 */

const f32 = attr.type('f32')
const input = (dims: readonly number[] | undefined) => node('x', 'Placeholder', [], { dtype: f32, shape: attr.shape(dims) })
const ints = (name: string, values: readonly number[]) =>
  constant(name, tensor('i32', [values.length], [[4, new Uint8Array(Int32Array.from(values).buffer)]]))

function lowered(nodes: ModelSpec['nodes'], dims: readonly number[] | 'unknown' = [1, 4, 4, 2], dtype: 'f32' | 'resource' = 'f32') {
  const outputs = { y: { name: 'head/y:0', dims: 'unknown' as const } }
  const model: ModelSpec = {
    nodes,
    ops: ['MaxPool', 'Transpose', 'Add', 'MatMul', 'Softmax', 'Complex'].map((name) => ({ name, outputs: ['output'] })),
    signatures: { serving_default: { inputs: { x: { name: 'x:0', dims, dtype } }, outputs } },
  }
  return () => lowerSource(importSavedModel(modelFolder(model)))
}

const pool = (attrs: Parameters<typeof node>[3]) => node('head/y', 'MaxPool', ['x'], { T: f32, ...attrs })
const fours = (...n: number[]) => attr.list(n.map((v) => [3, v] as const))

describe('attributes', () => {
  test.each([
    ['absent', pool({ strides: fours(1, 2, 2, 1), ksize: fours(1, 2, 2, 1) })],
    ['of another kind', pool({ padding: attr.int(3), strides: fours(1, 2, 2, 1), ksize: fours(1, 2, 2, 1) })],
    ['of another length', pool({ padding: attr.string('SAME'), strides: fours(1, 2), ksize: fours(1, 2, 2, 1) })],
  ])('%s', (_, y) => {
    const e = refusal(lowered([input([1, 4, 4, 2]), y]))
    expect(e).toMatchObject({ code: 'lower/bad-attribute', op: 'MaxPool', node: 'head/y' })
    expect(e.message).toContain('MaxPool "head/y"')
  })
})

test('a form that has no counterpart', () => {
  const nchw = pool({ padding: attr.string('SAME'), strides: fours(2, 2, 1, 1), ksize: fours(2, 2, 1, 1) })
  expect(refusal(lowered([input([1, 4, 4, 2]), nchw]))).toMatchObject({ code: 'lower/unsupported-form', node: 'head/y' })
})

test.each([
  ['MatMul', { transpose_a: attr.bool(true) }],
  ['BatchMatMulV2', { adj_x: attr.bool(true) }],
])('%s of a vector', (type, attrs) => {
  const weights = constant('w', tensor('f32', [4, 2], [[4, new Uint8Array(32)]]))
  const y = node('head/y', type, ['x', 'w'], { T: f32, ...attrs })
  expect(refusal(lowered([input([4]), weights, y], [4]))).toMatchObject({ code: 'lower/unsupported-form', node: 'head/y' })
})

test('complex numbers that are read whole', () => {
  const z = node('head/y', 'Complex', ['x', 'x'], { T: f32, Tout: attr.type('c64') })
  expect(refusal(lowered([input([2]), z], [2]))).toMatchObject({
    code: 'lower/complex-result',
    node: 'head/y',
    hint: expect.stringContaining('tf.math.real'),
  })
})

test('operands that do not fit each other', () => {
  const y = node('head/y', 'Transpose', ['x', 'perm'], { T: f32, Tperm: attr.type('i32') })
  const e = refusal(lowered([input([1, 4, 4, 2]), ints('perm', [0, 1]), y]))
  expect(e).toMatchObject({ code: 'lower/bad-operands' })
  expect(e.message).toContain('head/y')
})

test('inputs that no tensor can be', () => {
  const softmax = node('head/y', 'Softmax', ['x'], { T: f32 })
  expect(refusal(lowered([input(undefined), softmax], 'unknown'))).toMatchObject({
    code: 'lower/bad-port',
    hint: expect.stringContaining('--shape x='),
  })
})

test('signatures without the problem are named', () => {
  const x = { x: { name: 'x:0', dims: [2] } }
  const model: ModelSpec = {
    nodes: [input([2]), node('fine', 'Neg', ['x'], { T: f32 }), node('odd', 'NoSuchOp', ['x'])],
    signatures: {
      serve: { inputs: x, outputs: { y: { name: 'fine:0', dims: [2] } } },
      train: { inputs: x, outputs: { y: { name: 'odd:0', dims: [2] } } },
    },
  }
  const e = refusal(() => lowerSource(importSavedModel(modelFolder(model))))
  expect(e).toMatchObject({ code: 'lower/unsupported-op', node: 'odd' })
  expect(e.hint).toContain('The signature "serve" has no such problem: choose with --signature.')
  const alone = refusal(() => lowerSource(importSavedModel(modelFolder(model), { signature: 'train' })))
  expect(alone.hint).not.toContain('--signature')
})

test('a sum of which only a run tells the rank is for a Reshape', () => {
  const port = (name: string) => ({ name: `${name}:0`, dims: [-1, 4] })
  const shapeOf = (name: string) => node(`shape_${name}`, 'Shape', [name], { T: f32, out_type: attr.type('i32') })
  const nodes = (reader: string, ...more: string[]) => [
    input([-1, 4]),
    node('z', 'Placeholder', [], { dtype: f32, shape: attr.shape([-1, 4]) }),
    shapeOf('x'),
    shapeOf('z'),
    node('axes', 'BroadcastGradientArgs', ['shape_x', 'shape_z'], { T: attr.type('i32') }),
    node('sum', 'Sum', ['x', 'axes'], { T: f32, Tidx: attr.type('i32') }),
    node('y', reader, ['sum', ...more], { T: f32 }),
  ]
  const load = (all: ModelSpec['nodes'], output = 'y') => {
    const signatures = {
      serve: { inputs: { x: port('x'), z: port('z') }, outputs: { y: { name: `${output}:0`, dims: 'unknown' as const } } },
    }
    return () => lowerSource(importSavedModel(modelFolder({ nodes: all, signatures })))
  }
  expect(load(nodes('Reshape', 'shape_x'))().model.graphs.length).toBe(1)
  const expected = { code: 'lower/unsupported-form', hint: expect.stringContaining('--shape') }
  expect(refusal(load(nodes('Neg')))).toMatchObject({ ...expected, op: 'Neg', node: 'y' })
  expect(refusal(load(nodes('Neg'), 'sum'))).toMatchObject({ ...expected, op: 'Sum' })
})
