import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { memorySource } from '../../src/core/bytes.ts'
import type { Json } from '../../src/core/json.ts'
import { openZip } from '../../src/wire/zip.ts'
import { zipParts } from '../../src/wire/zip-write.ts'
import { fixtureBytes } from '../testkit/files.ts'
import { type HostileCase, testCases } from './run.ts'

const h5wasm = await import('h5wasm/node')
await h5wasm.ready

const fixture = (name: string) => fixtureBytes(`keras/${name}`)
const text = (s: string) => new TextEncoder().encode(s)
const weights = (() => {
  const zip = openZip(memorySource('m', fixture('mnist_mlp-keras3.keras')))
  return zip.read(zip.entries.get('model.weights.h5')!)
})()

/** A `.keras` file of these entries. */
const archive = (entries: Readonly<Record<string, string | Uint8Array>>) =>
  Buffer.concat(
    zipParts(
      'm',
      Object.entries(entries).map(([name, data]) => ({ name, parts: [typeof data === 'string' ? text(data) : data] })),
    ),
  )
const keras = (config: Json | string, version = '3.15.1') =>
  new Map([
    [
      'm.keras',
      archive({
        'metadata.json': JSON.stringify({ keras_version: version }),
        'config.json': typeof config === 'string' ? config : JSON.stringify(config),
        'model.weights.h5': weights,
      }),
    ],
  ])
const input = (shape: Json = [null, 4]) => ({
  class_name: 'InputLayer',
  name: 'x',
  config: { name: 'x', batch_shape: shape, dtype: 'float32' },
  inbound_nodes: [],
})
const tensor = (layer: string, call = 0, output = 0) => ({
  class_name: '__keras_tensor__',
  config: { shape: [null, 4], dtype: 'float32', keras_history: [layer, call, output] },
})
const layer = (className: string, name: string, config: { [key: string]: Json } = {}, ...from: Json[]) => ({
  class_name: className,
  module: 'keras.layers',
  registered_name: null,
  name,
  config: { name, ...config },
  inbound_nodes: from.length > 0 ? [{ args: from, kwargs: {} }] : [],
})
const functional = (layers: Json[], output: Json = ['y', 0, 0]) => ({
  class_name: 'Functional',
  config: { name: 'm', layers, input_layers: [['x', 0, 0]], output_layers: [output] },
})
/** What refuses an option, where it is not taken as its default. */
const refusal = /^(lower\/(bad-operands|bad-attribute|unsupported-form|beyond-32-bits)|import\/keras-weights)$/

/** One layer on an input. */
const one = (className: string, config: { [key: string]: Json }, shape: Json = [null, 4]) =>
  functional([input(shape), layer(className, 'y', config, tensor('x'))])
const picture = [null, 8, 8, 3]
const odd = (name: string, values: readonly Json[], className: string, config: { [key: string]: Json }, shape: Json) =>
  values.map(
    (value): HostileCase => ({
      name: `${className} with ${name} ${JSON.stringify(value)}`,
      model: 'm.keras',
      code: refusal,
      files: () => keras(JSON.stringify(one(className, { ...config, [name]: value }, shape)).replaceAll('"NaN"', 'NaN')),
    }),
  )
const absurd: readonly Json[] = [0, -1, 1e18, 1.5, 'NaN', 'many', null, [], {}, [1e18, -1]]

