import { expect, test } from 'vitest'
import {
  attr,
  type CheckpointSpec,
  call,
  type FunctionSpec,
  floats,
  type ModelSpec,
  modelFolder,
  node,
  type Proto,
  storedStrings,
  variable,
} from '../../../test/testkit/saved-model.ts'
import { DowncastError } from '../../core/diagnostics.ts'
import { importSavedModel } from '../saved-model/read.ts'
import type { SourceGraph, SourceModel } from '../source-graph.ts'

const x = node('x', 'Placeholder')
const checkpoint: CheckpointSpec = { tensors: { v: floats([1]), w: floats([2]) } }
const [v, w] = [variable('v'), variable('w')]

function model(spec: Partial<ModelSpec>, options: Parameters<typeof importSavedModel>[1] = {}, values = checkpoint): SourceModel {
  const signatures = { f: { inputs: { x: { name: 'x:0' } }, outputs: { y: { name: 'y:0' } } } }
  return importSavedModel(modelFolder({ nodes: [], signatures, ...spec }, values), options)
}
const load = (nodes: readonly Proto[], functions: readonly FunctionSpec[] = []): SourceGraph =>
  model({ nodes: [x, v, w, ...nodes], functions }).graphs[0]!
/** `name op(inputs)` of each node but handles. */
const list = (g: SourceGraph): string[] =>
  g.nodes.filter((n) => n.op !== 'VarHandleOp').map((n) => `${n.name} ${n.op}(${n.inputs.map((i) => g.nodes[i.node]!.name).join(', ')})`)
const fault = (run: () => unknown): DowncastError => {
  try {
    run()
  } catch (e) {
    if (e instanceof DowncastError) return e
    throw e
  }
  throw new Error('no error')
}
const write = (name: string, results: FunctionSpec['results'], nodes: readonly Proto[]): FunctionSpec => ({
  name,
  args: { a: 'f32', h: 'resource' },
  results,
  nodes,
})

test('reads and writes stand in the order that control inputs give, each read a node of its own', () => {
  const body = write('f', { r: 'sum:z:0' }, [
    node('sum', 'AddV2', ['late:value:0', 'early:value:0']),
    node('late', 'ReadVariableOp', ['h', '^add']),
    node('add', 'AssignAddVariableOp', ['h', 'a', '^early']),
    node('early', 'ReadVariableOp', ['h']),
    node('after', 'AssignVariableOp', ['h', 'a', '^late', '^add']),
  ])
  const g = load([call('y', 'f', ['x', 'v'])], [body])
  expect(list(g)).toEqual([
    'x Placeholder()',
    'y/early ReadVariableOp(v)',
    'y/add AssignAddVariableOp(v, x)',
    'y/late ReadVariableOp(v)',
    'y/after AssignVariableOp(v, x)',
    'y/sum AddV2(y/late, y/early)',
  ])
  expect(g.nodes.filter((n) => n.hasEffect).map((n) => n.name)).toEqual(['y/add', 'y/after'])
  expect(g.nodes.find((n) => n.op === 'VarHandleOp')!.variable).toMatchObject({ name: 'v', isWritten: true, value: { shape: [1] } })
})

test('what comes between two accesses orders them too: calls, and nodes without results', () => {
  const store = write('store', { r: 'a' }, [node('set', 'AssignVariableOp', ['h', 'a'])])
  const body = write('f', { r: 'read:value:0' }, [
    node('read', 'ReadVariableOp', ['h', '^done']),
    node('done', 'NoOp', ['^id']),
    node('id', 'Identity', ['second:r:0']),
    call('second', 'store', ['neg', 'h']),
    node('neg', 'Neg', ['a', '^first']),
    call('first', 'store', ['a', 'h']),
  ])
  expect(list(load([call('y', 'f', ['x', 'v'])], [store, body]))).toEqual([
    'x Placeholder()',
    'y/first/set AssignVariableOp(v, x)',
    'y/neg Neg(x)',
    'y/second/set AssignVariableOp(v, y/neg)',
    'y/read ReadVariableOp(v)',
  ])
})

test('a function writes whether or not a result depends on it; the main graph only where an output does', () => {
  const store = write('store', { r: 'a' }, [node('set', 'AssignVariableOp', ['h', 'a'])])
  const outer = write('outer', { r: 'a' }, [call('unused', 'store', ['a', 'h'])])
  expect(list(load([call('y', 'outer', ['x', 'v'])], [store, outer]))).toEqual(['x Placeholder()', 'y/unused/set AssignVariableOp(v, x)'])
  const assign = node('assign', 'AssignVariableOp', ['v', 'x'])
  expect(list(load([assign, node('y', 'Neg', ['x', '^assign'])]))).toEqual(['x Placeholder()', 'assign AssignVariableOp(v, x)', 'y Neg(x)'])
  expect(list(load([assign, node('y', 'Neg', ['x'])]))).toEqual(['x Placeholder()', 'y Neg(x)'])
})

