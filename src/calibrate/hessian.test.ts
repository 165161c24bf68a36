import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it, test } from 'vitest'
import { memorySource } from '../core/bytes.ts'
import { ndArray } from '../core/nd-array.ts'
import { importTflite } from '../import/tflite/import-model.ts'
import { readTfliteFile } from '../import/tflite/read-file.ts'
import { loadNodeLiteRt } from '../platform/node-litert.ts'
import { layersToObserve } from '../quantize/observe.ts'
import { openDataSet } from '../run/data/open-data-set.ts'
import { parsePreprocess } from '../run/data/preprocess.ts'
import { liteRtRunner } from '../run/litert.ts'
import { openModel } from '../run/model-io.ts'
import { activationsOf } from './activations.ts'
import { calibrate } from './calibrate.ts'
import { type HessianSource, HessianSums } from './hessian.ts'
import { hessianSources } from './hessian-sources.ts'
import { interpreterObserver } from './interpreter-observer.ts'
import { liteRtObserver } from './litert-observer.ts'
import { type Observer, samplesOfTerm } from './observer.ts'
import { openObserver } from './open-observer.ts'

const read = (name: string) => new Uint8Array(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url)))

/** Products in float64. */
function products(columns: number, rows: readonly ArrayLike<number>[]): number[] {
  const sums: number[] = []
  for (let i = 0; i < columns; i++) for (let j = i; j < columns; j++) sums.push(rows.reduce((sum, x) => sum + x[i]! * x[j]!, 0))
  return sums
}

/** Float32 products over blocks of 256 rows, of positive numbers up to 1: each sum is off by at most 256 roundings. */
function expectNear(found: Float64Array, expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length)
  found.forEach((x, k) => {
    expect(Math.abs(x - expected[k]!)).toBeLessThanOrEqual(256 * 2 ** -24 * Math.abs(expected[k]!))
  })
}

const filled = (n: number) => Float32Array.from({ length: n }, (_, i) => ((i * 7919 + 13) % 1009) / 1009)

describe('HessianSums', () => {
  const steps = [1, 1] as const
  test.each([1, 3, 8, 13, 64, 100])('multiplies rows of %d', (columns) => {
    const sums = new HessianSums([{ columns, reads: [{ activation: 2, steps }] }])
    const count = 700
    const values = filled(count * columns)
    const rows = Array.from({ length: count }, (_, r) => values.subarray(r * columns, (r + 1) * columns))
    // In pieces of any length, and with another activation between.
    for (const [from, to] of [
      [0, 1],
      [1, 300],
      [300, 700],
    ] as const) {
      sums.see(2, ndArray('f32', values.slice(from * columns, to * columns), [to - from, columns]))
      sums.see(1, ndArray('f32', filled(columns), [1, columns]))
    }
    expectNear(sums.take()[0]!, products(columns, rows))
    expect(sums.take()[0]!.every((x) => x === 0)).toBe(true)
  })

  it('reads every so many positions, and several activations as one', () => {
    const columns = 5
    const [n, height, width] = [2, 5, 4]
    const values = filled(n * height * width * columns)
    const row = (i: number, y: number, x: number) => values.subarray(((i * height + y) * width + x) * columns).subarray(0, columns)
    const reads = [
      { activation: 0, steps: [2, 3] as const },
      { activation: 1, steps },
    ]
    const sums = new HessianSums([{ columns, reads }])
    sums.see(0, ndArray('f32', values, [n, height, width, columns]))
    sums.see(1, ndArray('f32', filled(2 * columns), [2, columns]))
    const rows = [0, 1].flatMap((i) => [0, 2, 4].flatMap((y) => [0, 3].map((x) => row(i, y, x))))
    expectNear(sums.take()[0]!, products(columns, [...rows, filled(columns), filled(2 * columns).subarray(columns)]))
  })
})

const cnn = { name: 'cnn.tflite', bytes: read('tflite/mnist_cnn_small.float.tflite') }
const data = openDataSet({ data: memorySource('digits', read('mnist/digits-images-idx3-ubyte')) })
const preprocess = new Map([['', parsePreprocess('mean=0,std=255')]])
function sourcesOf({ name, bytes }: typeof cnn) {
  const model = importTflite(readTfliteFile(memorySource(name, bytes)))
  const plan = layersToObserve(model, { mode: 'dynamic-int4', weightsAlgorithm: 'gptq' })
  return { plan, sources: hessianSources(model, bytes, plan.layers) }
}
const { plan, sources } = sourcesOf(cnn)

describe('a calibration with Hessians', () => {
  const opened: Observer[] = []
  afterAll(async () => {
    for (const observer of opened) await observer.dispose()
  })
  const observer = async (make: () => Promise<Observer>) => {
    const made = await make()
    opened.push(made)
    return made
  }
  const open = () => observer(() => openObserver(liteRtRunner(loadNodeLiteRt), cnn.bytes, cnn.name, sources))
  const many = { ...data, count: samplesOfTerm + 3, read: (i: number) => data.read(i % data.count) }
  const run = (observers: readonly Observer[]) => calibrate({ model: cnn, data: many, preprocess, observers })

  it('observes what fully connected layers read', () => {
    expect(plan.layers.map((l) => l.columns)).toEqual(sources.map((s) => s.columns))
    expect(plan.layers.length).toBeGreaterThan(0)
    expect([...plan.refused.values()]).toContain('its filter is larger than 1x1')
  })

  it('finds the same bits with any number of observers, and in parts', async () => {
    const [one] = [await run([await open()])]
    const two = await run([await open(), await open()])
    expect(two.hessians).toEqual(one.hessians)
    const file = openModel(cnn.name, cnn.bytes)
    const parts = () => observer(() => liteRtObserver(liteRtRunner(loadNodeLiteRt), file, activationsOf(file.tables), sources, 60_000))
    const inParts = await run([await parts()])
    expect(inParts.hessians).toEqual(one.hessians)
  }, 180_000)

  it("finds the same as downcast's own kernels, but for roundings, and in another order", async () => {
    const mlp = { name: 'mlp.tflite', bytes: read('tflite/mnist_mlp.float.tflite') }
    const asked = sourcesOf(mlp)
    const few = { ...data, count: 4 }
    const turned = { ...few, read: (i: number) => data.read(few.count - 1 - i) }
    const litert = await observer(() => openObserver(liteRtRunner(loadNodeLiteRt), mlp.bytes, mlp.name, asked.sources))
    const file = openModel(mlp.name, mlp.bytes)
    const own = interpreterObserver(file, activationsOf(file.tables), 'asked for', asked.sources)
    const sumsOf = async (samples: typeof data, by: Observer) =>
      (await calibrate({ model: mlp, data: samples, preprocess, observers: [by] })).hessians
    const hessians = await sumsOf(few, litert)
    const others = [await sumsOf(turned, own), await sumsOf(turned, litert)]
    for (const other of others)
      hessians.forEach((sums, s) => {
        const most = sums.reduce((a, b) => Math.max(a, b), 0)
        // Activations of the kernels differ in their last bits.
        sums.forEach((x, k) => {
          expect(Math.abs(x - other[s]![k]!)).toBeLessThan(1e-4 * most)
        })
      })
  }, 180_000)
})

it('is asked of positions that are there', () => {
  const wrong: HessianSource = { columns: 3, reads: [{ activation: 0, steps: [1, 1] }] }
  expect(() => new HessianSums([wrong]).see(0, ndArray('f32', filled(4), [4]))).toThrow('whole rows')
})
