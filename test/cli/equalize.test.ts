import * as fs from 'node:fs'
import * as path from 'node:path'
import { expect, test } from 'vitest'
import { fixture, temporaryFolder } from '../testkit/files.ts'
import { jsonOf, runInProcess } from './run-cli.ts'

const float = fixture('tflite/mnist_cnn_small.float.tflite')
const digits = fixture('mnist/digits-images-idx3-ubyte')
const scaled = ['--preprocess', 'mean=0,std=255']
const dir = temporaryFolder()
const at = (name: string): string => path.join(dir, name)

test('writes the float model with other weights and the same answers', async () => {
  const result = await jsonOf('convert', float, '--equalize', '-o', at('level.tflite'))
  expect((result.equalization as { pairs: unknown[] }).pairs.length).toBe(3)
  expect(fs.readFileSync(at('level.tflite')).equals(fs.readFileSync(float))).toBe(false)
  const compared = await jsonOf('compare', float, at('level.tflite'), '--data', digits, ...scaled, '--no-latency')
  const [before, after] = compared.models as { accuracy?: { top1: number } }[]
  expect(after!.accuracy).toEqual(before!.accuracy)
})

test('is told by --plan, layer by layer', async () => {
  const { out } = await runInProcess('convert', float, '--equalize', '--quantize', 'weight-only-int8', '--plan')
  expect(out).toContain('equalized: 3 of 4 ops with those behind them')
  expect(out).toMatch(/channels divided by [\d.]+ to [\d.]+/)
  expect(out).toContain('SOFTMAX behind it does not scale with what it reads')
})

test('a calibration is of the equalized model or of the other', async () => {
  await jsonOf('calibrate', float, '--equalize', '--data', digits, ...scaled, '-o', at('calib.json'))
  const int8 = ['convert', float, '--quantize', 'int8', '-o', at('int8.tflite'), '--calibration']
  await jsonOf(...int8, at('calib.json'), '--equalize')
  const same = fs.readFileSync(at('int8.tflite'))
  await jsonOf(...int8, digits, ...scaled, '--equalize')
  expect(fs.readFileSync(at('int8.tflite')).equals(same)).toBe(true)
  const { out } = await runInProcess(...int8, at('calib.json'), '--json')
  expect(JSON.parse(out)).toMatchObject({ error: { code: 'calibrate/other-model' } })
})

test('warns when nothing is equalized', async () => {
  const result = await jsonOf('convert', fixture('tflite/variable_assign.float.tflite'), '--equalize', '-o', at('same.tflite'))
  expect(result.diagnostics).toMatchObject([{ code: 'quantize/nothing-equalized', severity: 'warning' }])
})
