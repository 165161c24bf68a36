import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { memorySource } from '../../core/bytes.ts'
import type { DowncastError } from '../../core/diagnostics.ts'
import type { Json } from '../../core/json.ts'
import { openZip } from '../../wire/zip.ts'
import { zipParts } from '../../wire/zip-write.ts'
import type { SourceGraph, SourceModel } from '../source-graph.ts'
import { importKerasH5, importKerasZip } from './import-keras.ts'

const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(`../../../fixtures/keras/${name}`, import.meta.url)))
const load = (name: string): Promise<SourceModel> => {
  const source = memorySource(name, bytesOf(name))
  return name.endsWith('.h5') ? importKerasH5(source) : importKerasZip(source)
}
const graphOf = async (name: string): Promise<SourceGraph> => (await load(name)).graphs[0]!

/** A `.keras` file with another configuration over the weights of the small CNN. */
function withConfig(config: Json | string, version = '3.15.1'): Promise<SourceModel> {
  const weights = openZip(memorySource('m', bytesOf('mnist_mlp-keras3.keras')))
  const text = (s: string) => [new TextEncoder().encode(s)]
  const parts = zipParts('m', [
    { name: 'metadata.json', parts: text(JSON.stringify({ keras_version: version })) },
    { name: 'config.json', parts: text(typeof config === 'string' ? config : JSON.stringify(config)) },
    { name: 'model.weights.h5', parts: [weights.read(weights.entries.get('model.weights.h5')!)] },
  ])
  return importKerasZip(memorySource('m.keras', new Uint8Array(Buffer.concat(parts))))
}
const faultOf = (work: Promise<unknown>): Promise<DowncastError> =>
  work.then(
    () => {
      throw new Error('nothing was thrown')
    },
    (e) => e as DowncastError,
  )
const input = { class_name: 'InputLayer', config: { name: 'x', batch_shape: [null, 4], dtype: 'float32' }, name: 'x', inbound_nodes: [] }
const layer = (className: string, name: string, config: { [key: string]: Json } = {}, inbound: Json[] = []) => ({
  class_name: className,
  name,
  config: { name, ...config },
  inbound_nodes: inbound,
})
const call = (...from: [string, number, number][]) => from
const functional = (layers: Json[], output: Json = ['y', 0, 0]) => ({
  class_name: 'Functional',
  config: { name: 'm', layers, input_layers: [['x', 0, 0]], output_layers: [output] },
})
const sequential = (...layers: Json[]) => ({ class_name: 'Sequential', config: { name: 's', layers } })

/** Every weight of a graph: layer, name, type, shape and a digest of the bytes. */
function weightsOf(graph: SourceGraph): string[] {
  const lines = graph.nodes.flatMap((n) =>
    Array.from(n.keras?.layer.weights ?? [], ([name, w]) => {
      const bytes = w.data.bytes()
      return `${n.keras!.layer.name}/${name} ${w.dtype}[${w.shape}] ${bytes.reduce((h, b) => (Math.imul(h, 31) + b) | 0, 7)}`
    }),
  )
  return [...new Set(lines)]
}

test('a Sequential model becomes a chain of layer calls', async () => {
  const model = await load('mnist_cnn_small-keras2.h5')
  expect(model).toMatchObject({
    format: 'keras-h5',
    metadata: { framework: 'keras', frameworkVersion: '2.21.0', signatures: ['serving_default'] },
  })
  const [graph] = model.graphs
  expect(graph!.nodes.map((n) => `${n.name}:${n.op}(${n.inputs.map((r) => graph!.nodes[r.node]!.name)})`)).toEqual([
    'input_1:Placeholder()',
    'conv2d:Conv2D(input_1)',
    'conv2d_1:Conv2D(conv2d)',
    'max_pooling2d:MaxPooling2D(conv2d_1)',
    'dropout:Dropout(max_pooling2d)',
    'flatten:Flatten(dropout)',
    'dense:Dense(flatten)',
    'dropout_1:Dropout(dense)',
    'dense_1:Dense(dropout_1)',
  ])
  expect(graph!.inputs).toMatchObject([{ name: 'input_1', tensorName: 'serving_default_input_1:0', dtype: 'f32', shape: ['N', 28, 28, 1] }])
  expect(graph!.outputs).toMatchObject([{ name: 'dense_1', tensorName: 'StatefulPartitionedCall:0', ref: { node: 8, output: 0 } }])
  const dense = graph!.nodes[6]!.keras!
  expect(dense).toMatchObject({
    args: [{ input: 0 }],
    kwargs: {},
    layer: { name: 'dense', version: 2, config: { units: 24, activation: 'relu' } },
  })
  expect(weightsOf(graph!).filter((w) => w.startsWith('dense/'))[0]).toMatch(/^dense\/kernel f32\[1728,24\]/)
  const shape = graph!.nodes[0]!.attrs
  expect([shape.names(), shape.has('dtype'), shape.get('shape')]).toEqual([
    ['dtype', 'shape'],
    true,
    { kind: 'shape', value: [-1, 28, 28, 1] },
  ])
  expect(graph!.nodes[1]!.attrs.get('strides') ?? graph!.nodes[1]!.attrs.has('strides')).toBe(false)
  expect(() => graph!.functions.load('f')).toThrow('no functions')
})

