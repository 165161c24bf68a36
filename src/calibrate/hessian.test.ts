import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it, test } from 'vitest'
import { memorySource } from '../core/bytes.ts'
import { typedView } from '../core/dtype.ts'
import { ndArray, toFloat32 } from '../core/nd-array.ts'
import { importTflite } from '../import/tflite/import-model.ts'
import { readTfliteFile } from '../import/tflite/read-file.ts'
import { interpret } from '../ops/interpret.ts'
import { modelFromText } from '../ops/text.ts'
import { loadNodeLiteRt } from '../platform/node-litert.ts'
import { layersToObserve } from '../quantize/observe.ts'
import { blocksOf, gramOf, type Hessian } from '../quantize/weights/hessian.ts'
import { planObservation } from '../quantize/weights/observed-layers.ts'
import { placeOf } from '../quantize/weights/rows.ts'
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
  test.each([1, 3, 8, 13, 64, 100])('multiplies rows of %d', (columns) => {
    const sums = new HessianSums([{ kind: 'products', columns, groups: 1, reads: [{ activation: 2 }] }])
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

  it('sums squares, and counts rows', () => {
    const values = filled(60)
    const sums = new HessianSums([{ kind: 'squares', columns: 4, groups: 1, reads: [{ activation: 0 }] }])
    sums.see(0, ndArray('f32', values.slice(0, 40), [2, 5, 4]))
    sums.see(0, ndArray('f32', values.slice(40), [5, 4]))
    const squares = [0, 1, 2, 3].map((c) => values.reduce((sum, x, i) => (i % 4 === c ? sum + x * x : sum), 0))
    const [found] = sums.take()
    expect(found!.at(-1)).toBe(15)
    for (const [c, square] of squares.entries()) expect(found![c]).toBeCloseTo(square, 10)
    expect([...sums.take()[0]!]).toEqual([0, 0, 0, 0, 0])
  })

  it('multiplies runs of long rows alone', () => {
    const columns = 4650
    const sums = new HessianSums([{ kind: 'products', columns, groups: 1, reads: [{ activation: 0 }] }])
    const values = filled(3 * columns)
    sums.see(0, ndArray('f32', values, [3, columns]))
    const found = sums.take()[0]!
    const blocks = blocksOf(columns)
    expect(blocks.map((b) => b.columns)).toEqual([2336, 2314])
    for (const [i, block] of blocks.entries()) {
      const rows = [0, 1, 2].map((r) => values.subarray(r * columns + block.first).subarray(0, block.columns))
      const run = found.subarray(block.at, blocks[i + 1]?.at)
      const worst = products(block.columns, rows).reduce((most, x, k) => Math.max(most, Math.abs(run[k]! - x) / x), 0)
      expect(worst).toBeLessThan(1e-6)
    }
  })

  it('sums several activations as one', () => {
    const columns = 5
    const reads = [{ activation: 0, window: { size: [1, 1] as const, stride: [2, 3], padding: 'valid' as const } }, { activation: 1 }]
    const [n, height, width] = [2, 5, 4]
    const values = filled(n * height * width * columns)
    const row = (i: number, y: number, x: number) => values.subarray(((i * height + y) * width + x) * columns).subarray(0, columns)
    const sums = new HessianSums([{ kind: 'products', columns, groups: 1, reads }])
    sums.see(0, ndArray('f32', values, [n, height, width, columns]))
    sums.see(1, ndArray('f32', filled(2 * columns), [2, columns]))
    const rows = [0, 1].flatMap((i) => [0, 2, 4].flatMap((y) => [0, 3].map((x) => row(i, y, x))))
    expectNear(sums.take()[0]!, products(columns, [...rows, filled(columns), filled(2 * columns).subarray(columns)]))
  })

  it('takes evenly spread positions of large pictures', () => {
    const window = { size: [1, 1] as const, stride: [1, 1], padding: 'valid' as const }
    for (const [height, width] of [
      [128, 256],
      [99, 210],
      [1, 10_007],
    ] as const) {
      // By phases of a stride of 3, in height and from position to position.
      const columns = 7
      const values = new Float32Array(height * width * columns)
      for (let p = 0; p < height * width; p++) {
        values[p * columns] = 1
        values[p * columns + 1 + (Math.floor(p / width) % 3)] = 1
        values[p * columns + 4 + (p % 3)] = 1
      }
      const sums = new HessianSums([{ kind: 'products', columns, groups: 1, reads: [{ activation: 0, window }] }])
      sums.see(0, ndArray('f32', values, [1, height, width, columns]))
      const found = sums.take()[0]!
      const taken = found[0]!
      expect(taken).toBeLessThanOrEqual(4096)
      expect(taken).toBeGreaterThan(1024)
      for (let c = 1; c < columns; c++) {
        const phases = c < 4 && height === 1 ? 1 : 3
        if (c < 4 && c > height) continue
        expect(Math.abs(found[c]! - taken / phases)).toBeLessThan(taken / 50)
      }
    }
  })
})

