import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { stillClock } from '../../test/testkit/clock.ts'
import { refusalOf } from '../../test/testkit/refusal.ts'
import { attr, constant, type ModelSpec, modelFolder, node, tensor } from '../../test/testkit/saved-model.ts'
import { convert } from '../convert.ts'
import { constFromBytes, memorySource } from '../core/bytes.ts'
import { bytesOf } from '../core/dtype.ts'
import { tfliteBytes } from '../export/write-tflite.ts'
import { memoryFolder } from '../import/folder.ts'
import { readModel } from '../import/read-model.ts'
import { importSavedModel } from '../import/saved-model/read.ts'
import type { SourceModel } from '../import/source-graph.ts'
import type { Graph, Model, Node } from '../ir/types.ts'
import { loadNodeLiteRt } from '../platform/node-litert.ts'
import { loadNodeTfJs } from '../platform/node-tfjs.ts'
import { liteRtRunner } from '../run/litert.ts'
import { openZip } from '../wire/zip.ts'
import { checkParity, type ParityOptions } from './check-parity.ts'
import { uncheckedReport } from './unchecked-report.ts'

/*
 * The gate on models that are right, and on models with one fault put in where a rule or the writer could have put it.
 */

const runner = liteRtRunner(loadNodeLiteRt)
afterAll(() => runner.dispose())

const archive = openZip(memorySource('ops.zip', new Uint8Array(readFileSync(new URL('../../fixtures/oracle/ops.zip', import.meta.url)))))
async function oracleCase(name: string): Promise<SourceModel> {
  const files = [...archive.entries.keys()].filter((path) => path.startsWith(`${name}/`) && !path.endsWith('io.npz'))
  const read = (path: string) => {
    const source = archive.open(archive.entries.get(path)!)
    return source.read(0, source.byteLength)
  }
  return readModel({ folder: memoryFolder(name, new Map(files.map((path) => [path.slice(name.length + 1), read(path)]))) })
}

/** `model` is the float one. */
function check(source: SourceModel, model: Model, options: Partial<ParityOptions> = {}) {
  return checkParity(source, tfliteBytes(model), { runner, model, loadTfJs: loadNodeTfJs, clock: stillClock, ...options })
}

/** The model with some of its nodes replaced. */
function withFault(model: Model, fault: (node: Node, graph: Graph) => Node | undefined): Model {
  let isHit = false
  const graphs = model.graphs.map((graph) => ({
    ...graph,
    nodes: graph.nodes.map((n) => {
      const changed = fault(n, graph)
      isHit ||= changed !== undefined
      return changed ?? n
    }),
  }))
  expect(isHit).toBe(true)
  return { ...model, graphs }
}

