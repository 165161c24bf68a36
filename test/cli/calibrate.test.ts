import * as fs from 'node:fs'
import * as path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { calibrationFor } from '../../cli/commands/calibration.ts'
import { styleFor, type Terminal } from '../../cli/terminal.ts'
import { parseCalibration } from '../../src/calibrate/calibration-file.ts'
import { convertTflite } from '../../src/convert.ts'
import { memorySource } from '../../src/core/bytes.ts'
import { tfliteBytes } from '../../src/export/write-tflite.ts'
import { readTfliteFile } from '../../src/import/tflite/read-file.ts'
import { modelFromText } from '../../src/ops/text.ts'
import { openFile } from '../../src/platform/node.ts'
import { readIdx } from '../../src/wire/idx.ts'
import { fixture, temporaryFolder } from '../testkit/files.ts'
import { signalled } from '../testkit/signalled.ts'
import { runInProcess } from './run-cli.ts'

const cnn = fixture('tflite/mnist_cnn_small.float.tflite')
const digits = fixture('mnist/digits-images-idx3-ubyte')
const dir = temporaryFolder()
const at = (name: string): string => path.join(dir, name)
beforeAll(async () => {
  const { default: sharp } = await import('sharp')
  const images = readIdx(openFile(digits))
  fs.mkdirSync(at('pictures'))
  for (let i = 0; i < 12; i++) {
    const raw = { width: 28, height: 28, channels: 1 } as const
    const png = sharp(images.bytes.slice(i * 784, (i + 1) * 784), { raw }).png()
    await png.toFile(at(`pictures/${String.fromCharCode(97 + i)}.png`))
  }
  fs.cpSync(at('pictures'), at('broken'), { recursive: true })
  fs.writeFileSync(at('broken/f.png'), fs.readFileSync(at('pictures/f.png')).subarray(0, 60))
  fs.mkdirSync(at('empty'))
})

async function failure(...words: readonly string[]): Promise<{ code: number; error: Record<string, unknown> }> {
  const { code, out } = await runInProcess('calibrate', ...words, '--json')
  return { code, error: (JSON.parse(out) as { error: Record<string, unknown> }).error }
}

describe('calibrate', () => {
  test('writes the same file from any number of jobs, and leaves nothing else', async () => {
    for (const jobs of ['1', '2']) {
      const { code, out, err } = await runInProcess(
        ...['calibrate', cnn, '--data', digits, '--preprocess', 'mean=0,std=255', '--jobs', jobs, '-o', at(`jobs${jobs}.json`)],
      )
      expect({ code, err }).toEqual({ code: 0, err: '' })
      expect(out).toContain('samples      16')
    }
    expect(fs.readFileSync(at('jobs1.json'), 'utf8')).toBe(fs.readFileSync(at('jobs2.json'), 'utf8'))
    expect(fs.readdirSync(dir).filter((f) => f.includes('partial') || f.startsWith('.'))).toEqual([])
  })

  test('finds the ranges a .tflite file and its source share', async () => {
    const saved = fixture('saved-model/mnist_mlp-keras2')
    const { code, out } = await runInProcess(
      ...['calibrate', saved, '--data', at('pictures'), '--preprocess', 'flatten_input:std=255', '-o', at('mlp.json'), '--json'],
    )
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      data: { samples: 12, skipped: [] },
      preprocess: { flatten_input: 'mean=0,std=255' },
      method: 'litert',
      resumed: 0,
      diagnostics: [],
    })
  })

  test('takes tables and JSON lines, each column or array to its input', async () => {
    const text = `model ""
graph main(%0 "x": f32[N,3]) {
  %1 = relu(%0) : f32[N,3]
  return %1
}
signature "serving_default" main("x" %0) -> ("y" %1)
`
    fs.writeFileSync(at('relu.tflite'), tfliteBytes(modelFromText(text)))
    const rows = Array.from({ length: 12 }, (_, i) => [i, -i, i / 4])
    fs.writeFileSync(at('rows.csv'), rows.map((r) => r.join(',')).join('\n'))
    fs.writeFileSync(at('columns.csv'), [['a', 'b', 'c'], ...rows].map((r) => r.join(',')).join('\n'))
    fs.writeFileSync(at('rows.jsonl'), rows.map((r) => JSON.stringify({ x: r })).join('\n'))
    const tensors = []
    for (const name of ['rows.csv', 'columns.csv', 'rows.jsonl']) {
      const { code, err } = await runInProcess('calibrate', at('relu.tflite'), '--data', at(name), '--jobs', '1', '-o', at('table.json'))
      expect({ code, err }).toMatchObject({ code: 0 })
      tensors.push(parseCalibration('table.json', fs.readFileSync(at('table.json'), 'utf8')).record.tensors)
    }
    expect(tensors[1]).toEqual(tensors[0])
    expect(tensors[2]).toEqual(tensors[0])
  })

  test('names a picture in the middle that cannot be read, and goes on without it when told so', async () => {
    const words = [cnn, '--data', at('broken'), '--preprocess', 'std=255', '-o', at('bad.json')]
    const { code, error } = await failure(...words)
    expect(code).toBe(1)
    expect(error).toMatchObject({ code: 'run/unreadable-picture', file: at('broken/f.png') })
    expect(fs.existsSync(at('bad.json'))).toBe(false)
    const skipping = await runInProcess('calibrate', ...words, '--skip-bad')
    expect(skipping.code).toBe(0)
    expect(skipping.out).toContain('11, 1 skipped')
    expect(skipping.err).toContain('[calibrate/skipped-samples]')
    expect(fs.readFileSync(at('bad.json'), 'utf8')).toContain('broken/f.png')
  })

  test('refuses data without samples and samples that do not fit, and writes nothing', async () => {
    expect((await failure(cnn, '--data', at('empty'), '-o', at('no.json'))).error.code).toBe('run/no-samples')
    const pictures = await failure(cnn, '--data', at('pictures'), '--preprocess', 'size=20x20', '-o', at('no.json'))
    expect(pictures).toMatchObject({ code: 1, error: { code: 'run/sample-shape' } })
    const unknown = await failure(cnn, '--data', at('pictures'), '--preprocess', 'nothing:std=255', '-o', at('no.json'))
    expect(unknown).toMatchObject({ code: 1, error: { code: 'run/unknown-preprocess-input' } })
    expect(fs.readdirSync(dir).filter((f) => f.startsWith('no') || f.startsWith('.'))).toEqual([])
  })

  test.each([
    [['-o', 'x.json'], 'cli/missing-option'],
    [['--data', 'x'], 'cli/missing-option'],
    [['--data', 'x', '--data', 'y', '-o', 'x.json'], 'cli/malformed-value'],
    [['--data', 'x', '-o', 'x.json', '--preprocess', 'means=1'], 'cli/invalid-value'],
    [['--data', 'x', '-o', 'x.json', '--preprocess', 'std=1', '--preprocess', 'std=2'], 'cli/malformed-value'],
  ])('is particular about its words (%#)', async (words, code) => {
    expect(await failure(cnn, ...words)).toMatchObject({ code: 2, error: { code } })
  })
})