const layers: readonly HostileCase[] = [
  ...odd('units', absurd, 'Dense', { use_bias: false }, [null, 4]),
  ...odd('filters', absurd, 'Conv2D', { kernel_size: [3, 3], strides: [1, 1], padding: 'valid', use_bias: false }, picture),
  ...odd('pool_size', absurd, 'MaxPooling2D', { strides: [1, 1], padding: 'valid' }, picture),
  ...odd('strides', absurd, 'AveragePooling2D', { pool_size: [2, 2], padding: 'same' }, picture),
  ...odd('size', absurd, 'UpSampling2D', { interpolation: 'nearest' }, picture),
  ...odd('padding', absurd, 'ZeroPadding2D', {}, picture),
  ...odd('n', absurd, 'RepeatVector', {}, [null, 4]),
  ...odd('target_shape', absurd, 'Reshape', {}, [null, 4]),
  ...odd('dims', absurd, 'Permute', {}, [null, 4, 3]),
  ...odd('axis', absurd, 'Softmax', {}, [null, 4]),
  ...odd('output_size', absurd, 'AdaptiveAveragePooling2D', {}, picture),
  ...odd('cropping', absurd, 'Cropping2D', {}, picture),
  ...[[null, 1e18], [null, -3], [1e10, 1e10, 1e10], [null, 1.5], 'shape', null].map(
    (shape): HostileCase => ({
      name: `an input of ${JSON.stringify(shape)}`,
      model: 'm.keras',
      code: shape === null ? 'import/keras-unbuilt' : shape[0] === 1e10 ? 'lower/bad-port' : 'import/keras-config',
      files: () => keras(one('ReLU', {}, shape)),
    }),
  ),
]