describe('models that are right', () => {
  test('with a switch of training are compared without it, whatever was drawn', async () => {
    const f32 = { T: attr.type('f32') }
    const nodesOf = (flag: string) => [
      node('x', 'Placeholder', [], { dtype: attr.type('f32'), shape: attr.shape([4, 8]) }),
      node(flag, 'Placeholder', [], { dtype: attr.type('bool'), shape: attr.shape([]) }),
      node('switch', 'Switch', ['x', flag], f32),
      node('size', 'Shape', ['switch:1'], { ...f32, out_type: attr.type('i32') }),
      node('noise', 'RandomUniform', ['size'], { T: attr.type('i32'), dtype: attr.type('f32'), seed: attr.int(1), seed2: attr.int(2) }),
      node('wet', 'Mul', ['switch:1', 'noise'], f32),
      node('dry', 'Identity', ['switch'], f32),
      node('merged', 'Merge', ['dry', 'wet'], { ...f32, N: attr.int(2) }),
      node('y', 'Neg', ['merged'], f32),
    ]
    // Names decide what is drawn: of these some are drawn true throughout.
    for (const flag of ['training', 'is_training', 'phase', 'keep', 'learning', 'on']) {
      const inputs = { x: { name: 'x:0', dims: [4, 8] }, [flag]: { name: `${flag}:0`, dtype: 'bool' } } as const
      const signature = { inputs, outputs: { y: { name: 'y:0', dims: [4, 8] } } }
      const source = importSavedModel(modelFolder({ nodes: nodesOf(flag), signatures: { serving_default: signature } }))
      const report = await check(source, convert(source).model)
      expect([report.gaps, report.outputs.map((o) => o.output)], flag).toEqual([[], ['y']])
    }
  })

  test('say what was compared, and with whom', async () => {
    const source = await oracleCase('conv2d_same')
    const report = await check(source, convert(source).model)
    expect(report).toMatchObject({
      outputs: [{ signature: 'serving_default', mode: 'none', excusedElements: 0 }],
      gaps: [],
      evaluators: [{ name: 'TensorFlow.js 4.22.0', ops: { Conv2D: expect.any(Number) } }],
      isReduced: false,
    })
    expect(report.samples).toEqual(['normal', 'uniform', 'edge'])
    expect(report.outputs[0]!.shareOfTolerance).toBeLessThan(1)
    expect(report.outputs[0]!.largestDifference).toBeGreaterThan(0)
  })

  test('are judged by our kernels alone where TensorFlow.js is not at hand', async () => {
    const source = await oracleCase('conv2d_same')
    const report = await check(source, convert(source).model, { loadTfJs: undefined })
    expect(report.evaluators.map((e) => e.name)).toEqual(['own kernels'])
  })

  test('whose states LiteRT.js cannot hold the kernels run, which is said', async () => {
    const source = await oracleCase('keras3_lstm')
    const { model } = convert(source)
    const report = await check(source, model)
    expect(report).toMatchObject({ outputs: [{ mode: 'none' }], gaps: [], onKernels: expect.stringContaining('cannot hold the states') })
    expect(report.outputs[0]!.shareOfTolerance).toBeLessThan(1)
    const broken: Model = { ...model, graphs: model.graphs.map(withChangedWeight) }
    expect(await refusalOf(check(source, broken))).toMatchObject({ code: 'parity/mismatch' })
  })

  test.each(['dynamic', 'float16', 'dynamic-int4', 'weight-only-int8', 'weight-only-int4'] as const)(
    'in %s both the float model and the quantized one are looked at',
    async (mode) => {
      const source = await oracleCase('dense_large')
      const { model, floatModel, decisions } = convert(source, { mode })
      const report = await check(source, floatModel, { quantized: { contents: tfliteBytes(model), mode, decisions } })
      expect(report.outputs.map((o) => o.mode)).toEqual(['none', mode])
      expect(report.outputs[1]!.shareOfTolerance).toBeLessThanOrEqual(1)
      expect(report.weights).toEqual(mode === 'float16' ? { compared: 0, of: 0 } : { compared: 1, of: 1 })
      expect(report.outputs[1]!.largestDifference).toBeGreaterThan(report.outputs[0]!.largestDifference)
    },
  )
})

describe('models that amplify roundings', () => {
  const chain = (...ops: readonly (readonly [string, ...string[]])[]): SourceModel => {
    const nodes = ops.map(([op, ...inputs], i) => node(`n${i}`, op, inputs, { T: f32 }))
    const constants = [floats('big', Float32Array.of(1e8), []), floats('three', Float32Array.of(3), [])]
    const kinds = [...new Set(ops.map(([op]) => op))]
    return imported([placeholder([-1, 16]), ...constants, ...nodes], kinds, [-1, 16], { y: `n${ops.length - 1}:0` })
  }
  test.each([
    ['the arc sine of what is nearly 1', chain(['Mul', 'x', 'three'], ['Tanh', 'n0'], ['Asin', 'n1'])],
    ['a logarithm of what cancels', chain(['Exp', 'x'], ['Log', 'n0'], ['Sub', 'n1', 'x'], ['Abs', 'n2'], ['Log', 'n3'])],
    [
      'the logarithm of a softmax of large numbers',
      chain(['Mul', 'x', 'three'], ['Mul', 'n0', 'three'], ['Mul', 'n1', 'three'], ['Softmax', 'n2'], ['Log', 'n3']),
    ],
    ['a sum that leaves hardly anything', chain(['AddV2', 'x', 'big'], ['Sub', 'n0', 'big'])],
    ['a floor of what lies on the border', chain(['RealDiv', 'x', 'three'], ['Mul', 'n0', 'three'], ['Floor', 'n1'])],
    ['equality of what is computed in two ways', chain(['RealDiv', 'x', 'three'], ['Mul', 'n0', 'three'], ['Equal', 'n1', 'x'])],
  ])('pass: %s', async (_, source) => {
    const report = await check(source, convert(source).model)
    expect(report.outputs).toHaveLength(1)
    expect(report.outputs[0]!.shareOfTolerance).toBeLessThanOrEqual(1)
  })

  test('and are found out nevertheless', async () => {
    const source = chain(['Mul', 'x', 'three'], ['Tanh', 'n0'], ['Asin', 'n1'])
    const { model } = convert(source)
    const broken = withFault(model, (n) => (n.op === 'tanh' ? { ...n, op: 'logistic' } : undefined))
    expect(await refusalOf(check(source, broken))).toMatchObject({ code: 'parity/mismatch' })
  })
})

