import { describe, expect, it } from 'vitest'
import { constFromBytes } from '../core/bytes.ts'
import { describeBuffers } from './buffers.ts'
import { sha256Hex } from './digest.ts'
import { inspectModel } from './inspect.ts'
import { awkwardFile, fixtureFile, madeFile } from './tflite-file.testkit.ts'

describe('inspectModel of a dynamic-range model', () => {
  const file = fixtureFile('mnist_mlp.dynamic')
  const inspection = inspectModel(file, { preprocess: { mean: 0, std: 255 } })
  const [graph] = inspection.subgraphs

  it('is plain data', () => expect(JSON.parse(JSON.stringify(inspection))).toEqual(inspection))

  it('knows the file', () => {
    expect(inspection.file).toEqual({ name: 'mnist_mlp.dynamic.tflite', sizeBytes: 86096, sha256: null, schemaVersion: 3 })
    expect(inspection.minRuntimeVersion).toBe('2.17.0')
    expect(inspection.conversion).toMatchObject({ converterVersion: '2.21.0', optimizationModes: ['PTQ_DYNAMIC_RANGE'] })
    expect(inspection.metadata.map((m) => m.name)).toEqual(['min_runtime_version', 'CONVERSION_METADATA'])
  })

  it('names the signature, with dynamic batch and value ranges', () => {
    const [signature] = inspection.signatures
    expect(signature).toMatchObject({ key: 'serving_default', inputs: [{ name: 'flatten_input' }], outputs: [{ name: 'softmax' }] })
    expect(graph!.tensors[signature!.inputs[0]!.tensor]).toMatchObject({
      kind: 'input',
      dtype: 'float32',
      shape: [1, 28, 28, 1],
      shapeSignature: [-1, 28, 28, 1],
      range: { min: 0, max: 1, source: 'preprocess' },
    })
    expect(graph!.tensors[signature!.outputs[0]!.tensor]!.range).toEqual({ min: 0, max: 1, source: 'SOFTMAX' })
  })

  it('states no range that nobody stated', () => expect(inspectModel(file).subgraphs[0]!.tensors[0]!.range).toBeNull())

  it('describes operators with options, cost, layer and arithmetic', () => {
    expect(graph!.operators.map((o) => [o.op, o.arithmetic, o.macs, o.parameters, o.layer])).toEqual([
      ['RESHAPE', 'float', 0, 0, 'sequential/flatten'],
      ['FULLY_CONNECTED', 'hybrid', 78400, 78500, 'sequential/dense'],
      ['FULLY_CONNECTED', 'float', 1000, 1010, 'sequential/dense_1'],
      ['SOFTMAX', 'float', 0, 0, null],
    ])
    expect(graph!.operators[1]!.inputNames).toEqual(['input', 'weights', 'bias'])
    expect(graph!.operators[1]!.options).toMatchObject({ fusedActivationFunction: 'RELU', asymmetricQuantizeInputs: true })
  })

  it('describes per-axis quantization', () => {
    const weights = graph!.tensors.find((t) => t.dtype === 'int8')!
    expect(weights.quantization).toMatchObject({ granularity: 'per-axis', axis: 0 })
    expect(weights.quantization!.scales).toHaveLength(100)
    expect(weights).toMatchObject({ kind: 'constant', sizeBytes: 78400, consumers: [1], producer: null })
  })

  it('accounts for every byte', () => {
    const { sizes } = inspection
    expect(sizes.weightBytes + sizes.metadataBytes + sizes.unusedBytes + sizes.overheadBytes).toBe(sizes.fileBytes)
    expect(sizes.byOp.reduce((n, s) => n + s.weightBytes, 0)).toBe(sizes.weightBytes)
    expect(sizes.byDType.reduce((n, s) => n + s.sizeBytes, 0)).toBe(sizes.weightBytes)
    expect(inspection.cost).toEqual({ macs: 79400, parameters: 79510, peakActivationBytes: 6272, opsWithoutCost: [] })
  })
})

