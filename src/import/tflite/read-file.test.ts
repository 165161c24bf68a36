import { expect, test } from 'vitest'
import { fixtureBytes } from '../../../test/testkit/files.ts'
import { refusal as refusalBy } from '../../../test/testkit/refusal.ts'
import { type ByteSource, memorySource } from '../../core/bytes.ts'
import type { DowncastError } from '../../core/diagnostics.ts'
import { modelTable } from '../../schema/tflite/model.ts'
import { type Fields, type InputOf, string, table } from '../../wire/flatbuffers/schema.ts'
import { encodeFlatbuffer } from '../../wire/flatbuffers/writer.ts'
import { readTfliteFile } from './read-file.ts'

const fixture = (name: string) => fixtureBytes(`${name}.tflite`)
const read = (bytes: Uint8Array) => readTfliteFile(memorySource('m.tflite', bytes))
const encode = (model: InputOf<typeof modelTable>) => encodeFlatbuffer(modelTable, model, { identifier: 'TFL3' })

/** One operator from tensor 0 to tensor 1, and what `change` puts in their place. */
function small(change: InputOf<typeof modelTable> = {}): Uint8Array {
  return encode({
    version: 3,
    operatorCodes: [{ builtinCode: 'RELU', deprecatedBuiltinCode: 19 }],
    subgraphs: [
      {
        tensors: [{ shape: [1, 2] }, { shape: [1, 2] }],
        inputs: [0],
        outputs: [1],
        operators: [{ inputs: [0], outputs: [1] }],
      },
    ],
    buffers: [{}],
    ...change,
  })
}

const refusal = (bytes: Uint8Array): DowncastError => refusalBy(() => read(bytes))

test('a float model: tables, weights, metadata', () => {
  const file = read(fixture('tflite/mnist_cnn_small.float'))
  const [graph] = file.model.subgraphs
  const ops = graph!.operators.map((o) => file.model.operatorCodes[o.opcodeIndex]!.builtinCode)
  expect(ops).toEqual(['CONV_2D', 'CONV_2D', 'MAX_POOL_2D', 'RESHAPE', 'FULLY_CONNECTED', 'FULLY_CONNECTED', 'SOFTMAX'])
  expect(graph!.operators[0]!.builtinOptions).toMatchObject({
    type: 'Conv2DOptions',
    value: { padding: 'VALID', strideW: 1, strideH: 1, fusedActivationFunction: 'RELU', dilationWFactor: 1 },
  })
  expect(graph!.tensors[graph!.inputs[0]!]).toMatchObject({
    type: 'FLOAT32',
    shape: Int32Array.of(1, 28, 28, 1),
    shapeSignature: Int32Array.of(-1, 28, 28, 1),
  })
  expect(file.buffers[0]!.byteLength).toBe(0)
  expect(file.minRuntimeVersion).toBe('1.5.0')
  expect(file.conversionMetadata!.environment).toMatchObject({ tensorflowVersion: '2.21.0', apiVersion: 2, modelType: 'TF_SAVED_MODEL' })
  expect([...file.metadata.keys()].sort()).toEqual(['CONVERSION_METADATA', 'min_runtime_version'])
  expect(file.warnings).toEqual([])
})

test('quantization: per-axis weights, a per-tensor activation, the modes of the conversion', () => {
  const file = read(fixture('tflite/mnist_cnn_small.int8'))
  const [graph] = file.model.subgraphs
  const [input, filter] = [...graph!.operators[1]!.inputs].map((i) => graph!.tensors[i]!)
  expect(input!.type).toBe('INT8')
  expect(input!.quantization!.scale.length).toBe(1)
  expect(filter!.quantization).toMatchObject({ quantizedDimension: 0, details: undefined })
  expect(filter!.quantization!.scale.length).toBe(filter!.shape[0])
  expect(filter!.quantization!.zeroPoint.every((z) => z === 0n)).toBe(true)
  expect(file.conversionMetadata!.options!.modelOptimizationModes).toEqual(['PTQ_FULL_INTEGER'])
})

