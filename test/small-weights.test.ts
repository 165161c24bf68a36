import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { convertTflite } from '../src/convert.ts'
import { memorySource } from '../src/core/bytes.ts'
import { ndArray, toFloat32 } from '../src/core/nd-array.ts'
import { tfliteBytes } from '../src/export/write-tflite.ts'
import { readTfliteFile } from '../src/import/tflite/read-file.ts'
import { loadNodeLiteRt } from '../src/platform/node-litert.ts'
import { namedRecipe } from '../src/quantize/recipe/index.ts'
import type { QuantizeOptions } from '../src/quantize/types.ts'
import { liteRtRunner } from '../src/run/litert.ts'

/** Convolutions and fully connected layers, trained. */
const float = new Uint8Array(readFileSync(new URL('../fixtures/tflite/mnist_cnn_small.float.tflite', import.meta.url)))
const runner = liteRtRunner(loadNodeLiteRt)
afterAll(() => runner.dispose())

async function probabilities(bytes: Uint8Array): Promise<Float32Array> {
  const model = await runner.load(bytes, { name: 'm.tflite' })
  const { inputs, outputs } = model.signatures[0]!
  const pixels = Float32Array.from({ length: 4 * 784 }, (_, i) => ((i * 7919) % 256) / 255)
  const results = await model.run(new Map([[inputs[0]!.name, ndArray('f32', pixels, [4, 28, 28, 1])]]))
  const found = toFloat32(results.get(outputs[0]!.name)!)!.slice()
  await model.dispose()
  return found
}

const small = (how: QuantizeOptions) => tfliteBytes(convertTflite(readTfliteFile(memorySource('m.tflite', float)), how).model)

/*
 * Weights are off by up to half a step: 1/254 of the largest with 8 bits, 1/14 with 4. Random errors of many weights cancel, so results, as
 * parts of the largest, stay within a few such steps.
 */
test.each([
  ['dynamic', { mode: 'dynamic' }, 8],
  ['weight-only-int8', { mode: 'weight-only-int8' }, 8],
  ['weight-only-int8, asymmetric', { mode: 'weight-only-int8', asymmetric: true }, 8],
  ['weight-only-int4', { mode: 'weight-only-int4' }, 4],
  ['weight-only-int4, asymmetric', { mode: 'weight-only-int4', asymmetric: true }, 4],
  ['dynamic-int4', { mode: 'dynamic-int4' }, 4],
  ['dynamic-int4 per tensor', { mode: 'dynamic-int4', perTensor: true }, 4],
  ['dynamic-int4 in blocks of 32', { mode: 'dynamic-int4', blockSize: 32 }, 4],
  ['weight-only-int8 in blocks of 32', { mode: 'weight-only-int8', blockSize: 32 }, 8],
  ['weight-only-int4 in blocks of 64, asymmetric', { mode: 'weight-only-int4', blockSize: 64, asymmetric: true }, 4],
  ['dynamic_wi8_afp32', { recipe: namedRecipe('dynamic_wi8_afp32') }, 8],
] satisfies [string, QuantizeOptions, number][])('%s runs in LiteRT.js', async (_, how, bits) => {
  const [want, got] = [await probabilities(float), await probabilities(small(how))]
  const largest = Math.max(...want.map(Math.abs))
  const worst = Math.max(...got.map((x, i) => Math.abs(x - want[i]!))) / largest
  expect(worst).toBeGreaterThan(0)
  expect(worst).toBeLessThan(4 / 2 ** (bits - 1))
})

test('2 bits in channels load in LiteRT.js, in blocks they have no kernel there', async () => {
  expect((await probabilities(small({ recipe: namedRecipe('dynamic_wi2c_afp32') }))).every(Number.isFinite)).toBe(true)
  await expect(probabilities(small({ recipe: namedRecipe('dynamic_wi2b32_afp32') }))).rejects.toThrow('INT2')
})
