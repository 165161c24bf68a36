import { expect, test } from 'vitest'
import {
  attr,
  type CheckpointSpec,
  call,
  constant,
  type FunctionSpec,
  floats,
  type ModelSpec,
  modelFolder,
  node,
  type Proto,
  type TensorSpec,
  tensor,
  variable,
} from '../../../test/testkit/saved-model.ts'
import { DowncastError } from '../../core/diagnostics.ts'
import { importSavedModel } from '../saved-model/read.ts'
import type { SourceGraph } from '../source-graph.ts'

const x = node('x', 'Placeholder')
const port = (name: string, dims: TensorSpec['dims'] = []): TensorSpec => ({ name, dims })

function load(spec: Partial<ModelSpec>, out = 'y:0', checkpoint?: CheckpointSpec): SourceGraph {
  const signatures = { f: { inputs: { x: port('x:0') }, outputs: { y: port(out) } } }
  return importSavedModel(modelFolder({ nodes: [], signatures, ...spec }, checkpoint)).graphs[0]!
}
/** `name op(inputs)` of each node. */
const list = (g: SourceGraph): string[] =>
  g.nodes.map((n) => `${n.name} ${n.op}(${n.inputs.map((i) => `${g.nodes[i.node]!.name}:${i.output}`).join(', ')})`)
const fault = (run: () => unknown): DowncastError => {
  try {
    run()
  } catch (e) {
    if (e instanceof DowncastError) return e
    throw e
  }
  throw new Error('no error')
}
const identity: FunctionSpec = { name: 'id', args: { a: 'f32' }, results: { r: 'a' }, nodes: [] }

test('calls are inlined, also functions called as ops, and their names lead the names of nodes', () => {
  const relu: FunctionSpec = {
    name: 'relu',
    args: { a: 'f32' },
    results: { r: 'Relu:activations:0' },
    nodes: [node('Relu', 'Relu', ['a'])],
  }
  const layer: FunctionSpec = {
    name: 'layer',
    args: { a: 'f32' },
    results: { r: 'StatefulPartitionedCall:r:0' },
    nodes: [node('legacy', 'relu', ['a']), call('StatefulPartitionedCall', 'relu', ['legacy:r:0'])],
  }
  const nodes = [
    x,
    call('model/dense/StatefulPartitionedCall', 'layer', ['x']),
    node('y', 'Identity', ['model/dense/StatefulPartitionedCall']),
  ]
  const g = load({ nodes, functions: [relu, layer] })
  expect(list(g)).toEqual([
    'x Placeholder()',
    'model/dense/StatefulPartitionedCall/legacy/Relu Relu(x:0)',
    'model/dense/StatefulPartitionedCall/StatefulPartitionedCall/Relu Relu(model/dense/StatefulPartitionedCall/legacy/Relu:0)',
    'y Identity(model/dense/StatefulPartitionedCall/StatefulPartitionedCall/Relu:0)',
  ])
  expect(g.nodes.map((n) => n.layer)).toEqual([['x'], ['model/dense/legacy/Relu'], ['model/dense/Relu'], ['y']])
})

test('an argument or the same result can be passed on', () => {
  const two: FunctionSpec = {
    name: 'two',
    args: { a: 'f32' },
    results: { p: 'a', q: 'Neg:y:0', r: 'Neg:y:0' },
    nodes: [node('Neg', 'Neg', ['a'])],
  }
  const signatures = { f: { inputs: { x: port('x') }, outputs: { p: port('c:0'), q: port('c:1'), r: port('c:2'), s: port('x:0') } } }
  const g = load({ nodes: [x, call('c', 'two', ['x'])], functions: [two], signatures })
  expect(g.outputs.map((o) => [o.name, o.tensorName, o.ref])).toEqual([
    ['p', 'c:0', { node: 0, output: 0 }],
    ['q', 'c:1', { node: 1, output: 0 }],
    ['r', 'c:2', { node: 1, output: 0 }],
    ['s', 'x:0', { node: 0, output: 0 }],
  ])
})

