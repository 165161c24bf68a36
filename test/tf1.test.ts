import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { convert } from '../src/convert.ts'
import { memorySource } from '../src/core/bytes.ts'
import type { NdArray } from '../src/core/nd-array.ts'
import { tfliteBytes } from '../src/export/write-tflite.ts'
import { memoryFolder } from '../src/import/folder.ts'
import { type ReadOptions, readModel } from '../src/import/read-model.ts'
import { loadNodeLiteRt } from '../src/platform/node-litert.ts'
import { liteRtRunner } from '../src/run/litert.ts'
import { readNpz } from '../src/wire/npz.ts'
import { firstDifference } from './testkit/oracle.ts'

/* Models as TensorFlow 1 wrote them (fixtures/tf1/make.py), run by LiteRT and judged by what TensorFlow recorded. */

const root = new URL('../fixtures/tf1/', import.meta.url)
const bytes = (path: string) => new Uint8Array(readFileSync(new URL(path, root)))
const source = (path: string) => memorySource(path, bytes(path))
const folderOf = (name: string) => {
  const paths = ['saved_model.pb', ...readdirSync(new URL(`${name}/variables/`, root)).map((f) => `variables/${f}`)]
  return memoryFolder(name, new Map(paths.map((p) => [p, bytes(`${name}/${p}`)])))
}
const runner = liteRtRunner(loadNodeLiteRt)
afterAll(() => runner.dispose())

type Arrays = Map<string, NdArray>

/** Samples of one signature, or of one choice of inputs and outputs. */
function samples(name: string, signature: string): { feeds: Arrays; expected: Arrays }[] {
  const found = new Map<string, { feeds: Arrays; expected: Arrays }>()
  for (const [key, array] of readNpz(source(`${name}/io.npz`))) {
    const [, of = 'serving_default', kind, port, k = '0'] = /^(?:(.+?)\.)?(in|out)_(.*?)(?:@(\d+))?$/.exec(key)!
    if (of !== signature) continue
    const sample = found.get(k) ?? { feeds: new Map(), expected: new Map() }
    found.set(k, sample)
    ;(kind === 'in' ? sample.feeds : sample.expected).set(port!, array)
  }
  expect(found.size).toBeGreaterThan(0)
  return [...found.values()]
}

async function check(
  model: Parameters<typeof readModel>[0],
  options: ReadOptions,
  name: string,
  signature: string,
  key = signature,
): Promise<void> {
  const loaded = await runner.load(tfliteBytes(convert(await readModel(model, options)).model), { name })
  try {
    for (const { feeds, expected } of samples(name, signature)) {
      expect(firstDifference(await loaded.run(feeds, { signature: key }), expected, 1e-4, 0), signature).toBeUndefined()
    }
  } finally {
    await loaded.dispose()
  }
}

describe.each(['frozen.pb', 'frozen.pbtxt'])('%s', (file) => {
  const graph = { file: source(`graph/${file}`) }
  test.each<[string, ReadOptions]>([
    ['both', { outputs: ['top:1', 'probabilities:0'] }],
    ['cut', { inputs: ['features'], outputs: ['probabilities'], shapes: new Map([['features', [-1, 4, 4, 4]]]) }],
    ['kept', { inputs: ['image', 'keep'], outputs: ['probabilities'] }],
  ])('%s', (of, options) => check(graph, options, 'graph', of, 'main'))
})

test.each([
  ['estimator', 'serving_default'],
  ['estimator', 'predict'],
  ['resource', 'serving_default'],
  ['cond', 'serving_default'],
  ['loops', 'serving_default'],
  ['dynamic_rnn', 'serving_default'],
  ['examples', 'serving_default'],
  ['examples', 'single'],
  ['examples', 'first'],
  ['switches', 'serving_default'],
  ['checkpoint_v1', 'serving_default'],
  ['checkpoint_v1_shards', 'serving_default'],
])('%s %s', (name, signature) => check({ folder: folderOf(name) }, {}, name, signature))