test('the three file formats hold the same weights', async () => {
  const [h5, h5of3, zip] = await Promise.all(
    ['mnist_cnn_small-keras2.h5', 'mnist_cnn_small-keras3.h5', 'mnist_cnn_small-keras3.keras'].map(graphOf),
  )
  expect(weightsOf(h5!)).toHaveLength(8)
  expect(weightsOf(h5of3!)).toEqual(weightsOf(h5!))
  expect(weightsOf(zip!)).toEqual(weightsOf(h5!))
  expect(zip!.outputs).toMatchObject([{ name: 'output_0', tensorName: 'StatefulPartitionedCall_1:0' }])
})

test('composed layers have the weights of their parts, in every format and version', async () => {
  const [a, b, c, d] = await Promise.all(
    ['layers-keras2.h5', 'layers-keras2.keras', 'layers-keras3.h5', 'layers-keras3.keras'].map(graphOf),
  )
  expect(weightsOf(b!)).toEqual(weightsOf(a!))
  expect(weightsOf(d!)).toEqual(weightsOf(c!))
  const names = weightsOf(d!).map((w) => w.slice(0, w.indexOf(' ')))
  expect(names).toContain('bidirectional/backward_layer/cell/recurrent_kernel')
  expect(names.some((name) => /^time_distributed\/dense(_\d+)?\/kernel$/.test(name))).toBe(true)
  expect(names).toContain('separable_conv2d/pointwise_kernel')
  expect(names).toContain('gru/cell/bias')
  expect(names).toEqual(weightsOf(a!).map((w) => w.slice(0, w.indexOf(' '))))
  const [attention2, attention3] = await Promise.all(['transformer-keras2.h5', 'transformer-keras3.keras'].map(graphOf))
  expect(weightsOf(attention3!)).toEqual(weightsOf(attention2!))
})

test('nested and shared models are called in place', async () => {
  const [k2, k3] = await Promise.all(['nested-keras2.h5', 'nested-keras3.keras'].map(graphOf))
  expect(k2!.nodes.map((n) => `${n.name}(${n.inputs.map((r) => k2!.nodes[r.node]!.name)})`)).toEqual([
    'image()',
    'other()',
    'inner/conv2d(image)',
    'inner/batch_normalization(inner/conv2d)',
    'inner/re_lu(inner/batch_normalization)',
    'inner@1/conv2d(other)',
    'inner@1/batch_normalization(inner@1/conv2d)',
    'inner@1/re_lu(inner@1/batch_normalization)',
    'concatenate(inner/re_lu,inner@1/re_lu)',
    'outer/max_pooling2d(concatenate)',
    'outer/head/flatten(outer/max_pooling2d)',
    'outer/head/dense(outer/head/flatten)',
    'result(outer/head/dense)',
  ])
  expect(k2!.nodes[5]!.keras!.layer).toBe(k2!.nodes[2]!.keras!.layer)
  expect(k3!.nodes.map((n) => [n.name, n.inputs])).toEqual(k2!.nodes.map((n) => [n.name, n.inputs]))
  expect(weightsOf(k3!)).toEqual(weightsOf(k2!))
  expect(k2!.nodes[8]!.keras!.args).toEqual([[{ input: 0 }, { input: 1 }]])
  expect(k3!.nodes[8]!.keras!.args).toEqual([
    [
      { input: 0, isFloat: true },
      { input: 1, isFloat: true },
    ],
  ])
})