test('outputs of functions are found by the definitions of ops: single, counted and typed lists', () => {
  const f: FunctionSpec = {
    name: 'f',
    args: { a: 'f32' },
    results: { values: 'topk:values:0', indices: 'topk:indices:0', after: 'mixed:last:0', third: 'mixed:list:2', typed: 'typed:end:0' },
    nodes: [
      node('topk', 'TopKV2', ['a', 'a']),
      node('mixed', 'Mixed', ['a'], { count: attr.int(3) }),
      node('typed', 'Typed', ['a'], {
        T: attr.list([
          [6, 1],
          [6, 1],
        ]),
      }),
    ],
  }
  const ops = [
    { name: 'TopKV2', outputs: ['values', 'indices'] },
    { name: 'Mixed', outputs: ['first', 'list*count', 'last'] },
    { name: 'Typed', outputs: ['list*T', 'end'] },
  ]
  const outputs = { a: port('c:0'), b: port('c:1'), c: port('c:2'), d: port('c:3'), e: port('c:4') }
  const g = load({ nodes: [x, call('c', 'f', ['x'])], functions: [f], ops, signatures: { f: { inputs: { x: port('x') }, outputs } } })
  expect(g.outputs.map((o) => [g.nodes[o.ref.node]!.op, o.ref.output])).toEqual([
    ['TopKV2', 0],
    ['TopKV2', 1],
    ['Mixed', 4],
    ['Mixed', 3],
    ['Typed', 2],
  ])
  const withoutOps = load({
    nodes: [x, call('c', 'f', ['x'])],
    functions: [f],
    signatures: { f: { inputs: { x: port('x') }, outputs: { b: port('c:1') } } },
  })
  expect(withoutOps.outputs[0]!.ref.output).toBe(1)
})

test('attributes that the file left out have the default of the op', () => {
  const g = load({
    nodes: [x, node('y', 'MatMul', ['x', 'x'], { transpose_a: attr.bool(true) })],
    ops: [{ name: 'MatMul', outputs: ['product'], defaults: { transpose_a: attr.bool(false), transpose_b: attr.bool(false) } }],
  })
  const { attrs } = g.nodes[1]!
  expect([attrs.get('transpose_a'), attrs.get('transpose_b'), attrs.get('other')]).toMatchObject([
    { value: true },
    { value: false },
    undefined,
  ])
  expect([attrs.has('transpose_a'), attrs.has('transpose_b'), attrs.has('other')]).toEqual([true, true, false])
  expect(attrs.names()).toEqual(['transpose_a', 'transpose_b'])
})

test('only what the outputs need is there, and every input', () => {
  const g = load({ nodes: [x, node('unused', 'Neg', ['x']), constant('y', tensor('f32', [], [[4, new Uint8Array(4)]]))] })
  expect(list(g)).toEqual(['x Placeholder()', 'y Const()'])
})

test('a placeholder with a default is its default, or an input where a signature says so', () => {
  const nodes = [constant('c', tensor('f32', [])), node('p', 'PlaceholderWithDefault', ['c']), node('y', 'Neg', ['p'])]
  expect(list(load({ nodes: [x, ...nodes] }))).toEqual(['x Placeholder()', 'c Const()', 'y Neg(c:0)'])
  const signatures = { f: { inputs: { p: port('p:0') }, outputs: { y: port('y') } } }
  expect(list(load({ nodes, signatures }))).toEqual(['p Placeholder()', 'y Neg(p:0)'])
})

