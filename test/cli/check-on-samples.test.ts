import { afterAll, expect, test } from 'vitest'
import { checkOnSamples, type SampleCheck } from '../../cli/commands/check-on-samples.ts'
import { ndArray } from '../../src/core/nd-array.ts'
import { tfliteBytes } from '../../src/export/write-tflite.ts'
import { modelFromText } from '../../src/ops/text.ts'
import { loadNodeLiteRt } from '../../src/platform/node-litert.ts'
import { noPreprocess } from '../../src/run/data/preprocess.ts'
import { makeDataSet } from '../../src/run/data/sample.ts'
import { liteRtRunner } from '../../src/run/litert.ts'
import { fixture, temporaryFolder } from '../testkit/files.ts'
import { runInProcess } from './run-cli.ts'

const dir = temporaryFolder()
const cnn = fixture('tflite/mnist_cnn_small.float.tflite')
const digits = fixture('mnist/digits-images-idx3-ubyte')
const scaled = ['--preprocess', 'mean=0,std=255']
const runner = liteRtRunner(loadNodeLiteRt)
afterAll(() => runner.dispose())

interface Check {
  readonly onSamples?: SampleCheck
  readonly gaps: readonly { readonly reason: string }[]
}
async function checked(...words: readonly string[]): Promise<Check> {
  const { code, out } = await runInProcess('convert', cnn, '-o', `${dir}/out.tflite`, ...words, '--json')
  expect(code).toBe(0)
  return (JSON.parse(out) as { check: Check }).check
}

test.each([
  ['--quantize', 'int8'],
  ['--quantize', 'int8-only', '--io', 'uint8'],
  ['--quantize', 'int16x8'],
  ['--recipe', 'static_wi8_ai8'],
])('%s %s is run on the samples that it was calibrated with', async (...how) => {
  const { onSamples, gaps } = await checked(...how, '--calibration', digits, ...scaled)
  expect(onSamples).toMatchObject({ samples: 8, diagnostics: [] })
  expect(onSamples!.outputs).toHaveLength(1)
  expect(onSamples!.outputs[0]!.cosine).toBeGreaterThan(0.98)
  expect(gaps).toEqual([])
})

test('without samples it is told that results were not compared', async () => {
  await runInProcess('calibrate', cnn, '--data', digits, ...scaled, '-o', `${dir}/calib.json`)
  const { onSamples, gaps } = await checked('--quantize', 'int8', '--calibration', `${dir}/calib.json`)
  expect(onSamples).toBeUndefined()
  expect(gaps.map((g) => g.reason)).toEqual([expect.stringContaining('its weights were compared, its results were not')])
})

const modelOf = (body: string) =>
  modelFromText(`graph main(%x "x": f32[1,4]) {\n${body}\n return %y }\nsignature "serve" main("x" %x) -> ("y" %y)`)
const subjects = (float: string, written: string) => {
  const model = modelOf(float)
  return { model, float: tfliteBytes(model), written: tfliteBytes(modelOf(written)) }
}
const data = makeDataSet({
  name: 'numbers',
  count: 3,
  isLabeled: false,
  classNames: new Map(),
  read: async (index) => ({
    index,
    name: `numbers[${index}]`,
    arrays: new Map([['', ndArray('f32', Float32Array.of(1, 2, index, 3), [4])]]),
  }),
})
const samples = { data, preprocess: noPreprocess }

test('a file that gives something else is told of', async () => {
  const found = await checkOnSamples(runner, subjects('%y = abs(%x)', '%y = neg(%x)'), samples, 20)
  expect(found).toMatchObject({ samples: 3, outputs: [{ output: 'y', cosine: -1, maxAbsError: 6 }] })
  expect((found as SampleCheck).diagnostics.map((d) => [d.code, d.severity, d.message])).toEqual([
    [
      'compare/far-from-float',
      'warning',
      'On 3 samples of "numbers" the output "y" is far from what the float model gives: a cosine of -1.000.',
    ],
  ])
})

test('where samples do not fit, that is the reason', async () => {
  const other = makeDataSet({ ...data, read: async (index) => ({ ...(await data.read(index)), arrays: new Map() }) })
  const same = subjects('%y = abs(%x)', '%y = abs(%x)')
  expect(await checkOnSamples(runner, same, { ...samples, data: other }, 20)).toMatch(/numbers\[0\]/)
})

test('of a model that takes long fewer are run', async () => {
  const layer = '%w = const "w" : f32[2,4] = random(1)\n %y = fully_connected(%x, %w, none)'
  const counts = [1e-9, 20].map(async (seconds) => checkOnSamples(runner, subjects(layer, layer), samples, seconds))
  expect((await Promise.all(counts)).map((c) => (c as SampleCheck).samples)).toEqual([1, 3])
})
