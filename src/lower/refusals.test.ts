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