test('an input may stand in the middle of the graph, at any output; two may be the same tensor', () => {
  const nodes = [x, node('s', 'Split', ['x']), node('y', 'AddV2', ['s:1', 's'])]
  const signatures = { f: { inputs: { a: port('s:1'), b: port('s'), c: port('s:1') }, outputs: { y: port('y') } } }
  const g = load({ nodes, signatures })
  expect(list(g)).toEqual(['s:1 Placeholder()', 's Placeholder()', 'y AddV2(s:1:0, s:0)'])
  expect(g.inputs.map((i) => i.ref.node)).toEqual([0, 1, 0])
})

test('reads of variables become constants of the graph', () => {
  const nodes = [
    x,
    variable('v'),
    node('handle', 'Identity', ['v']),
    node('read', 'ReadVariableOp', ['handle']),
    node('gather', 'ResourceGather', ['v', 'x']),
    node('gather_nd', 'ResourceGatherNd', ['v', 'x']),
    node('shape', 'VariableShape', ['v']),
    node('shape64', 'VariableShape', ['v'], { out_type: attr.type('i64') }),
    node('ready', 'VarIsInitializedOp', ['v']),
    node('y', 'Pack', ['read', 'gather', 'gather_nd', 'shape', 'shape64', 'ready']),
  ]
  const g = load({ nodes }, 'y', { tensors: { v: floats([2, 3]) } })
  expect(list(g)).toEqual([
    'x Placeholder()',
    'read Const()',
    'gather/ReadVariableOp Const()',
    'gather/axis Const()',
    'gather GatherV2(gather/ReadVariableOp:0, x:0, gather/axis:0)',
    'gather_nd/ReadVariableOp Const()',
    'gather_nd GatherNd(gather_nd/ReadVariableOp:0, x:0)',
    'shape/ReadVariableOp Const()',
    'shape64/ReadVariableOp Const()',
    'ready/ReadVariableOp Const()',
    'y Pack(read:0, gather:0, gather_nd:0, shape/ReadVariableOp:0, shape64/ReadVariableOp:0, ready/ReadVariableOp:0)',
  ])
  const values = g.nodes.map((n) =>
    n.value && 'data' in n.value ? [n.value.dtype, n.value.shape, n.value.data.bytes().length] : undefined,
  )
  expect(values.filter((v) => v)).toEqual([
    ['f32', [2, 3], 24],
    ['f32', [2, 3], 24],
    ['i32', [], 4],
    ['f32', [2, 3], 24],
    ['i32', [2], 8],
    ['i64', [2], 16],
    ['bool', [], 1],
  ])
})

const loop: ModelSpec['functions'] = [
  { name: 'cond', args: { i: 'i32', v: 'resource' }, results: { r: 'Less:z:0' }, nodes: [node('Less', 'Less', ['i', 'i'])] },
  {
    name: 'body',
    args: { i: 'i32', v: 'resource' },
    results: { i: 'AddV2:z:0', v: 'v' },
    nodes: [node('read', 'ReadVariableOp', ['v']), node('AddV2', 'AddV2', ['i', 'read:value:0'])],
  },
]

test('control flow keeps its functions, which are imported when asked for; variables go in by handle', () => {
  const nodes = [x, variable('v'), node('while', 'While', ['x', 'v'], { cond: attr.func('cond'), body: attr.func('body') })]
  const g = load({ nodes, functions: loop! }, 'while:0', { tensors: { v: floats([1]) } })
  expect(list(g)).toEqual(['x Placeholder()', 'v VarHandleOp()', 'while While(x:0, v:0)'])
  const handle = g.nodes[1]!.variable!
  expect(handle.name).toBe('v')
  expect(g.nodes[2]!.attrs.get('body')).toMatchObject({ kind: 'func', value: 'body' })
  expect(g.functions.has('body')).toBe(true)
  expect(g.functions.has('x')).toBe(false)
  expect(g.functions.names()).toEqual(['cond', 'body'])
  const body = g.functions.load('body', [undefined, handle])
  expect(list(body)).toEqual(['i Placeholder()', 'v Placeholder()', 'read Const()', 'AddV2 AddV2(i:0, read:0)', 'v_1 VarHandleOp()'])
  expect(body.inputs.map((i) => [i.name, i.dtype])).toEqual([
    ['i', 'i32'],
    ['v', 'resource'],
  ])
  expect(body.outputs.map((o) => o.ref)).toEqual([
    { node: 3, output: 0 },
    { node: 4, output: 0 },
  ])
  const unknown = g.functions.load('body')
  expect(list(unknown)).toEqual(['i Placeholder()', 'v Placeholder()', 'read ReadVariableOp(v:0)', 'AddV2 AddV2(i:0, read:0)'])
  expect(fault(() => g.functions.load('nothing'))).toMatchObject({ code: 'import/function-missing' })
  expect(fault(() => body.functions.load('body'))).toMatchObject({ code: 'import/function-recursion' })
})