test('what would take longer than it may is not run, which is said', async () => {
  const source = await oracleCase('conv2d_same')
  const report = await check(source, convert(source).model, { budgetSeconds: 1e-9 })
  expect(report).toMatchObject({
    outputs: [],
    gaps: [{ signature: 'serving_default', reason: expect.stringContaining('and it may take 1e-9 s') }],
  })
})

test('of a model that would take too long the layers that were reached are compared', async () => {
  const source = twoLayers()
  const { model } = convert(source)
  // As long as the clock stands still, nothing takes long.
  const options = { budgetSeconds: 1e-9 }
  const whole = await check(source, model, options)
  expect(whole.gaps[0]!.reason).toMatch(/; 3 of its 3 operators, up to the layer third\/Softmax, give what the source does$/)
  const broken = withFault(model, (n) => (n.op === 'softmax' ? { ...n, op: 'log_softmax', attrs: {} } : undefined))
  expect((await check(source, broken, options)).gaps[0]!.reason).toMatch(/; 2 of its 3 operators, up to the layer second\/Mul, give/)
})

test('a report of what cannot be run at all has the reason for each signature', async () => {
  const { model } = convert(await oracleCase('conv2d_same'))
  expect(uncheckedReport(model, 'too large')).toMatchObject({ outputs: [], gaps: [{ signature: 'serving_default', reason: 'too large' }] })
})

test('a size that was made up and is too small is made larger', async () => {
  const bool = attr.type('bool')
  const source = imported(
    [
      placeholder([-1, -1]),
      floats('low', Float32Array.of(-1000), []),
      constant('k', tensor('i32', [], [[4, new Uint8Array(bytesOf(Int32Array.of(20)))]])),
      node('more', 'Greater', ['x', 'low'], { T: f32 }),
      node('places', 'Where', ['more'], { T: bool }),
      node('found', 'GatherNd', ['x', 'places'], { Tparams: f32, Tindices: attr.type('i64') }),
      node('best', 'TopKV2', ['found', 'k'], { T: f32, sorted: attr.bool(true) }),
    ],
    ['Greater', 'Where', 'GatherNd', 'TopKV2'],
    [-1, -1],
    { y: 'best:0' },
  )
  const report = await check(source, convert(source).model)
  expect(report.gaps).toEqual([])
  expect(report.inputShapes.serving_default!.x!.at(-1)).toBeGreaterThan(3)
})

