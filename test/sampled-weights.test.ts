import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it, test } from 'vitest'
import { calibrate } from '../src/calibrate/calibrate.ts'
import { hessianSources } from '../src/calibrate/hessian-sources.ts'
import { openObserver } from '../src/calibrate/open-observer.ts'
import { type Converted, convertTflite, quantizeConverted } from '../src/convert.ts'
import { memorySource } from '../src/core/bytes.ts'
import { type NdArray, ndArray, toFloat32 } from '../src/core/nd-array.ts'
import { tfliteBytes } from '../src/export/write-tflite.ts'
import { readTfliteFile } from '../src/import/tflite/read-file.ts'
import { openFile } from '../src/platform/node.ts'
import { loadNodeLiteRt } from '../src/platform/node-litert.ts'
import { layersToObserve } from '../src/quantize/observe.ts'
import type { QuantizeOptions } from '../src/quantize/types.ts'
import { observedHessians } from '../src/quantize/weights/observed-layers.ts'
import { type DataSet, makeDataSet } from '../src/run/data/sample.ts'
import { liteRtRunner } from '../src/run/litert.ts'
import { readIdx } from '../src/wire/idx.ts'
import { readNpz } from '../src/wire/npz.ts'
import { openZip } from '../src/wire/zip.ts'

/*
 * Weights whose integers samples choose, against those rounded to nearest: on digits that were not among the samples, judged by what TensorFlow
 * recorded of the float models (fixtures/mnist/probabilities.npz).
 */

const at = (path: string) => new URL(`../${path}`, import.meta.url).pathname
const read = (path: string) => new Uint8Array(readFileSync(at(path)))
const pixels = Float32Array.from(readIdx(openFile(at('examples/mnist/data/t10k-images-idx3-ubyte.gz'))).bytes, (v) => v / 255)
const digits = (from: number, count: number): NdArray =>
  ndArray('f32', pixels.subarray(from * 784, (from + count) * 784), [count, 28, 28, 1])
const recorded = readNpz(openFile(at('fixtures/mnist/probabilities.npz')))
const runner = liteRtRunner(loadNodeLiteRt)
afterAll(() => runner.dispose())

const samples = (count: number, make: (i: number) => NdArray): DataSet =>
  makeDataSet({
    name: 'samples',
    count,
    isLabeled: false,
    classNames: new Map(),
    read: async (index) => ({ index, name: `sample ${index}`, arrays: new Map([['', make(index)]]) }),
  })
const manyDigits = samples(96, (i) => digits(50 * i, 1))

const opened = (bytes: Uint8Array) => convertTflite(readTfliteFile(memorySource('m.tflite', bytes)))

async function sampled(before: Converted, how: QuantizeOptions, data: DataSet) {
  const { floatModel } = before
  const bytes = tfliteBytes(floatModel)
  const plan = layersToObserve(floatModel, how)
  const observer = await openObserver(runner, bytes, 'm.tflite', hessianSources(floatModel, bytes, plan.sums))
  const { hessians } = await calibrate({ model: { name: 'm.tflite', bytes }, data, observers: [observer] })
  await observer.dispose()
  return quantizeConverted(before, { ...how, hessians: observedHessians(plan, hessians) })
}

async function resultsOf(bytes: Uint8Array, input: NdArray): Promise<Float32Array> {
  const model = await runner.load(bytes, { name: 'm.tflite' })
  const { inputs, outputs } = model.signatures[0]!
  const results = await model.run(new Map([[inputs[0]!.name, input]]))
  const found = toFloat32(results.get(outputs[0]!.name)!)!.slice()
  await model.dispose()
  return found
}

const meanSquare = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0) / a.length

/** Between logarithms of probabilities, so that small ones tell as much as large ones; below this they tell nothing. */
const least = 1e-20
async function distance(name: string, bytes: Uint8Array): Promise<number> {
  const logs = (probabilities: Float32Array) => probabilities.map((p) => Math.log(Math.max(p, least)))
  return meanSquare(logs(toFloat32(recorded.get(name)!)!), logs(await resultsOf(bytes, digits(5000, 256))))
}

