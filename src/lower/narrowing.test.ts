import { expect, test } from 'vitest'
import { attr, constant, type ModelSpec, modelFolder, node, tensor } from '../../test/testkit/saved-model.ts'
import type { DType } from '../core/dtype.ts'
import { importSavedModel } from '../import/saved-model/read.ts'
import { lowerSource } from './index.ts'

/** The notes on a model of one input and one output `y`. */
function notes(dtype: 'f32' | 'f64' | 'f16' | 'bf16' | 'i64', nodes: ModelSpec['nodes']) {
  const model: ModelSpec = {
    nodes: [node('x', 'Placeholder', [], { dtype: attr.type(dtype), shape: attr.shape([2]) }), ...nodes],
    ops: ['Exp', 'Neg', 'FloorDiv', 'Mul'].map((name) => ({ name, outputs: ['output'] })),
    signatures: { serving_default: { inputs: { x: { name: 'x:0', dims: [2], dtype } }, outputs: { y: { name: 'y:0', dims: 'unknown' } } } },
  }
  return lowerSource(importSavedModel(modelFolder(model))).diagnostics
}

const of = (dtype: DType) => ({ T: attr.type(dtype as 'f32') })
const wide = (name: string) => constant(name, tensor('i64', [1], [[4, new Uint8Array(BigInt64Array.of(7n).buffer)]]))

test('one note for all layers of a pair of types', () => {
  const found = notes('f64', [node('first', 'Exp', ['x'], of('f64')), node('y', 'Neg', ['first'], of('f64'))])
  expect(found).toMatchObject([{ severity: 'info', code: 'lower/other-element-type', node: 'first', expected: 'f64', actual: 'f32' }])
  expect(found[0]!.message).toContain('in "first", "y": digits beyond the seventh are lost')
})

test('many layers are counted', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'y']
  const chain = names.map((name, i) => node(name, 'Exp', [names[i - 1] ?? 'x'], of('f16')))
  expect(notes('f16', chain)[0]!.message).toContain('"e" and 2 more: results have digits that the model rounds away')
})

test('integers beyond 32 bits wrap where kernels take 32', () => {
  const [note] = notes('i64', [wide('seven'), node('y', 'FloorDiv', ['x', 'seven'], of('i64'))])
  expect(note!.message).toContain('in "y": numbers beyond i32 wrap')
})

test('nothing is told of f32, of wide arithmetic in its own type, and of constants', () => {
  expect(notes('f32', [node('y', 'Exp', ['x'], of('f32'))])).toEqual([])
  expect(notes('i64', [node('y', 'Mul', ['x', 'x'], of('i64'))])).toEqual([])
  const folded = [wide('seven'), node('one', 'FloorDiv', ['seven', 'seven'], of('i64')), node('y', 'Mul', ['x', 'one'], of('i64'))]
  expect(notes('i64', folded)).toEqual([])
})

test('of bfloat16 inputs and outputs it is said what cannot read them', () => {
  const found = notes('bf16', [node('y', 'Neg', ['x'], of('bf16'))])
  expect(found.filter((d) => d.severity === 'warning')).toMatchObject([{ code: 'lower/bfloat16-port', tensor: 'x' }])
  expect(found.at(-1)!.message).toContain('"x", "y"')
})
