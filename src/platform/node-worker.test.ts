import { afterAll, expect, test } from 'vitest'
import { fixtureBytes } from '../../test/testkit/files.ts'
import { type NdArray, ndArray } from '../core/nd-array.ts'
import { liteRtRunner } from '../run/litert.ts'
import { loadNodeLiteRt } from './node-litert.ts'
import { nodeWorkerRunner } from './node-worker.ts'

const digits = (count: number, input = 'flatten_input'): ReadonlyMap<string, NdArray> => {
  const pixels = Float32Array.from({ length: count * 784 }, (_, i) => ((i * 7919) % 256) / 255)
  return new Map([[input, ndArray('f32', pixels, [count, 28, 28, 1])]])
}
const runner = nodeWorkerRunner()
afterAll(() => runner.dispose())

test('a worker gives what this thread gives', async () => {
  const bytes = fixtureBytes('tflite/mnist_mlp.dynamic.tflite')
  const here = liteRtRunner(loadNodeLiteRt)
  const [near, far] = [await here.load(bytes), await runner.load(bytes)]
  expect(far.signatures).toMatchObject(near.signatures.map(({ key }) => ({ key })))
  expect(far.signatures[0]!.inputs[0]).toMatchObject({ name: 'flatten_input', dtype: 'f32', shape: ['N', 28, 28, 1] })
  expect(await far.run(digits(3))).toEqual(await near.run(digits(3)))
  expect(await runner.describe()).toBe(await here.describe())
  await far.reset()
  await far.dispose()
  await here.dispose()
  expect(bytes.byteLength).toBe(86096)
})

test('errors of a worker arrive whole', async () => {
  await expect(runner.load(fixtureBytes('run/un_erf_flex.tflite'), { name: 'erf.tflite' })).rejects.toMatchObject({
    name: 'DowncastError',
    code: 'run/missing-op',
    file: 'erf.tflite',
    op: 'FlexErf',
  })
})

test('an aborted run ends the worker; models go on in a new one', async () => {
  const model = await runner.load(fixtureBytes('tflite/mnist_cnn_small.float.tflite'), { name: 'cnn' })
  const expected = await model.run(digits(1, 'input_1'))
  const abort = new AbortController()
  const [aborted, other] = [model.run(digits(2000, 'input_1'), { signal: abort.signal }), model.run(digits(1, 'input_1'))]
  const both = Promise.allSettled([aborted, other])
  setTimeout(() => abort.abort(new Error('enough')), 1)
  expect(await both).toMatchObject([
    { status: 'rejected', reason: { message: 'enough' } },
    { status: 'rejected', reason: { code: 'run/crashed', file: 'cnn' } },
  ])
  expect(await model.run(digits(1, 'input_1'))).toEqual(expected)
  await model.dispose()
})