test('several signatures, control flow and variables', () => {
  const two = read(fixture('run/two_signatures')).model
  expect(two.signatureDefs.map((s) => s.signatureKey).length).toBe(2)
  expect(new Set(two.signatureDefs.map((s) => s.subgraphIndex)).size).toBe(2)
  const loop = read(fixture('tflite/lstm_while.float')).model
  const whiles = loop.subgraphs[0]!.operators.filter((o) => o.builtinOptions?.type === 'WhileOptions')
  expect(whiles[0]!.builtinOptions!.value).toEqual({ condSubgraphIndex: 1, bodySubgraphIndex: 2 })
  const variable = read(fixture('tflite/variable_assign.float')).model
  expect(variable.subgraphs[0]!.operators[0]!.builtinOptions).toEqual({ type: 'CallOnceOptions', value: { initSubgraphIndex: 1 } })
})

test('weights are not read with the file', () => {
  const bytes = new Uint8Array(30_000_000)
  bytes.set(small({ buffers: [{}, { offset: 4096n, size: 29_000_000n }] }))
  bytes[4096] = 42
  const reads: [number, number][] = []
  const source: ByteSource = {
    name: 'large.tflite',
    byteLength: bytes.length,
    read(offset, length) {
      reads.push([offset, length])
      return bytes.subarray(offset, offset + length)
    },
  }
  const file = readTfliteFile(source)
  expect(Math.max(...reads.map(([, length]) => length))).toBeLessThan(100_000)
  expect(file.buffers[1]!.byteLength).toBe(29_000_000)
  expect(file.buffers[1]!.bytes()[0]).toBe(42)
})

test('custom options behind the tables', () => {
  const operator = { inputs: [0], outputs: [1], largeCustomOptionsOffset: 0n, largeCustomOptionsSize: 3n }
  const tensors = [{ shape: [1] }, { shape: [1] }]
  const model = (largeCustomOptionsOffset: bigint) =>
    small({ subgraphs: [{ tensors, inputs: [0], outputs: [1], operators: [{ ...operator, largeCustomOptionsOffset }] }] })
  const at = model(9n).length
  const file = read(new Uint8Array([...model(BigInt(at)), 1, 2, 3]))
  expect(file.model.subgraphs[0]!.operators[0]!.largeCustomOptions!.bytes()).toEqual(Uint8Array.of(1, 2, 3))
  expect(refusal(model(BigInt(at)))).toMatchObject({ code: 'import/tflite-inconsistent', path: 'subgraphs[0].operators[0]' })
})

test('the effective operator code of old and new files', () => {
  const codes = read(
    small({
      operatorCodes: [{ deprecatedBuiltinCode: 22 }, { deprecatedBuiltinCode: 127, builtinCode: 'GELU' }, { builtinCode: 'UNKNOWN_999' }],
    }),
  ).model.operatorCodes
  expect(codes.map((c) => [c.builtinCode, c.deprecatedBuiltinCode])).toEqual([
    ['RESHAPE', 22],
    ['GELU', 127],
    ['UNKNOWN_999', 127],
  ])
})

test('fields of a newer schema give a warning, a damaged conversion record too', () => {
  const newer = table('Model', { ...modelTable.fields, novelty: string(30) } as Fields)
  const bytes = encodeFlatbuffer(newer, { version: 3, subgraphs: [{}], novelty: 'x' }, { identifier: 'TFL3' })
  expect(read(bytes).warnings).toMatchObject([{ severity: 'warning', code: 'import/tflite-unknown-field' }])
  const metadata = [{ name: 'CONVERSION_METADATA', buffer: 1 }]
  const model = (offset: bigint) => small({ metadata, buffers: [{}, { offset, size: 6n }] })
  const at = model(2n).length
  const damaged = read(new Uint8Array([...model(BigInt(at)), 255, 255, 0, 0, 1, 1]))
  expect(damaged.conversionMetadata).toBeUndefined()
  expect(damaged.warnings).toMatchObject([{ severity: 'warning', code: 'wire/malformed' }])
})