test('variables that nothing writes stay constants beside those that are written', () => {
  const g = load([
    node('rv', 'ReadVariableOp', ['v']),
    node('rw', 'ReadVariableOp', ['w']),
    node('set', 'AssignVariableOp', ['v', 'rw']),
    node('y', 'AddV2', ['rv', 'rw', '^set']),
  ])
  expect(g.nodes.map((n) => [n.op, n.variable?.isWritten])).toEqual([
    ['Placeholder', undefined],
    ['VarHandleOp', true],
    ['ReadVariableOp', undefined],
    ['Const', false],
    ['AssignVariableOp', undefined],
    ['AddV2', undefined],
  ])
})

test('bodies of loops and branches hold the accesses, and the node that runs them has an effect when one writes', () => {
  const step = write('step', { a: 'read:value:0', h: 'h' }, [
    node('set', 'AssignVariableOp', ['h', 'a']),
    node('read', 'ReadVariableOp', ['h', '^set']),
  ])
  const test = write('test', { r: 'a' }, [])
  const peek = write('peek', { r: 'read:value:0' }, [node('read', 'ReadVariableOp', ['h'])])
  const g = load(
    [
      node('loop', 'While', ['x', 'v'], { cond: attr.func('test'), body: attr.func('step') }),
      node('y', 'If', ['x', 'loop', 'v', '^loop'], { then_branch: attr.func('peek'), else_branch: attr.func('peek') }),
    ],
    [step, test, peek],
  )
  expect(list(g)).toEqual(['x Placeholder()', 'loop While(x, v)', 'y If(x, loop, v)'])
  expect(g.nodes.map((n) => n.hasEffect === true)).toEqual([false, false, true, false])
  const { variable } = g.nodes[1]!
  const loaded = g.functions.load('step', [undefined, variable])
  expect(list(loaded)).toEqual(['a Placeholder()', 'h Placeholder()', 'set AssignVariableOp(v, a)', 'read ReadVariableOp(v)'])
  expect(loaded.nodes.filter((n) => n.hasEffect).map((n) => n.op)).toEqual(['AssignVariableOp'])
})

test('gathers read, the shape of a variable is known, and whether it has a value', () => {
  const g = load([
    node('at', 'Const', [], { value: attr.tensor([[1, 3]]) }),
    node('set', 'AssignVariableOp', ['v', 'x']),
    node('g', 'ResourceGather', ['v', 'at', '^set']),
    node('nd', 'ResourceGatherNd', ['v', 'at', '^g']),
    node('s', 'VariableShape', ['v'], { out_type: attr.type('i64') }),
    node('is', 'VarIsInitializedOp', ['v']),
    node('y', 'Pack', ['g', 'nd', 's', 'is']),
  ])
  expect(list(g).filter((n) => !n.includes('Const'))).toEqual([
    'x Placeholder()',
    'set AssignVariableOp(v, x)',
    'g/ReadVariableOp ReadVariableOp(v)',
    'g GatherV2(g/ReadVariableOp, at, g/axis)',
    'nd/ReadVariableOp ReadVariableOp(v)',
    'nd GatherNd(nd/ReadVariableOp, at)',
    'y Pack(g, nd, s/ReadVariableOp, is/ReadVariableOp)',
  ])
})

test('a reference variable of TensorFlow 1 is read where an op takes its value, and written by any op that takes the reference', () => {
  const nodes = [
    node('r', 'VariableV2'),
    node('before', 'Identity', ['r']),
    node('add', 'AssignAdd', ['r', 'x', '^before']),
    node('neg', 'Neg', ['add']),
    node('sub', 'ScatterSub', ['add', 'x', 'r', '^neg']),
    node('y', 'AddN', ['sub', 'before', 'neg']),
  ]
  const g = model({ nodes: [x, ...nodes] }, {}, { tensors: { r: floats([1]) } }).graphs[0]!
  expect(list(g)).toEqual([
    'x Placeholder()',
    'before/ReadVariableOp ReadVariableOp(r)',
    'add AssignAddVariableOp(r, x)',
    'neg/ReadVariableOp ReadVariableOp(r)',
    'neg Neg(neg/ReadVariableOp)',
    'sub/ReadVariableOp ReadVariableOp(r)',
    'sub ResourceScatterSub(r, x, sub/ReadVariableOp)',
    'y/ReadVariableOp ReadVariableOp(r)',
    'y AddN(y/ReadVariableOp, before/ReadVariableOp, neg)',
  ])
})