test('unknown sizes have names: the batch once, others after the input and axis', () => {
  const many = (inputs: Record<string, TensorSpec>, objects?: Proto): unknown[] => {
    const nodes = Object.keys(inputs).map((n) => node(n, 'Placeholder'))
    const first = Object.keys(inputs)[0]!
    const g = load({ nodes, signatures: { f: { inputs, outputs: { y: port(first, [-1, 2]) } } }, ...(objects ? { objects } : {}) })
    return [...g.inputs, ...g.outputs].map((p) => p.shape)
  }
  expect(many({ a: port('a', [-1, 3, -1]) })).toEqual([
    ['N', 3, 'a_2'],
    ['?', 2],
  ])
  expect(many({ 'a/b': port('a/b', [-1, -1]), '9': port('9', [-1]), a_b_0: port('a_b_0', [3, -1]) }).slice(0, 3)).toEqual([
    ['_9_0'],
    ['a_b_0', 'a_b_1'],
    [3, 'a_b_0_1'],
  ])
  expect(many({ a: port('a', 'unknown'), b: port('b', [4]) }).slice(0, 2)).toEqual([undefined, [4]])
  const keras: Proto = [[1, [[4, [[1, '_tf_keras_model']]]]]]
  expect(many({ a: port('a', [-1, 1]), b: port('b', [-1, 2]) }, keras).slice(0, 2)).toEqual([
    ['N', 1],
    ['N', 2],
  ])
})

test('a deep graph needs no deep stack', () => {
  const nodes = [x, ...Array.from({ length: 30_000 }, (_, i) => node(`n${i}`, 'Neg', [i === 0 ? 'x' : `n${i - 1}`]))]
  expect(load({ nodes }, 'n29999').nodes.length).toBe(30_001)
})

test('checks and prints are left out, with a note', () => {
  const checked: FunctionSpec = {
    name: 'checked',
    args: { a: 'f32' },
    results: { r: 'a' },
    nodes: [node('Assert', 'Assert', ['a']), node('p/Print', 'PrintV2', ['a']), node('q/Print', 'PrintV2', ['a'])],
  }
  const signatures = { f: { inputs: { x: port('x:0') }, outputs: { y: port('layer/PartitionedCall:0') } } }
  const model = importSavedModel(
    modelFolder({ nodes: [x, call('layer/PartitionedCall', 'checked', ['x'])], functions: [checked], signatures }),
  )
  expect(model.diagnostics.map((d) => [d.severity, d.code, d.message])).toEqual([
    ['info', 'import/op-dropped', 'Assert "layer/Assert" of "f" is left out: it only checks or prints.'],
    ['info', 'import/op-dropped', 'PrintV2 "layer/p/Print" and 1 more of "f" is left out: it only checks or prints.'],
  ])
})