test.each(['a release that is no release', '1.14.0-and-more-than-fits', '2..0', '99999.1'])(
  '%s as the oldest runtime gives a warning',
  (text) => {
    const data = new TextEncoder().encode(text)
    const metadata = [{ name: 'min_runtime_version', buffer: 1 }]
    const model = (offset: number) => small({ metadata, buffers: [{}, { offset: BigInt(offset), size: BigInt(data.length) }] })
    const file = read(new Uint8Array([...model(model(2).length), ...data]))
    expect(file.minRuntimeVersion).toBeUndefined()
    expect(file.warnings).toMatchObject([{ severity: 'warning', code: 'import/tflite-runtime-version' }])
  },
)

test('weights in other files give a warning', () => {
  const tensors = [{ shape: [1], name: 'w', externalBuffer: 1 }, { shape: [1] }]
  const subgraphs = [{ tensors, inputs: [0], outputs: [1], operators: [{ inputs: [0], outputs: [1] }] }]
  const { warnings } = read(small({ subgraphs, externalBufferGroups: [{ name: 'w.bin' }], externalBuffers: [{ id: 1 }] }))
  expect(warnings).toMatchObject([{ code: 'import/tflite-external-weights', tensor: 'w' }])
  expect(warnings[0]!.message).toContain('"w.bin"')
})

test.each([
  ['PK\x03\x04 and so on', 'a zip archive, such as a .keras model'],
  ['\x89HDF\r\n\x1a\n     ', 'an HDF5 file, such as a Keras .h5 model'],
  ['{"format": "layers-model"}', 'JSON, such as a TensorFlow.js model.json'],
  ['\x08\x01\x12\xff\x01saved_model', 'a protobuf, such as a saved_model.pb'],
  ['version https://git-lfs.github.com/spec/v1', 'a Git LFS pointer'],
  ['<!DOCTYPE html>\n<html>', 'an HTML page'],
  ['node { name: "x" }', 'a TensorFlow graph in text form, such as a .pbtxt'],
  ['', 'an empty file'],
  ['\x01\x02\x03', undefined],
])('%j is told by what it is', (text, actual) => {
  const e = refusal(Uint8Array.from(text, (c) => c.charCodeAt(0)))
  expect(e).toMatchObject({ code: 'import/not-tflite', expected: 'TFL3', actual })
  expect(e.message).toContain(actual ?? 'an unknown format')
  expect(e.hint).toBeTruthy()
})

test('a file cut anywhere is refused by offset', () => {
  const bytes = fixture('tflite/mnist_cnn_small.float')
  for (let cut = 1; cut < 40; cut++) {
    const e = refusal(bytes.subarray(0, Math.floor((bytes.length * cut) / 40)))
    expect(e.code).toMatch(/^wire\/(truncated|malformed)$/)
    expect(e.offset).toBeGreaterThanOrEqual(0)
  }
})

const tensors = [{ shape: [1, 2] }, { shape: [1, 2] }]
const graph = { tensors, inputs: [0], outputs: [1], operators: [{ inputs: [0], outputs: [1] }] }
const withTensor = (tensor: InputOf<typeof modelTable>['subgraphs'] extends infer _ ? object : never) => ({
  subgraphs: [{ ...graph, tensors: [tensor, tensors[1]!] }],
})
const calls = (subgraph: number) => ({ ...graph, operators: [{ builtinOptions: { type: 'CallOptions', value: { subgraph } } } as const] })

