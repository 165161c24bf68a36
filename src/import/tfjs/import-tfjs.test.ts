import { describe, expect, test } from 'vitest'
import { refusalOf } from '../../../test/testkit/refusal.ts'
import { memorySource } from '../../core/bytes.ts'
import { bytesOf, typedView } from '../../core/dtype.ts'
import { memoryFolder } from '../folder.ts'
import { type ReadOptions, readModel } from '../read-model.ts'
import type { NumericConst, SourceConst, SourceModel, StringConst } from '../source-graph.ts'

const f32 = { type: 'DT_FLOAT' }
const node = (name: string, op: string, input: readonly string[] = [], attr: object = {}) => ({ name, op, input, attr })
const constant = (name: string, dtype: string, dims: readonly number[]) =>
  node(name, 'Const', [], {
    dtype: { type: dtype },
    value: { tensor: { dtype, tensorShape: { dim: dims.map((d) => ({ size: `${d}` })) } } },
  })
const x = node('x', 'Placeholder', [], { dtype: f32, shape: { shape: { dim: [{ size: '-1' }, { size: '2' }] } } })

interface Spec {
  readonly nodes?: readonly object[]
  readonly groups?: readonly { paths: readonly unknown[]; weights: readonly object[] }[]
  readonly files?: Readonly<Record<string, ArrayBufferView>>
  readonly root?: object
  readonly options?: ReadOptions
}

/** A graph model that adds a constant `c`, stored as the spec says, to its input. */
function graphModel({ nodes, groups = [], files = {}, root = {}, options = {} }: Spec): Promise<SourceModel> {
  const all = nodes ?? [x, constant('c', 'DT_FLOAT', [2]), node('y', 'AddV2', ['x', 'c'], { T: f32 })]
  const json = JSON.stringify({ format: 'graph-model', modelTopology: { node: all }, weightsManifest: groups, ...root })
  const entries = Object.entries(files).map(([name, data]): [string, Uint8Array] => [name, bytesOf(data)])
  return readModel({ folder: memoryFolder('web', new Map([['model.json', new TextEncoder().encode(json)], ...entries])) }, options)
}

const one = (weight: object, data: ArrayBufferView): Spec => ({
  groups: [{ paths: ['w.bin'], weights: [{ name: 'c', ...weight }] }],
  files: { 'w.bin': data },
})
const constOf = (model: SourceModel, name = 'c'): SourceConst => model.graphs[0]!.nodes.find((n) => n.name === name)!.value!
const floats = (c: SourceConst) => [...typedView('f32', (c as NumericConst).data.bytes())]

