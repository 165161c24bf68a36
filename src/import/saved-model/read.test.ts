import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { attr, call, type ModelSpec, modelFolder, node } from '../../../test/testkit/saved-model.ts'
import { typedView } from '../../core/dtype.ts'
import { type Folder, memoryFolder } from '../folder.ts'
import type { SourceGraph, SourceNode } from '../source-graph.ts'
import { importSavedModel } from './read.ts'

function fixture(name: string): Folder {
  const root = new URL(`../../../fixtures/saved-model/${name}/`, import.meta.url)
  const files = new Map<string, Uint8Array>()
  for (const path of ['saved_model.pb', ...readdirSync(new URL('variables', root)).map((f) => `variables/${f}`)]) {
    files.set(path, readFileSync(new URL(path, root)))
  }
  return memoryFolder(name, files)
}

const ops = (g: SourceGraph): string[] => g.nodes.map((n) => n.op)
const one = (g: SourceGraph, op: string, i = 0): SourceNode => g.nodes.filter((n) => n.op === op)[i]!
const weights = (n: SourceNode): Float32Array => {
  const { value } = n
  if (value?.dtype !== 'f32') throw new Error('no float constant')
  return typedView('f32', value.data.bytes())
}

// Sums in double precision and first and last elements as tf.train.load_checkpoint 2.21 gives them; the three models share weights.
const dense = [
  { shape: [784, 100], sum: -148.99684813052772, first: -0.021043293178081512, last: -0.027983777225017548 },
  { shape: [100], sum: 2.945705614925828, first: 0.001645648037083447, last: 0.1057102382183075 },
  { shape: [100, 10], sum: -34.38821554451715, first: 0.09452422708272934, last: -0.5138298869132996 },
  { shape: [10], sum: -0.03156360369757749, first: -0.10297983139753342, last: -0.03733019158244133 },
]

function expectDenseWeights(g: SourceGraph): void {
  const variables = g.nodes.filter((n) => n.variable)
  expect(variables.map((v) => v.value!.shape)).toEqual(dense.map((d) => d.shape))
  variables.forEach((v, i) => {
    const data = weights(v)
    expect(data.reduce((a, b) => a + b, 0)).toBe(dense[i]!.sum)
    expect([data[0], data.at(-1)]).toEqual([dense[i]!.first, dense[i]!.last])
  })
}

test('a Keras 2 model: its layers, its weights and the names of its signature', () => {
  const model = importSavedModel(fixture('mnist_mlp-keras2'))
  expect(model).toMatchObject({
    format: 'saved-model',
    name: 'mnist_mlp-keras2',
    metadata: { tags: ['serve'], frameworkVersion: '2.21.0', framework: 'keras', signatures: ['serving_default'] },
    diagnostics: [],
  })
  const [g] = model.graphs
  expect(g!.name).toBe('serving_default')
  expect(g!.inputs).toEqual([
    {
      name: 'flatten_input',
      tensorName: 'serving_default_flatten_input:0',
      ref: { node: 0, output: 0 },
      dtype: 'f32',
      shape: ['N', 28, 28, 1],
    },
  ])
  expect(g!.outputs).toMatchObject([{ name: 'softmax', tensorName: 'StatefulPartitionedCall:0', dtype: 'f32', shape: ['?', 10] }])
  expect(ops(g!).filter((op) => op !== 'Const' && op !== 'Identity')).toEqual([
    'Placeholder',
    'Reshape',
    'MatMul',
    'BiasAdd',
    'Relu',
    'MatMul',
    'BiasAdd',
    'Softmax',
  ])
  expect(one(g!, 'MatMul', 1)).toMatchObject({
    name: 'StatefulPartitionedCall/StatefulPartitionedCall/sequential/dense_1/MatMul',
    layer: ['sequential/dense_1/MatMul'],
  })
  expect(one(g!, 'MatMul').attrs.get('transpose_b')).toEqual({ kind: 'bool', value: false })
  expect(g!.nodes.filter((n) => n.variable).map((n) => n.variable!.name)).toEqual([
    'dense/kernel',
    'dense/bias',
    'dense_1/kernel',
    'dense_1/bias',
  ])
  expectDenseWeights(g!)
})

