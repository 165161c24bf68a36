import { afterAll, expect, test } from 'vitest'
import { fixtureBytes } from '../../test/testkit/files.ts'
import { type NdArray, ndArray, toFloat32 } from '../core/nd-array.ts'
import { loadNodeLiteRt } from '../platform/node-litert.ts'
import { liteRtRunner } from './litert.ts'
import { runModel, runSamples } from './run.ts'

const runner = liteRtRunner(loadNodeLiteRt)
afterAll(() => runner.dispose())
const picture = (seed: number, count = 1): NdArray =>
  ndArray(
    'f32',
    Float32Array.from({ length: count * 192 }, (_, i) => (((i + seed) * 7919) % 256) / 255),
    [count, 8, 8, 3],
  )

test('real numbers go into an integer model and come out', async () => {
  const feeds = new Map([
    ['image', picture(1)],
    ['other', picture(2)],
  ])
  const { outputs, values, signature } = await runModel(fixtureBytes('run/nested_uint8io.tflite'), feeds, { runner })
  expect(signature.key).toBe('serving_default')
  expect(outputs.get('result')).toMatchObject({ dtype: 'u8', shape: [1, 7] })
  const raw = toFloat32(outputs.get('result')!)!
  expect(toFloat32(values.get('result')!)).toEqual(raw.map((q) => q / 256))
})

test('a single feed without a name goes to the only input', async () => {
  const feeds = new Map([['', ndArray('f32', new Float32Array(784), [1, 28, 28, 1])]])
  const { values } = await runModel(fixtureBytes('tflite/mnist_mlp.dynamic.tflite'), feeds, { runner })
  expect(toFloat32(values.get('softmax')!)!.reduce((a, b) => a + b)).toBeCloseTo(1, 5)
  const two = fixtureBytes('run/nested_uint8io.tflite')
  await expect(runModel(two, feeds, { runner })).rejects.toMatchObject({ code: 'run/unknown-input' })
  await expect(runModel(two, feeds, { runner, signature: 'x' })).rejects.toMatchObject({ code: 'run/unknown-signature' })
})

test('samples come back in their order with what each gives alone', async () => {
  const model = await runner.load(fixtureBytes('run/nested_uint8io.tflite'))
  const samples = Array.from({ length: 7 }, (_, index) => ({
    index,
    // Of two sizes, so that not all fit together.
    inputs: new Map([
      ['image', picture(index, index === 3 ? 2 : 1)],
      ['other', picture(index + 9, index === 3 ? 2 : 1)],
    ]),
  }))
  const together = []
  for await (const result of runSamples(model, samples, { batchSize: 3 })) together.push(result)
  expect(together.map((r) => r.sample.index)).toEqual([0, 1, 2, 3, 4, 5, 6])
  for (const { sample, outputs } of together) {
    const alone = await runModel(fixtureBytes('run/nested_uint8io.tflite'), sample.inputs, { runner })
    expect(outputs).toEqual(alone.outputs)
  }
  await model.dispose()
})

test('samples of a model that takes one at a time', async () => {
  const model = await runner.load(fixtureBytes('run/two_signatures.tflite'))
  const samples = [1, 2, 3].map((x) => ({ inputs: new Map([['x', ndArray('f32', Float32Array.of(x, x, x), [1, 3])]]) }))
  const shapes = []
  for await (const { outputs } of runSamples(model, samples, { signature: 'encode' })) shapes.push(outputs.get('code')!.shape)
  expect(shapes).toEqual([
    [1, 2],
    [1, 2],
    [1, 2],
  ])
  await model.dispose()
})
