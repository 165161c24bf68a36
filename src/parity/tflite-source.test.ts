import { afterAll, describe, expect, test } from 'vitest'
import { stillClock } from '../../test/testkit/clock.ts'
import { fixtureBytes } from '../../test/testkit/files.ts'
import { refusalOf } from '../../test/testkit/refusal.ts'
import { convertTflite } from '../convert.ts'
import { constFromBytes, memorySource } from '../core/bytes.ts'
import { tfliteBytes } from '../export/write-tflite.ts'
import { importTflite } from '../import/tflite/import-model.ts'
import { readTfliteFile } from '../import/tflite/read-file.ts'
import { parseGraph } from '../ir/parse.ts'
import type { Graph, Model } from '../ir/types.ts'
import { textRecords } from '../ops/text.ts'
import { loadNodeLiteRt } from '../platform/node-litert.ts'
import { liteRtRunner } from '../run/litert.ts'
import { checkParity } from './check-parity.ts'
import { graphIndexBounds } from './index-bounds.ts'

/*
 * The gate on `.tflite` sources: what is written is held against the file that was read.
 */

const runner = liteRtRunner(loadNodeLiteRt)
afterAll(() => runner.dispose())

const fixture = (path: string) => fixtureBytes(`${path}.tflite`)
const open = (name: string, bytes: Uint8Array) => readTfliteFile(memorySource(name, bytes))

/** Quantized, checked; `change` puts a fault into what is written. */
function check(
  path: string | Uint8Array,
  mode: 'dynamic' | 'float16' | 'int8',
  change: (model: Model, which: string) => Model = (m) => m,
  wholeBytes?: number,
) {
  const [name, bytes] = typeof path === 'string' ? [path, fixture(path)] : ['made', path]
  const file = open(name, bytes)
  const { floatModel } = convertTflite(file)
  const { model: written, decisions } = convertTflite(file, mode === 'int8' ? {} : { mode, minElements: 16 })
  return checkParity(memorySource(name, bytes), tfliteBytes(change(floatModel, 'float')), {
    runner,
    model: floatModel,
    clock: stillClock,
    wholeBytes,
    ...(mode !== 'int8' && { quantized: { contents: tfliteBytes(change(written, mode)), mode, decisions } }),
  })
}

function withGraphs(model: Model, change: (graph: Graph) => Graph): Model {
  return { ...model, graphs: model.graphs.map(change) }
}

/** The model with each seventh element of its `nth` large constant of floats changed. */
function withChangedWeight(model: Model, nth = 0): Model {
  let seen = 0
  const changed = withGraphs(model, (graph) => {
    const values = [...graph.values].map(([id, v]) => {
      if (!v.data || v.type.dtype !== 'f32' || v.data.byteLength < 256 || seen++ !== nth) return [id, v] as const
      const floats = new Float32Array(v.data.bytes().slice().buffer)
      for (let i = 0; i < floats.length; i += 7) floats[i]! += 0.01
      return [id, { ...v, data: constFromBytes(new Uint8Array(floats.buffer)) }] as const
    })
    return { ...graph, values: new Map(values) }
  })
  expect(seen).toBeGreaterThan(nth)
  return changed
}

const withDoubledScales = (model: Model): Model =>
  withGraphs(model, (graph) => ({
    ...graph,
    values: new Map(
      [...graph.values].map(([id, v]) => {
        const { quant } = v.type
        if (quant?.kind === 'per-axis')
          return [id, { ...v, type: { ...v.type, quant: { ...quant, scales: quant.scales.map((s) => 2 * s) } } }]
        return [id, quant?.kind === 'per-tensor' ? { ...v, type: { ...v.type, quant: { ...quant, scale: 2 * quant.scale } } } : v]
      }),
    ),
  }))

const ofLiteRt = expect.stringMatching(/^the source file in LiteRT\.js/)

describe('what is right', () => {
  test.each(['dynamic', 'float16'] as const)('passes in %s, and the source file has told what is right', async (mode) => {
    const report = await check('tflite/mnist_cnn_small.float', mode)
    expect(report).toMatchObject({ outputs: [{ mode: 'none', largestDifference: 0 }, { mode }], gaps: [], onKernels: undefined })
    expect(report.evaluators).toEqual([{ name: ofLiteRt, ops: expect.objectContaining({ conv_2d: expect.any(Number) }) }])
    expect(report.outputs[1]!.largestDifference).toBeGreaterThan(0)
  })

  test.each([
    ['two signatures', 'run/two_signatures', 3],
    ['variables', 'tflite/variable_assign.float', 1],
    ['indices and a loop', 'tflite/lstm_while.float', 1],
    ['quantized inputs and outputs', 'run/nested_uint8io', 1],
    ['a branch', 'run/cond_shapes', 1],
    ['sizes that hang on values', 'run/boolean_mask', 1],
  ])('with %s', async (_, path, outputs) => {
    const report = await check(path, 'int8')
    expect(report).toMatchObject({ gaps: [], evaluators: [{ name: ofLiteRt }] })
    expect(report.outputs).toHaveLength(outputs)
  })

  test('without declared signatures', async () => {
    const { model } = open('made', fixture('tflite/mnist_mlp.float'))
    expect(model.signatureDefs).toHaveLength(1)
    const bare = tfliteBytes({ ...importTflite(open('made', fixture('tflite/mnist_mlp.float'))), signatures: [] })
    const report = await check(bare, 'float16')
    expect(report.outputs.map((o) => [o.signature, o.mode])).toEqual([
      ['<placeholder signature>', 'none'],
      ['<placeholder signature>', 'float16'],
    ])
  })

  test('whose states LiteRT.js cannot hold own kernels run on both sides, which is said', async () => {
    const report = await check('tflite/lstm_text.float', 'dynamic')
    expect(report).toMatchObject({
      outputs: [{ mode: 'none', largestDifference: 0 }],
      evaluators: [{ name: 'own kernels' }],
      onKernels: expect.stringContaining('cannot hold the states'),
      gaps: [{ mode: 'dynamic', reason: expect.stringContaining('cannot hold the states') }],
    })
  })
})

