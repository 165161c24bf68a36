import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import * as path from 'node:path'
import type { Json } from '../../src/core/json.ts'
import { type HostileCase, testCases } from './run.ts'

const text = (s: string) => new TextEncoder().encode(s)
const f32 = { type: 'DT_FLOAT' }
const node = (name: string, op: string, input: readonly string[] = [], attr: object = {}) => ({ name, op, input, attr })
const x = node('x', 'Placeholder', [], { dtype: f32, shape: { shape: { dim: [{ size: '1' }, { size: '2' }] } } })
const constant = node('c', 'Const', [], { dtype: f32, value: { tensor: { dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '2' }] } } } })
const y = node('y', 'AddV2', ['x', 'c'], { T: f32 })
const weight = { name: 'c', shape: [2], dtype: 'float32' }
const twoFloats = new Uint8Array(8)

interface Spec {
  readonly nodes?: readonly object[]
  readonly groups?: Json
  readonly files?: Readonly<Record<string, Uint8Array>>
}

/** A graph model that adds a constant of two floats in `w.bin`. */
function model({
  nodes = [x, constant, y],
  groups = [{ paths: ['w.bin'], weights: [weight] }],
  files = { 'w.bin': twoFloats },
}: Spec): Map<string, Uint8Array> {
  const json = JSON.stringify({ format: 'graph-model', modelTopology: { node: nodes }, weightsManifest: groups })
  return new Map([['model.json', text(json)], ...Object.entries(files)])
}
const shardAt = (name: string) => () => model({ groups: [{ paths: [name], weights: [weight] }] })
const weightOf = (change: { readonly [name: string]: Json }) => () =>
  model({ groups: [{ paths: ['w.bin'], weights: [{ ...weight, ...change }] }] })
const json = (s: string) => () =>
  new Map([
    ['model.json', text(s)],
    ['w.bin', twoFloats],
  ])
const good = JSON.stringify({
  format: 'graph-model',
  modelTopology: { node: [x, constant, y] },
  weightsManifest: [{ paths: ['w.bin'], weights: [weight] }],
})

const shards: readonly HostileCase[] = [
  ...[
    '../w.bin',
    'a/../../w.bin',
    '/etc/passwd',
    'C:/w.bin',
    'C:\\w.bin',
    '..\\w.bin',
    'http://example.com/w.bin',
    'https://example.com/w.bin',
    'file:///etc/passwd',
    'data:,0',
    '',
    '.',
    './',
    'w.bin\u0000',
    '~/w.bin',
    '%2e%2e/w.bin',
    '__proto__',
  ].map(
    (name): HostileCase => ({
      name: `weights in ${JSON.stringify(name)}`,
      code: /^(data:|~|%|__)/.test(name) ? 'import/tfjs-shard-missing' : 'import/path-outside-folder',
      files: shardAt(name),
    }),
  ),
  {
    name: 'weights in a link outside',
    code: 'import/link-outside-folder',
    files: () => (folder) => {
      for (const [name, bytes] of model({ files: {} })) writeFileSync(path.join(folder, name), bytes)
      symlinkSync('/etc/hostname', path.join(folder, 'w.bin'))
    },
  },
  {
    name: 'weights in a folder',
    code: 'import/unreadable',
    files: () => (folder) => {
      for (const [name, bytes] of model({ files: {} })) writeFileSync(path.join(folder, name), bytes)
      mkdirSync(path.join(folder, 'w.bin'))
    },
  },
  { name: 'weights in a file that is missing', code: 'import/tfjs-shard-missing', files: () => model({ files: {} }) },
  {
    name: 'weights in a file that is too short',
    code: 'import/tfjs-shard-too-short',
    files: () => model({ files: { 'w.bin': new Uint8Array(7) } }),
  },
  { name: 'weights in a file that is too long', code: undefined, files: () => model({ files: { 'w.bin': new Uint8Array(99) } }) },
  {
    name: 'one file of weights named 100,000 times',
    code: undefined,
    files: () => model({ groups: [{ paths: Array<string>(1e5).fill('w.bin'), weights: [weight] }] }),
  },
  {
    name: 'a weight that is listed twice',
    code: 'import/tfjs-duplicate-weight',
    files: () => model({ groups: [{ paths: ['w.bin'], weights: [weight, weight] }] }),
  },
  {
    name: 'a million empty weights',
    code: 'wire/limit-exceeded',
    files: () =>
      model({
        groups: [
          {
            paths: ['w.bin'],
            weights: [weight, ...Array.from({ length: 1e6 }, (_, i) => ({ name: `w${i}`, shape: [0], dtype: 'float32' }))],
          },
        ],
      }),
  },
  {
    name: 'a weight called __proto__',
    code: undefined,
    files: () =>
      model({
        nodes: [x, { ...constant, name: '__proto__' }, { ...y, input: ['x', '__proto__'] }],
        groups: [{ paths: ['w.bin'], weights: [{ ...weight, name: '__proto__' }] }],
      }),
  },
]