describe('weights', () => {
  test('a weight within one file is a view on it, wherever the file of its group begins', async () => {
    const bytes = new Float32Array([1, 2, 3, 4])
    const model = await graphModel({
      groups: [
        { paths: ['a.bin'], weights: [{ name: 'other', shape: [1], dtype: 'int32' }] },
        {
          paths: ['./b.bin'],
          weights: [
            { name: 'first', shape: [2], dtype: 'float32' },
            { name: 'c', shape: [2], dtype: 'float32' },
          ],
        },
      ],
      files: { 'a.bin': new Int32Array([7]), 'b.bin': bytes },
    })
    const { data } = constOf(model) as NumericConst
    expect(data.bytes().buffer).toBe(bytes.buffer)
    expect(data.bytes().byteOffset).toBe(8)
  })

  test('a weight that crosses files is put together', async () => {
    const whole = bytesOf(new Float32Array([1.5, -2.5]))
    const files = { a: whole.slice(0, 3), b: whole.slice(3, 4), c: whole.slice(4) }
    const model = await graphModel({ groups: [{ paths: ['a', 'b', 'c'], weights: [{ name: 'c', shape: [2], dtype: 'float32' }] }], files })
    expect(floats(constOf(model))).toEqual([1.5, -2.5])
  })

  test.each<[string, object, ArrayBufferView, number[]]>([
    ['uint8', { dtype: 'uint8', scale: 0.1, min: -1 }, Uint8Array.of(0, 255), [-1, Math.fround(255 * 0.1 - 1)]],
    [
      'uint16',
      { dtype: 'uint16', scale: 1e-4, min: 0.5 },
      Uint16Array.of(1, 65535),
      [Math.fround(0.5001), Math.fround(65535 * 1e-4 + 0.5)],
    ],
    ['float16', { dtype: 'float16' }, Uint16Array.of(0x3c00, 0x8001), [1, -(2 ** -24)]],
  ])('%s is made float32, which is said', async (_, quantization, data, expected) => {
    const model = await graphModel(one({ shape: [2], dtype: 'float32', quantization }, data))
    expect(floats(constOf(model))).toEqual(expected)
    expect(model.diagnostics.map((d) => [d.severity, d.code, d.message])).toContainEqual([
      'info',
      'import/tfjs-rounded-weights',
      expect.stringContaining(`weights of 8 bytes rounded to 8 or 16 bits, in ${data.byteLength} bytes`),
    ])
  })

  test('quantized integers are rounded', async () => {
    const weight = { shape: [2], dtype: 'int32', quantization: { dtype: 'uint8', scale: 0.5, min: -3 } }
    const nodes = [x, constant('c', 'DT_INT32', [2]), node('y', 'Reshape', ['x', 'c'])]
    const c = constOf(await graphModel({ ...one(weight, Uint8Array.of(1, 9)), nodes })) as NumericConst
    expect([...typedView('i32', c.data.bytes())]).toEqual([-2, 2])
  })

  test.each<[string, string, string, string, ArrayBufferView, readonly unknown[]]>([
    ['64-bit integers', 'DT_INT64', 'i64', 'int32', Int32Array.of(-1, 7), [-1n, 7n]],
    ['doubles', 'DT_DOUBLE', 'f64', 'float32', Float32Array.of(0.5, -2), [0.5, -2]],
    ['halves', 'DT_HALF', 'f16', 'float32', Float32Array.of(1, -2), [0x3c00, 0xc000]],
    ['flags', 'DT_BOOL', 'bool', 'bool', Uint8Array.of(1, 0), [1, 0]],
  ])('%s come back in the type of their node', async (_, type, dtype, stored, data, expected) => {
    const nodes = [x, constant('c', type, [2]), node('y', 'Op', ['x', 'c'])]
    const c = constOf(await graphModel({ ...one({ shape: [2], dtype: stored }, data), nodes })) as NumericConst
    expect(c.dtype).toBe(dtype)
    expect([...typedView(dtype as 'f32', c.data.bytes())] as unknown[]).toEqual(expected)
    expect(c.data.byteLength).toBe(c.data.bytes().byteLength)
  })

  test('strings have their lengths before them', async () => {
    const nodes = [x, constant('c', 'DT_STRING', [2]), node('y', 'Op', ['x', 'c'])]
    const bytes = Uint8Array.of(2, 0, 0, 0, 0x61, 0xff, 0, 0, 0, 0)
    const c = constOf(await graphModel({ ...one({ shape: [2], dtype: 'string' }, bytes), nodes })) as StringConst
    expect(c.strings.map((s) => [...s])).toEqual([[0x61, 0xff], []])
  })

  test('bytes after the last weight are told of', async () => {
    const model = await graphModel(one({ shape: [2], dtype: 'float32' }, new Float32Array(3)))
    const warning = { severity: 'warning', code: 'import/tfjs-bytes-left', expected: '8 bytes', actual: '12' }
    expect(model.diagnostics).toContainEqual(expect.objectContaining(warning))
  })

  const plain = { shape: [2], dtype: 'float32' }
  const paths = (...names: unknown[]): Spec => ({ groups: [{ paths: names, weights: [{ name: 'c', ...plain }] }] })
  const data = new Float32Array(2)
  test.each<[string, string, Spec]>([
    ['a path that goes up', 'import/path-outside-folder', paths('../w.bin')],
    ['a path that goes up later', 'import/path-outside-folder', paths('a/../../w.bin')],
    ['an absolute path', 'import/path-outside-folder', paths('/etc/passwd')],
    ['an address', 'import/path-outside-folder', paths('https://example.com/w.bin')],
    ['a backslash', 'import/path-outside-folder', paths('..\\w.bin')],
    ['a drive', 'import/path-outside-folder', paths('C:/w.bin')],
    ['a path that is no text', 'import/tfjs-json', paths(3)],
    ['a missing file', 'import/tfjs-shard-missing', paths('w.bin')],
    ['a short file', 'import/tfjs-shard-too-short', one(plain, new Float32Array(1))],
    ['no file at all', 'import/tfjs-shard-too-short', paths()],
    [
      'a string that ends after the file',
      'import/tfjs-shard-too-short',
      one({ shape: [1], dtype: 'string' }, Uint8Array.of(255, 255, 255, 255)),
    ],
    ['more strings than bytes', 'import/tfjs-shard-too-short', one({ shape: [2 ** 40], dtype: 'string' }, new Uint8Array(8))],
    ['a huge shape', 'import/tfjs-shard-too-short', one({ shape: [2 ** 30, 2 ** 20], dtype: 'float32' }, data)],
    ['a shape beyond counting', 'import/tfjs-json', one({ shape: [2 ** 40, 2 ** 40], dtype: 'float32' }, data)],
    ['a negative size', 'import/tfjs-json', one({ shape: [-2], dtype: 'float32' }, data)],
    ['a size that is no integer', 'import/tfjs-json', one({ shape: [1.5], dtype: 'float32' }, data)],
    ['an unknown type', 'import/tfjs-json', one({ shape: [2], dtype: 'float8' }, data)],
    ['a type that every object has', 'import/tfjs-json', one({ shape: [2], dtype: 'constructor' }, data)],
    ['a quantized type that is none', 'import/tfjs-json', one({ ...plain, quantization: { dtype: 'int32', scale: 1, min: 0 } }, data)],
    ['quantized strings', 'import/tfjs-json', one({ ...plain, quantization: { dtype: 'string' } }, data)],
    ['no scale', 'import/tfjs-json', one({ ...plain, quantization: { dtype: 'uint8', min: 0 } }, data)],
    ['a half for an integer', 'import/tfjs-json', one({ shape: [2], dtype: 'int32', quantization: { dtype: 'float16' } }, data)],
    [
      'a flag from integers',
      'import/tfjs-json',
      one({ shape: [2], dtype: 'bool', quantization: { dtype: 'uint8', scale: 1, min: 0 } }, data),
    ],
    ['a manifest that is no list', 'import/tfjs-json', { root: { weightsManifest: {} } }],
    [
      'a name twice',
      'import/tfjs-duplicate-weight',
      {
        groups: [
          {
            paths: ['w'],
            weights: [
              { name: 'c', ...plain },
              { name: 'c', ...plain },
            ],
          },
        ],
        files: { w: new Float32Array(4) },
      },
    ],
    ['a constant without a value', 'import/tfjs-constant-missing', {}],
    ['a constant of another shape', 'import/tfjs-constant-mismatch', one({ shape: [1, 2], dtype: 'float32' }, data)],
    ['a constant of another type', 'import/tfjs-constant-mismatch', one({ shape: [2], dtype: 'int32' }, data)],
  ])('refuses %s', async (_, code, spec) => {
    expect(await refusalOf(graphModel(spec))).toMatchObject({ code })
  })

  test('faults of all groups are told together', async () => {
    const e = await refusalOf(graphModel({ groups: [...paths('a.bin').groups!, ...paths('../b.bin').groups!] }))
    expect(e.diagnostics.map((d) => d.code)).toEqual(['import/tfjs-shard-missing', 'import/path-outside-folder'])
  })
})

