import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { attr, constant, encode, modelFolder, node, tensor } from '../../test/testkit/saved-model.ts'
import { memorySource } from '../core/bytes.ts'
import { memoryFolder } from '../import/folder.ts'
import { importGraphDef } from '../import/graph-def/read.ts'
import { readModel } from '../import/read-model.ts'
import { importSavedModel } from '../import/saved-model/read.ts'
import { openZip } from '../wire/zip.ts'
import { coverage } from './coverage.ts'

const f32 = attr.type('f32')
const nodes = [
  node('x', 'Placeholder', [], { dtype: f32, shape: attr.shape([-1, 4]) }),
  constant('w', tensor('f32', [4, 2], [[4, new Uint8Array(32)]])),
  node('head/dense', 'MatMul', ['x', 'w'], { T: f32 }),
  node('head/relu', 'Relu', ['head/dense'], { T: f32 }),
  node('head/same', 'Identity', ['head/relu'], { T: f32 }),
]
const frozen = (...more: (typeof nodes)[number][]) =>
  importGraphDef(memorySource('frozen.pb', encode([...nodes, ...more].map((n) => [1, n] as const))))
const bad = node('head/bucket', 'Bucketize', ['head/same'], { T: f32 })
const augmented = (name: string, from: string) =>
  node(name, 'AdjustContrast', [from], { T: f32, _output_shapes: attr.list([[7, [[2, [[1, 1]]]]]]) })

test('what ops become, without those that leave none', () => {
  expect(coverage(frozen())).toEqual({
    nodes: 3,
    problems: [],
    isConvertible: true,
    ops: [
      { op: 'Identity', count: 1, status: 'supported', layers: ['head/same'], becomes: [], reasons: [], advice: undefined },
      { op: 'MatMul', count: 1, status: 'supported', layers: ['head/dense'], becomes: ['FULLY_CONNECTED'], reasons: [], advice: undefined },
      { op: 'Relu', count: 1, status: 'supported', layers: ['head/relu'], becomes: ['RELU'], reasons: [], advice: undefined },
    ],
  })
})

test('what stops a conversion comes first, with the reason or the way out', () => {
  const magic = node('magic', 'Magic', ['head/same'], { T: f32 })
  const { ops, isConvertible } = coverage(frozen(bad, magic, augmented('a', 'head/same'), augmented('b', 'a')))
  expect(isConvertible).toBe(false)
  expect(ops.slice(0, 3)).toMatchObject([
    { op: 'AdjustContrast', count: 2, status: 'flex', layers: ['a', 'b'], advice: expect.stringContaining('--allow-flex') },
    { op: 'Bucketize', status: 'partly', reasons: [expect.stringMatching(/^Bucketize: attribute boundaries/)], advice: undefined },
    { op: 'Magic', status: 'unsupported', advice: expect.stringContaining('--allow-custom Magic') },
  ])
})

test('an allowed op does not stop it', () => {
  const { ops, isConvertible } = coverage(
    frozen(node('magic', 'Magic', ['head/same'], { T: f32, _output_shapes: attr.list([[7, [[2, [[1, 1]]]]]]) })),
    {
      allowCustom: ['Magic'],
    },
  )
  expect(isConvertible).toBe(true)
  expect(ops.find((o) => o.op === 'Magic')).toMatchObject({ status: 'kept', becomes: ['Magic'] })
})

test('inputs that no tensor can be', () => {
  const { problems, isConvertible } = coverage(
    importGraphDef(
      memorySource(
        'f.pb',
        encode([
          [1, node('x', 'Placeholder', [], { dtype: f32 })],
          [1, node('y', 'Relu', ['x'], { T: f32 })],
        ]),
      ),
    ),
  )
  expect(problems).toMatchObject([{ code: 'lower/bad-port' }])
  expect(isConvertible).toBe(false)
})

test('a layer of two signatures counts once, ops of functions that control flow runs count', () => {
  const ports = { inputs: { x: { name: 'x:0', dims: [1] } }, outputs: { y: { name: 'y:0', dims: [1] } } }
  const body = { name: 'body', args: { a: 'f32' }, results: { r: 'odd:y:0' }, nodes: [node('odd', 'Odd', ['a'], { T: f32 })] } as const
  const source = importSavedModel(
    modelFolder({
      nodes: [
        node('x', 'Placeholder', [], { dtype: f32, shape: attr.shape([1]) }),
        node('y', 'RunsLater', ['x'], { T: f32, f: attr.func('body'), _output_shapes: attr.list([[7, [[2, [[1, 1]]]]]]) }),
      ],
      functions: [body],
      ops: [{ name: 'Odd', outputs: ['y'], outputType: 'f32' }],
      signatures: { serving_default: ports, other: ports },
    }),
  )
  expect(coverage(source).ops.map((o) => [o.op, o.count, o.status])).toEqual([
    ['Odd', 1, 'unsupported'],
    ['RunsLater', 1, 'unsupported'],
  ])
})

test('a loop that is lowered is judged with what its variables are', async () => {
  const archive = openZip(memorySource('ops.zip', new Uint8Array(readFileSync(new URL('../../fixtures/oracle/ops.zip', import.meta.url)))))
  const name = 'keras3_lstm_dynamic_batch'
  const files = [...archive.entries.values()].filter((e) => e.name.startsWith(`${name}/`) && !e.name.endsWith('io.npz'))
  const folder = memoryFolder(
    name,
    new Map(
      files.map((entry) => {
        const file = archive.open(entry)
        return [entry.name.slice(name.length + 1), file.read(0, file.byteLength)]
      }),
    ),
  )
  const { ops, isConvertible } = coverage(await readModel({ folder }))
  expect(ops.filter((o) => o.status !== 'supported')).toEqual([])
  expect(isConvertible).toBe(true)
  expect(ops.find((o) => o.op === 'MatMul')).toMatchObject({ count: 2, becomes: ['FULLY_CONNECTED'] })
})