const manifests: readonly HostileCase[] = [
  ...[[2 ** 62], [1e18, 1e18], [-2], [1.5], ['2'], 'two', null, [2, null], [2 ** 31], Array<number>(300).fill(1)].map(
    (shape): HostileCase => ({
      name: `a weight of shape ${JSON.stringify(shape).slice(0, 40)}`,
      code:
        !Array.isArray(shape) || (shape[0] !== 2 ** 31 && shape.length < 300)
          ? 'import/tfjs-json'
          : shape.length === 1
            ? 'import/tfjs-shard-too-short'
            : 'import/tfjs-constant-mismatch',
      files: weightOf({ shape }),
    }),
  ),
  { name: 'a weight of 2^40 strings', code: 'import/tfjs-shard-too-short', files: weightOf({ shape: [2 ** 40], dtype: 'string' }) },
  { name: 'a weight of another dtype', code: 'import/tfjs-json', files: weightOf({ dtype: 'float128' }) },
  { name: 'a quantized weight without a scale', code: 'import/tfjs-json', files: weightOf({ quantization: { dtype: 'uint8' } }) },
  {
    name: 'a quantized weight with a scale of text',
    code: 'import/tfjs-json',
    files: weightOf({ quantization: { dtype: 'uint8', scale: 'big', min: 0 } }),
  },
  { name: 'a manifest that is an object', code: 'import/tfjs-json', files: () => model({ groups: {} }) },
  { name: 'a manifest that is null', code: 'import/tfjs-json', files: () => model({ groups: null }) },
  {
    name: 'a constant of 2^40 elements in the graph, of two in the manifest',
    code: 'import/tfjs-constant-mismatch',
    files: () =>
      model({
        nodes: [
          x,
          node('c', 'Const', [], { dtype: f32, value: { tensor: { dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: `${2 ** 40}` }] } } } }),
          y,
        ],
      }),
  },
]

const documents: readonly HostileCase[] = [
  {
    name: 'lists 100,000 deep',
    code: 'wire/limit-exceeded',
    files: json(`{"modelTopology":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
  },
  {
    name: 'objects a million deep, without an end',
    code: 'wire/limit-exceeded',
    files: json(`{"modelTopology":${'{"a":'.repeat(1_000_000)}`),
  },
  ...[0.2, 0.5, 0.9, 0.99].map((share) => ({
    name: `a model.json cut at ${share * 100} %`,
    code: 'import/tfjs-json',
    says: /damaged or incomplete/,
    files: json(good.slice(0, Math.floor(good.length * share))),
  })),
  { name: 'a model.json of zeros', code: 'import/tfjs-json', files: () => new Map([['model.json', new Uint8Array(1000)]]) },
  { name: 'a model.json that is null', code: 'import/tfjs-no-topology', files: json('null') },
  { name: 'a topology that is a list', code: 'import/tfjs-json', files: json('{"modelTopology":[]}') },
  { name: 'a node that is null', code: 'wire/malformed', files: () => model({ nodes: [null as unknown as object] }) },
  { name: 'a node whose inputs are numbers', code: 'wire/malformed', files: () => model({ nodes: [x, { ...y, input: [1, 2] }] }) },
  {
    name: 'nodes in a circle',
    code: 'import/no-outputs',
    files: () => model({ nodes: [x, constant, node('a', 'AddV2', ['x', 'y'], { T: f32 }), node('y', 'AddV2', ['a', 'c'], { T: f32 })] }),
  },
  { name: 'attributes called __proto__', code: undefined, files: json(good.replace('"T":', '"__proto__":{"type":"DT_INT32"},"T":')) },
  {
    name: 'a layers model of a million layers',
    code: 'wire/limit-exceeded',
    files: json(
      `{"modelTopology":{"class_name":"Sequential","config":{"layers":[${Array.from({ length: 1e6 }, (_, i) => `{"class_name":"ReLU","config":{"name":"l${i}"}}`).join()}]}},"weightsManifest":[]}`,
    ),
  },
  {
    name: 'a layers model of an unknown class',
    code: 'import/keras-subclassed-model',
    files: json('{"modelTopology":{"class_name":"constructor","config":{}},"weightsManifest":[]}'),
  },
]

testCases([...shards, ...manifests, ...documents])
