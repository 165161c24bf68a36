import { expect, test } from 'vitest'
import { attr, constant, type ModelSpec, modelFolder, node, tensor } from '../../test/testkit/saved-model.ts'
import { bytesOf } from '../core/dtype.ts'
import { importSavedModel } from '../import/saved-model/read.ts'
import { plainNumbers } from './plain-numbers.ts'

const i32 = attr.type('i32')
const f32 = attr.type('f32')
const ints = (name: string, values: readonly number[]) =>
  constant(name, tensor('i32', [values.length], [[4, new Uint8Array(bytesOf(Int32Array.from(values)))]]))

function plain(nodes: ModelSpec['nodes'], output: string): string[] {
  const inputs = Object.fromEntries(['x', 'y'].map((key) => [key, { name: `${key}:0`, dims: [2], dtype: 'i32' as const }]))
  const placeholders = ['x', 'y'].map((name) => node(name, 'Placeholder', [], { dtype: i32, shape: attr.shape([2]) }))
  const source = importSavedModel(
    modelFolder({
      nodes: [...placeholders, ints('shape', [2, 1]), ...nodes],
      ops: ['AddV2', 'Mul', 'Reshape', 'Cast', 'MatMul'].map((name) => ({ name, outputs: ['output'] })),
      signatures: { serving_default: { inputs, outputs: { out: { name: output, dims: 'unknown' } } } },
    }),
  )
  return [...plainNumbers(source.graphs[0]!)].sort()
}

test('what is computed with or becomes a real number is plain, what makes a shape is not', () => {
  const sum = node('sum', 'AddV2', ['x', 'y'], { T: i32 })
  expect(plain([sum], 'sum:0')).toEqual(['x', 'y'])
  const shaped = node('shaped', 'Reshape', ['x', 'y'], { T: i32, Tshape: i32 })
  expect(plain([shaped], 'shaped:0')).toEqual(['x'])
  const through = [node('twice', 'AddV2', ['y', 'y'], { T: i32 }), node('shaped', 'Reshape', ['x', 'twice'], { T: i32, Tshape: i32 })]
  expect(plain(through, 'shaped:0')).toEqual(['x'])
  const real = [
    node('column', 'Reshape', ['x', 'shape'], { T: i32, Tshape: i32 }),
    node('real', 'Cast', ['column'], { SrcT: i32, DstT: f32 }),
    node('product', 'MatMul', ['real', 'real'], { T: f32, transpose_a: attr.bool(true) }),
  ]
  expect(plain(real, 'product:0')).toEqual(['x', 'y'])
  // An op that is not known to take any number.
  expect(plain([node('product', 'MatMul', ['x', 'y'], { T: i32 })], 'product:0')).toEqual([])
})