/** Of ops that multiply rows with weights: model, and shape of what it reads. */
const layers: readonly (readonly [what: string, input: string, body: string])[] = [
  ['a matrix', 'f32[6,5]', '%w = const "w" : f32[4,5] = random(1)\n %y = fully_connected(%x, %w, none)'],
  [
    'a pointwise convolution',
    'f32[2,5,6,3]',
    '%w = const "w" : f32[4,1,1,3] = random(1)\n %y = conv_2d(%x, %w, none) {padding=same, stride=[2,3]}',
  ],
  ['a convolution', 'f32[2,6,7,3]', '%w = const "w" : f32[4,3,2,3] = random(1)\n %y = conv_2d(%x, %w, none) {padding=same}'],
  [
    'one with strides and holes',
    'f32[2,9,11,3]',
    '%w = const "w" : f32[4,3,3,3] = random(1)\n %y = conv_2d(%x, %w, none) {padding=same, stride=[2,1], dilation=[1,2]}',
  ],
  [
    'one without padding',
    'f32[1,9,8,3]',
    '%w = const "w" : f32[4,3,3,3] = random(1)\n %y = conv_2d(%x, %w, none) {padding=valid, stride=[3,2]}',
  ],
  ['one in groups', 'f32[2,5,5,6]', '%w = const "w" : f32[4,2,2,3] = random(1)\n %y = conv_2d(%x, %w, none) {padding=same}'],
  [
    'a depthwise convolution',
    'f32[2,6,5,3]',
    '%w = const "w" : f32[1,3,3,6] = random(1)\n %y = depthwise_conv_2d(%x, %w, none) {padding=same, stride=[2,2], depthMultiplier=2}',
  ],
  [
    'a transposed convolution',
    'f32[2,4,5,3]',
    '%s = const "s" : i32[4] = [2, 8, 10, 4]\n %w = const "w" : f32[4,3,3,3] = random(1)\n %y = transpose_conv(%s, %w, %x, none) {padding=same, stride=[2,2]}',
  ],
  [
    'one without padding and with gaps',
    'f32[2,3,4,3]',
    '%s = const "s" : i32[4] = [2, 9, 10, 4]\n %w = const "w" : f32[4,2,3,3] = random(1)\n %y = transpose_conv(%s, %w, %x, none) {padding=valid, stride=[3,2]}',
  ],
]

test.each(layers)('the Hessian of %s tells the power of its results', (_, input, body) => {
  const model = modelFromText(`graph main(%x "x": ${input}) {\n${body}\n return %y }\nsignature "serve" main("x" %x) -> ("y" %y)`)
  const [graph] = model.graphs
  const weights = [...graph!.values.values()].find((v) => v.name === 'w')!
  const plan = planObservation(model, { products: new Set([weights.data!]) })
  const [{ columns, groups, rows }, { isTransposed }] = [plan.sums[0]!, plan.layers[0]!]
  const sums = new HessianSums([{ kind: 'products', columns, groups, reads: rows.map(({ window }) => ({ activation: 0, window })) }])
  const shape = graph!.values.get(graph!.inputs[0]!)!.type.shape as readonly number[]
  const x = ndArray(
    'f32',
    filled(shape.reduce((a, b) => a * b, 1)).map((v) => v - 0.4),
    shape,
  )
  sums.see(0, x)
  const y = toFloat32(interpret(graph!, [x])[0]!)!
  const w = typedView('f32', weights.data!.bytes())
  const count = w.length / columns
  const hessian: Hessian = { columns, groups, isTransposed, sums: sums.take()[0]! }
  for (let o = 0; o < count; o++) {
    const [block] = blocksOf(columns)
    const { start, step } = placeOf(w.length, hessian, o, block!)
    const gram = gramOf(hessian, Math.floor((o * groups) / count), block!).sums
    let power = 0
    for (let i = 0, at = 0; i < columns; i++)
      for (let j = i; j < columns; j++, at++) power += (i === j ? 1 : 2) * gram[at]! * w[start + i * step]! * w[start + j * step]!
    const expected = y.reduce((sum, v, k) => (k % count === o ? sum + v * v : sum), 0)
    expect(Math.abs(power / expected - 1)).toBeLessThan(1e-5)
  }
})

const cnn = { name: 'cnn.tflite', bytes: read('tflite/mnist_cnn_small.float.tflite') }
const data = openDataSet({ data: memorySource('digits', read('mnist/digits-images-idx3-ubyte')) })
const preprocess = new Map([['', parsePreprocess('mean=0,std=255')]])
function sourcesOf({ name, bytes }: typeof cnn) {
  const model = importTflite(readTfliteFile(memorySource(name, bytes)))
  const plan = layersToObserve(model, { mode: 'dynamic-int4', weightsAlgorithm: 'gptq' })
  return { plan, sources: hessianSources(model, bytes, plan.sums) }
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

  it('observes what convolutions and fully connected layers read', () => {
    expect(plan.sums.map((s) => s.columns)).toEqual(sources.map((s) => s.columns))
    expect(new Set(sources.map((s) => s.reads[0]!.window?.size.join()))).toEqual(new Set(['3,3', undefined]))
    expect([...plan.refused.values()]).toEqual([])
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
  const wrong: HessianSource = { kind: 'products', columns: 3, groups: 1, reads: [{ activation: 0 }] }
  expect(() => new HessianSums([wrong]).see(0, ndArray('f32', filled(4), [4]))).toThrow('whole rows')
})