describe('faults', () => {
  test('a wrong attribute is found in its layer', async () => {
    const source = await oracleCase('keras3_act_elu')
    const { model } = convert(source)
    const broken = withFault(model, (n) => (n.op === 'elu' ? { ...n, op: 'relu' } : undefined))
    const e = await refusalOf(check(source, broken))
    expect(e).toMatchObject({ code: 'parity/mismatch', op: 'relu' })
    expect(e.message).toContain(`The first layer that differs is "${e.node}"`)
  })

  test('the first of two layers is named, not the last', async () => {
    const source = twoLayers()
    const { model } = convert(source)
    const broken = withFault(model, (n) => (n.op === 'logistic' ? { ...n, op: 'tanh' } : undefined))
    expect(await refusalOf(check(source, broken))).toMatchObject({ code: 'parity/mismatch', node: 'first/Sigmoid', tensor: 'y' })
  })

  test('a weight that is off by a hundredth is found', async () => {
    const source = await oracleCase('dense_large')
    const { model } = convert(source)
    const broken: Model = { ...model, graphs: model.graphs.map(withChangedWeight) }
    expect(await refusalOf(check(source, broken))).toMatchObject({ code: 'parity/mismatch' })
  })

  test('a fault that small sizes show is judged at the size of the model', async () => {
    const source = wideConvolution()
    const { model } = convert(source)
    const sound = await check(source, model)
    expect(sound).toMatchObject({ isReduced: true, inputShapes: { serving_default: { x: [1, 64, 64, 3] } } })
    const broken = withFault(model, (n) => (n.op === 'conv_2d' ? { ...n, attrs: { ...n.attrs, fusedActivation: 'relu6' } } : undefined))
    expect(await refusalOf(check(source, broken))).toMatchObject({ code: 'parity/mismatch', op: 'conv_2d' })
  })

  test.each(['dynamic', 'dynamic-int4', 'weight-only-int8', 'weight-only-int4'] as const)(
    'weights of %s with wrong scales or in another order are not those of the source',
    async (mode) => {
      const source = await oracleCase('dense_large')
      const { model, floatModel, decisions } = convert(source, { mode })
      for (const change of [withDoubledScales, withTurnedIntegers]) {
        const broken: Model = { ...model, graphs: model.graphs.map(change) }
        const quantized = { contents: tfliteBytes(broken), mode, decisions }
        expect(await refusalOf(check(source, floatModel, { quantized }))).toMatchObject({ code: 'parity/wrong-weights' })
      }
    },
  )

  test('a quantized model that computes something else has a gross error', async () => {
    const source = await oracleCase('dense_large')
    const { model, floatModel, decisions } = convert(source, { mode: 'dynamic' })
    const broken = withFault(model, (n) =>
      n.op === 'fully_connected' ? { ...n, attrs: { ...n.attrs, fusedActivation: 'relu_n1_to_1' } } : undefined,
    )
    const quantized = { contents: tfliteBytes(broken), mode: 'dynamic', decisions } as const
    const e = await refusalOf(check(source, floatModel, { quantized }))
    expect(e.code).toBe('parity/mismatch')
    expect(e.message).toMatch(/dynamic may have 50\.0 %/)
  })

  test('at a reduced size, too, it is asked what rounded weights explain', async () => {
    const source = wideConvolution()
    const { model, floatModel, decisions } = convert(source, { mode: 'dynamic', minElements: 0 })
    const broken = withFault(model, (n) => (n.op === 'conv_2d' ? { ...n, attrs: { ...n.attrs, fusedActivation: 'relu6' } } : undefined))
    const quantized = { contents: tfliteBytes(broken), mode: 'dynamic', decisions } as const
    const { gaps, outputs, isReduced } = await check(source, floatModel, { quantized, budgetSeconds: 1e-3 })
    expect(gaps).toMatchObject([
      { mode: 'dynamic', reason: expect.stringMatching(/would take some .* at a reduced size: .* has an error of/) },
    ])
    expect({ isReduced, outputs }).toMatchObject({ isReduced: true, outputs: [{ mode: 'none', output: 'y' }] })
  })

  test('results whose size values tell are not compared where quantization gives another size, which is said', async () => {
    const weights = Float32Array.from({ length: 64 * 64 }, (_, i) => Math.sin(i * i))
    const source = imported(
      [
        placeholder([2, 64]),
        floats('w', weights, [64, 64]),
        floats('zero', Float32Array.of(0), []),
        node('dense', 'MatMul', ['x', 'w'], { T: f32 }),
        node('more', 'Greater', ['dense', 'zero'], { T: f32 }),
        node('places', 'Where', ['more'], { T: attr.type('bool') }),
      ],
      ['MatMul', 'Greater', 'Where'],
      [2, 64],
      { y: 'places:0' },
    )
    const { model, floatModel, decisions } = convert(source, { mode: 'dynamic-int4' })
    const quantized = { contents: tfliteBytes(model), mode: 'dynamic-int4', decisions } as const
    const report = await check(source, floatModel, { quantized })
    expect(report.gaps).toEqual([
      { signature: 'serving_default', output: 'y', mode: 'dynamic-int4', reason: expect.stringContaining('depends on values') },
    ])
  })

  test('of integer activations the weights are compared, the results not, which is said', async () => {
    const source = await oracleCase('dense_large')
    const { model, floatModel, decisions } = convert(source, { mode: 'dynamic' })
    const quantized = { contents: tfliteBytes(model), mode: undefined, decisions }
    const report = await check(source, floatModel, { quantized })
    expect(report.weights).toEqual({ compared: 1, of: 1 })
    expect(report.gaps).toEqual([{ signature: 'serving_default', reason: expect.stringContaining('its results were not') }])
  })

  test('a file that the runtime refuses', async () => {
    const source = twoLayers()
    const { model } = convert(source)
    // An operand too many: LiteRT looks when it prepares.
    const broken = withFault(model, (n) => (n.op === 'logistic' ? { ...n, inputs: [n.inputs[0]!, n.inputs[0]!] } : undefined))
    expect(await refusalOf(check(source, broken))).toMatchObject({ code: 'parity/cannot-run' })
  })
})