describe('graph models', () => {
  const good = one({ shape: [2], dtype: 'float32' }, new Float32Array(2))
  const info = (name: string) => ({ name, dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '-1' }, { size: '2' }] } })
  const signature = { inputs: { left: info('x:0') }, outputs: { sum: info('y:0') } }
  const names = (m: SourceModel) => [m.graphs[0]!.inputs.map((p) => p.name), m.graphs[0]!.outputs.map((p) => p.name)]

  test('the signature names the ports, in either place', async () => {
    expect(names(await graphModel({ ...good, root: { signature } }))).toEqual([['left'], ['sum']])
    expect(names(await graphModel({ ...good, root: { userDefinedMetadata: { signature } } }))).toEqual([['left'], ['sum']])
    expect(names(await graphModel({ ...good, root: { signature, userDefinedMetadata: { structuredOutputKeys: ['z'] } } }))).toEqual([
      ['left'],
      ['z'],
    ])
  })

  test('names that are tensors lose their number', async () => {
    const own = { inputs: { 'x:0': info('x:0') }, outputs: { 'y:0': info('y:0') } }
    expect(names(await graphModel({ ...good, root: { signature: own } }))).toEqual([['x'], ['y']])
  })

  test('without a signature placeholders and unused results are the ports', async () => {
    const model = await graphModel(good)
    expect(names(model)).toEqual([['x'], ['y']])
    expect(model.graphs[0]!.inputs[0]).toMatchObject({ dtype: 'f32', shape: ['N', 2] })
    expect(model.diagnostics.map((d) => [d.severity, d.code])).toEqual([
      ['info', 'import/inferred-ports'],
      ['info', 'import/inferred-ports'],
    ])
    expect(await refusalOf(graphModel({ nodes: [x] }))).toMatchObject({ code: 'import/no-outputs' })
  })

  test('tensors that the user names are the ports, also results that only the signature names', async () => {
    const ofTensor = { inputs: { left: info('x:0') }, outputs: { sum: info('y:0'), whole: info('y:0') } }
    const cut = async (options: ReadOptions) => names(await graphModel({ ...good, root: { signature: ofTensor }, options }))
    expect(await cut({})).toEqual([['left'], ['sum', 'whole']])
    expect(await cut({ outputs: ['whole'] })).toEqual([['left'], ['whole']])
    expect(await cut({ inputs: ['left'], outputs: ['y:0'] })).toEqual([['left'], ['y']])
    expect(await cut({ inputs: ['c', 'left'] })).toEqual([
      ['c', 'left'],
      ['sum', 'whole'],
    ])
    expect(names(await graphModel({ ...good, options: { outputs: ['x'] } }))).toEqual([['x'], ['x']])
    for (const options of [{ outputs: ['sums'] }, { inputs: ['lef'] }]) {
      const refusal = await refusalOf(graphModel({ ...good, root: { signature: ofTensor }, options }))
      expect(refusal).toMatchObject({ code: 'import/unknown-tensor', message: expect.stringMatching(/Did you mean "(sum|left)"/) })
    }
  })

  test.each(['on', 'training'])('an input called %s becomes a constant', async (name) => {
    const training = node('training', 'Placeholder', [], { dtype: { type: 'DT_BOOL' } })
    const choice = [x, constant('c', 'DT_FLOAT', [2]), training, node('y', 'SelectV2', ['training', 'x', 'c'])]
    const own = { inputs: { left: info('x:0'), on: { name: 'training:0', dtype: 'DT_BOOL' } }, outputs: { sum: info('y:0') } }
    const options = { constants: new Map([[name, true]]) }
    const model = await graphModel({ ...good, nodes: choice, root: { signature: own }, options })
    expect(names(model)).toEqual([['left'], ['sum']])
    expect([...(constOf(model, 'training') as NumericConst).data.bytes()]).toEqual([1])
  })

  test('an input that a hash table fills is refused by name', async () => {
    const table = { ...signature, inputs: { ...signature.inputs, words: { ...info('x:0'), resourceId: 12 } } }
    expect(await refusalOf(graphModel({ ...good, root: { signature: table } }))).toMatchObject({
      code: 'import/tfjs-table',
      tensor: 'words',
    })
    const resource = { ...signature, inputs: { words: { name: 'x:0', dtype: 'DT_RESOURCE' } } }
    expect(await refusalOf(graphModel({ ...good, root: { signature: resource } }))).toMatchObject({ code: 'import/tfjs-table' })
  })

  test.each<[string, string, Spec]>([
    ['variables', 'import/not-frozen', { ...good, nodes: [node('v', 'VarHandleOp'), node('y', 'ReadVariableOp', ['v'])] }],
    ['damaged topology', 'wire/malformed', { ...good, nodes: [{ name: 5 }] }],
    ['a missing node', 'import/node-missing', { ...good, nodes: [x, node('y', 'AddV2', ['x', 'gone'])] }],
  ])('refuses %s', async (_, code, spec) => expect(await refusalOf(graphModel(spec))).toMatchObject({ code }))

  test('names that every object has are names', async () => {
    const nodes = [x, constant('__proto__', 'DT_FLOAT', [2]), node('constructor', 'AddV2', ['x', '__proto__'])]
    const spec = {
      groups: [{ paths: ['w'], weights: [{ name: '__proto__', shape: [2], dtype: 'float32' }] }],
      files: { w: Float32Array.of(3, 4) },
    }
    const model = await graphModel({ ...spec, nodes })
    expect(floats(constOf(model, '__proto__'))).toEqual([3, 4])
    expect(names(model)).toEqual([['x'], ['constructor']])
  })
})

