import * as fs from 'node:fs'
import * as path from 'node:path'
import { expect, test } from 'vitest'
import { fixture, temporaryFolder } from '../testkit/files.ts'
import { runInProcess } from './run-cli.ts'

const tflite = fixture('tflite/mnist_cnn_small.float.tflite')
const keras = fixture('keras/mnist_mlp-keras3.keras')
const dir = temporaryFolder()

interface Prospect {
  readonly option: string
  readonly name: string
  readonly byteLength?: number
  readonly stored: number
}

test.each([tflite, keras])('recipes tells the exact size of what convert would write: %s', async (model) => {
  const { recipes } = JSON.parse((await runInProcess('recipes', model, '--json')).out) as { recipes: Prospect[] }
  for (const name of ['dynamic', 'dynamic-int4', 'dynamic_wi4_afp32', 'weight_only_wi8_afp32']) {
    const told = recipes.find((r) => r.name === name)!
    const out = path.join(dir, `${name}.tflite`)
    expect(await runInProcess('convert', model, told.option, name, '-o', out, '--no-check')).toMatchObject({ code: 0 })
    expect(fs.statSync(out).size).toBe(told.byteLength)
  }
  const text = (await runInProcess('recipes', model)).out
  expect(text).toMatch(/--recipe static_wi8_ai8 +- .*needs? their ranges/)
})

test('convert follows a recipe from a file, and one of several lists in it', async () => {
  const file = path.join(dir, 'mixed.json')
  const rule = { operation: 'FULLY_CONNECTED', op_config: { weight_tensor_config: { num_bits: 4 }, compute_precision: 'INTEGER' } }
  fs.writeFileSync(file, JSON.stringify({ a: [rule], b: [] }))
  const out = path.join(dir, 'out.tflite')
  const run = (...more: string[]) => runInProcess('convert', tflite, '-o', out, '--json', ...more)
  const { decisions } = JSON.parse((await run('--recipe', `${file}:a`)).out) as { decisions: { op: string; to: string }[] }
  expect(new Set(decisions.filter((d) => d.to === 'i4').map((d) => d.op))).toEqual(new Set(['fully_connected']))
  expect((await run('--recipe', file)).err).toContain('quantize/recipe-parts')
  expect((await run('--recipe', 'no_such.json')).err).toContain('quantize/unknown-recipe')
  expect((await run('--recipe', `${file}:a`, '--quantize', 'dynamic')).err).toContain('quantize/unfit-option')
})