test.each(['functional-keras2.h5', 'functional-keras2.keras', 'functional-keras3.h5', 'functional-keras3.keras'])(
  'a nested Functional model with two inputs and outputs is called twice and gives outputs: %s',
  async (file) => {
    const graph = await graphOf(file)
    const names = graph.nodes.map((n) => `${n.name}(${n.inputs.map((r) => graph.nodes[r.node]!.name)})`)
    expect(names.toSorted()).toEqual([
      'inner/difference(x,y)',
      'inner/sum(x,y)',
      'inner@1/difference(inner/difference,inner/sum)',
      'inner@1/sum(inner/difference,inner/sum)',
      'relu(inner@1/sum)',
      'x()',
      'y()',
    ])
    const outputs = graph.outputs.map((p) => [p.name, graph.nodes[p.ref.node]!.name])
    const names2 = [
      ['inner', 'inner@1/difference'],
      ['inner_1', 'inner/sum'],
      ['relu', 'relu'],
    ]
    const names3 = [
      ['output_0', 'inner@1/difference'],
      ['output_1', 'relu'],
      ['output_2', 'inner/sum'],
    ]
    expect(outputs).toEqual(file.includes('keras2') ? names2 : names3)
  },
)

test('several inputs and outputs keep the names of the exported signature', async () => {
  const [k2, k3] = await Promise.all(['multi_input-keras2.h5', 'multi_input-keras3.h5'].map(graphOf))
  expect(k2!.inputs.map((p) => p.name)).toEqual(['left', 'right'])
  expect(k2!.outputs.map((p) => [p.name, k2!.nodes[p.ref.node]!.name])).toEqual([
    ['dot', 'dot'],
    ['same', 'same'],
  ])
  expect(k3!.outputs.map((p) => [p.name, k3!.nodes[p.ref.node]!.name])).toEqual([
    ['output_0', 'same'],
    ['output_1', 'dot'],
  ])
  expect(k2!.nodes.map((n) => n.name).filter((n) => n.startsWith('tower'))).toEqual(['tower', 'tower@1'])
})

test('tensors among keyword arguments are inputs too', async () => {
  const [k2, k3] = await Promise.all(['transformer-keras2.h5', 'transformer-keras3.keras'].map(graphOf))
  const attention = (g: SourceGraph) => g.nodes.find((n) => n.op === 'MultiHeadAttention')!
  expect(attention(k2!).keras).toMatchObject({ args: [{ input: 0 }], kwargs: { value: { input: 1 } } })
  expect(attention(k2!).inputs).toHaveLength(2)
  expect(attention(k3!).inputs).toHaveLength(2)
})

test('custom and Lambda layers are named, all of them', async () => {
  const fault = await faultOf(
    withConfig(
      functional([
        input,
        layer('Lambda', 'scale', {}, [call(['x', 0, 0])]),
        { ...layer('Swish', 'act', {}, [call(['scale', 0, 0])]), registered_name: 'My>Swish', module: null },
        { ...layer('Dense', 'own', {}, [call(['act', 0, 0])]), module: '__main__' },
        layer('TimeDistributed', 'wrapped', { layer: layer('Lambda', 'inner') }, [call(['own', 0, 0])]),
        layer('Strange', 'y', {}, [call(['wrapped', 0, 0])]),
      ]),
    ),
  )
  expect(fault.diagnostics.map((d) => [d.code, d.node, d.op])).toEqual([
    ['import/keras-lambda-layer', 'scale', 'Lambda'],
    ['import/keras-custom-layer', 'act', 'Swish'],
    ['import/keras-custom-layer', 'own', 'Dense'],
    ['import/keras-lambda-layer', 'wrapped/inner', 'Lambda'],
    ['import/keras-custom-layer', 'y', 'Strange'],
  ])
  expect(fault.message).toContain('5 problems')
  expect(fault.diagnostics[1]!.hint).toContain('model.export')
})