describe('layers models', () => {
  const dense = { class_name: 'Dense', config: { name: 'd', units: 2, batch_input_shape: [null, 3] } }
  const topology = { class_name: 'Sequential', config: { name: 's', layers: [dense] }, keras_version: 'tfjs-layers 4.22.0' }
  const weights = (...names: string[]) => [
    { paths: ['w'], weights: names.map((name, i) => ({ name, shape: i === 0 ? [3, 2] : [2], dtype: 'float32' })) },
  ]
  const layersModel = (modelTopology: object, weightsManifest: object) => {
    const json = new TextEncoder().encode(JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest }))
    return readModel({
      folder: memoryFolder(
        'web',
        new Map([
          ['model.json', json],
          ['w', bytesOf(new Float32Array(8))],
        ]),
      ),
    })
  }
  const kernels = (m: SourceModel) =>
    m.graphs[0]!.nodes.flatMap((n) => (n.keras ? [[n.keras.layer.name, ...n.keras.layer.weights.keys()]] : []))

  test('weights go by the name of their layer, with or without the models around it', async () => {
    expect(kernels(await layersModel(topology, weights('d/kernel', 'd/bias')))).toEqual([['d', 'kernel', 'bias']])
    const nested = { class_name: 'Sequential', config: { name: 'outer', layers: [{ class_name: 'Sequential', config: topology.config }] } }
    for (const at of ['s/d', 'd']) {
      expect(kernels(await layersModel(nested, weights(`${at}/kernel`, `${at}/bias`)))).toEqual([['s/d', 'kernel', 'bias']])
    }
  })

  test('the configuration may stand in model_config, and in the names of JavaScript', async () => {
    const camel = {
      className: 'Sequential',
      config: { name: 's', layers: [{ className: 'Dense', config: { name: 'd', units: 2, batchInputShape: [null, 3] } }] },
    }
    for (const wrapped of [{ model_config: topology }, { modelConfig: camel }, camel]) {
      const model = await layersModel(wrapped, weights('d/kernel', 'd/bias'))
      expect(model.graphs[0]!.inputs).toMatchObject([{ name: 'd_input', shape: ['N', 3] }])
    }
  })

  test('weights of Keras 3 go by their paths', async () => {
    const three = { ...topology, keras_version: '3.15.1' }
    expect(kernels(await layersModel(three, weights('layers/dense/vars/0', 'layers/dense/vars/1')))).toEqual([['d', 'kernel', 'bias']])
  })

  test.each([[['d/kernel']], [['e/kernel', 'e/bias']], [['d/bias', 'd/kernel']], [['d/kernel', 'd/bias', 'd/more']]])(
    'refuses the weights %j',
    async (names) => {
      const manifest = [{ paths: ['w'], weights: names.map((name) => ({ name, shape: [2], dtype: 'float32' })) }]
      expect(await refusalOf(layersModel(topology, manifest))).toMatchObject({ code: 'import/keras-weights', node: 'd' })
    },
  )

  test('refuses weights of Keras 3 that are strings', async () => {
    const manifest = [
      {
        paths: ['w'],
        weights: [
          { name: 'layers/dense/vars/0', shape: [1], dtype: 'string' },
          { name: 'layers/dense/vars/1', shape: [1], dtype: 'bool' },
        ],
      },
    ]
    expect(await refusalOf(layersModel(topology, manifest))).toMatchObject({ code: 'import/tfjs-json' })
  })
})