test('what is too large for the runtime is run piece by piece, source and result, which is said', async () => {
  const report = await check('tflite/mnist_cnn_small.float', 'dynamic', undefined, 0)
  expect(report).toMatchObject({ isInPieces: true, outputs: [{ mode: 'none', largestDifference: 0 }, { mode: 'dynamic' }], gaps: [] })
  const broken = check('tflite/mnist_cnn_small.float', 'float16', (m, which) => (which === 'float' ? withChangedWeight(m) : m), 0)
  expect(await refusalOf(broken)).toMatchObject({ code: 'parity/mismatch', node: undefined })
})

describe('faults', () => {
  test('a changed weight is found in its layer', async () => {
    const e = await refusalOf(
      check('tflite/mnist_cnn_small.float', 'float16', (m, which) => (which === 'float' ? withChangedWeight(m) : m)),
    )
    expect(e).toMatchObject({ code: 'parity/mismatch', op: 'conv_2d' })
    expect(e.message).toContain(`The first layer that differs is "${e.node}"`)
  })

  test('so are those behind it', async () => {
    const e = await refusalOf(check('tflite/mnist_mlp.float', 'float16', (m, which) => (which === 'float' ? withChangedWeight(m, 1) : m)))
    const names = importTflite(open('made', fixture('tflite/mnist_mlp.float'))).graphs[0]!.nodes.map((n) => n.origin.source[0])
    expect(e).toMatchObject({ code: 'parity/mismatch', op: 'fully_connected' })
    expect(names.indexOf(e.node)).toBeGreaterThan(0)
  })

  test('a changed weight is found where own kernels run', async () => {
    const e = await refusalOf(check('tflite/lstm_text.float', 'dynamic', (m, which) => (which === 'float' ? withChangedWeight(m) : m)))
    expect(e.code).toBe('parity/mismatch')
  })

  test('wrong scales are not those of the weights', async () => {
    const e = await refusalOf(
      check('run/conv2d_transpose_dynamic_batch', 'dynamic', (m, which) => (which === 'dynamic' ? withDoubledScales(m) : m)),
    )
    expect(e.code).toBe('parity/wrong-weights')
  })

  test('a file that does not run where its source does', async () => {
    const withoutOperand = (m: Model) =>
      withGraphs(m, (g) => ({
        ...g,
        nodes: g.nodes.map((n) => (n.op === 'softmax' ? { ...n, inputs: [n.inputs[0]!, n.inputs[0]!] } : n)),
      }))
    expect((await refusalOf(check('tflite/mnist_mlp.float', 'int8', withoutOperand))).code).toBe('parity/cannot-run')
  })
})

test('what LiteRT.js cannot run and kernels neither is a gap, with the reason', async () => {
  const report = await check('run/un_erf_flex', 'float16')
  expect(report.outputs).toEqual([])
  expect(report.gaps).toMatchObject([{ output: 'y', reason: expect.stringContaining('LiteRT.js has no op "FlexErf"') }])
})

test('a signature with more axes than runtimes take is a gap', async () => {
  const shape = Array.from({ length: 9 }, () => 1).join(',')
  const graph = parseGraph(`graph g(%x: f32[${shape}]) { %y = relu(%x) return %y }`, { records: textRecords })
  const model: Model = { graphs: [graph], signatures: [], description: '', metadata: new Map() }
  const ports = (ids: readonly number[]) => ids.map((value) => ({ name: `p${value}`, value }))
  const signatures = [{ key: 'deep', graph: 0, inputs: ports(graph.inputs), outputs: ports(graph.outputs) }]
  const report = await check(tfliteBytes({ ...model, signatures }), 'int8')
  expect(report).toMatchObject({ outputs: [], gaps: [{ signature: 'deep', reason: expect.stringContaining('at most 8') }] })
})

test('inputs that are indices are told by the ops that read them', () => {
  const bounds = (body: string) => {
    const graph = parseGraph(`graph g(%ids: i32[4]) {\n${body}\n}`, { records: textRecords })
    return graph.inputs.map((id) => graphIndexBounds(graph).get(id))
  }
  const [table, other] = ['%t = const : f32[9,5] = ...', '%u = const : f32[3,2] = ...']
  expect(bounds(`${table} %y = gather(%t, %ids) {axis=1} return %y`)).toEqual([5])
  expect(bounds(`${table} %y = embedding_lookup(%ids, %t) return %y`)).toEqual([9])
  const depth = '%d = const : i32[] = 6 %on = const : f32[] = 1 %off = const : f32[] = 0'
  expect(bounds(`${depth} %y = one_hot(%ids, %d, %on, %off) {axis=-1} return %y`)).toEqual([6])
  expect(bounds('%x = const : f32[4,8] = ... %y = reverse_sequence(%x, %ids) {seqDim=1, batchDim=0} return %y')).toEqual([3])
  const both = `${table} ${other} %i = cast(%ids) : i64[4] %y = gather(%t, %i) {axis=0} %z = gather(%u, %ids) {axis=0} return %y, %z`
  expect(bounds(both)).toEqual([3])
  expect(bounds(`${table} %s = add(%ids, %ids) %y = gather(%t, %s) {axis=0} return %y`)).toEqual([undefined])
})
