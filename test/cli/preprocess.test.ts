import * as fs from 'node:fs'
import * as path from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { constFromBytes } from '../../src/core/bytes.ts'
import { tfliteBytes } from '../../src/export/write-tflite.ts'
import { importTflite } from '../../src/import/tflite/import-model.ts'
import { readTfliteFile } from '../../src/import/tflite/read-file.ts'
import { openFile } from '../../src/platform/node.ts'
import { preprocessKey } from '../../src/run/data/kept-preprocess.ts'
import { root, temporaryFolder } from '../testkit/files.ts'
import { runInProcess } from './run-cli.ts'

/* Preprocessing that convert is told stays in the file, and run and compare follow it. */

const savedModel = path.join(root, 'fixtures/saved-model/mnist_mlp-keras2')
const digits = path.join(root, 'fixtures/mnist/digits-images-idx3-ubyte')
const how = 'mean=0,std=255'
const dir = temporaryFolder()
const at = (name: string): string => path.join(dir, name)
beforeAll(async () => {
  const convert = (...words: string[]) => runInProcess('convert', savedModel, '--no-check', ...words)
  expect(await convert('-o', at('plain.tflite'))).toMatchObject({ code: 0 })
  expect(await convert('--preprocess', how, '-o', at('kept.tflite'))).toMatchObject({ code: 0, err: '' })
})

async function samples(file: string, ...words: string[]): Promise<{ samples: unknown; err: string }> {
  const { code, out, err } = await runInProcess('run', at(file), '--input', digits, '--max-samples', '3', '--json', ...words)
  expect(code, err).toBe(0)
  return { samples: (JSON.parse(out) as { samples: unknown }).samples, err }
}

test('run follows it and says so, and does what it is told instead', async () => {
  const told = await samples('plain.tflite', '--preprocess', how)
  const kept = await samples('kept.tflite')
  expect(kept.samples).toEqual(told.samples)
  expect(told.err).not.toContain('run/uses-kept-preprocess')
  expect(kept.err).toContain(`says: ${how}. [run/uses-kept-preprocess]`)
  const other = await samples('kept.tflite', '--preprocess', 'mean=128,std=10')
  expect(other.err).not.toContain('run/uses-kept-preprocess')
  expect(other.samples).not.toEqual(kept.samples)
})

test('compare follows that of the first file', async () => {
  fs.copyFileSync(at('plain.tflite'), at('float.tflite'))
  await runInProcess('convert', savedModel, '--no-check', '--preprocess', 'mean=1,std=2', '-o', at('other.tflite'))
  const words = ['--data', digits, '--max-samples', '4', '--no-latency', '--json']
  const same = await runInProcess('compare', at('float.tflite'), at('kept.tflite'), ...words)
  expect(same).toMatchObject({ code: 0 })
  expect(JSON.parse(same.out)).toMatchObject({ preprocess: how })
  const different = await runInProcess('compare', at('kept.tflite'), at('other.tflite'), ...words)
  expect(different.err).toContain('[run/different-kept-preprocess]')
  expect(JSON.parse(different.out)).toMatchObject({ preprocess: how })
})

test('a broken one is left aside with a warning', async () => {
  const model = importTflite(readTfliteFile(openFile(at('plain.tflite'))))
  const metadata = new Map([
    ...model.metadata,
    [preprocessKey, constFromBytes(new TextEncoder().encode('{"version":1,"inputs":{"no":"mean=0"}}'))],
  ])
  fs.writeFileSync(at('broken.tflite'), tfliteBytes({ ...model, metadata }))
  const { err } = await samples('broken.tflite')
  expect(err).toContain('[run/bad-kept-preprocess]')
})

test('of calibration data stays too, from the data or a calibration made before', async () => {
  const words = [savedModel, '--no-check', '--quantize', 'int8', '--max-samples', '20', '--jobs', '1']
  const made = ['--data', digits, '--preprocess', how, '--max-samples', '20', '--jobs', '1', '-o', at('calib.json')]
  expect(await runInProcess('calibrate', savedModel, ...made)).toMatchObject({ code: 0 })
  await runInProcess('convert', ...words, '--calibration', digits, '--preprocess', how, '-o', at('now.tflite'))
  await runInProcess('convert', ...words, '--calibration', at('calib.json'), '-o', at('before.tflite'))
  const [now, before] = ['now.tflite', 'before.tflite'].map((f) => fs.readFileSync(at(f)))
  expect(now!.equals(before!)).toBe(true)
  expect(
    new TextDecoder().decode(
      readTfliteFile(openFile(at('now.tflite')))
        .metadata.get(preprocessKey)!
        .bytes(),
    ),
  ).toContain(how)
})

test('a .tflite file gets it, its weights as they were', async () => {
  expect(await runInProcess('convert', at('plain.tflite'), '--preprocess', how, '-o', at('added.tflite'))).toMatchObject({ code: 0 })
  expect((await samples('added.tflite')).samples).toEqual((await samples('kept.tflite')).samples)
})
