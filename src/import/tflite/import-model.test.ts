import { readdirSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { fixtureBytes } from '../../../test/testkit/files.ts'
import { normalForm } from '../../../test/testkit/tflite-form.ts'
import { convertTflite } from '../../convert.ts'
import { constFromBytes, memorySink, memorySource } from '../../core/bytes.ts'
import { DowncastError } from '../../core/diagnostics.ts'
import { bytesOf, typedView } from '../../core/dtype.ts'
import { writeTfliteFile } from '../../export/file-writer.ts'
import { tfliteBytes } from '../../export/write-tflite.ts'
import type { ModelInput } from '../../schema/tflite/records.ts'
import { openZip } from '../../wire/zip.ts'
import { zipParts } from '../../wire/zip-write.ts'
import { importTflite } from './import-model.ts'
import { readTfliteFile, type TfliteFile } from './read-file.ts'

const read = (bytes: Uint8Array, name = 'model.tflite'): TfliteFile => readTfliteFile(memorySource(name, bytes))
const folder = (path: string) => new URL(`../../../fixtures/${path}/`, import.meta.url)
const again = (file: TfliteFile) => tfliteBytes(importTflite(file))

const recorded = ['tflite', 'run'].flatMap((f) =>
  readdirSync(folder(f))
    .filter((name) => name.endsWith('.tflite'))
    .map((name) => `${f}/${name}`),
)

describe('read, written and read again', () => {
  it.each(recorded)('%s says the same, and the second time to the byte', (path) => {
    const file = read(fixtureBytes(path))
    const once = again(file)
    expect(normalForm(read(once))).toEqual(normalForm(file))
    expect(Buffer.compare(again(read(once)), once)).toBe(0)
  })
})

/** A model with what files have and the IR has not. */
const weights = Float32Array.from({ length: 64 * 32 }, (_, i) => Math.sin(i))
const data = [
  new Uint8Array(),
  bytesOf(weights),
  new TextEncoder().encode('9.9.0'.padEnd(16, '\0')),
  bytesOf(Float32Array.of(1, 2)),
  new TextEncoder().encode('metadata'),
  bytesOf(Int8Array.from(weights.subarray(0, 2048), (v) => Math.round(v * 127))),
  Uint8Array.of(0x21, 0x43),
  bytesOf(Uint16Array.of(0x3c00, 0x3800)),
].map(constFromBytes)
const tensor = (
  name: string,
  type: 'FLOAT32' | 'INT8' | 'INT4' | 'FLOAT16' | 'FLOAT8_E4M3FN' | 'BFLOAT16',
  shape: number[],
  more: object = {},
) => ({
  name,
  type,
  shape,
  hasRank: true,
  ...more,
})

test.each<[string, object | undefined, number[], number[]]>([
  ['its options', { newShape: [1, 3, 2] }, [1, 3, 2], [1, 3, 2]],
  ['its options, with a size left open', { newShape: [-1, 2] }, [3, 2], [-1, 2]],
  ['options that mean a single number', { newShape: [0] }, [], []],
  ['no options, which mean a single number', undefined, [], []],
])('RESHAPE may have its shape in %s', (_, value, shape, sizes) => {
  const model: ModelInput = {
    version: 3,
    operatorCodes: [{ builtinCode: 'RESHAPE', version: 1 }],
    subgraphs: [
      {
        inputs: [0],
        outputs: [1],
        tensors: [tensor('x', 'FLOAT32', sizes.length === 0 ? [1] : [2, 3]), tensor('y', 'FLOAT32', shape)],
        operators: [
          { opcodeIndex: 0, inputs: [0], outputs: [1], ...(value && { builtinOptions: { type: 'ReshapeOptions', value } as const }) },
        ],
      },
    ],
  }
  const sink = memorySink()
  writeTfliteFile(model, [constFromBytes(new Uint8Array())], sink)
  const [graph] = importTflite(read(sink.bytes())).graphs
  const { op, inputs } = graph!.nodes[0]!
  const stated = graph!.values.get(inputs[1]!)!
  expect([op, inputs[0], stated.type.shape]).toEqual(['reshape', 0, [sizes.length]])
  expect([...typedView('i32', stated.data!.bytes())]).toEqual(sizes)
  expect(Buffer.compare(again(read(sink.bytes())), again(read(again(read(sink.bytes())))))).toBe(0)
})

const strange: ModelInput = {
  version: 3,
  description: 'made by hand',
  operatorCodes: [
    { builtinCode: 'CUSTOM', customCode: 'Mine', version: 7 },
    { builtinCode: 'FULLY_CONNECTED', version: 14 },
    { builtinCode: 'STABLEHLO_CASE', version: 1 },
    { builtinCode: 'ADD', version: 1 },
    { builtinCode: 'SVDF', version: 3 },
  ],
  subgraphs: [
    {
      name: 'entry',
      inputs: [0],
      outputs: [4, 9],
      tensors: [
        tensor('x', 'FLOAT32', [1, 32], { shapeSignature: [-1, 32] }),
        tensor('w', 'FLOAT32', [64, 32], { buffer: 1 }),
        tensor('y', 'FLOAT32', [1, 64], { shapeSignature: [-1, 64] }),
        { name: 'no rank', type: 'FLOAT32', shape: [], hasRank: false },
        tensor('z', 'FLOAT32', [1, 64]),
        tensor('sparse', 'FLOAT32', [4, 4], {
          buffer: 3,
          sparsity: {
            traversalOrder: [0, 1],
            dimMetadata: [
              { format: 'DENSE', denseSize: 4 },
              {
                format: 'SPARSE_CSR',
                arraySegments: { type: 'Uint8Vector', value: { values: [0, 0, 1, 1, 2] } },
                arrayIndices: { type: 'Uint8Vector', value: { values: [1, 2] } },
              },
            ],
          },
        }),
        tensor('state', 'FLOAT32', [1, 64], { isVariable: true }),
        tensor('q', 'INT8', [64, 32], { buffer: 5, quantization: { scale: [0.5], zeroPoint: [0n] } }),
        tensor('four', 'INT4', [4], {
          buffer: 6,
          quantization: { details: { type: 'BlockwiseQuantization', value: { scales: 11, zeroPoints: -1, blockSize: 2 } } },
        }),
        tensor('end', 'FLOAT8_E4M3FN', [1, 64]),
        tensor('between', 'BFLOAT16', [1, 64]),
        tensor('four_scales', 'FLOAT16', [2], { buffer: 7 }),
      ],
      operators: [
        {
          opcodeIndex: 1,
          inputs: [0, 1, -1],
          outputs: [2],
          builtinOptions: { type: 'FullyConnectedOptions', value: { keepNumDims: true, quantizedBiasType: 'INT32' } },
        },
        {
          opcodeIndex: 0,
          inputs: [2, 5, 8, -1],
          outputs: [3],
          customOptions: [9, 8, 7],
          mutatingVariableInputs: [0, 1],
          intermediates: [10],
        },
        {
          opcodeIndex: 2,
          inputs: [3],
          outputs: [4],
          builtinOptions2: { type: 'StablehloCaseOptions', value: { branchSubgraphIndices: [1] } },
        },
        { opcodeIndex: 1, inputs: [4, 7, -1], outputs: [9], builtinOptions: { type: 'FullyConnectedOptions', value: {} } },
        { opcodeIndex: 4, inputs: [2, 7, 7, -1, 6], outputs: [10], builtinOptions: { type: 'SVDFOptions', value: { rank: 2 } } },
      ],
    },
    {
      name: 'branch',
      inputs: [0],
      outputs: [1],
      tensors: [tensor('a', 'FLOAT32', [2]), tensor('b', 'FLOAT32', [2])],
      operators: [
        { opcodeIndex: 3, inputs: [0, 0], outputs: [1], builtinOptions: { type: 'AddOptions', value: { potScaleInt16: false } } },
      ],
    },
  ],
  metadata: [
    { name: 'TFLITE_METADATA', buffer: 4 },
    { name: 'min_runtime_version', buffer: 2 },
  ],
  signatureDefs: [
    { signatureKey: 'go', subgraphIndex: 0, inputs: [{ name: 'in', tensorIndex: 0 }], outputs: [{ name: 'out', tensorIndex: 4 }] },
  ],
}

function bytesOfModel(model: ModelInput): Uint8Array {
  const sink = memorySink()
  writeTfliteFile(model, data, sink)
  return sink.bytes()
}

describe('what the IR does not model', () => {
  test('is written back', () => {
    const file = read(bytesOfModel(strange))
    expect(normalForm(read(again(file)))).toEqual(normalForm(file))
  })

  test.each([
    ['scales', { scales: 99, blockSize: 2 }],
    ['scales', { scales: 11, blockSize: 4 }],
    ['scales', { scales: 1, blockSize: 2 }],
    ['blockSize', { scales: 11, blockSize: 0 }],
    ['zeroPoints', { scales: 11, zeroPoints: 12, blockSize: 2 }],
  ])('refuses %s that do not fit: %o', (field, value) => {
    const [entry, branch] = strange.subgraphs!
    const tensors = entry!.tensors!.map((t) =>
      t.name === 'four' ? { ...t, quantization: { details: { type: 'BlockwiseQuantization' as const, value } } } : t,
    )
    const broken = bytesOfModel({ ...strange, subgraphs: [{ ...entry!, tensors }, branch!] })
    expect(() => read(broken)).toThrow(`tensors[8].quantization.details.${field}`)
  })

  test('stays in dynamic, with reasons', () => {
    const file = read(bytesOfModel(strange))
    const { model, decisions } = convertTflite(file, { mode: 'dynamic' })
    expect(decisions.map((d) => [d.tensor, d.to, d.reason])).toEqual([
      ['w', 'i8', undefined],
      ['q', 'i8', 'it is INT8 already'],
    ])
    const small = read(tfliteBytes(model))
    const [graph] = small.model.subgraphs
    expect(graph!.operators.map((o) => small.model.operatorCodes[o.opcodeIndex]!.builtinCode)).toEqual([
      'FULLY_CONNECTED',
      'CUSTOM',
      'STABLEHLO_CASE',
      'FULLY_CONNECTED',
      'SVDF',
    ])
    expect(graph!.operators[0]!.builtinOptions).toMatchObject({ value: { keepNumDims: true, asymmetricQuantizeInputs: true } })
    // The version of the file stays where it is higher than what the change needs.
    expect(small.model.operatorCodes.find((c) => c.builtinCode === 'FULLY_CONNECTED')!.version).toBe(14)
    const untouched = (f: TfliteFile) => (normalForm(f) as { graphs: { operators: unknown[] }[] }).graphs[0]!.operators.slice(2, 4)
    expect(untouched(small)).toEqual(untouched(file))
    expect(small.metadata.has('TFLITE_METADATA')).toBe(true)
  })

  test('stays in float16, with reasons', () => {
    const { decisions } = convertTflite(read(bytesOfModel(strange)), { mode: 'float16' })
    expect(decisions.map((d) => [d.tensor, d.to, d.reason])).toEqual([
      ['w', 'f16', undefined],
      ['sparse', 'f32', 'it is stored sparse'],
      ['four', 'i4', 'it is INT4 already'],
      ['q', 'i8', 'it is INT8 already'],
      ['q', 'i8', 'it is INT8 already'],
      ['q', 'i8', 'it is INT8 already'],
    ])
  })

  test('associated files move to the end', () => {
    const zip = Buffer.concat(zipParts('z', [{ name: 'labels.txt', parts: [new TextEncoder().encode('cat\ndog\n')] }]))
    const model = fixtureBytes('tflite/mnist_mlp.float.tflite')
    const withFiles = new Uint8Array(Buffer.concat([model, shifted(zip, model.byteLength)]))
    for (const source of [withFiles, new Uint8Array(Buffer.concat([model, zip]))]) {
      const small = tfliteBytes(convertTflite(read(source), { mode: 'dynamic' }).model)
      expect(small.byteLength).toBeLessThan(model.byteLength)
      const archive = openZip(memorySource('small', small))
      expect(new TextDecoder().decode(archive.read(archive.entries.get('labels.txt')!))).toBe('cat\ndog\n')
      expect(read(small).archive?.byteLength).toBe(zip.byteLength)
    }
  })
})

/** An archive whose offsets count from the start of the file it is appended to. */
function shifted(zip: Uint8Array, by: number): Uint8Array {
  const bytes = new Uint8Array(zip)
  const view = new DataView(bytes.buffer)
  const end = bytes.byteLength - 22
  const directory = view.getUint32(end + 16, true)
  view.setUint32(directory + 42, view.getUint32(directory + 42, true) + by, true)
  view.setUint32(end + 16, directory + by, true)
  return bytes
}

test('dynamic of a float file is TensorFlow’s, constant by constant', () => {
  for (const name of ['mnist_mlp', 'mnist_cnn_small']) {
    const constants = (f: TfliteFile) =>
      f.model.subgraphs[0]!.tensors.filter((t) => f.buffers[t.buffer]!.byteLength > 0)
        .map((t) => `${t.type}[${t.shape}] ${Buffer.from(f.buffers[t.buffer]!.bytes()).toString('base64')} ${t.quantization?.scale ?? ''}`)
        .sort()
    const ours = read(tfliteBytes(convertTflite(read(fixtureBytes(`tflite/${name}.float.tflite`)), { mode: 'dynamic' }).model))
    expect(constants(ours)).toEqual(constants(read(fixtureBytes(`tflite/${name}.dynamic.tflite`))))
  }
})

describe('refuses', () => {
  const [entry, branch] = strange.subgraphs!
  const refusal = (operators: NonNullable<typeof entry>['operators']): unknown => {
    try {
      return importTflite(read(bytesOfModel({ ...strange, subgraphs: [{ ...entry, operators }, branch!] })))
    } catch (e) {
      expect(e).toBeInstanceOf(DowncastError)
      return e
    }
  }
  const add = (inputs: number[], output: number) => ({ opcodeIndex: 3, inputs, outputs: [output] })
  test.each([
    ['an operator that needs its own result', [add([4, 0], 4), add([0, 0], 9)]],
    ['operators out of order', [add([2, 2], 4), add([0, 0], 2), add([0, 0], 9)]],
    ['two operators that make one tensor', [add([0, 0], 4), add([0, 0], 4), add([0, 0], 9)]],
  ])('%s', (_, operators) => expect(refusal(operators)).toMatchObject({ code: 'import/tflite-inconsistent' }))
})
