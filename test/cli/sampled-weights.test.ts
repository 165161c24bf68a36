import * as fs from 'node:fs'
import * as path from 'node:path'
import { expect, test } from 'vitest'
import type { Decision } from '../../src/quantize/types.ts'
import { fixture, temporaryFolder } from '../testkit/files.ts'
import { runInProcess } from './run-cli.ts'

const mlp = fixture('tflite/mnist_mlp.float.tflite')
const cnn = fixture('tflite/mnist_cnn_small.float.tflite')
const digits = ['--calibration', fixture('mnist/digits-images-idx3-ubyte'), '--preprocess', 'std=255']
const dir = temporaryFolder()
const at = (name: string) => path.join(dir, name)

const gptq = ['--quantize', 'dynamic-int4', '--weights-algorithm', 'gptq']
const failure = async (...words: string[]) => JSON.parse((await runInProcess('convert', ...words, '--json')).out).error as { code: string }

test('convert writes the same for any number of threads, and tells what it did', async () => {
  for (const jobs of ['1', '2']) {
    const { code } = await runInProcess('convert', mlp, ...gptq, ...digits, '--jobs', jobs, '-o', at(`${jobs}.tflite`))
    expect(code).toBe(0)
  }
  expect(fs.readFileSync(at('1.tflite')).equals(fs.readFileSync(at('2.tflite')))).toBe(true)
  const nearest = await runInProcess(
    'convert',
    mlp,
    '--quantize',
    'dynamic-int4',
    '--preprocess',
    'mean=0,std=255',
    '-o',
    at('nearest.tflite'),
  )
  expect(nearest.code).toBe(0)
  expect(fs.statSync(at('1.tflite')).size).toBe(fs.statSync(at('nearest.tflite')).size)
  expect(fs.readFileSync(at('1.tflite')).equals(fs.readFileSync(at('nearest.tflite')))).toBe(false)

  const plan = await runInProcess('convert', mlp, ...gptq, ...digits, '--plan')
  expect(plan.out).toMatch(/gptq: \d+\.\d dB -> \d+\.\d dB/)
}, 180_000)

test('samples choose the integers of convolutions and fully connected layers', async () => {
  const { out, err } = await runInProcess('convert', cnn, ...gptq, ...digits, '--plan', '--json')
  const { decisions } = JSON.parse(out) as { decisions: Decision[] }
  const stored = decisions.filter((d) => d.to === 'i4')
  expect(new Set(stored.map((d) => d.op))).toEqual(new Set(['conv_2d', 'fully_connected']))
  for (const d of stored) {
    expect(d.algorithm).toBe('gptq')
    expect(d.results!.chosenDb).toBeGreaterThan(d.results!.nearestDb!)
  }
  expect(err).not.toContain('quantize/other-algorithm')
})

test('the options of a mode stay those of the mode', async () => {
  const { out } = await runInProcess('convert', cnn, ...gptq, '--block-size', '32', ...digits, '--plan', '--json')
  const blocks = (JSON.parse(out) as { decisions: Decision[] }).decisions.filter((d) => d.results)
  expect(blocks.length).toBeGreaterThan(0)
  for (const d of blocks) expect(d).toMatchObject({ algorithm: 'gptq', granularity: 'blockwise', blockSize: 32 })
})

test('oscar scales the channels that fully connected layers read', async () => {
  const oscar = ['--quantize', 'dynamic-int4', '--weights-algorithm', 'oscar']
  for (const jobs of ['1', '2'])
    expect((await runInProcess('convert', cnn, ...oscar, ...digits, '--jobs', jobs, '-o', at(`o${jobs}.tflite`))).code).toBe(0)
  expect(fs.readFileSync(at('o1.tflite')).equals(fs.readFileSync(at('o2.tflite')))).toBe(true)
  const { out, err } = await runInProcess('convert', cnn, ...oscar, ...digits, '--plan')
  expect(out).toMatch(/fully_connected .*oscar: columns times [\d.e-]+ to [\d.e-]+/)
  expect(err).toContain('min-max, not oscar: oscar is not for CONV_2D')
  expect(await failure(cnn, ...oscar, '--plan')).toMatchObject({ code: 'quantize/needs-samples' })
}, 180_000)

test('a recipe asks for it by rule', async () => {
  const rule = (operation: string, algorithm_key: string) => ({
    operation,
    algorithm_key,
    op_config: { weight_tensor_config: { num_bits: 4, granularity: 'CHANNELWISE' }, compute_precision: 'INTEGER' },
  })
  fs.writeFileSync(at('r.json'), JSON.stringify([rule('CONV_2D', 'OCTAV'), rule('FULLY_CONNECTED', 'ADAROUND')]))
  const { out } = await runInProcess('convert', cnn, '--recipe', at('r.json'), ...digits, '--plan', '--json')
  const algorithms = (JSON.parse(out) as { decisions: Decision[] }).decisions.flatMap((d) =>
    d.algorithm ? [`${d.op} ${d.algorithm}`] : [],
  )
  expect(new Set(algorithms)).toEqual(new Set(['conv_2d octav', 'fully_connected adaround']))
  expect(await failure(cnn, '--recipe', at('r.json'), '--plan')).toMatchObject({ code: 'quantize/needs-samples' })
})

test('it needs samples, in a mode that stores weights', async () => {
  expect(await failure(mlp, ...gptq, '--plan')).toMatchObject({ code: 'quantize/needs-samples' })
  expect((await runInProcess('calibrate', mlp, '--data', ...digits.slice(1), '-o', at('calib.json'))).code).toBe(0)
  expect(await failure(mlp, ...gptq, '--calibration', at('calib.json'), '--plan')).toMatchObject({ code: 'calibrate/no-samples-inside' })
  expect(await failure(mlp, '--quantize', 'float16', '--weights-algorithm', 'gptq', '--plan')).toMatchObject({
    code: 'quantize/unfit-option',
  })
  expect(await failure(mlp, '--recipe', 'dynamic_wi4_afp32', '--weights-algorithm', 'mse', '--plan')).toMatchObject({
    code: 'quantize/unfit-option',
  })
})