test('so are those of the main graph, where results depend on them', () => {
  const nodes = [
    x,
    node('sure', 'Assert', ['x', 'x']),
    node('shown', 'Print', ['x', 'x', '^sure']),
    node('beside', 'Assert', ['x', 'x']),
    node('y', 'CheckNumerics', ['shown']),
  ]
  const signatures = { f: { inputs: { x: port('x:0') }, outputs: { y: port('y:0') } } }
  const { diagnostics } = importSavedModel(modelFolder({ nodes, signatures }))
  expect(diagnostics.map((d) => d.message.slice(0, 24))).toEqual([
    'Assert "sure" of "f" is ',
    'Print "shown" of "f" is ',
    'CheckNumerics "y" of "f"',
  ])
})

const table = [
  x,
  constant('keys', tensor('f32', [3], [[4, new Uint8Array(12)]])),
  constant('values', tensor('f32', [3], [[4, new Uint8Array(12)]])),
  node('t', 'HashTableV2'),
  node('fill', 'LookupTableImportV2', ['t', 'keys', 'values']),
]

test('a table stands as its keys and values where it is looked up', () => {
  const lookup: FunctionSpec = {
    name: 'lookup',
    args: { h: 'resource', a: 'f32' },
    results: { r: 'find:values:0' },
    nodes: [node('find', 'LookupTableFindV2', ['h', 'a', 'a'])],
  }
  const filled: FunctionSpec = {
    name: 'init',
    args: { h: 'resource', k: 'f32', v: 'f32' },
    results: {},
    nodes: [node('fill', 'LookupTableImportV2', ['h', 'k', 'v'])],
  }
  const inFunction = [...table.filter((n) => n !== table[4]), call('init', 'init', ['t', 'keys', 'values'])]
  for (const nodes of [table, inFunction]) {
    const g = load({ nodes: [...nodes, call('y', 'lookup', ['t', 'x'])], functions: [lookup, filled] })
    expect(list(g).at(-1)).toMatch(/^y\/find LookupTableFindV2\((\S+):0, (\S+):0, x:0, x:0\)$/)
    const find = g.nodes.at(-1)!
    expect(find.inputs.slice(0, 2).map((i) => g.nodes[i.node]!.value?.shape)).toEqual([[3], [3]])
  }
})

const again = (name: string, calls: readonly string[]): FunctionSpec => ({
  name,
  args: { a: 'f32' },
  results: { r: `c${calls.length - 1}:r:0` },
  nodes: calls.map((f, i) => call(`c${i}`, f, [i === 0 ? 'a' : `c${i - 1}:r:0`])),
})
const doubling = Array.from({ length: 40 }, (_, i) => again(`f${i}`, i === 39 ? ['id'] : [`f${i + 1}`, `f${i + 1}`]))
const nested = Array.from({ length: 300 }, (_, i) => again(`f${i}`, [i === 299 ? 'id' : `f${i + 1}`]))