test('a Keras 3 export: both signatures, the shape arithmetic of its Flatten', () => {
  const { graphs, metadata } = importSavedModel(fixture('mnist_mlp-keras3'))
  expect(metadata).toMatchObject({ framework: 'keras', signatures: ['serving_default', 'serve'] })
  for (const g of graphs) {
    expect(ops(g)).toEqual(expect.arrayContaining(['Shape', 'StridedSlice', 'Pack', 'Reshape']))
    expect(one(g, 'Shape').layer).toEqual(['sequential_1/flatten_1/Shape'])
    expectDenseWeights(g)
  }
  expect(graphs.map((g) => [g.name, g.inputs[0]!.tensorName, g.outputs[0]!.tensorName])).toEqual([
    ['serving_default', 'serving_default_keras_tensor:0', 'StatefulPartitionedCall_1:0'],
    ['serve', 'serve_keras_tensor:0', 'StatefulPartitionedCall:0'],
  ])
})

test('a TF1 model: the graph without functions, variables by name', () => {
  const { graphs, metadata } = importSavedModel(fixture('mnist_mlp-tf1'))
  expect(metadata).toMatchObject({ framework: 'tensorflow', signatures: ['serving_default'] })
  const [g] = graphs
  expect(g!.inputs).toMatchObject([{ name: 'image', tensorName: 'input:0', shape: ['N', 28, 28, 1] }])
  expect(g!.outputs).toMatchObject([{ name: 'probabilities', tensorName: 'probabilities:0' }])
  expect(g!.nodes.map((n) => n.name)).toEqual([
    'input',
    'Reshape/shape',
    'Reshape',
    'dense0/MatMul/ReadVariableOp',
    'dense0/MatMul',
    'dense0/BiasAdd/ReadVariableOp',
    'dense0/BiasAdd',
    'dense0/Relu',
    'dense1/MatMul/ReadVariableOp',
    'dense1/MatMul',
    'dense1/BiasAdd/ReadVariableOp',
    'dense1/BiasAdd',
    'probabilities',
  ])
  expectDenseWeights(g!)
})

test('one signature can be chosen', () => {
  expect(importSavedModel(fixture('mnist_mlp-keras3'), { signature: 'serve' }).graphs.map((g) => g.name)).toEqual(['serve'])
})

test('several signatures can be chosen, in the order of the model', () => {
  const { graphs } = importSavedModel(fixture('mnist_mlp-keras3'), { signature: ['serve', 'serving_default'] })
  expect(graphs.map((g) => g.name)).toEqual(['serving_default', 'serve'])
})

test('weights are views on the shard, read when asked for', () => {
  const folder = fixture('mnist_mlp-keras3')
  let reads = 0
  const counting: Folder = {
    ...folder,
    open(path) {
      const source = folder.open(path)
      if (!source?.name.endsWith('00000-of-00001')) return source
      return {
        ...source,
        read: (offset, length) => {
          reads++
          return source.read(offset, length)
        },
      }
    },
  }
  const { graphs } = importSavedModel(counting, { signature: 'serve' })
  expect(reads).toBe(0)
  const kernel = one(graphs[0]!, 'MatMul').inputs[1]!
  weights(graphs[0]!.nodes[kernel.node]!)
  expect(reads).toBe(1)
})

test('files cut short are refused with the place of the fault', () => {
  const whole = fixture('mnist_mlp-keras3')
  const cut = (path: string, byteLength: number): Folder => ({
    ...whole,
    open(p) {
      const source = whole.open(p)
      if (!source || p !== path) return source
      return { name: source.name, byteLength, read: (offset, length) => source.read(offset, length) }
    },
  })
  expect(() => importSavedModel(cut('saved_model.pb', 30_000))).toThrow(
    expect.objectContaining({ code: 'wire/truncated', file: 'mnist_mlp-keras3/saved_model.pb', path: 'meta_graphs' }),
  )
  expect(() => importSavedModel(cut('variables/variables.data-00000-of-00001', 1000))).toThrow(
    expect.objectContaining({ code: 'import/shard-too-short', file: 'mnist_mlp-keras3/variables/variables.data-00000-of-00001' }),
  )
})

test('signatures that take strings are not offered in place of one another', () => {
  const ports = { inputs: { text: { name: 'text:0', dtype: 'string' } }, outputs: { y: { name: 'y:0' } } } as const
  const nodes = [node('text', 'Placeholder', [], { dtype: attr.type('string') }), node('y', 'Neg', ['text'])]
  const load = (signatures: ModelSpec['signatures']) => () => importSavedModel(modelFolder({ nodes, signatures }))
  expect(load({ a: ports, b: ports })).toThrow(expect.objectContaining({ hint: expect.stringContaining('--inputs') }))
})

const cut = (options: Parameters<typeof importSavedModel>[1]) => importSavedModel(fixture('mnist_mlp-keras2'), options).graphs[0]!