test('configurations at fault are named by path', async () => {
  const y = layer('Flatten', 'y', {}, [call(['x', 0, 0])])
  expect(await faultOf(withConfig('{"class_name": "Sequential"'))).toMatchObject({ code: 'import/keras-config', path: 'config.json' })
  expect(await faultOf(withConfig([1]))).toMatchObject({ code: 'import/keras-config', expected: 'an object' })
  expect(await faultOf(withConfig({ class_name: 'MyModel', config: {} }))).toMatchObject({
    code: 'import/keras-subclassed-model',
    actual: 'MyModel',
  })
  expect(await faultOf(withConfig(functional([{ ...y, class_name: 7 }])))).toMatchObject({
    path: 'config.layers[0].class_name',
    actual: '7',
  })
  expect((await faultOf(withConfig(sequential(input, layer('Flatten', 'a'), layer('Flatten', 'a'))))).path).toBe(
    'config.layers[2].config.name',
  )
  expect((await faultOf(withConfig(functional([input, y], ['y', -1, 0])))).expected).toBe('an index')
  expect((await faultOf(withConfig(functional([input, y], ['y'])))).message).toContain('a layer name, the number of a call')
  expect((await faultOf(withConfig(sequential({ ...input, config: { ...input.config, dtype: 'quint3' } })))).message).toContain(
    'the name of a dtype',
  )
  expect((await faultOf(withConfig(sequential(...Array.from({ length: 60 }, () => 'x'.repeat(200)))))).message).toContain('...')
})

test('layers that make no graph are refused', async () => {
  const at = (...from: [string, number, number][]) => [call(...from)]
  const refuse = async (...layers: Json[]) => {
    const fault = await faultOf(withConfig(functional([input, ...layers])))
    expect(fault.code).toBe('import/keras-graph')
    return fault.message
  }
  expect(await refuse(layer('Flatten', 'y', {}, at(['z', 0, 0])))).toContain('there is no layer "z"')
  expect(await refuse(layer('Flatten', 'y', {}, at(['x', 1, 0])))).toContain('layer "x" has no call 1')
  expect(await refuse(layer('Add', 'y', {}, at(['z', 0, 0])), layer('ReLU', 'z', {}, at(['y', 0, 0])))).toContain('needs its own result')
  expect(await refuse(layer('Flatten', 'y', {}, at(['x', 0, 999])))).toContain('has no output 999')
  const flat = layer('Flatten', 'y', {}, at(['x', 0, 0]))
  const noInput = { class_name: 'Functional', config: { layers: [input, flat], input_layers: [['y', 0, 0]], output_layers: [['y', 0, 0]] } }
  expect((await faultOf(withConfig(noInput))).message).toContain('"y" is no input layer')
  const inner = { ...functional([input, flat]), name: 'y', inbound_nodes: at(['x', 0, 0], ['x', 0, 0]) }
  expect((await faultOf(withConfig(functional([input, inner], ['y', 1, 0])))).message).toContain('takes 1 inputs and is called with 2')
})

test('models that call each other twice, or nest without end, are bounded', async () => {
  let bomb: Json = functional([input, layer('Flatten', 'y', {}, [call(['x', 0, 0])])])
  for (let i = 0; i < 20; i++) {
    const twice = { ...(bomb as { [k: string]: Json }), name: 'b', inbound_nodes: [call(['x', 0, 0]), call(['b', 0, 0])] }
    bomb = functional([input, twice, layer('Flatten', 'y', {}, [call(['b', 1, 0])])])
  }
  expect(await faultOf(withConfig(bomb))).toMatchObject({ code: 'wire/limit-exceeded' })
  let deep: Json = sequential(input)
  for (let i = 0; i < 40; i++) deep = sequential({ ...(deep as { [k: string]: Json }), name: 'n' })
  expect(await faultOf(withConfig(deep))).toMatchObject({ code: 'wire/limit-exceeded' })
})