test.each<[string, Partial<ModelSpec>, string, RegExp]>([
  ['a tensor that is not there', { nodes: [x, node('y', 'Neg', ['gone'])] }, 'import/node-missing', /Neg "y" .* refers to "gone"/],
  [
    'an output that is not there',
    { nodes: [x, call('c', 'id', ['x']), node('y', 'Neg', ['c:7'])], functions: [identity] },
    'import/node-missing',
    /"c:7"/,
  ],
  [
    'an output position that is no number',
    { nodes: [x, node('w', 'Neg', ['x']), node('y', 'Neg', ['w:-1'])] },
    'import/node-missing',
    /"w:-1"/,
  ],
  ['a function that is not there', { nodes: [x, call('y', 'gone', ['x'])] }, 'import/function-missing', /"gone"/],
  ['a call without a function', { nodes: [x, node('y', 'PartitionedCall', ['x'])] }, 'import/function-missing', /PartitionedCall "y"/],
  [
    'a call with too many operands',
    { nodes: [x, call('y', 'id', ['x', 'x'])], functions: [identity] },
    'import/function-arguments',
    /1 arguments, found 2/,
  ],
  [
    'recursion',
    { nodes: [x, call('y', 'a', ['x'])], functions: [again('a', ['b']), again('b', ['a'])] },
    'import/function-recursion',
    /a -> b -> a/,
  ],
  [
    'calls that double at each level',
    { nodes: [x, call('y', 'f0', ['x'])], functions: [...doubling, identity] },
    'import/graph-too-large',
    /200000 nodes/,
  ],
  [
    'calls nested without bound',
    { nodes: [x, call('y', 'f0', ['x'])], functions: [...nested, identity] },
    'import/graph-too-large',
    /200 calls/,
  ],
  ['a cycle', { nodes: [x, node('a', 'Neg', ['y']), node('y', 'Neg', ['a'])] }, 'import/cyclic-graph', /"y"/],
  [
    'a loop without an end',
    { nodes: [x, node('m', 'Merge', ['x', 'next']), node('next', 'NextIteration', ['y']), node('y', 'Neg', ['m'])] },
    'import/unstructured-control-flow',
    /two branches/,
  ],
  [
    'an Exit of no loop',
    { nodes: [x, node('s', 'Switch', ['x', 'x']), node('y', 'Exit', ['s'])] },
    'import/unstructured-control-flow',
    /a Switch on a LoopCond/,
  ],
  [
    'a loop variable that does not go around',
    { nodes: [x, node('c', 'LoopCond', ['x']), node('s', 'Switch', ['x', 'c']), node('y', 'Exit', ['s'])] },
    'import/unstructured-control-flow',
    /a Merge of Enter and NextIteration/,
  ],
  [
    'a result of a branch that is used outside of it',
    { nodes: [x, node('s', 'Switch', ['x', 'x']), node('y', 'Neg', ['s:1'])] },
    'import/unstructured-control-flow',
    /used outside/,
  ],
  [
    'an input that the signature lacks',
    { nodes: [x, node('z', 'Placeholder'), node('y', 'Neg', ['z'])] },
    'import/unfed-placeholder',
    /placeholder "z"/,
  ],
  [
    'a table',
    { nodes: [x, node('t', 'HashTableV2'), node('y', 'LookupTableFindV2', ['t', 'x'])] },
    'import/unsupported-resource',
    /HashTableV2 "t"/,
  ],
  [
    'a table of unknown contents that is handed on',
    {
      nodes: [...table.slice(0, 4), call('y', 'f', ['t', 'x'])],
      functions: [
        { name: 'f', args: { h: 'resource', a: 'f32' }, results: { r: 'n:y:0' }, nodes: [node('n', 'LookupTableFindV2', ['h', 'a', 'a'])] },
      ],
    },
    'import/unsupported-resource',
    /HashTableV2 "t"/,
  ],
  [
    'a table that something else takes than a lookup',
    { nodes: [...table, node('y', 'Custom', ['t', 'x'])] },
    'import/unsupported-resource',
    /HashTableV2 "t"/,
  ],
  [
    'a table that a function changes',
    {
      nodes: [...table, call('y', 'f', ['t', 'x'])],
      functions: [
        { name: 'f', args: { h: 'resource', a: 'f32' }, results: { r: 'a' }, nodes: [node('put', 'LookupTableInsertV2', ['h', 'a', 'a'])] },
      ],
    },
    'import/table-changed',
    /LookupTableInsertV2 "y\/put"/,
  ],
  [
    'a table that the main graph changes',
    { nodes: [...table, node('put', 'LookupTableInsertV2', ['t', 'x', 'x']), node('y', 'Neg', ['x', '^put'])] },
    'import/table-changed',
    /LookupTableInsertV2 "put"/,
  ],
  [
    'any other resource',
    { nodes: [x, node('q', 'Custom'), node('y', 'Use', ['q', 'x'])], ops: [{ name: 'Custom', outputs: ['h'], outputType: 'resource' }] },
    'import/unsupported-resource',
    /Custom "q"/,
  ],
  [
    'an output that the op does not have',
    {
      nodes: [x, call('y', 'f', ['x'])],
      functions: [{ ...identity, name: 'f', results: { r: 'n:gone:0' }, nodes: [node('n', 'Neg', ['a'])] }],
      ops: [{ name: 'Neg', outputs: ['y'] }],
    },
    'import/op-undefined',
    /"gone"/,
  ],
  [
    'an output that a called function does not have',
    {
      nodes: [x, call('y', 'f', ['x'])],
      functions: [identity, { ...identity, name: 'f', results: { r: 'n:gone:0' }, nodes: [node('n', 'id', ['a'])] }],
    },
    'import/op-undefined',
    /"gone"/,
  ],
  [
    'an output that a known op does not have',
    {
      nodes: [x, call('y', 'f', ['x'])],
      functions: [{ ...identity, name: 'f', results: { r: 'n:gone:0' }, nodes: [node('n', 'TopKV2', ['a', 'a'])] }],
    },
    'import/op-undefined',
    /TopKV2/,
  ],
  [
    'a result without a tensor',
    { nodes: [x, call('y', 'f', ['x'])], functions: [{ ...identity, name: 'f', results: { r: '' } }] },
    'import/node-missing',
    /""/,
  ],
])('refuses %s', (_, spec, code, message) => {
  const e = fault(() => load(spec, 'y'))
  expect(e).toMatchObject({ code, message: expect.stringMatching(message) })
  expect(e.message).toContain('model/saved_model.pb')
})

