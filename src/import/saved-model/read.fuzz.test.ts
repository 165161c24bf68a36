import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { attr, call, constant, floats, type ModelSpec, modelFiles, node, tensor, variable } from '../../../test/testkit/saved-model.ts'
import { fuzzOptions, mutate, randomIntegers, settles } from '../../wire/fuzz.testkit.ts'
import { memoryFolder } from '../folder.ts'
import type { SourceAttrs, SourceGraph } from '../source-graph.ts'
import { importSavedModel } from './read.ts'

function fixture(name: string): Map<string, Uint8Array> {
  const root = new URL(`../../../fixtures/saved-model/${name}/`, import.meta.url)
  const paths = ['saved_model.pb', ...readdirSync(new URL('variables', root)).map((f) => `variables/${f}`)]
  return new Map(paths.map((p) => [p, new Uint8Array(readFileSync(new URL(p, root)))]))
}

/** Small, so that a change is likely to matter: calls, a loop, a variable, constants. */
const small: ModelSpec = {
  nodes: [
    node('x', 'Placeholder'),
    variable('v'),
    constant(
      'c',
      tensor(
        'i32',
        [3],
        [
          [7, 1],
          [7, 2],
        ],
      ),
    ),
    node('while', 'While', ['x', 'v', 'c'], {
      body: attr.func('body'),
      T: attr.list([
        [6, 1],
        [6, 20],
      ]),
    }),
    call('call', 'inner', ['while:0', 'v']),
    node('read', 'ReadVariableOp', ['v']),
    node('y', 'AddV2', ['call:0', 'read']),
  ],
  functions: [
    {
      name: 'body',
      args: { a: 'f32', v: 'resource', c: 'i32' },
      results: { a: 'n:y:0', v: 'v', c: 'c' },
      nodes: [call('m', 'inner', ['a', 'v']), node('n', 'Neg', ['a'])],
    },
    {
      name: 'inner',
      args: { a: 'f32', v: 'resource' },
      results: { r: 'add:z:0' },
      nodes: [node('r', 'ReadVariableOp', ['v']), node('add', 'Add', ['a', 'r:value:0'])],
    },
  ],
  signatures: { f: { inputs: { x: { name: 'x:0', dims: [-1, 3] } }, outputs: { y: { name: 'y:0', dims: [-1, 3] } } } },
  ops: [{ name: 'Add', outputs: ['z'], defaults: { T: attr.type('f32') } }],
}

function walk(g: SourceGraph): void {
  const all = (attrs: SourceAttrs): void => {
    for (const name of attrs.names()) {
      const value = attrs.get(name)
      if (value?.kind !== 'func') continue
      all(value.attrs)
      if (g.functions.has(value.value)) walk(g.functions.load(value.value))
    }
  }
  g.nodes.forEach((n, i) => {
    for (const input of n.inputs) if (input.node >= i) throw new Error(`${n.name} comes before its operand`)
    all(n.attrs)
    if (n.value && 'data' in n.value && n.value.data.byteLength < 2 ** 24) {
      if (n.value.data.bytes().byteLength !== n.value.data.byteLength) throw new Error(`${n.name} has another size than it says`)
    }
  })
}

const options = fuzzOptions(500, 1500)

test.each([
  ['a small model', modelFiles(small, { tensors: { v: floats([3]) } })],
  ['a Keras 3 export', fixture('mnist_mlp-keras3')],
  ['a TF1 model', fixture('mnist_mlp-tf1')],
])('%s with damaged bytes is imported or refused', async (_, files) => {
  const read = (damaged: Map<string, Uint8Array>): void => importSavedModel(memoryFolder('m', damaged)).graphs.forEach(walk)
  read(files)
  const paths = [...files.keys(), 'saved_model.pb', 'saved_model.pb']
  const counts = { ok: 0, refused: 0 }
  const end = performance.now() + options.budgetMs
  for (let i = 0; i < options.iterations && performance.now() < end; i++) {
    const next = randomIntegers(options.seed * 1_000_003 + i)
    const path = paths[next() % paths.length]!
    const damaged = new Map(files).set(path, mutate(files.get(path)!, next))
    counts[await settles(`case ${i} of seed ${options.seed} in ${path}`, () => read(damaged))]++
  }
  expect(counts.ok).toBeGreaterThan(0)
  expect(counts.refused).toBeGreaterThan(0)
})