test('the input of a Sequential model comes from its first layer, a model in it, or the shape it was built with', async () => {
  const flatten = layer('Flatten', 'f', { batch_input_shape: [2, null, 3], dtype: 'int32' })
  expect((await withConfig(sequential(flatten), '2.4.0')).graphs[0]!.inputs).toMatchObject([
    { name: 'f_input', dtype: 'i32', shape: [2, 'f_input_1', 3] },
  ])
  const outer = sequential({ ...sequential(input, layer('Flatten', 'f')), name: 's' })
  expect((await withConfig(outer)).graphs[0]!.inputs).toMatchObject([{ name: 's_input', shape: ['N', 4] }])
  const built = { class_name: 'Sequential', config: { name: 's', layers: [layer('Flatten', 'f')], build_input_shape: [null, 7] } }
  expect((await withConfig(built)).graphs[0]!.inputs).toMatchObject([{ name: 'f_input', dtype: 'f32', shape: ['N', 7] }])
  expect(await faultOf(withConfig(sequential(layer('Flatten', 'f'))))).toMatchObject({ code: 'import/keras-unbuilt', node: 's' })
  expect(await faultOf(withConfig(sequential()))).toMatchObject({ code: 'import/keras-unbuilt' })
  expect(await faultOf(withConfig(functional([layer('InputLayer', 'x')], ['x', 0, 0])))).toMatchObject({ code: 'import/keras-unbuilt' })
  const oldest = { class_name: 'Sequential', config: [flatten] }
  expect((await withConfig(oldest, '2.1.0')).graphs[0]!.outputs[0]!.name).toBe('f')
})

test('outputs of a dict keep their keys in Keras 3, inputs have the names of their layers, and an input may be an output', async () => {
  const model = await withConfig({
    class_name: 'Functional',
    config: { layers: [input], input_layers: { a: ['x', 0, 0] }, output_layers: { b: ['x', 0, 0] } },
  })
  expect([model.graphs[0]!.inputs[0]!.name, model.graphs[0]!.outputs[0]!.name]).toEqual(['x', 'b'])
  const twice = {
    class_name: 'Functional',
    config: {
      layers: [input],
      input_layers: ['x', 0, 0],
      output_layers: [
        ['x', 0, 0],
        ['x', 0, 0],
      ],
    },
  }
  expect((await withConfig(twice, '2.9.0')).graphs[0]!.outputs.map((p) => p.name)).toEqual(['x', 'x_1'])
})

test('numbers that JSON has no name for are read as Python writes them', async () => {
  const text = JSON.stringify(
    sequential(input, layer('ReLU', 'NaN "Infinity"', { max_value: 'INF', threshold: 'NAN', negative_slope: 'NEG' })),
  )
  const model = await withConfig(text.replace('"INF"', 'Infinity').replace('"NAN"', 'NaN').replace('"NEG"', '-Infinity'))
  const relu = model.graphs[0]!.nodes[1]!
  expect(relu.name).toBe('NaN "Infinity"')
  expect(relu.keras!.layer.config).toMatchObject({
    max_value: Number.POSITIVE_INFINITY,
    threshold: null,
    negative_slope: Number.NEGATIVE_INFINITY,
  })
})

test('missing weights are named by layer', async () => {
  const config = sequential(input, layer('Dense', 'dense'), layer('Conv2D', 'conv'), layer('BatchNormalization', 'bn', { scale: false }))
  const fault = await faultOf(withConfig(config))
  expect(fault.diagnostics.map((d) => [d.code, d.node, d.actual])).toEqual([
    ['import/keras-weights', 'conv', 'none'],
    ['import/keras-weights', 'bn', 'none'],
  ])
  expect(fault.diagnostics[1]!.expected).toBe('"beta", "moving_mean", "moving_variance"')
})

test('files that hold no model say what they hold', async () => {
  const kinds = memorySource('kinds.h5', new Uint8Array(readFileSync(new URL('../../../fixtures/hdf5/kinds.h5', import.meta.url))))
  expect(await faultOf(importKerasH5(kinds))).toMatchObject({ code: 'import/keras-no-config', file: 'kinds.h5' })
  const zip = openZip(memorySource('m', bytesOf('mnist_mlp-keras3.keras')))
  const weights = zip.read(zip.entries.get('model.weights.h5')!)
  expect((await faultOf(importKerasH5(memorySource('w.h5', weights)))).message).toContain('only the weights of a Keras model')
  const archive = (...names: string[]) =>
    importKerasZip(
      memorySource(
        'a.zip',
        new Uint8Array(
          Buffer.concat(
            zipParts(
              'a',
              names.map((name) => ({ name, parts: [zip.read(zip.entries.get(name)!)] })),
            ),
          ),
        ),
      ),
    )
  expect(await faultOf(archive('metadata.json'))).toMatchObject({ code: 'import/keras-zip-incomplete', expected: 'config.json' })
  expect(await faultOf(archive('config.json'))).toMatchObject({ code: 'import/keras-zip-incomplete', expected: 'model.weights.h5' })
})