test.each<[string, Partial<ModelSpec>, { signature?: string; tags?: string[] }, string, RegExp]>([
  ['an unknown signature', {}, { signature: 'g' }, 'import/unknown-signature', /"g": it has "f"\. Did you mean "f"\?/],
  ['unknown tags', { tags: ['serve', 'gpu'] }, {}, 'import/unknown-tags', /\{serve\}: it has \{serve, gpu\}/],
  [
    'no signature',
    { signatures: { __saved_model_init_op: { inputs: {}, outputs: { o: port('y') } } } },
    {},
    'import/no-signature',
    /no signature/,
  ],
  [
    'an input that is not in the graph',
    { signatures: { f: { inputs: { x: port('gone:0') }, outputs: { y: port('y') } } } },
    {},
    'import/node-missing',
    /Input "x" of signature "f"/,
  ],
  [
    'a sparse input',
    {
      signatures: {
        f: {
          inputs: {
            x: [
              [4, []],
              [2, 1],
            ],
          },
          outputs: { y: port('y') },
        },
      },
    },
    {},
    'import/composite-port',
    /"x" .*sparse/,
  ],
  [
    'a composite output',
    {
      signatures: {
        f: {
          inputs: {},
          outputs: {
            y: [
              [5, []],
              [2, 1],
            ],
          },
        },
      },
    },
    {},
    'import/composite-port',
    /"y" .*composite/,
  ],
])('refuses %s', (_, spec, options, code, message) => {
  const signatures = { f: { inputs: { x: port('x') }, outputs: { y: port('y') } } }
  const folder = modelFolder({ nodes: [x, node('y', 'Neg', ['x'])], signatures, ...spec })
  expect(fault(() => importSavedModel(folder, options))).toMatchObject({ code, message: expect.stringMatching(message) })
})

test('the MetaGraph is chosen by its tags', () => {
  const spec = (tags: string[], op: string): ModelSpec => ({
    nodes: [x, node('y', op, ['x'])],
    signatures: { f: { inputs: { x: port('x') }, outputs: { y: port('y') } } },
    tags,
  })
  const folder = modelFolder([spec(['train'], 'Neg'), spec(['serve', 'gpu'], 'Abs')])
  const model = importSavedModel(folder, { tags: ['gpu', 'serve'] })
  expect(model.graphs[0]!.nodes[1]!.op).toBe('Abs')
  expect(model.metadata).toMatchObject({ tags: ['serve', 'gpu'], frameworkVersion: '2.0.0', producer: 1234 })
})