describe.each([
  ['mnist_mlp', { mode: 'dynamic-int4' }],
  ['mnist_mlp', { mode: 'weight-only-int4' }],
  ['mnist_mlp', { mode: 'weight-only-int4', perTensor: true }],
  ['mnist_cnn_small', { mode: 'dynamic-int4', blockSize: 32 }],
] satisfies [string, QuantizeOptions][])('%s in %o', (name, how) => {
  const before = opened(read(`fixtures/tflite/${name}.float.tflite`))
  test.each(['gptq', 'adaround'] as const)('%s is nearer to TensorFlow than min-max', async (weightsAlgorithm) => {
    const { model, decisions } = await sampled(before, { ...how, weightsAlgorithm }, manyDigits)
    const ours = await distance(name, tfliteBytes(model))
    const nearest = await distance(name, tfliteBytes(quantizeConverted(before, how).model))
    expect(ours).toBeLessThan(nearest)
    const stored = decisions.filter((d) => d.results)
    expect(stored.length).toBeGreaterThan(0)
    for (const { algorithm, results } of stored) {
      expect(algorithm).toBe(weightsAlgorithm)
      expect(results!.chosenDb).toBeGreaterThan(results!.nearestDb!)
    }
  })
})

describe('convolutions', () => {
  const archive = openZip(memorySource('static.zip', read('fixtures/oracle/static.zip')))
  const source = archive.open(archive.entries.get('mobilenet-keras2/calib.tflite')!)
  const before = opened(source.read(0, source.byteLength))
  const picture = (seed: number): NdArray => {
    const values = Float32Array.from({ length: 32 * 32 * 3 }, (_, i) => {
      const [y, x, c] = [Math.floor(i / 96), Math.floor(i / 3) % 32, i % 3]
      return Math.sin((y * (1 + (seed % 5)) + x * (1 + (seed % 7)) + 11 * seed) / (9 + c)) * Math.cos(seed + c)
    })
    return ndArray('f32', values, [1, 32, 32, 3])
  }
  test.each([
    ['gptq', 'weight-only-int4', 'conv_2d', 7],
    ['adaround', 'weight-only-int4', 'conv_2d', 7],
    ['gptq', 'weight-only-int8', 'depthwise_conv_2d', 3],
    ['adaround', 'weight-only-int8', 'depthwise_conv_2d', 3],
  ] as const)('%s brings the results of %s nearer to the float ones: %s', async (weightsAlgorithm, mode, op, count) => {
    const how: QuantizeOptions = { mode }
    const { model, decisions, diagnostics } = await sampled(before, { ...how, weightsAlgorithm }, samples(24, picture))
    const chosen = decisions.filter((d) => d.op === op && d.results)
    expect(chosen).toHaveLength(count)
    for (const { results } of chosen) expect(results!.chosenDb).toBeGreaterThan(results!.nearestDb!)
    const files = [before, quantizeConverted(before, how), { model }].map((c) => tfliteBytes(c.model))
    const sums = [0, 0]
    for (let seed = 100; seed < 116; seed++) {
      const [float, nearest, ours] = await Promise.all(files.map((bytes) => resultsOf(bytes, picture(seed))))
      sums[0]! += meanSquare(nearest!, float!)
      sums[1]! += meanSquare(ours!, float!)
    }
    expect(sums[1]).toBeLessThan(sums[0]!)
    expect(diagnostics.filter((d) => d.code === 'quantize/other-algorithm')).toEqual([])
  })
})

it('gives the same weights with 8 bits as the samples say', async () => {
  const before = opened(read('fixtures/tflite/mnist_mlp.float.tflite'))
  const how: QuantizeOptions = { mode: 'dynamic', weightsAlgorithm: 'gptq' }
  const [a, b] = [await sampled(before, how, manyDigits), await sampled(before, how, manyDigits)]
  expect(tfliteBytes(a.model)).toEqual(tfliteBytes(b.model))
  const [stored] = a.decisions.filter((d) => d.results)
  expect(stored).toMatchObject({ algorithm: 'gptq', to: 'i8' })
  expect(stored!.results!.chosenDb! - stored!.results!.nearestDb!).toBeGreaterThan(10)
})

describe.each(['int8', 'int8-only', 'int16x8'] as const)('%s', (mode) => {
  const archive = openZip(memorySource('static.zip', read('fixtures/oracle/static.zip')))
  const source = archive.open(archive.entries.get('mnist_mlp-keras2/calib.tflite')!)
  const before = opened(source.read(0, source.byteLength))
  test.each(['gptq', 'adaround'] as const)('has weights that %s chooses on the same scales', async (weightsAlgorithm) => {
    const [nearest, ours] = [quantizeConverted(before, { mode }), await sampled(before, { mode, weightsAlgorithm }, manyDigits)]
    const weights = ({ decisions }: Converted) => decisions.filter((d) => d.operand === 'weights')
    expect(weights(ours).map((d) => d.grid)).toEqual(weights(nearest).map((d) => d.grid))
    for (const { algorithm, results } of weights(ours)) {
      expect(algorithm).toBe(weightsAlgorithm)
      expect(results!.chosenDb! - results!.nearestDb!).toBeGreaterThan(3)
    }
    expect(tfliteBytes(ours.model).byteLength).toBe(tfliteBytes(nearest.model).byteLength)
  })
})
