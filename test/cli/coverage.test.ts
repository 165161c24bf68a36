import * as fs from 'node:fs'
import * as path from 'node:path'
import { expect, test } from 'vitest'
import { fixture, temporaryFolder } from '../testkit/files.ts'
import { runInProcess } from './run-cli.ts'

const mlp = fixture('keras/mnist_mlp-keras3.keras')
const dir = temporaryFolder()

test('coverage tells what layers become', async () => {
  const { code, out } = await runInProcess('coverage', mlp)
  expect(out).toMatch(/all can be converted[\s\S]*Dense +\d+ +yes +FULLY_CONNECTED/)
  expect(code).toBe(0)
  const json = JSON.parse((await runInProcess('coverage', mlp, '--json')).out)
  expect(json).toMatchObject({ format: 'keras-zip', isConvertible: true, problems: [] })
})

test('ops is the matrix, or what matches', async () => {
  const all = JSON.parse((await runInProcess('ops', '--json')).out).ops as { op: string; dialect: string; status: string }[]
  expect(all.length).toBeGreaterThan(400)
  expect(all).toEqual(expect.arrayContaining([expect.objectContaining({ op: 'Dense', dialect: 'keras', status: 'supported' })]))
  const { out: matrix } = await runInProcess('ops', '--quantize')
  expect(matrix).toMatch(/^FULLY_CONNECTED +8 4 +8 +8 4 +8 4 2 +8 4 2 +8 4$/m)
  expect(matrix).toMatch(/^NEG +as MUL in int8-only +as MUL in int16x8-only$/m)
  expect((await runInProcess('ops', '--quantize', 'no such')).out).toBe('no op that can be quantized is called no such\n')
  const { out } = await runInProcess('ops', 'conv2d*')
  expect(out).toMatch(/^Conv2D +tensorflow +P0 +yes +CONV_2D/m)
  expect(out).not.toMatch(/^DepthwiseConv2dNative/m)
  expect((await runInProcess('ops', 'wiseconv2d')).out).toMatch(/^DepthwiseConv2dNative/m)
  expect((await runInProcess('ops', 'no(such')).out).toBe('no op is called no(such\n')
})

test('convert --trace writes the graph after each pass that changed it', async () => {
  const trace = path.join(dir, 'trace')
  expect(await runInProcess('convert', mlp, '-o', path.join(dir, 'out.tflite'), '--trace', trace, '--quantize', 'dynamic')).toMatchObject({
    code: 0,
  })
  const files = fs.readdirSync(trace).sort()
  expect(files[0]).toBe('000-lower.main.ir')
  expect(files.at(-1)).toMatch(/^\d{3}-quantize\.main\.ir$/)
  const texts = files.map((f) => fs.readFileSync(path.join(trace, f), 'utf8').split('\n').slice(1).join('\n'))
  expect(texts.every((t, i) => t !== texts[i - 1])).toBe(true)
  expect(texts[0]).toMatch(/^graph main[\s\S]*fully_connected[\s\S]*= \.\.\./)

  fs.writeFileSync(path.join(dir, 'file'), '')
  const refused = await runInProcess('convert', mlp, '--plan', '--trace', path.join(dir, 'file'))
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('export/unwritable-output') })
})