test.each([
  ['import/tflite-version', 'version', { version: 2 }],
  ['import/tflite-inconsistent', 'subgraphs', { subgraphs: [] }],
  ['import/tflite-index-out-of-range', 'subgraphs[0].tensors[0].buffer', withTensor({ shape: [1], buffer: 7 })],
  ['import/tflite-index-out-of-range', 'subgraphs[0].inputs[0]', { subgraphs: [{ ...graph, inputs: [2] }] }],
  ['import/tflite-index-out-of-range', 'subgraphs[0].outputs[1]', { subgraphs: [{ ...graph, outputs: [1, -1] }] }],
  [
    'import/tflite-index-out-of-range',
    'subgraphs[0].operators[0].inputs[1]',
    { subgraphs: [{ ...graph, operators: [{ inputs: [-1, 9] }] }] },
  ],
  [
    'import/tflite-index-out-of-range',
    'subgraphs[0].operators[0].outputs[0]',
    { subgraphs: [{ ...graph, operators: [{ outputs: [-1] }] }] },
  ],
  [
    'import/tflite-index-out-of-range',
    'subgraphs[0].operators[0].intermediates[0]',
    { subgraphs: [{ ...graph, operators: [{ intermediates: [5] }] }] },
  ],
  ['import/tflite-index-out-of-range', 'subgraphs[0].operators[0].opcodeIndex', { operatorCodes: [] }],
  ['import/tflite-index-out-of-range', 'subgraphs[0].operators[0].builtinOptions.subgraph', { subgraphs: [calls(3)] }],
  [
    'import/tflite-index-out-of-range',
    'subgraphs[0].operators[0].builtinOptions2.branchSubgraphIndices[1]',
    {
      subgraphs: [
        {
          ...graph,
          operators: [{ builtinOptions2: { type: 'StablehloCaseOptions', value: { branchSubgraphIndices: [0, -1] } } } as const],
        },
      ],
    },
  ],
  ['import/tflite-inconsistent', 'subgraphs[1]', { subgraphs: [calls(1), calls(0)] }],
  ['import/tflite-index-out-of-range', 'metadata[0].buffer', { metadata: [{ name: 'a', buffer: 1 }] }],
  ['import/tflite-index-out-of-range', 'signatureDefs[0].subgraphIndex', { signatureDefs: [{ subgraphIndex: 1 }] }],
  [
    'import/tflite-index-out-of-range',
    'signatureDefs[0].outputs[0].tensorIndex',
    { signatureDefs: [{ outputs: [{ name: 'y', tensorIndex: 4 }] }] },
  ],
  ['import/tflite-inconsistent', 'subgraphs[0].tensors[0].shape', withTensor({ shape: [-2] })],
  ['import/tflite-inconsistent', 'subgraphs[0].tensors[0].shapeSignature', withTensor({ shape: [1, 1], shapeSignature: [-1] })],
  [
    'import/tflite-inconsistent',
    'buffers',
    { buffers: [{}, ...Array.from({ length: 9 }, (_, i) => ({ offset: 8n + BigInt(i), size: 150n }))] },
  ],
  ['import/tflite-inconsistent', 'buffers[1]', { buffers: [{}, { offset: 16n, size: 1n << 60n }] }],
  [
    'import/tflite-inconsistent',
    'subgraphs[0].tensors[0].buffer',
    { ...withTensor({ shape: [3], buffer: 1 }), buffers: [{}, { offset: 16n, size: 8n }] },
  ],
  [
    'import/tflite-inconsistent',
    'subgraphs[0].tensors[0].quantization.scale',
    withTensor({ shape: [2, 3], quantization: { scale: [1, 2], quantizedDimension: 1 } }),
  ],
  [
    'import/tflite-index-out-of-range',
    'subgraphs[0].tensors[0].quantization.quantizedDimension',
    withTensor({ shape: [2, 3], quantization: { scale: [1, 2], quantizedDimension: 2 } }),
  ],
] as const)('%s in %s', (code, path, change) => {
  expect(refusal(small(change as InputOf<typeof modelTable>))).toMatchObject({ code, path })
})

test('all problems are told together, up to a bound', () => {
  const e = refusal(small({ subgraphs: [{ ...graph, inputs: Array.from({ length: 100 }, (_, i) => 2 + i), outputs: [5] }] }))
  expect(e.diagnostics.length).toBe(20)
  expect(e.message).toMatch(/^20 problems/)
})
