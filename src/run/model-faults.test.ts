import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import type { ByteSource } from '../core/bytes.ts'
import { type NdArray, ndArray } from '../core/nd-array.ts'
import { loadNodeLiteRt } from '../platform/node-litert.ts'
import { modelTable } from '../schema/tflite/model.ts'
import type { InputOf } from '../wire/flatbuffers/schema.ts'
import { encodeFlatbuffer } from '../wire/flatbuffers/writer.ts'
import { editModel } from './edit-model.ts'
import { checkFeeds } from './feeds.ts'
import { liteRtRunner } from './litert.ts'
import { compile } from './litert-compile.ts'
import { guarded, startRuntime } from './litert-runtime.ts'
import { type ModelTables, openModel, type TensorRecord } from './model-io.ts'

const runner = liteRtRunner(loadNodeLiteRt)
afterAll(() => runner.dispose())
const file = openModel(
  'mnist.tflite',
  new Uint8Array(readFileSync(new URL('../../fixtures/tflite/mnist_mlp.dynamic.tflite', import.meta.url))),
)
const [signature] = file.signatures
const digit = (count: number): NdArray => ndArray('f32', new Float32Array(count * 784), [count, 28, 28, 1])

/** The model with other tables. */
function changed(change: (tables: ModelTables) => Partial<ModelTables>): Uint8Array {
  const tables = { ...file.tables, ...change(file.tables) }
  const outputs = signature!.outputs.map((port) => ({ kind: 'tensor', port, shape: port.initialShape }) as const)
  return joined(editModel({ ...file, tables }, signature!, [[1, 28, 28, 1]], outputs).pieces)
}

function joined(pieces: readonly ByteSource[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces.map((p) => p.read(0, p.byteLength))))
}

function withTensors(tables: ModelTables, change: (tensor: TensorRecord, index: number) => TensorRecord): Partial<ModelTables> {
  return { subgraphs: tables.subgraphs.map((g) => ({ ...g, tensors: g.tensors.map(change) })) }
}

test('an edited model is a model, with its weights where they belong', async () => {
  const plain = await runner.load(file.source)
  const [name, output] = [signature!.inputs[0]!.name, signature!.outputs[0]!.name]
  const expected = (await plain.run(new Map([[name, digit(1)]]))).get(output)
  const edited = await runner.load(changed(() => ({})))
  expect(edited.signatures).toMatchObject([
    { key: 'edited', inputs: [{ name: '0', shape: [1, 28, 28, 1] }], outputs: [{ name: '0', shape: [1, 10] }] },
  ])
  expect((await edited.run(new Map([['0', digit(1)]]))).get('0')).toEqual(expected)
  await plain.dispose()
  await edited.dispose()
})

test('an op in a version that the runtime does not have is named', async () => {
  const bytes = changed(({ operatorCodes }) => ({ operatorCodes: operatorCodes.map((c) => ({ ...c, version: 99 })) }))
  await expect(runner.load(bytes, { name: 'new.tflite' })).rejects.toMatchObject({
    code: 'run/missing-op',
    file: 'new.tflite',
    op: expect.stringMatching(/^[A-Z_]+ version 99$/),
  })
})

test('inputs and outputs of types that cannot be handed over', async () => {
  const output = signature!.outputs[0]!.tensor
  const bytes = changed((tables) => withTensors(tables, (t, i) => (i === output ? { ...t, type: 'COMPLEX128' } : t)))
  const error = { code: 'run/unsupported-dtype', tensor: '0', actual: 'c128' }
  await expect(runner.load(bytes)).rejects.toMatchObject(error)
})

test('a model that is larger than the memory', async () => {
  const runtime = await startRuntime(loadNodeLiteRt)
  const huge = { byteLength: 2 ** 31 } as ByteSource
  await expect(compile(runtime, 'huge.tflite', [huge], [{ index: 0, inputs: [], outputs: [] }])).rejects.toMatchObject({
    code: 'run/out-of-memory',
    file: 'huge.tflite',
  })
  const { module } = runtime
  const full = { ...runtime, module: Object.assign(Object.create(module) as typeof module, { _malloc: () => 0 }) }
  await expect(compile(full, 'm', [file.source], [{ index: 0, inputs: [], outputs: [] }])).rejects.toMatchObject({
    code: 'run/out-of-memory',
  })
})

test('an abort without a word, when all memory is taken, is one for want of memory', async () => {
  const runtime = await startRuntime(loadNodeLiteRt)
  const abort = () => {
    throw new WebAssembly.RuntimeError('Aborted(). Build with -sASSERTIONS for more info.')
  }
  const subject = { name: 'm.tflite', sizeBytes: 5 }
  const taking = (byteLength: number) => ({ ...runtime, memory: { buffer: { byteLength } } as unknown as WebAssembly.Memory })
  await expect(guarded(taking(1.9 * 2 ** 30), subject, abort)).rejects.toMatchObject({ code: 'run/out-of-memory' })
  await expect(guarded(taking(2 ** 28), subject, abort)).rejects.toMatchObject({ code: 'run/crashed' })
})

test('a signature that leads nowhere', () => {
  const open = (model: InputOf<typeof modelTable>) =>
    openModel('broken.tflite', encodeFlatbuffer(modelTable, model, { identifier: 'TFL3' }))
  const malformed = expect.objectContaining({ code: 'wire/malformed', file: 'broken.tflite' })
  expect(() => open({ subgraphs: [{}], signatureDefs: [{ subgraphIndex: 7 }] })).toThrow(malformed)
  expect(() => open({ subgraphs: [{}], signatureDefs: [{ inputs: [{ name: 'x', tensorIndex: 1 }] }] })).toThrow(malformed)
  expect(() => open({ subgraphs: [{ outputs: [0] }] })).toThrow(malformed)
  expect(() => open({})).toThrow(malformed)
  const tensors = [{ shape: new Array<number>(9).fill(1) }]
  expect(() => open({ subgraphs: [{ tensors, outputs: [0] }] })).toThrow(expect.objectContaining({ code: 'wire/limit-exceeded' }))
})

test('a feed that holds less than its shape says is our bug', () => {
  const short = { dtype: 'f32', shape: [1, 28, 28, 1], bytes: new Uint8Array(4) } as const
  expect(() => checkFeeds('m', signature!, new Map([['flatten_input', short]]))).toThrow('as many bytes as its shape says')
})

test('a model that LiteRT refuses is refused with its words', async () => {
  const bytes = changed((tables) =>
    withTensors(tables, (t) => (t.shape.length === 2 && t.shape[1] === 784 ? { ...t, shape: Int32Array.of(99, 784) } : t)),
  )
  await expect(runner.load(bytes, { name: 'odd.tflite' })).rejects.toMatchObject({ code: 'run/not-loadable', file: 'odd.tflite' })
})