describe('inspectModel of other models', () => {
  it('gives quantized tensors their range', () => {
    const { subgraphs, inputs, outputs } = inspectModel(fixtureFile('mobilenet.int8'))
    expect(subgraphs[0]!.tensors[inputs[0]!.tensor]!.range).toEqual({ min: 0, max: 255, source: 'quantized-input' })
    expect(subgraphs[0]!.tensors[outputs[0]!.tensor]!.range).toEqual({ min: 0, max: 0.9960938, source: 'quantization' })
    expect(subgraphs[0]!.operators.filter((o) => o.op === 'CONV_2D').map((o) => o.arithmetic)).toEqual(Array(7).fill('integer'))
  })

  it('counts float16 weights for the op that computes with them', () => {
    const { subgraphs, cost } = inspectModel(fixtureFile('mobilenet.float16'))
    const { operators } = subgraphs[0]!
    expect(operators.filter((o) => o.op === 'DEQUANTIZE').every((o) => o.weightBytes === 0)).toBe(true)
    expect(operators.find((o) => o.op === 'FULLY_CONNECTED')).toMatchObject({ parameters: 85, weightBytes: 170 })
    expect(cost.parameters).toBe(3279)
  })

  it('shows absent operands as null and states as variables', () => {
    const { subgraphs } = inspectModel(fixtureFile('lstm_text.float'))
    const lstm = subgraphs[0]!.operators.find((o) => o.op === 'UNIDIRECTIONAL_SEQUENCE_LSTM')!
    expect(lstm.inputs).toContain(null)
    expect(lstm.inputs).not.toContain(-1)
    expect(subgraphs[0]!.tensors.filter((t) => t.kind === 'variable')).toHaveLength(2)
  })

  it('follows calls to the subgraphs of a loop', () => {
    const { subgraphs } = inspectModel(fixtureFile('lstm_while.float'))
    expect(subgraphs[0]!.operators.find((o) => o.op === 'WHILE')!.calls).toEqual([1, 2])
    expect(subgraphs[2]!.operators.filter((o) => o.macs).map((o) => o.macs)).toEqual([1024, 512])
  })

  it('survives operators that no runtime would take', () => {
    const inspection = inspectModel(awkwardFile())
    const { operators, tensors } = inspection.subgraphs[0]!
    expect(operators.map((o) => [o.family, o.macs])).toEqual([
      ['matmul', 64],
      ['matmul', 64],
      ['elementwise', 0],
      ['convolution', null],
      ['custom', null],
    ])
    expect(operators[4]).toMatchObject({ isCustom: true, customOptionsBytes: 3, inputs: [6, null, 3, 7] })
    expect(tensors[1]!.buffer).toBe(tensors[2]!.buffer)
    expect(inspection.sizes).toMatchObject({ weightBytes: 512, zeroBytes: 256, unusedBytes: 32 })
    expect(inspection.cost.opsWithoutCost).toHaveLength(2)
  })

  it('takes sizes beyond exact numbers as unknown', () => {
    const huge = { name: 'huge', type: 'FLOAT32' as const, shape: [2 ** 30, 2 ** 30, 2 ** 30], hasRank: true }
    const file = madeFile({ version: 3, subgraphs: [{ tensors: [huge], inputs: [0], outputs: [0], operators: [] }] })
    const { subgraphs, inputs } = inspectModel(file)
    expect(subgraphs[0]!.tensors[0]).toMatchObject({ elements: null, sizeBytes: null })
    expect(inputs).toEqual([{ name: 'huge', subgraph: 0, tensor: 0 }])
  })
})

describe('describeBuffers', () => {
  const repeated = Uint8Array.from({ length: 40 }, (_, i) => i)
  const buffers = [[], repeated, repeated, new Uint8Array(16), new Uint8Array([1, 2, 1, 2]), [3]].map((b) =>
    constFromBytes(Uint8Array.from(b)),
  )
  const uses = new Map([[4, { tensors: [{ subgraph: 0, tensor: 7 }], metadata: [], elementBytes: 2 }]])

  it('finds duplicates and constants of one value', () => {
    const found = describeBuffers(buffers, uses, true)
    expect(found.map((b) => b.duplicateOf)).toEqual([null, null, 1, null, null, null])
    expect(found.map((b) => b.fill)).toEqual([null, null, null, 'zeros', 'splat', null])
  })

  it('reads nothing when told not to', () => {
    const unread = { byteLength: 4, bytes: () => expect.fail('was read') }
    expect(describeBuffers([unread], new Map(), false)).toEqual([
      { index: 0, sizeBytes: 4, tensors: [], metadata: [], fill: null, duplicateOf: null },
    ])
  })
})

it('sha256Hex is SHA-256', async () => {
  const bytes = new TextEncoder().encode('abc')
  const source = { name: 'abc', byteLength: 3, read: () => bytes }
  // @see FIPS 180-2, appendix B.1
  expect(await sha256Hex(source)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})