test('a graph is cut inside its functions, at what layers give', () => {
  const tail = cut({ inputs: ['sequential/dense/Relu'] })
  expect(tail.inputs).toMatchObject([{ name: 'sequential/dense/Relu', tensorName: 'sequential/dense/Relu', dtype: 'f32' }])
  expect(ops(tail).filter((op) => op !== 'Const' && op !== 'Identity')).toEqual(['Placeholder', 'MatMul', 'BiasAdd', 'Softmax'])
  expect(tail.outputs.map((p) => p.name)).toEqual(['softmax'])

  const head = cut({ outputs: ['sequential/dense/Relu:0', 'softmax'] })
  expect([head.inputs.map((p) => p.name), head.outputs.map((p) => p.name)]).toEqual([
    ['flatten_input'],
    ['sequential/dense/Relu', 'softmax'],
  ])
  const middle = cut({ inputs: ['sequential/dense/Relu'], outputs: ['sequential/dense_1/MatMul'] })
  expect(ops(middle).filter((op) => op !== 'Const' && op !== 'Identity')).toEqual(['Placeholder', 'MatMul'])
})

test('ports are named as the signature does, or as the graph', () => {
  const bySignature = cut({ inputs: ['flatten_input'], outputs: ['softmax'] })
  const byGraph = cut({ inputs: ['serving_default_flatten_input'], outputs: ['StatefulPartitionedCall:0'] })
  expect(bySignature.inputs[0]!.tensorName).toBe('serving_default_flatten_input:0')
  expect(ops(bySignature)).toEqual(ops(byGraph))
})

test('cuts that cannot be made are refused', () => {
  expect(() => cut({ outputs: ['sequential/dense/Rel'] })).toThrow(
    expect.objectContaining({ code: 'import/unknown-tensor', message: expect.stringContaining('Did you mean "sequential/dense/Relu"?') }),
  )
  expect(() => cut({ inputs: ['sequential/dense_1/MatMul'], outputs: ['sequential/dense/Relu'] })).toThrow(
    expect.objectContaining({ code: 'import/unfed-placeholder', hint: expect.stringContaining('--inputs') }),
  )
  const twice: ModelSpec = {
    nodes: [
      node('x', 'Placeholder', [], { dtype: attr.type('f32') }),
      call('PartitionedCall', 'f', ['x']),
      call('PartitionedCall_1', 'f', ['PartitionedCall']),
    ],
    functions: [{ name: 'f', args: { a: 'f32' }, results: { r: 'Neg:y:0' }, nodes: [node('Neg', 'Neg', ['a'])] }],
    signatures: { serving_default: { inputs: { x: { name: 'x:0' } }, outputs: { y: { name: 'PartitionedCall_1:0' } } } },
  }
  expect(() => importSavedModel(modelFolder(twice), { outputs: ['Neg'] })).toThrow(
    expect.objectContaining({
      code: 'import/ambiguous-tensor',
      message: expect.stringContaining('"PartitionedCall/Neg", "PartitionedCall_1/Neg"'),
    }),
  )
  expect(importSavedModel(modelFolder(twice), { outputs: ['PartitionedCall/Neg'] }).graphs[0]!.nodes.length).toBe(2)
})

test('a table matters only where an output needs it', () => {
  const table: ModelSpec = {
    nodes: [
      node('x', 'Placeholder', [], { dtype: attr.type('f32') }),
      node('table', 'HashTableV2'),
      call('PartitionedCall', 'f', ['table', 'x']),
    ],
    functions: [
      {
        name: 'f',
        args: { t: 'resource', a: 'f32' },
        results: { y: 'Neg:y:0', label: 'Find:values:0' },
        nodes: [node('Neg', 'Neg', ['a']), node('Find', 'LookupTableFindV2', ['t', 'a', 'a'])],
      },
    ],
    signatures: {
      serving_default: {
        inputs: { x: { name: 'x:0' } },
        outputs: { y: { name: 'PartitionedCall:0' }, label: { name: 'PartitionedCall:1', dtype: 'string' } },
      },
      ids: { inputs: { x: { name: 'x:0' } }, outputs: { id: { name: 'PartitionedCall:1', dtype: 'i64' } } },
    },
  }
  const { graphs } = importSavedModel(modelFolder(table), { signature: 'serving_default' })
  expect(graphs[0]!.nodes.map((n) => n.op)).toEqual(['Placeholder', 'Neg'])
  expect(() => importSavedModel(modelFolder(table), { signature: 'ids' })).toThrow(
    expect.objectContaining({ code: 'import/unsupported-resource', hint: expect.stringContaining('--inputs') }),
  )
})
