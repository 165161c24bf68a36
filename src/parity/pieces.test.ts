import { afterAll, expect, test } from 'vitest'
import { fixtureBytes } from '../../test/testkit/files.ts'
import { memorySource } from '../core/bytes.ts'
import { encodeElements } from '../core/elements.ts'
import type { NdArray } from '../core/nd-array.ts'
import { tfliteBytes } from '../export/write-tflite.ts'
import { importTflite } from '../import/tflite/import-model.ts'
import { readTfliteFile } from '../import/tflite/read-file.ts'
import { unitRoundoff } from '../ops/rounding.ts'
import { modelFromText } from '../ops/text.ts'
import { loadNodeLiteRt } from '../platform/node-litert.ts'
import { liteRtRunner } from '../run/litert.ts'
import { differenceOf } from './compare.ts'
import { piecesOf, runInPieces } from './pieces.ts'

const runner = liteRtRunner(loadNodeLiteRt)
afterAll(() => runner.dispose())
const fixture = (path: string) => fixtureBytes(`${path}.tflite`)
const graphOf = (bytes: Uint8Array) => importTflite(readTfliteFile(memorySource('m', bytes))).graphs[0]!

test.each([
  ['tflite/mnist_cnn_small.float', 4],
  ['tflite/mobilenet.float16', 10],
  ['tflite/lstm_while.float', 3],
  ['run/two_signatures', 1],
  ['run/cond_shapes', 1],
  ['run/pass_through', 1],
])('%s gives in pieces what it gives as a whole', async (path, least) => {
  const bytes = fixture(path)
  expect(piecesOf(graphOf(bytes), 100).length).toBeGreaterThanOrEqual(least)
  const whole = await runner.load(bytes)
  const pieces = runInPieces(runner, { name: 'm', contents: bytes, isOpen: false, most: 100 })!
  try {
    for (const { key, inputs } of whole.signatures) {
      const feeds = new Map(
        inputs.map(({ name, dtype, shape }): [string, NdArray] => {
          const sizes = shape.map((d) => (typeof d === 'number' ? d : 3))
          const count = sizes.reduce((a, b) => a * b, 1)
          return [
            name,
            {
              dtype,
              shape: sizes,
              bytes: encodeElements(
                dtype,
                Array.from({ length: count }, (_, i) => (i % 7) % 3),
              ),
            },
          ]
        }),
      )
      const [found, expected] = [await pieces.run(feeds, { signature: key }), await whole.run(feeds, { signature: key })]
      expect([...found.keys()].sort()).toEqual([...expected.keys()].sort())
      // Weights that are computed are packed in one way, constants in another: sums are of another order, of some dozens of products.
      for (const [name, e] of expected) {
        expect(found.get(name)!.shape).toEqual(e.shape)
        expect(differenceOf(found.get(name)!, e, 32 * unitRoundoff, {}).beyond).toBe(0)
      }
    }
  } finally {
    await whole.dispose()
  }
})

test('a piece has as many operators as their constants allow, one at least', () => {
  const graph = graphOf(fixture('tflite/mnist_cnn_small.float'))
  expect(piecesOf(graph, Number.POSITIVE_INFINITY)).toMatchObject([{ inputs: graph.inputs, outputs: graph.outputs }])
  const pieces = piecesOf(graph, 4000)
  expect(pieces.flatMap((p) => p.graph.nodes)).toEqual(graph.nodes)
  expect(pieces.length).toBeLessThan(piecesOf(graph, 1).length)
  for (const { graph: g } of pieces) {
    const size = [...g.values.values()].reduce((n, v) => n + (v.data?.byteLength ?? 0), 0)
    expect(size <= 4000 || g.nodes.length === 1).toBe(true)
  }
})

test('what is made early and read late goes by the pieces between', async () => {
  const text = `model ""
graph main(%0 "x": f32[1,2]) {
  %1 = const : f32[2,2] = [1, 2, 3, 4]
  %2 = fully_connected(%0, %1, none) : f32[1,2]
  %3 = relu(%2) : f32[1,2]
  %4 = const : f32[2,2] = [1, 0, 0, -1]
  %5 = fully_connected(%3, %4, none) : f32[1,2]
  %6 = add(%5, %2) : f32[1,2]
  return %6, %2, %4
}
signature "serving_default" main("x" %0) -> ("y" %6, "early" %2, "constant" %4)
`
  const bytes = tfliteBytes(modelFromText(text))
  const run = runInPieces(runner, { name: 'm', contents: bytes, isOpen: false, most: 1 })!
  const x: NdArray = { dtype: 'f32', shape: [1, 2], bytes: encodeElements('f32', [1, -1]) }
  const results = await run.run(new Map([['x', x]]), { signature: 'serving_default' })
  expect([...results].map(([name, r]) => [name, [...new Float32Array(r.bytes.slice().buffer)]])).toEqual([
    ['y', [-1, -1]],
    ['early', [-1, -1]],
    ['constant', [1, 0, 0, -1]],
  ])
})

test('models that keep something from run to run are not cut', () => {
  expect(runInPieces(runner, { name: 'm', contents: fixture('tflite/lstm_text.float'), isOpen: false })).toBeUndefined()
  expect(runInPieces(runner, { name: 'm', contents: fixture('tflite/variable_assign.float'), isOpen: false })).toBeUndefined()
})
