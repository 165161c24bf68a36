import * as fs from 'node:fs'
import * as path from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { fixture, temporaryFolder } from '../testkit/files.ts'
import { jsonOf, runInProcess } from './run-cli.ts'

const float = fixture('tflite/mnist_cnn_small.float.tflite')
const digits = fixture('mnist/digits-images-idx3-ubyte')
const scaled = ['--preprocess', 'mean=0,std=255']
const dir = temporaryFolder()
const at = (name: string): string => path.join(dir, name)
const read = (name: string): Buffer => fs.readFileSync(at(name))

beforeAll(async () => {
  await jsonOf('calibrate', float, '--data', digits, ...scaled, '--jobs', '1', '-o', at('calib.json'))
})

const convert = (mode: string, out: string, ...rest: string[]) => ['convert', float, '--quantize', mode, '-o', at(out), ...rest]

test('corrects the biases of every mode from one calibration, however many threads made it', async () => {
  for (const jobs of ['2', '3']) {
    await jsonOf('calibrate', float, '--data', digits, ...scaled, '--jobs', jobs, '-o', at('other.json'))
    expect(read('other.json').equals(read('calib.json'))).toBe(true)
  }
  for (const mode of ['dynamic', 'dynamic-int4', 'int8', 'uint8']) {
    const plain = ['int8', 'uint8'].includes(mode) ? ['--calibration', at('calib.json')] : scaled
    await jsonOf(...convert(mode, 'plain.tflite', ...plain))
    const result = await jsonOf(...convert(mode, 'file.tflite', '--calibration', at('calib.json'), '--bias-correction'))
    const { corrected, others } = result.biasCorrection as { corrected: { shift: number; share: number }[]; others: unknown[] }
    // The weights of dynamic that are smaller than 1024 elements stay float.
    expect([corrected.length, others.length]).toEqual(mode === 'dynamic' ? [1, 3] : [4, 0])
    for (const c of corrected) expect([c.shift > 0, c.share > 0 && c.share < 0.2]).toEqual([true, true])
    expect(read('file.tflite').byteLength).toBe(read('plain.tflite').byteLength)
    expect(read('file.tflite').equals(read('plain.tflite'))).toBe(false)
  }
  await jsonOf(...convert('int8', 'json.tflite', '--calibration', at('calib.json'), '--bias-correction'))
  await jsonOf(...convert('int8', 'data.tflite', '--calibration', digits, ...scaled, '--bias-correction'))
  expect(read('data.tflite').equals(read('json.tflite'))).toBe(true)
})

test('is told by --plan and the summary', async () => {
  const { out } = await runInProcess(...convert('dynamic-int4', 'x', '--calibration', at('calib.json'), '--bias-correction', '--plan'))
  expect(out).toContain('biases: 4 of 4 ops corrected')
  expect(out).toMatch(/dense_1\S*: 10 channels, by [\d.]+ at most, [\d.]+ % of the range of its result\n/)
  const kept = ['--bias-correction', '--keep-float', '*dense_1/MatMul*', '--plan', '--calibration', at('calib.json')]
  const { out: some } = await runInProcess(...convert('dynamic-int4', 'x', ...kept))
  expect(some).toContain('biases: 3 of 4 ops corrected')
  expect(some).toMatch(/not \S*dense_1\S*: its weights are not stored as integers/)
})

const codeOf = async (...args: string[]) => JSON.parse((await runInProcess(...args, '--json')).out).error?.code

test('needs means and integer weights', async () => {
  const corrected = ['--bias-correction', '--calibration', at('calib.json')]
  expect(await codeOf(...convert('dynamic', 'x.tflite', '--bias-correction'))).toBe('quantize/needs-means')
  for (const mode of ['none', 'float16']) {
    expect(await codeOf(...convert(mode, 'x.tflite', ...corrected))).toBe('quantize/unfit-option')
    expect(await codeOf(...convert(mode, 'x.tflite', '--bias-correction'))).toBe('quantize/unfit-option')
  }
  expect(await codeOf(...convert('dynamic', 'x.tflite', '--calibration', at('calib.json')))).toBe('cli/calibration-without-use')
  const old = read('calib.json')
    .toString()
    .replace('"version": 2', '"version": 1')
    .replaceAll(/"columnSums":\[[^\]]*\],/g, '')
  fs.writeFileSync(at('old.json'), old)
  await jsonOf(...convert('int8', 'old.tflite', '--calibration', at('old.json')))
  expect(await codeOf(...convert('int8', 'x.tflite', '--calibration', at('old.json'), '--bias-correction'))).toBe(
    'calibrate/no-means-inside',
  )
  expect(fs.existsSync(at('x.tflite'))).toBe(false)
})
