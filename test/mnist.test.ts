import { afterAll, expect, it } from 'vitest'
import { convert } from '../src/convert.ts'
import { byteLengthOf, typedView } from '../src/core/dtype.ts'
import { tfliteBytes } from '../src/export/write-tflite.ts'
import { readModel } from '../src/import/read-model.ts'
import { openFile, openFolder } from '../src/platform/node.ts'
import { loadNodeLiteRt } from '../src/platform/node-litert.ts'
import type { QuantizeMode } from '../src/quantize/types.ts'
import { liteRtRunner } from '../src/run/litert.ts'
import { readIdx } from '../src/wire/idx.ts'
import { readNpz } from '../src/wire/npz.ts'

/*
 * All 10,000 test digits, judged by what TensorFlow's converter and plain kernels answered (fixtures/mnist/predictions.npz).
 * There is no exception: a digit that differs fails.
 */

const at = (path: string) => new URL(`../${path}`, import.meta.url).pathname
const digits = readIdx(openFile(at('examples/mnist/data/t10k-images-idx3-ubyte.gz')))
const pixels = Float32Array.from(digits.bytes, (v) => v / 255)
const recorded = readNpz(openFile(at('fixtures/mnist/predictions.npz')))
const runner = liteRtRunner(loadNodeLiteRt)
afterAll(() => runner.dispose())

const batch = 500
const sample = 28 * 28

async function topOfAll(model: Uint8Array): Promise<{ top: Uint8Array; margin: Float32Array }> {
  const loaded = await runner.load(model)
  const { inputs, outputs } = loaded.signatures[0]!
  const [top, margin] = [new Uint8Array(10_000), new Float32Array(10_000)]
  for (let i = 0; i < top.length; i += batch) {
    const bytes = new Uint8Array(pixels.buffer, i * sample * 4, batch * sample * 4)
    const results = await loaded.run(new Map([[inputs[0]!.name, { dtype: 'f32', shape: [batch, 28, 28, 1], bytes }]]))
    const scores = typedView('f32', results.get(outputs[0]!.name)!.bytes)
    expect(scores.length).toBe(batch * 10)
    for (let k = 0; k < batch; k++) {
      const row = scores.subarray(k * 10, k * 10 + 10)
      const sorted = [...row].sort((a, b) => b - a)
      top[i + k] = row.indexOf(sorted[0]!)
      margin[i + k] = sorted[0]! - sorted[1]!
    }
  }
  await loaded.dispose()
  return { top, margin }
}

async function source(path: string) {
  return path.endsWith('.h5') ? readModel({ file: openFile(at(path)) }) : readModel({ folder: openFolder(at(path)) })
}

it.each<[string, string, QuantizeMode]>([
  ['examples/mnist/saved/1', 'mnist_mlp-keras2.float', 'none'],
  ['examples/mnist/saved/1', 'mnist_mlp-keras2.dynamic', 'dynamic'],
  ['examples/mnist/saved/1', 'mnist_mlp-keras2.float16', 'float16'],
  ['examples/mnist/mnist.h5', 'mnist_mlp-keras2.dynamic', 'dynamic'],
  ['fixtures/keras/mnist_cnn_small-keras2.h5', 'mnist_cnn_small-keras2.float', 'none'],
  ['fixtures/keras/mnist_cnn_small-keras2.h5', 'mnist_cnn_small-keras2.dynamic', 'dynamic'],
])('%s answers as TensorFlow recorded for %s', async (path, golden, mode) => {
  const { model } = convert(await source(path), { mode })
  const { top, margin } = await topOfAll(tfliteBytes(model))
  const want = recorded.get(golden)!
  expect(want.bytes.byteLength).toBe(byteLengthOf('u8', 10_000))
  const differing = [...top.keys()].filter((i) => top[i] !== want.bytes[i])
  expect(differing.map((i) => `digit ${i}: ${top[i]}, TensorFlow ${want.bytes[i]}, margin ${margin[i]}`)).toEqual([])
})