function withChangedWeight(graph: Graph): Graph {
  const weights = [...graph.values.values()].find((v) => v.data && v.type.dtype === 'f32' && v.type.shape.length === 2)!
  const bytes = weights.data!.bytes().slice()
  new Float32Array(bytes.buffer)[7]! *= 1.01
  return { ...graph, values: new Map(graph.values).set(weights.id, { ...weights, data: constFromBytes(bytes) }) }
}

function withTurnedIntegers(graph: Graph): Graph {
  const values = new Map(graph.values)
  for (const [id, v] of values) if (v.data && v.type.quant) values.set(id, { ...v, data: constFromBytes(v.data.bytes().slice().reverse()) })
  return { ...graph, values }
}

function withDoubledScales(graph: Graph): Graph {
  const values = new Map(graph.values)
  for (const [id, v] of values) {
    const { quant } = v.type
    if (quant?.kind === 'per-axis' || quant?.kind === 'blockwise')
      values.set(id, { ...v, type: { ...v.type, quant: { ...quant, scales: quant.scales.map((s) => 2 * s) } } })
    if (quant?.kind === 'per-tensor') values.set(id, { ...v, type: { ...v.type, quant: { ...quant, scale: 2 * quant.scale } } })
  }
  return { ...graph, values }
}

const f32 = attr.type('f32')
const placeholder = (dims: readonly number[]) => node('x', 'Placeholder', [], { dtype: f32, shape: attr.shape(dims) })
const floats = (name: string, values: Float32Array, dims: readonly number[]) =>
  constant(name, tensor('f32', dims, [[4, new Uint8Array(bytesOf(values))]]))

function imported(
  nodes: ModelSpec['nodes'],
  ops: readonly string[],
  dims: readonly number[],
  outputs: Readonly<Record<string, string>>,
): SourceModel {
  const ports = Object.fromEntries(Object.entries(outputs).map(([key, name]) => [key, { name, dims: 'unknown' as const }]))
  return importSavedModel(
    modelFolder({
      nodes,
      ops: ops.map((name) => ({ name, outputs: ['output'] })),
      signatures: { serving_default: { inputs: { x: { name: 'x:0', dims } }, outputs: ports } },
    }),
  )
}

function twoLayers(): SourceModel {
  const nodes = [
    placeholder([-1, 4]),
    node('first/Sigmoid', 'Sigmoid', ['x'], { T: f32 }),
    floats('half', Float32Array.of(0.5), []),
    node('second/Mul', 'Mul', ['first/Sigmoid', 'half'], { T: f32 }),
    node('third/Softmax', 'Softmax', ['second/Mul'], { T: f32 }),
  ]
  return imported(nodes, ['Sigmoid', 'Mul', 'Softmax'], [-1, 4], { y: 'third/Softmax:0' })
}

function wideConvolution(): SourceModel {
  const ones = attr.list([1, 1, 1, 1].map((v) => [3, v] as const))
  const filter = Float32Array.from({ length: 3 * 3 * 3 * 16 }, (_, i) => Math.sin(i))
  const nodes = [
    placeholder([1, 256, 256, 3]),
    floats('filter', filter, [3, 3, 3, 16]),
    node('wide/Conv2D', 'Conv2D', ['x', 'filter'], {
      T: f32,
      strides: ones,
      dilations: ones,
      padding: attr.string('SAME'),
      data_format: attr.string('NHWC'),
    }),
  ]
  return imported(nodes, ['Conv2D'], [1, 256, 256, 3], { y: 'wide/Conv2D:0' })
}