const signatures = {
  get: { inputs: { x: { name: 'x:0' } }, outputs: { y: { name: 'sum:0' } } },
  put: { inputs: { x: { name: 'x:0' } }, outputs: { y: { name: 'y:0' } } },
}
const getAndPut = [
  x,
  v,
  node('read', 'ReadVariableOp', ['v']),
  node('sum', 'AddV2', ['read', 'x']),
  node('set', 'AssignVariableOp', ['v', 'x']),
  node('y', 'Identity', ['x', '^set']),
]

test('a signature reads what another one writes, and a constant, with a note, where that one is left out', () => {
  const both = model({ nodes: getAndPut, signatures })
  expect(both.graphs.map((g) => g.nodes.map((n) => n.op))).toEqual([
    ['Placeholder', 'VarHandleOp', 'ReadVariableOp', 'AddV2'],
    ['Placeholder', 'VarHandleOp', 'AssignVariableOp', 'Identity'],
  ])
  expect(both.diagnostics).toEqual([])
  const one = model({ nodes: getAndPut, signatures }, { signature: 'get' })
  expect(one.graphs[0]!.nodes.map((n) => n.op)).toEqual(['Placeholder', 'Const', 'AddV2'])
  expect(one.diagnostics).toMatchObject([
    {
      severity: 'info',
      code: 'import/variable-fixed',
      tensor: 'v',
      message: '"get" reads the variable "v", which only "put" writes; without that it keeps its saved value.',
    },
  ])
  expect(model({ nodes: getAndPut, signatures }, { signature: 'put' }).diagnostics).toEqual([])
})

const told = { code: 'import/variable-written', tensor: 'v' }
const set = (op: string, ...more: string[]) => [node('set', op, ['v', 'x', ...more]), node('y', 'Neg', ['x', '^set'])]

test('what cannot be written is refused by the name of the variable', () => {
  expect(fault(() => load(set('ResourceApplyGradientDescent', 'x')))).toMatchObject({
    ...told,
    node: 'set',
    op: 'ResourceApplyGradientDescent',
    message: expect.stringContaining('LiteRT has no form of this op'),
    hint: expect.stringContaining('optimizer of Keras'),
  })
  const strings = { tensors: { v: storedStrings([Uint8Array.of(97)]) } }
  expect(fault(() => model({ nodes: [x, v, ...set('AssignVariableOp')] }, {}, strings))).toMatchObject({
    ...told,
    message: expect.stringContaining('it holds strings'),
  })
  const open = node('v', 'VarHandleOp', [], { shape: attr.shape([-1]) })
  expect(fault(() => model({ nodes: [x, open, ...set('AssignVariableOp')] }))).toMatchObject({
    ...told,
    message: expect.stringContaining('its shape may change'),
  })
  const inner = write('inner', { r: 'a' }, [node('own', 'VarHandleOp'), node('set', 'AssignVariableOp', ['own', 'a'])])
  expect(fault(() => load([call('y', 'inner', ['x', 'v'])], [inner]))).toMatchObject({ code: told.code, tensor: 'own', node: 'y' })
  expect(
    fault(() => load([node('it', 'Iterator'), ...set('AssignVariableOp').slice(1), node('set', 'AssignVariableOp', ['it', 'x'])])),
  ).toMatchObject({ code: told.code, tensor: 'it' })
})

test('in a loop or condition of TensorFlow 1 it is the variable that is named', () => {
  const enter = node('enter', 'Enter', ['v'], { frame_name: attr.string('loop') })
  const inLoop = [enter, node('set', 'AssignVariableOp', ['enter', 'x']), node('y', 'Neg', ['x', '^set'])]
  const expected = { ...told, node: 'set', message: expect.stringContaining('a loop or condition of TensorFlow 1 uses it') }
  expect(fault(() => load(inLoop))).toMatchObject(expected)
  const inBranch = [
    node('switch', 'Switch', ['v', 'x']),
    node('set', 'AssignVariableOp', ['switch:1', 'x']),
    node('y', 'Neg', ['x', '^set']),
  ]
  expect(fault(() => load(inBranch))).toMatchObject(expected)
})

test('writes in functions that run one another without end, or too deep, are bounded', () => {
  const again = write('again', { r: 'c:r:0' }, [call('c', 'again', ['a', 'h'])])
  expect(fault(() => load([call('y', 'again', ['x', 'v'])], [again]))).toMatchObject({ code: 'import/function-recursion' })
  const deep = Array.from({ length: 300 }, (_, i) =>
    write(`f${i}`, { r: 'a' }, [i === 299 ? node('set', 'AssignVariableOp', ['h', 'a']) : call('c', `f${i + 1}`, ['a', 'h'])]),
  )
  expect(fault(() => load([call('y', 'f0', ['x', 'v'])], deep))).toMatchObject({ code: 'import/graph-too-large' })
})
