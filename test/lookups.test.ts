import { afterAll, expect, test } from 'vitest'
import { parseModel } from '../src/ir/parse.ts'
import type { Model } from '../src/ir/types.ts'
import { withDefaults } from '../src/ops/build.ts'
import { findSpec } from '../src/ops/index.ts'
import { loadNodeLiteRt } from '../src/platform/node-litert.ts'
import { quantize } from '../src/quantize/quantize.ts'
import type { QuantizeOptions } from '../src/quantize/types.ts'
import { liteRtRunner } from '../src/run/litert.ts'
import { runOneOp } from './testkit/one-op.ts'

const runner = liteRtRunner(loadNodeLiteRt)
afterAll(() => runner.dispose())

/** Rows of a table of 50 rows of 64 elements, by indices of a type and shape. */
function tableModel(indices: string, result: string, attrs = 'axis=0, batchDims=0', table = 'f32[50,64]'): Model {
  const model = parseModel(
    `graph main(%0 "ids": ${indices}) {\n  %1 = const "table" : ${table} = random(1)\n  %9 = gather(%1, %0) {${attrs}} : ${result} @"words"\n  return %9\n}`,
  )
  const graphs = model.graphs.map((g) => ({ ...g, nodes: g.nodes.map((n) => ({ ...n, attrs: withDefaults(findSpec(n.op)!, n.attrs) })) }))
  return { ...model, graphs }
}
const opsOf = (model: Model) => model.graphs[0]!.nodes.map((n) => n.op)
const shapes = [
  ['a vector', 'i32[4]', 'f32[4,64]', [4], ['embedding_lookup']],
  ['a matrix', 'i32[2,2]', 'f32[2,2,64]', [2, 2], ['reshape', 'embedding_lookup', 'reshape']],
  ['one open size', 'i32[N,2]', 'f32[N,2,64]', [2, 2], ['reshape', 'embedding_lookup', 'reshape']],
  ['two open sizes', 'i32[N,M]', 'f32[N,M,64]', [2, 2], ['reshape', 'embedding_lookup', 'shape', 'concatenation', 'reshape']],
  ['a scalar', 'i32[]', 'f32[64]', [], ['reshape', 'embedding_lookup', 'reshape']],
] as const
const modes: readonly (readonly [QuantizeOptions, number])[] = [
  [{ mode: 'dynamic-int4' }, 4],
  [{ mode: 'dynamic-int4', blockSize: 32 }, 4],
  [{ mode: 'weight-only-int8' }, 8],
  [{ mode: 'weight-only-int8', blockSize: 32 }, 8],
  [{ mode: 'weight-only-int4', blockSize: 32, asymmetric: true }, 4],
]

test.each(shapes)('tables of GATHER become those of a lookup, by %s', async (_, indices, result, shape, ops) => {
  const model = tableModel(indices, result)
  const ids = Int32Array.from([3, 0, 49, 17]).subarray(0, shape.length === 0 ? 1 : 4)
  const data = new Map([['ids', { values: ids, shape }]])
  const [want] = await runOneOp(runner, model, data)
  for (const [options, bits] of modes) {
    const { model: small, decisions } = quantize(model, options)
    expect(opsOf(small).filter((o) => o !== 'dequantize')).toEqual(
      options.blockSize && options.mode !== 'dynamic-int4' ? ops.toSpliced(ops.indexOf('embedding_lookup'), 0, 'reshape') : ops,
    )
    expect(decisions).toMatchObject([{ tensor: 'table', op: 'embedding_lookup', bits, reason: undefined, layer: 'words' }])
    const [got] = await runOneOp(runner, small, data)
    expect(got!.length).toBe(want!.length)
    const worst = Math.max(...want!.map((x, i) => Math.abs(x - got![i]!)))
    expect(worst).toBeGreaterThan(0)
    expect(worst).toBeLessThanOrEqual((0.51 / (2 ** (bits - 1) - 1)) * Math.max(...want!.map(Math.abs)))
  }
})

test('indices of 64 bits are narrowed', () => {
  const { model } = quantize(tableModel('i64[4]', 'f32[4,64]'), { mode: 'dynamic-int4' })
  expect(opsOf(model)).toEqual(['cast', 'embedding_lookup'])
})

test('what picks no rows stays, and so do tables that the lookup does not take so', () => {
  for (const [model, options, reason] of [
    [tableModel('i32[4]', 'f32[50,4]', 'axis=1, batchDims=0'), {}, 'GATHER has no kernel for input of 4 bits with float activations'],
    [tableModel('i32[50]', 'f32[50]', 'axis=1, batchDims=1'), {}, 'GATHER has no kernel for input of 4 bits with float activations'],
    [
      tableModel('i32[4]', 'f32[4]', 'axis=0, batchDims=0', 'f32[50]'),
      {},
      'GATHER has no kernel for input of 4 bits with float activations',
    ],
    [tableModel('i32[4]', 'f32[4,64]'), { blockSize: 128 }, 'rows of 64 elements do not divide into blocks of 128'],
    [tableModel('i32[4]', 'f32[4,64]'), { minElements: 1e6 }, '3200 elements < 1000000'],
    [tableModel('i32[4]', 'f32[4,64]'), { keepFloat: ['words'] }, 'kept by --keep-float'],
  ] as const) {
    const { model: small, decisions } = quantize(model, { mode: 'dynamic-int4', ...options })
    expect([opsOf(small), decisions[0]!.reason]).toEqual([['gather'], reason])
  }
})

test('the dynamic mode keeps the GATHER, as TensorFlow does', () => {
  const { model } = quantize(tableModel('i32[4]', 'f32[4,64]'), { mode: 'dynamic' })
  expect(opsOf(model)).toEqual(['gather', 'dequantize'])
})