describe('files', () => {
  const json = (value: unknown) =>
    memorySource('m.json', new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value)))

  test('a signature that the model does not have', async () => {
    const files = {
      'model.json': new TextEncoder().encode(
        JSON.stringify({
          modelTopology: { node: [x] },
          weightsManifest: [],
          signature: { inputs: { x: { name: 'x:0' } }, outputs: { y: { name: 'x:0' } } },
        }),
      ),
    }
    const folder = memoryFolder('web', new Map(Object.entries(files)))
    expect((await readModel({ folder }, { signature: 'serving_default' })).graphs).toHaveLength(1)
    expect(await refusalOf(readModel({ folder }, { signature: 'predict' }))).toMatchObject({ code: 'import/unknown-signature' })
  })

  test('a model.json alone, found by its bytes, asks for its folder', async () => {
    expect(await refusalOf(readModel({ file: json({ modelTopology: { node: [] } }) }))).toMatchObject({ code: 'import/tfjs-no-folder' })
  })
  test('JSON without a model', async () => {
    expect(await refusalOf(readModel({ file: json({ weights: [] }) }))).toMatchObject({
      code: 'import/tfjs-no-topology',
      actual: '"weights"',
    })
    expect(await refusalOf(readModel({ file: json('{"modelTopology": ') }))).toMatchObject({ code: 'import/tfjs-json' })
    const beside = memoryFolder('web', new Map())
    expect(await refusalOf(readModel({ file: json({ modelTopology: null }), beside }))).toMatchObject({ code: 'import/tfjs-json' })
  })
  test('huge JSON is not read', async () => {
    const source = { name: 'm.json', byteLength: 2 ** 29, read: (_: number, n: number) => new TextEncoder().encode('{'.padEnd(n)) }
    expect(await refusalOf(readModel({ file: source }))).toMatchObject({ code: 'wire/limit-exceeded' })
  })
})