const graphs: readonly HostileCase[] = [
  {
    name: 'layers in a circle',
    code: 'import/keras-graph',
    files: () => keras(functional([input(), layer('Add', 'a', {}, [tensor('x'), tensor('y')]), layer('ReLU', 'y', {}, tensor('a'))])),
  },
  {
    name: 'a layer of its own result',
    code: 'import/keras-graph',
    files: () => keras(functional([input(), layer('Add', 'y', {}, [tensor('x'), tensor('y')])])),
  },
  {
    name: 'a call on a layer that is not there',
    code: 'import/keras-graph',
    files: () => keras(functional([input(), layer('ReLU', 'y', {}, tensor('nobody'))])),
  },
  {
    name: 'a call on call 7',
    code: 'import/keras-graph',
    files: () => keras(functional([input(), layer('ReLU', 'y', {}, tensor('x', 7))])),
  },
  {
    name: 'a call on output 2^31',
    code: 'import/keras-graph',
    files: () => keras(functional([input(), layer('ReLU', 'a', {}, tensor('x')), layer('ReLU', 'y', {}, tensor('a', 0, 2 ** 31))])),
  },
  {
    name: 'an output layer that is not there',
    code: 'import/keras-graph',
    files: () => keras(functional([input(), layer('ReLU', 'y', {}, tensor('x'))], ['nobody', 0, 0])),
  },
  {
    name: 'layers called __proto__ and constructor',
    code: undefined,
    files: () =>
      keras(
        functional(
          [input(), layer('ReLU', '__proto__', {}, tensor('x')), layer('ReLU', 'constructor', {}, tensor('__proto__'))],
          ['constructor', 0, 0],
        ),
      ),
  },
  { name: 'a layer of class constructor', code: 'import/keras-custom-layer', files: () => keras(one('constructor', {})) },
  {
    name: 'a configuration with the member __proto__',
    code: undefined,
    files: () => keras(JSON.stringify(one('ReLU', { max_value: 6 })).replace('"max_value"', '"__proto__":{"max_value":1},"max_value"')),
  },
  {
    name: 'weights of another shape',
    code: 'lower/bad-operands',
    files: () => keras(functional([input(), layer('Dense', 'dense', { units: 10 }, tensor('x'))], ['dense', 0, 0])),
  },
  { name: 'lists 100,000 deep', code: 'wire/limit-exceeded', files: () => keras(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) },
  { name: 'objects 100,000 deep', code: 'wire/limit-exceeded', files: () => keras(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`) },
  {
    name: 'models in models, 10,000 deep',
    code: 'wire/limit-exceeded',
    files: () => keras(`${'{"class_name":"Sequential","config":{"layers":['.repeat(10_000)}${']}}'.repeat(10_000)}`),
  },
  {
    name: 'a million layers',
    code: 'wire/limit-exceeded',
    files: () =>
      keras(
        `{"class_name":"Sequential","config":{"layers":[${Array.from({ length: 1e6 }, (_, i) => `{"class_name":"ReLU","config":{"name":"l${i}"}}`).join()}]}}`,
      ),
  },
  { name: 'models that call the next twice, 2^30 calls in all', code: 'wire/limit-exceeded', files: () => keras(doubling(30)) },
  { name: 'a configuration that is no JSON', code: 'import/keras-config', files: () => keras('{') },
  { name: 'a configuration that is a number', code: 'import/keras-config', files: () => keras('7') },
  {
    name: 'a configuration of a custom class',
    code: 'import/keras-subclassed-model',
    files: () => keras({ class_name: 'os.system', config: {} }),
  },
].map((c): HostileCase => ({ model: 'm.keras', ...c }))

const good = archive({
  'metadata.json': '{"keras_version":"3.15.1"}',
  'config.json': JSON.stringify(one('ReLU', {})),
  'model.weights.h5': weights,
})
/** Places of the records of `good` by signature. */
const records = (signature: number) => {
  const view = new DataView(good.buffer, good.byteOffset, good.byteLength)
  return [...Array(good.length - 4).keys()].filter((at) => view.getUint32(at, true) === signature)
}
const [directory, local, end] = [records(0x02014b50), records(0x04034b50), records(0x06054b50).at(-1)!]
const patched =
  (...writes: readonly (readonly [at: number, size: 2 | 4, value: number])[]) =>
  () => {
    const out = Buffer.from(good)
    for (const [at, size, value] of writes) {
      if (size === 2) out.writeUInt16LE(value, at)
      else out.writeUInt32LE(value, at)
    }
    return new Map([['m.keras', out]])
  }
const config = directory[1]!
const fflate = await import('fflate')

const zips: readonly HostileCase[] = [
  { name: 'a zip bomb', code: 'wire/limit-exceeded', files: () => bomb(2 ** 27, 2 ** 27) },
  { name: 'a zip bomb that states a small size', code: 'wire/checksum-mismatch', files: () => bomb(2 ** 25, 1000) },
  {
    name: 'an entry that leaves the archive',
    code: 'wire/malformed',
    files: () =>
      new Map([
        ['m.keras', archive({ '../config.json': '{}', 'config.json': JSON.stringify(one('ReLU', {})), 'model.weights.h5': weights })],
      ]),
  },
  {
    name: 'an entry with an absolute name',
    code: 'wire/malformed',
    files: () =>
      new Map([['m.keras', archive({ '/etc/passwd': '{}', 'config.json': JSON.stringify(one('ReLU', {})), 'model.weights.h5': weights })]]),
  },
  {
    name: 'entries of one name',
    code: 'wire/malformed',
    files: () =>
      new Map([
        [
          'm.keras',
          Buffer.concat(
            zipParts(
              'm',
              ['{}', '{}'].map((s) => ({ name: 'config.json', parts: [text(s)] })),
            ),
          ),
        ],
      ]),
  },
  {
    name: 'no config.json',
    code: 'import/keras-zip-incomplete',
    files: () => new Map([['m.keras', archive({ 'model.weights.h5': weights })]]),
  },
  {
    name: 'no weights',
    code: 'import/keras-zip-incomplete',
    files: () => new Map([['m.keras', archive({ 'config.json': JSON.stringify(one('ReLU', {})) })]]),
  },
  {
    name: 'weights that are no HDF5',
    code: 'wire/malformed',
    files: () => new Map([['m.keras', archive({ 'config.json': JSON.stringify(one('ReLU', {})), 'model.weights.h5': 'weights' })]]),
  },
  { name: 'an encrypted entry', code: 'wire/malformed', files: patched([config + 8, 2, 1]) },
  { name: 'an unknown method', code: 'wire/malformed', files: patched([config + 10, 2, 99]) },
  { name: 'an entry of 4 GB', code: 'wire/limit-exceeded', files: patched([config + 24, 4, 0xfffffffe], [config + 20, 4, 0xfffffffe]) },
  { name: 'zip64 sizes that are not there', code: 'wire/malformed', files: patched([config + 24, 4, 0xffffffff]) },
  { name: 'entries that share bytes', code: 'wire/malformed', files: patched([config + 42, 4, local[0]!]) },
  { name: 'an entry outside the file', code: 'wire/truncated', files: patched([config + 42, 4, 0xfffffff0]) },
  { name: 'a directory of 65,534 entries', code: 'wire/malformed', files: patched([end + 8, 2, 65_534], [end + 10, 2, 65_534]) },
  { name: 'a directory outside the file', code: 'wire/truncated', files: patched([end + 16, 4, 0x7fffffff]) },
  {
    name: 'a zip64 directory that is not there',
    code: 'wire/truncated',
    files: patched([end + 8, 2, 0xffff], [end + 10, 2, 0xffff], [end + 12, 4, 0xffffffff], [end + 16, 4, 0xffffffff]),
  },
  { name: 'a comment longer than the file', code: 'wire/malformed', files: patched([end + 20, 2, 0xffff]) },
  ...[0.1, 0.5, 0.9, 0.999].map((share) => ({
    name: `an archive cut at ${share * 100} %`,
    code: 'wire/malformed',
    files: () => new Map([['m.keras', good.subarray(0, Math.floor(good.length * share))]]),
  })),
].map((c): HostileCase => ({ model: 'm.keras', ...c }))

type H5File = InstanceType<typeof h5wasm.File>
/** A `.h5` file that h5wasm writes. */
function h5(write: (file: H5File) => void): Map<string, Uint8Array> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'downcast-h5-'))
  try {
    const file = new h5wasm.File(path.join(dir, 'm.h5'), 'w')
    write(file)
    file.close()
    return new Map([['m.h5', new Uint8Array(readFileSync(path.join(dir, 'm.h5')))]])
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
const dense = {
  class_name: 'Sequential',
  config: { name: 's', layers: [{ class_name: 'Dense', config: { name: 'd', units: 2, batch_input_shape: [null, 3], use_bias: false } }] },
}
/** A Dense layer `d` whose kernel `write` puts under `model_weights/d/k`. */
const withKernel = (write: (file: H5File) => void, model: Json | string = dense) =>
  h5((file) => {
    file.create_attribute('model_config', typeof model === 'string' ? model : JSON.stringify(model))
    file.create_attribute('keras_version', '2.15.0')
    file.create_group('model_weights')
    file.create_group('model_weights/d')
    ;(file.get('model_weights/d') as InstanceType<typeof h5wasm.Group>).create_attribute('weight_names', ['k'])
    write(file)
  })
const group = (file: H5File, name: string) => file.get(name) as InstanceType<typeof h5wasm.Group>
const plain = new Float32Array(6)
const wrong = (bytes: Uint8Array, at: number, ...values: readonly number[]) => {
  const out = bytes.slice()
  out.set(values, at)
  return new Map([['m.h5', out]])
}
const kernelFile = () => withKernel((file) => void group(file, 'model_weights/d').create_dataset({ name: 'k', data: plain, shape: [3, 2] }))

const files: readonly HostileCase[] = [
  { name: 'the file these cases are made from', code: undefined, files: kernelFile },
  { name: 'a superblock of version 9', code: 'wire/malformed', files: () => wrong(fixture('functional-keras2.h5'), 8, 9) },
  {
    name: 'a superblock with addresses of 200 bytes',
    code: 'wire/malformed',
    files: () => wrong(fixture('functional-keras2.h5'), 13, 200),
  },
  {
    name: 'a superblock whose root lies outside',
    code: 'wire/truncated',
    files: () => wrong(fixture('functional-keras2.h5'), 64, 255, 255, 255, 255, 255, 0),
  },
  {
    name: 'a superblock whose base lies outside',
    code: 'wire/truncated',
    files: () => wrong(fixture('functional-keras2.h5'), 24, 255, 255, 255, 255, 255, 0),
  },
  {
    name: 'a kernel that is a soft link to itself',
    code: 'wire/malformed',
    files: () => withKernel((file) => void group(file, 'model_weights/d').create_soft_link('/model_weights/d/k', 'k')),
  },
  {
    name: 'a kernel that is an external link',
    code: 'wire/malformed',
    files: () => withKernel((file) => void group(file, 'model_weights/d').create_external_link('/etc/passwd', '/k', 'k')),
  },
  {
    name: 'layers that are a link to the root',
    code: 'wire/malformed',
    files: () => withKernel((file) => void group(file, 'model_weights/d').create_hard_link('/model_weights', 'k')),
  },
  {
    name: 'a kernel of another shape',
    code: 'lower/bad-operands',
    files: () => withKernel((file) => void group(file, 'model_weights/d').create_dataset({ name: 'k', data: plain, shape: [2, 3] })),
  },
  {
    name: 'a kernel of rank 1',
    code: 'lower/bad-operands',
    files: () => withKernel((file) => void group(file, 'model_weights/d').create_dataset({ name: 'k', data: plain, shape: [6] })),
  },
  {
    name: 'a kernel of text',
    code: 'wire/malformed',
    files: () => withKernel((file) => void group(file, 'model_weights/d').create_dataset({ name: 'k', data: ['a', 'b'] })),
  },
  {
    name: 'a kernel that inflates a thousandfold',
    code: 'lower/bad-operands',
    files: () =>
      withKernel(
        (file) =>
          void group(file, 'model_weights/d').create_dataset({
            name: 'k',
            data: new Float32Array(2 ** 24),
            shape: [2 ** 12, 2 ** 12],
            chunks: [2 ** 12, 2 ** 12],
            compression: 9,
          }),
      ),
  },
  { name: 'a configuration nested 30,000 deep', code: 'wire/limit-exceeded', files: () => withKernel(() => {}, `${'['.repeat(30_000)}`) },
  {
    name: 'a configuration that is cut',
    code: 'import/keras-config',
    files: () => withKernel(() => {}, JSON.stringify(dense).slice(0, -5)),
  },
  { name: 'no configuration', code: 'import/keras-no-config', files: () => h5((file) => void file.create_group('model_weights')) },
  ...[0.1, 0.5, 0.9, 0.99].map((share) => ({
    name: `a file cut at ${share * 100} %`,
    code: 'wire/truncated',
    files: () => new Map([['m.h5', fixture('functional-keras2.h5').subarray(0, Math.floor(10904 * share))]]),
  })),
].map((c): HostileCase => ({ model: 'm.h5', ...c }))

testCases([...layers, ...graphs, ...zips, ...files])

/** Models within models, each of which calls the one inside twice. */
function doubling(depth: number): Json {
  if (depth === 0) return functional([input(), layer('ReLU', 'y', {}, tensor('x'))])
  const inner = {
    ...(doubling(depth - 1) as { [key: string]: Json }),
    name: 'inner',
    inbound_nodes: [
      { args: [tensor('x')], kwargs: {} },
      { args: [tensor('inner', 0)], kwargs: {} },
    ],
  }
  return functional([input(), inner, layer('ReLU', 'y', {}, tensor('inner', 1))])
}

/** An archive whose configuration inflates to `byteLength` zeros and states `stated`. */
function bomb(byteLength: number, stated: number): Map<string, Uint8Array> {
  const deflate = new fflate.Deflate({ level: 9 })
  const parts: Uint8Array[] = []
  deflate.ondata = (chunk) => void parts.push(chunk)
  const piece = new Uint8Array(2 ** 24)
  for (let at = 0; at < byteLength; at += piece.length) deflate.push(piece, at + piece.length >= byteLength)
  const out = Buffer.concat(zipParts('m', [{ name: 'config.json', parts }]))
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength)
  const at = [...Array(out.length - 4).keys()].find((i) => view.getUint32(i, true) === 0x02014b50)!
  for (const [record, method, size] of [
    [0, 8, 22],
    [at, 10, 24],
  ] as const) {
    view.setUint16(record + method, 8, true)
    view.setUint32(record + size, stated, true)
  }
  return new Map([['m.keras', out]])
}
