import * as fs from 'node:fs'
import * as path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { importTflite } from '../../src/import/tflite/import-model.ts'
import { readTfliteFile } from '../../src/import/tflite/read-file.ts'
import { openFile } from '../../src/platform/node.ts'
import { fixture, temporaryFolder } from '../testkit/files.ts'
import { jsonOf, runInProcess } from './run-cli.ts'

const float = fixture('tflite/mnist_cnn_small.float.tflite')
const savedModel = fixture('saved-model/mnist_mlp-keras2')
const digits = fixture('mnist/digits-images-idx3-ubyte')
const scaled = ['--preprocess', 'mean=0,std=255']
const dir = temporaryFolder()
const at = (name: string): string => path.join(dir, name)

beforeAll(async () => {
  await jsonOf('calibrate', float, '--data', digits, ...scaled, '-o', at('calib.json'))
})

describe('convert with ranges', () => {
  test('from a file of calibrate, in every integer mode; from data the same', async () => {
    for (const mode of ['int8', 'int8-only', 'int16x8', 'int16x8-only']) {
      const result = await jsonOf('convert', float, '--quantize', mode, '--calibration', at('calib.json'), '-o', at(`${mode}.tflite`))
      expect(result).toMatchObject({
        mode,
        byteLength: fs.statSync(at(`${mode}.tflite`)).size,
        calibration: { data: { samples: 16 }, estimator: 'min-max' },
      })
    }
    await jsonOf('convert', float, '--quantize', 'int8', '--calibration', digits, ...scaled, '-o', at('direct.tflite'))
    expect(fs.readFileSync(at('int8.tflite')).equals(fs.readFileSync(at('direct.tflite')))).toBe(true)
  })

  test('keeps the answers of the float model', async () => {
    await jsonOf('convert', float, '--quantize', 'int8', '--calibration', at('calib.json'), '--io', 'uint8', '-o', at('uint8.tflite'))
    const compared = await jsonOf('compare', float, at('uint8.tflite'), '--data', digits, ...scaled, '--no-latency')
    const models = compared.models as { accuracy?: { top1: number } }[]
    expect(models[1]!.accuracy).toEqual(models[0]!.accuracy)
  })

  test('of a model from its source, by name and estimator', async () => {
    const words = ['--quantize', 'int8', '--io', 'flatten_input=int8', '--estimator', 'percentile:99.9', '--no-check']
    const result = await jsonOf('convert', savedModel, ...words, '--calibration', digits, ...scaled, '-o', at('mlp.tflite'))
    expect(result).toMatchObject({ calibration: { estimator: expect.stringContaining('percentile') } })
    const {
      graphs: [graph],
    } = importTflite(readTfliteFile(openFile(at('mlp.tflite'))))
    const dtypes = [...graph!.inputs, ...graph!.outputs].map((id) => graph!.values.get(id)!.type.dtype)
    expect(dtypes).toEqual(['i8', 'f32'])
  })

  test.each([
    ['calibrate/other-model', savedModel, '--quantize', 'int8', '--calibration', 'CALIB'],
    ['quantize/no-ranges', float, '--quantize', 'int8'],
    ['cli/calibration-without-use', float, '--quantize', 'dynamic', '--calibration', 'CALIB'],
    ['calibrate/unknown-estimator', float, '--quantize', 'int8', '--calibration', 'CALIB', '--estimator', 'best'],
    ['import/not-found', float, '--quantize', 'int8', '--calibration', '/nowhere/data'],
    ['cli/unknown-value', float, '--quantize', 'int8', '--calibration', 'CALIB', '--io', 'int4'],
    ['cli/malformed-value', float, '--quantize', 'int8', '--calibration', 'CALIB', '--io', '=int8'],
  ])('%s, and nothing is written', async (code, ...words) => {
    const { out } = await runInProcess(
      'convert',
      ...words.map((w) => (w === 'CALIB' ? at('calib.json') : w)),
      '-o',
      at('never.tflite'),
      '--json',
    )
    expect(JSON.parse(out)).toMatchObject({ error: { code } })
    expect(fs.readdirSync(dir).filter((f) => f.includes('never'))).toEqual([])
  })
})
