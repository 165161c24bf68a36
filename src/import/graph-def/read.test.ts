import { expect, test } from 'vitest'
import { attr, constant, encode, node, type Proto, tensor } from '../../../test/testkit/saved-model.ts'
import { memorySource } from '../../core/bytes.ts'
import { type GraphDefOptions, importGraphDef } from './read.ts'

function load(nodes: readonly Proto[], options?: GraphDefOptions) {
  const bytes = encode([...nodes.map((n) => [1, n] as const), [4, [[1, 27]]]])
  return importGraphDef(memorySource('frozen.pb', bytes), options)
}
const nodes = [
  node('x', 'Placeholder', [], { dtype: attr.type('f32'), shape: attr.shape([-1, 4]) }),
  constant('w', tensor('f32', [4, 2], [[5, new Uint8Array(4)]])),
  node('dense', 'MatMul', ['x', 'w'], {
    T: attr.type('f32'),
    _output_shapes: attr.list([
      [
        7,
        [
          [2, [[1, -1]]],
          [2, [[1, 2]]],
        ],
      ],
    ]),
  }),
  node('top', 'TopKV2', ['dense:0', 'w']),
  node('check', 'Assert', ['dense']),
  node('done', 'NoOp', ['^check']),
]

test('inputs are the placeholders, outputs what nothing takes', () => {
  const { format, graphs, metadata } = load(nodes)
  expect([format, metadata.producer]).toEqual(['graph-def', 27])
  const [g] = graphs
  expect(g!.inputs).toEqual([{ name: 'x', tensorName: 'x', ref: { node: 0, output: 0 }, dtype: 'f32', shape: ['N', 4] }])
  expect(g!.outputs).toMatchObject([{ name: 'top', tensorName: 'top', ref: { output: 0 } }])
  expect(g!.nodes.map((n) => n.op)).toEqual(['Placeholder', 'Const', 'MatMul', 'TopKV2'])
})

test('both can be chosen, also in the middle of the graph', () => {
  const [g] = load(nodes, { inputs: ['dense:0'], outputs: ['top:1', 'dense'] }).graphs
  expect(g!.inputs).toMatchObject([{ name: 'dense', dtype: 'f32', shape: ['N', 2] }])
  expect(g!.outputs.map((o) => [o.name, g!.nodes[o.ref.node]!.op, o.ref.output])).toEqual([
    ['top:1', 'TopKV2', 1],
    ['dense', 'Placeholder', 0],
  ])
})

test.each<[string, readonly Proto[], GraphDefOptions, string]>([
  ['an input that is not there', nodes, { inputs: ['y'] }, 'import/node-missing'],
  ['an output that is not there', nodes, { outputs: ['y:0'] }, 'import/node-missing'],
  ['a graph without results', nodes.slice(0, 2), {}, 'import/no-outputs'],
  ['variables', [node('v', 'VariableV2'), node('y', 'Neg', ['v'])], {}, 'import/not-frozen'],
])('refuses %s', (_, of, options, code) => {
  expect(() => load(of, options)).toThrow(expect.objectContaining({ code, message: expect.stringContaining('"frozen.pb"') }))
})