test('features of parsed examples are the inputs, called by their keys; the batch is one size', async () => {
  const { graphs, diagnostics } = await readModel({ folder: folderOf('examples') })
  expect(graphs.map((g) => [g.name, g.inputs.map((p) => [p.name, p.dtype, p.shape])])).toEqual([
    [
      'serving_default',
      [
        ['n', 'i64', ['N']],
        ['steps', 'f32', ['N', 'steps_1', 2]],
        ['x y', 'f32', ['N', 3]],
      ],
    ],
    [
      'first',
      [
        ['n', 'i64', ['N']],
        ['x y', 'f32', ['N', 3]],
      ],
    ],
    [
      'single',
      [
        ['n', 'i64', []],
        ['steps', 'f32', ['steps_0', 2]],
        ['x y', 'f32', [3]],
      ],
    ],
  ])
  expect(graphs[0]!.outputs.map((p) => p.name)).toEqual(['total', 'y'])
  expect(diagnostics.filter((d) => d.code === 'import/parsed-features').map((d) => d.message)).toContainEqual(
    expect.stringContaining('takes the features "n", "steps", "x y" in place of the tf.Examples that it parses ("examples")'),
  )
})

test('signatures that need strings are left out and named; asked for by name they are refused', async () => {
  const folder = folderOf('examples')
  const { diagnostics } = await readModel({ folder })
  expect(diagnostics.filter((d) => d.code === 'import/string-inputs').map((d) => d.message)).toEqual([
    expect.stringContaining('"tags" of "examples/saved_model.pb" cannot be converted: of the tf.Examples'),
  ])
  await expect(readModel({ folder }, { signature: 'tags' })).rejects.toMatchObject({
    code: 'import/string-inputs',
    message: expect.stringContaining('it needs "tags" (sparse)'),
  })
})

test('names of classes are left out beside the scores, and that is told', async () => {
  const { graphs, diagnostics } = await readModel({ folder: folderOf('estimator') })
  expect(graphs.map((g) => [g.name, g.inputs.map((p) => p.name), g.outputs.map((p) => p.name)])).toEqual([
    ['serving_default', ['x'], ['probabilities']],
    ['classification', ['x'], ['scores']],
    ['predict', ['x'], ['class_ids', 'logits', 'probabilities']],
  ])
  const told = diagnostics.filter((d) => d.severity === 'warning')
  expect(told.map((d) => [d.code, d.tensor, /signature "(\w+)"/.exec(d.message)?.[1]])).toEqual([
    ['import/string-outputs', 'classes', 'classification'],
    ['import/string-outputs', 'classes', 'predict'],
  ])
})

test('a MetaGraph is chosen by its tags; others are listed', async () => {
  const folder = folderOf('estimator')
  expect((await readModel({ folder }, { tags: ['gpu', 'serve'] })).graphs[0]!.outputs.map((o) => o.name)).toEqual(['logits'])
  await expect(readModel({ folder }, { tags: ['train'] })).rejects.toMatchObject({
    code: 'import/unknown-tags',
    actual: '{serve}, {serve, gpu}',
  })
})

test('updates of moving averages that no output needs are left out', async () => {
  const [g] = (await readModel({ folder: folderOf('switches') })).graphs
  expect(g!.nodes.filter((n) => n.hasEffect || n.op.startsWith('Assign'))).toEqual([])
  expect(g!.nodes.filter((n) => n.op === 'If').length).toBe(1)
})

test('a SavedModel can be cut as a graph can', async () => {
  const [g] = (await readModel({ folder: folderOf('estimator') }, { outputs: ['dnn/logits'] })).graphs
  expect([g!.name, g!.inputs.map((p) => p.name), g!.outputs.map((p) => p.name)]).toEqual(['serving_default', ['x'], ['dnn/logits']])
})
