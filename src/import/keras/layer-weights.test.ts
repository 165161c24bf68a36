import { expect, test } from 'vitest'
import { constFromBytes } from '../../core/bytes.ts'
import { Diagnostics } from '../../core/diagnostics.ts'
import type { Json } from '../../core/json.ts'
import type { Hdf5File } from '../../wire/hdf5/hdf5.ts'
import { ConfigCursor } from './config-cursor.ts'
import { chunkedStrings, type LayerWeights, readLegacyWeights, readSavedWeights } from './layer-weights.ts'
import { readModelConfig } from './model-config.ts'
import { snakeCase } from './weight-slots.ts'

/** A file of datasets by path, whose first byte tells them apart, and attributes by `path@name`. */
function fakeFile(datasets: readonly string[], attributes: Readonly<Record<string, readonly string[]>> = {}): Hdf5File {
  const clean = (p: string) => p.replace(/^\/+/, '')
  const below = (p: string) => datasets.filter((d) => clean(p) === '' || d.startsWith(`${clean(p)}/`))
  return {
    name: 'f.h5',
    kindOf: (p) => (datasets.includes(clean(p)) ? 'dataset' : below(p).length > 0 ? 'group' : undefined),
    childrenOf: (p) => [...new Set(below(p).map((d) => d.slice(clean(p) === '' ? 0 : clean(p).length + 1).split('/')[0]!))],
    attribute: (p, name) => attributes[`${clean(p)}@${name}`],
    dataset: (p) => ({ dtype: 'u8', shape: [1], data: constFromBytes(Uint8Array.of(datasets.indexOf(clean(p)))) }),
  }
}
const layer = (className: string, name: string, config: { [k: string]: Json } = {}): Json => ({
  class_name: className,
  config: { name, ...config },
})
const model = (...layers: Json[]): Json => ({ class_name: 'Sequential', config: { name: 'm', layers } })
const read = (json: Json) => readModelConfig(new ConfigCursor('f.h5', '', json))
/** `layer/weight=dataset` */
function listed(weights: LayerWeights, datasets: readonly string[]): string[] {
  return Array.from(weights).flatMap(([l, found]) => Array.from(found, ([name, w]) => `${l.name}/${name}=${datasets[w.data.bytes()[0]!]}`))
}

test('class names become group names', () => {
  expect(['Conv2D', 'ReLU', 'BatchNormalization', 'PReLU', 'LSTM', 'Conv2DTranspose', 'My>Layer'].map(snakeCase)).toEqual([
    'conv2d',
    're_lu',
    'batch_normalization',
    'p_re_lu',
    'lstm',
    'conv2d_transpose',
    'my_layer',
  ])
})

test('long lists of names are put together from their chunks', () => {
  const file = fakeFile(['g/x'], { 'g@names0': ['a', 'b'], 'g@names1': ['c'], 'g@whole': ['d'] })
  expect([chunkedStrings(file, 'g', 'names'), chunkedStrings(file, 'g', 'whole'), chunkedStrings(file, 'g', 'none')]).toEqual([
    ['a', 'b', 'c'],
    ['d'],
    [],
  ])
})

test('unnamed groups belong to the layers with weights in their order, however they are numbered', () => {
  const datasets = ['dense/vars/0', 'dense/vars/1', 'dense_2/vars/0', 'dense_2/vars/1', 'dense_10/vars/0'].map(
    (d) => `_layer_checkpoint_dependencies/${d}`,
  )
  const json = model(layer('Dense', 'a'), layer('Flatten', 'f'), layer('Dense', 'b'), layer('Dense', 'c', { use_bias: false }))
  const diagnostics = new Diagnostics()
  const found = listed(readSavedWeights(fakeFile(datasets), read(json), diagnostics), datasets)
  expect(found.map((f) => f.replace('_layer_checkpoint_dependencies/', ''))).toEqual([
    'a/kernel=dense/vars/0',
    'a/bias=dense/vars/1',
    'b/kernel=dense_2/vars/0',
    'b/bias=dense_2/vars/1',
    'c/kernel=dense_10/vars/0',
  ])
  expect(diagnostics.list).toEqual([])
})

test('the private names of attention are found', () => {
  const parts = ['query', 'key', 'value', 'output'].map((p) => `layers/multi_head_attention/_${p}_dense/vars/0`)
  const found = listed(
    readSavedWeights(fakeFile(parts), read(model(layer('MultiHeadAttention', 'a', { use_bias: false }))), new Diagnostics()),
    parts,
  )
  expect(found[3]).toBe('a/output_dense/kernel=layers/multi_head_attention/_output_dense/vars/0')
})

test('a legacy file lists frozen weights and statistics last', () => {
  const inner = {
    ...(model(layer('BatchNormalization', 'bn'), layer('Dense', 'frozen', { trainable: false }), layer('Dense', 'd')) as object),
  }
  const json = model({ ...inner, class_name: 'Sequential', config: { ...(inner as { config: object }).config, name: 'inner' } } as Json)
  const names = [
    'bn/gamma:0',
    'bn/beta:0',
    'd/kernel:0',
    'd/bias:0',
    'bn/moving_mean:0',
    'bn/moving_variance:0',
    'frozen/kernel:0',
    'frozen/bias:0',
  ]
  const datasets = names.map((n) => `w/inner/${n}`)
  const diagnostics = new Diagnostics()
  const found = listed(readLegacyWeights(fakeFile(datasets, { 'w/inner@weight_names': names }), 'w', read(json), diagnostics), datasets)
  expect(found.toSorted()).toEqual(names.map((n) => `${n.replace(':0', '')}=w/inner/${n}`).toSorted())
  const swapped = [...names.slice(0, 2), ...names.slice(4), ...names.slice(2, 4)]
  readLegacyWeights(fakeFile(datasets, { 'w/inner@weight_names': swapped }), 'w', read(json), diagnostics)
  expect(diagnostics.list).toMatchObject([{ code: 'import/keras-weights', node: 'inner' }])
})

test('groups that link in circles are bounded', () => {
  const endless: Hdf5File = {
    ...fakeFile([]),
    kindOf: (p) => (p.endsWith('vars') || p.endsWith('0') ? undefined : 'group'),
    childrenOf: (p) => (p.length > 300 ? [] : ['dense', 'dense_1']),
  }
  expect(() => readSavedWeights(endless, read(model(layer('Dense', 'a'))), new Diagnostics())).toThrow('at most 200000 links')
})