test('a signal ends it with a word on what is kept', async () => {
  const few = fs.readFileSync(digits).subarray(16)
  const many = Buffer.concat([Buffer.from([0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0, 28]), ...new Array<Buffer>(10_000).fill(few)])
  many.writeUInt32BE((10_000 * few.length) / 784, 4)
  fs.writeFileSync(at('many-idx3-ubyte'), many)
  const output = at('late.json')
  const words = ['calibrate', cnn, '--data', at('many-idx3-ubyte'), '--jobs', '1', '-o', output]
  const { by, err } = await signalled('SIGINT', `fs.existsSync(${JSON.stringify(`${output}.partial`)})`, ...words)
  expect(by).toBe(130)
  expect(err).toContain(`interrupted: ${output}.partial holds what was done, and the same command goes on from there\n`)
  expect(fs.existsSync(output)).toBe(false)
})

describe('calibrationFor', () => {
  const silent = styleFor(false, {})
  const terminal: Terminal = {
    out: () => {},
    err: () => {},
    outStyle: silent,
    errStyle: silent,
    progress: () => ({ update: () => {}, finish: () => {} }),
  }
  const options = { preprocess: ['std=255'], maxSamples: undefined, jobs: 1, skipBad: false, terminal }
  const modelOf = (file: string) => convertTflite(readTfliteFile(memorySource(file, new Uint8Array(fs.readFileSync(file))))).floatModel

  test('reads a calibration of this model, and makes one from data', async () => {
    const model = modelOf(cnn)
    const fromFile = await calibrationFor(model, 'cnn', [at('jobs1.json')], options)
    const fromData = await calibrationFor(model, 'cnn', [digits], options)
    const input = model.graphs[0]!.values.get(model.graphs[0]!.inputs[0]!)!
    expect(fromFile.calibration.ranges(model).of(0, input)).toEqual([0, 1])
    expect(fromData.calibration.record.tensors).toEqual(fromFile.calibration.record.tensors)
  })

  test('refuses a calibration of another model', async () => {
    const other = modelOf(fixture('tflite/mnist_mlp.float.tflite'))
    await expect(calibrationFor(other, 'mlp', [at('jobs1.json')], options)).rejects.toMatchObject({ code: 'calibrate/other-model' })
    fs.writeFileSync(at('other.json'), '{}')
    await expect(calibrationFor(other, 'mlp', [at('other.json')], options)).rejects.toMatchObject({
      code: 'calibrate/malformed-calibration',
    })
  })
})
