import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { attr, constant, encode, modelFolder, node, type Proto, tensor } from '../../../test/testkit/saved-model.ts'
import { memorySource } from '../../core/bytes.ts'
import type { DType } from '../../core/dtype.ts'
import { readModel } from '../read-model.ts'
import { importSavedModel } from '../saved-model/read.ts'
import { importGraphDef } from './read.ts'

const input = (name: string, dtype: DType, dims?: readonly number[]): Proto =>
  node(name, 'Placeholder', [], { dtype: attr.type(dtype), ...(dims && { shape: attr.shape(dims) }) })
const bool = { T: attr.type('f32') }

/** `training ? -x : |x|` as TensorFlow 1 writes it. */
const choice = [
  input('x', 'f32', [2]),
  input('training', 'bool'),
  node('switch', 'Switch', ['x', 'training'], bool),
  node('neg', 'Neg', ['switch:1'], bool),
  node('abs', 'Abs', ['switch'], bool),
  node('y', 'Merge', ['abs', 'neg'], { ...bool, N: attr.int(2) }),
]

function load(nodes: readonly Proto[], constants: Readonly<Record<string, number | boolean>>) {
  const file = memorySource('frozen.pb', encode(nodes.map((n) => [1, n] as const)))
  return importGraphDef(file, { outputs: ['y'], constants: new Map(Object.entries(constants)) }).graphs[0]!
}

test.each([
  [true, 'Neg'],
  [false, 'Abs'],
] as const)('a switch that is always %s decides conditions, and is no input', (training, op) => {
  const { inputs, nodes } = load(choice, { 'training:0': training })
  expect(inputs.map((i) => i.name)).toEqual(['x'])
  expect(nodes.map((n) => n.op)).toContain(op)
  expect(nodes.map((n) => n.op)).not.toContain(op === 'Neg' ? 'Abs' : 'Neg')
})

test('a switch that is not stated stays an input', () => {
  expect(load(choice, {}).inputs.map((i) => i.name)).toEqual(['x', 'training'])
})

test.each<[DType, readonly number[] | undefined, number, readonly number[], number[]]>([
  ['f32', undefined, 0.5, [], [0, 0, 0, 0x3f]],
  ['i32', [2], 3, [2], [3, 0, 0, 0, 3, 0, 0, 0]],
  ['i64', [], -1, [], new Array<number>(8).fill(255)],
  ['f64', [0], 1, [0], []],
])('of %s %j has %d in each element', (dtype, dims, value, shape, bytes) => {
  const { nodes } = load([input('keep', dtype, dims), node('y', 'Neg', ['keep'], { T: attr.type(dtype) })], { keep: value })
  const found = nodes.find((n) => n.op === 'Const')!.value!
  expect([found.dtype, found.shape, 'data' in found && [...found.data.bytes()]]).toEqual([dtype, shape, bytes])
})

test.each<[string, Proto, number | boolean, string]>([
  ['an open size', input('k', 'f32', [-1]), 1, 'open sizes, [-1]'],
  ['a result', node('k', 'Neg', ['k']), 1, 'it is what Neg computes'],
  ['a number for a switch', input('k', 'bool'), 1, 'of type bool, which does not have 1'],
  ['a switch for a number', input('k', 'f32'), true, 'of type f32, which does not have true'],
  ['half an integer', input('k', 'i32'), 0.5, 'does not have 0.5'],
  ['a large integer', input('k', 'i32'), 2 ** 31, 'does not have 2147483648'],
  ['an unsafe integer', input('k', 'i64'), 2 ** 60, 'does not have'],
  ['text', input('k', 'string'), 1, 'of type string'],
])('refuses %s', (_, k, value, why) => {
  expect(() => load([k, node('y', 'Neg', ['k'])], { k: value })).toThrow(
    expect.objectContaining({ code: 'import/unsuitable-constant', message: expect.stringContaining(why) }),
  )
})

test('refuses a name that is not in the graph', () => {
  expect(() => load(choice, { train: true })).toThrow(expect.objectContaining({ code: 'import/unknown-tensor' }))
})

test.each(['is_training', 'training'])('an input of a signature is called %s', (name) => {
  const signature = {
    inputs: { image: { name: 'x:0', dims: [2] }, is_training: { name: 'training:0', dtype: 'bool' } },
    outputs: { y: { name: 'y:0', dims: [2] } },
  } as const
  const folder = modelFolder({ nodes: choice, signatures: { serving_default: signature } })
  const [graph] = importSavedModel(folder, { constants: new Map([[name, false]]) }).graphs
  expect(graph!.inputs.map((i) => i.name)).toEqual(['image'])
  expect(graph!.nodes.map((n) => n.op)).not.toContain('Neg')
})

test('models of layers have no graph to state constants in', async () => {
  const bytes = new Uint8Array(readFileSync(new URL('../../../fixtures/keras/functional-keras3.keras', import.meta.url)))
  const read = readModel({ file: memorySource('m.keras', bytes) }, { constants: new Map([['x', 1]]) })
  await expect(read).rejects.toMatchObject({ code: 'import/constant-in-layers' })
})

test('a constant may stand in the graph already', () => {
  const nodes = [constant('c', tensor('f32', [], [[5, new Uint8Array(4)]])), input('keep', 'f32'), node('y', 'Mul', ['c', 'keep'])]
  expect(load(nodes, { keep: 2 }).inputs).toEqual([])
})
