import { expect, test } from 'vitest'
import { attr, constant, encode, node, type Proto, tensor } from '../../../test/testkit/saved-model.ts'
import { memorySource } from '../../core/bytes.ts'
import { detectFormat } from '../detect.ts'
import { readModel } from '../read-model.ts'
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
  ['an input that is not there', nodes, { inputs: ['y'] }, 'import/unknown-tensor'],
  ['an output that is not there', nodes, { outputs: ['y:0'] }, 'import/unknown-tensor'],
  ['a graph without results', nodes.slice(0, 2), {}, 'import/no-outputs'],
  ['variables', [node('v', 'VariableV2'), node('y', 'Neg', ['v'])], {}, 'import/not-frozen'],
])('refuses %s', (_, of, options, code) => {
  expect(() => load(of, options)).toThrow(expect.objectContaining({ code, message: expect.stringContaining('"frozen.pb"') }))
})

test('what is chosen where the options leave it open is told', () => {
  expect(load(nodes).diagnostics.map((d) => [d.severity, d.code, d.message])).toEqual([
    ['info', 'import/inferred-ports', expect.stringMatching(/inputs.*placeholders: "x"/)],
    ['info', 'import/inferred-ports', expect.stringMatching(/outputs.*: "top"/)],
  ])
  expect(load(nodes, { inputs: ['x'], outputs: ['dense'] }).diagnostics).toEqual([])
})

test('placeholders that the outputs do not need are no inputs, constants no results', () => {
  const more = [...nodes, node('unused', 'Placeholder', [], { dtype: attr.type('bool') }), node('scale', 'Identity', ['w'])]
  const [g] = load(more).graphs
  expect([g!.inputs.map((p) => p.name), g!.outputs.map((p) => p.name)]).toEqual([['x'], ['top']])
})

test('a default counts unless it is fed', () => {
  const withDefault = [
    constant('c', tensor('f32', [], [[5, new Uint8Array(4)]])),
    node('keep', 'PlaceholderWithDefault', ['c'], { dtype: attr.type('f32'), shape: attr.shape([]) }),
    ...nodes.slice(0, 1),
    node('y', 'Mul', ['x', 'keep'], { T: attr.type('f32') }),
  ]
  expect(load(withDefault).graphs[0]!.inputs.map((p) => p.name)).toEqual(['x'])
  expect(load(withDefault, { inputs: ['x', 'keep'] }).graphs[0]!.inputs).toMatchObject([
    { name: 'x' },
    { name: 'keep', dtype: 'f32', shape: [] },
  ])
})

test.each([
  ['Equal', {}, 'bool'],
  ['Shape', {}, 'i32'],
  ['Shape', { out_type: attr.type('i64') }, 'i64'],
  ['Cast', { SrcT: attr.type('f32'), DstT: attr.type('u8') }, 'u8'],
  ['ArgMax', { T: attr.type('f32') }, 'i64'],
  ['Relu', { T: attr.type('f16') }, 'f16'],
] as const)('the type of %s %j cut to an input', (op, attrs, dtype) => {
  const cut = [node('x', 'Placeholder'), node('cut', op, ['x', 'x'], attrs), node('y', 'Neg', ['cut'])]
  expect(load(cut, { inputs: ['cut'] }).graphs[0]!.inputs).toMatchObject([{ name: 'cut', dtype }])
})

test('further outputs have types of their own', () => {
  const [g] = load(
    [
      ...nodes,
      node('y', 'Neg', ['top:1']),
      node('many', 'IteratorGetNext', [], {
        output_types: attr.list([
          [6, 1],
          [6, 3],
        ]),
        output_shapes: attr.list([
          [7, []],
          [7, [[2, [[1, 5]]]]],
        ]),
      }),
    ],
    { inputs: ['top:1', 'many:1'], outputs: ['y'] },
  ).graphs
  expect(g!.inputs).toMatchObject([
    { name: 'top:1', dtype: 'i32' },
    { name: 'many:1', dtype: 'i32', shape: [5] },
  ])
})

const bytesOf = (...parts: Proto): Uint8Array => encode(parts)
const text = (s: string): Uint8Array => new TextEncoder().encode(s)
test.each([
  ['graph-def', bytesOf(...nodes.map((n) => [1, n] as const))],
  ['graph-def', bytesOf([4, [[1, 27]]], [1, nodes[0]!])],
  ['saved-model', bytesOf([1, 1], [2, [[2, [[1, nodes[0]!]]]]])],
  ['meta-graph', bytesOf([1, [[5, '1.15']]], [2, [[1, nodes[0]!]]], [3, [[1, 'save/Const:0']]])],
  ['graph-def-text', text('# from TensorFlow\n\nnode {\n')],
  ['graph-def-text', text('versions: <producer: 1>')],
  ['saved-model-text', text('saved_model_schema_version: 1\nmeta_graphs {')],
  ['meta-graph-text', text('meta_info_def {')],
  ['unknown', text('version https://git-lfs.github.com/spec/v1')],
  ['unknown', Uint8Array.of(0x0a, 0xff, 0xff, 0x7f)],
] as const)('%s is told from the bytes', (format, bytes) => {
  expect(detectFormat(memorySource('m', bytes))).toBe(format)
})

test('the graph of a SavedModel without its folder is refused', async () => {
  const read = (bytes: Uint8Array) => readModel({ file: memorySource('m', bytes) })
  await expect(read(bytesOf([1, 1]))).rejects.toMatchObject({ code: 'import/unsupported-format', hint: expect.stringContaining('folder') })
})

test('shapes are stated for inputs as they or their tensors are called; -1 leaves a size open', async () => {
  const file = memorySource('frozen.pb', encode(nodes.map((n) => [1, n] as const)))
  const shape = async (name: string, dims: readonly number[]) =>
    (await readModel({ file }, { outputs: ['dense'], shapes: new Map([[name, dims]]) })).graphs[0]!.inputs[0]!.shape
  expect(await shape('x:0', [3, 4])).toEqual([3, 4])
  expect(await shape('x', [-1, 4])).toEqual(['N', 4])
  await expect(shape('x', [3, -1, 1])).rejects.toMatchObject({ code: 'import/conflicting-shape' })
  await expect(shape('y', [3])).rejects.toMatchObject({ code: 'import/unknown-input' })
})
