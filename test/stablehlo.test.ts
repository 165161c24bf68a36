import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { convert } from '../src/convert.ts'
import { memorySource } from '../src/core/bytes.ts'
import { DowncastError } from '../src/core/diagnostics.ts'
import { tfliteBytes } from '../src/export/write-tflite.ts'
import { memoryFolder } from '../src/import/folder.ts'
import { readModel } from '../src/import/read-model.ts'
import { checkParity } from '../src/parity/check-parity.ts'
import { loadNodeLiteRt } from '../src/platform/node-litert.ts'
import { loadNodeTfJs } from '../src/platform/node-tfjs.ts'
import { liteRtRunner } from '../src/run/litert.ts'
import { openZip } from '../src/wire/zip.ts'
import { stillClock } from './testkit/clock.ts'

/*
 * What JAX writes as modules of StableHLO becomes no more operators than what TensorFlow writes of the same layers. That it computes the
 * same, oracle.test.ts says.
 */

const archive = openZip(
  memorySource('stablehlo.zip', new Uint8Array(readFileSync(new URL('../fixtures/oracle/stablehlo.zip', import.meta.url)))),
)

function imported(name: string) {
  const paths = [...archive.entries.keys()].filter((path) => path.startsWith(`${name}/`) && !path.endsWith('io.npz'))
  const files = paths.map((path): [string, Uint8Array] => {
    const source = archive.open(archive.entries.get(path)!)
    return [path.slice(name.length + 1), source.read(0, source.byteLength)]
  })
  return readModel({ folder: memoryFolder(name, new Map(files)) })
}

const dense = ['fully_connected', 'fully_connected', 'softmax']
const convolutional = ['conv_2d', 'max_pool_2d', 'conv_2d', 'mean', 'fully_connected']

describe('a module of StableHLO', () => {
  it.each([
    ['hlo_dense', ['fully_connected']],
    ['hlo_mlp', dense],
    ['hlo_mlp_gradient', dense],
    ['hlo_mlp_poly', dense],
    ['hlo_mlp_constants', dense],
    ['hlo_mlp_platforms', dense],
    ['hlo_keras_mlp', dense],
    ['hlo_cnn', convolutional],
    ['hlo_cnn_poly', convolutional],
    ['hlo_conv2d_nchw', ['transpose', 'conv_2d', 'transpose']],
    ['hlo_top_k', ['topk_v2', 'topk_v2']],
  ])('%s becomes what its layers are', async (name, expected) => {
    const { model } = convert(await imported(name))
    expect(model.graphs.flatMap((g) => g.nodes.map((n) => n.op))).toEqual(expected)
  })

  it.each(['hlo_mlp_poly', 'hlo_cnn_poly', 'hlo_transformer_poly', 'hlo_keras_attention'])('%s keeps an open batch', async (name) => {
    const { model } = convert(await imported(name))
    const graph = model.graphs[0]!
    expect(graph.values.get(graph.inputs[0]!)!.type.shape[0]).toBe('N')
    expect(graph.values.get(graph.outputs[0]!)!.type.shape[0]).toBe('N')
  })

  it.each(['hlo_keras_mlp', 'hlo_keras_cnn', 'hlo_keras_lstm'])('%s writes no variables: a call leaves its state alone', async (name) => {
    const { model } = convert(await imported(name))
    expect(model.graphs.flatMap((g) => [...g.values.values()].filter((v) => v.isVariable))).toEqual([])
  })

  it.each([
    ['hlo_lstm_poly', 'while', 40],
    ['hlo_transformer_poly', 'gelu', 40],
    ['hlo_keras_attention', 'gelu', 60],
  ])('%s has %s and at most %d operators', async (name, op, most) => {
    const { model } = convert(await imported(name))
    const ops = model.graphs.flatMap((g) => g.nodes.map((n) => n.op))
    expect(ops).toContain(op)
    expect(ops.length).toBeLessThanOrEqual(most)
  })

  it('names its layers as JAX does', async () => {
    const source = await imported('hlo_keras_cnn')
    const layers = source.graphs[0]!.nodes.flatMap((n) => n.layer)
    expect(layers).toEqual(expect.arrayContaining(['sequential_1/conv2d/conv_general_dilated']))
    expect(layers.filter((l) => /jit\(|XlaCallModule|PartitionedCall/.test(l))).toEqual([])
  })

  it('tells all that cannot be said in TensorFlow ops, and what to do', async () => {
    const source = await imported('hlo_refused')
    const fault = (() => {
      try {
        return convert(source)
      } catch (e) {
        return e
      }
    })()
    expect(fault).toBeInstanceOf(DowncastError)
    const told = (fault as DowncastError).diagnostics.filter((d) => d.code === 'lower/unsupported-op')
    expect(told.map((d) => d.message).join('\n')).toMatch(
      /stablehlo\.rng_bit_generator "rng_bit_generator"[\s\S]*custom_call@lapack_sgeqrf_ffi "qr\/geqrf"/,
    )
    expect(told.map((d) => d.hint).join('\n')).toMatch(/Take the random numbers as an input[\s\S]*Compute the factorization before export/)
  })
})

describe('the gate', () => {
  const runner = liteRtRunner(loadNodeLiteRt)
  afterAll(() => runner.dispose())

  it('says that it has evaluated the translation', async () => {
    const source = await imported('hlo_keras_mlp')
    const { model } = convert(source)
    const report = await checkParity(source, tfliteBytes(model), { runner, model, loadTfJs: loadNodeTfJs, clock: stillClock })
    expect(report).toMatchObject({ isTranslated: true, gaps: [] })
    expect(report.outputs.length).toBeGreaterThan(0)
  })
})
