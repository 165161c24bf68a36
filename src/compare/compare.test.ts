import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { memorySource } from '../core/bytes.ts'
import { loadNodeLiteRt } from '../platform/node-litert.ts'
import { openDataSet } from '../run/data/open-data-set.ts'
import { parsePreprocess } from '../run/data/preprocess.ts'
import { liteRtRunner } from '../run/litert.ts'
import { type CompareOptions, compare } from './compare.ts'
import { type FakeModel, fakeData, fakeRunner, scores } from './fake-runner.testkit.ts'
import { formatComparison } from './format.ts'
import { pairedRatio } from './paired-ratio.ts'

const file = (name: string, size = 100) => ({ name, bytes: new Uint8Array(size) })
/** Scores with their largest at `best`. */
const one = (best: number, top = 0.8): number[] => [0, 1, 2].map((i) => (i === best ? top : (1 - top) / 2))
/** Answers sample `x` with class `answers[x]`. */
const table = (answers: readonly number[]): FakeModel => ({ answer: ([x]) => [one(answers[x!]!)] })
const run = (models: Readonly<Record<string, FakeModel>>, data: ReturnType<typeof fakeData>, options: Partial<CompareOptions> = {}) =>
  compare(
    Object.keys(models).map((name, i) => file(name, 100 / (i + 1))),
    data,
    { runner: fakeRunner(models), latency: false, ...options },
  )
const numbered = (n: number): number[][] => Array.from({ length: n }, (_, i) => [i])

test('samples are counted as lost, gained or changed', async () => {
  const data = fakeData(numbered(6), [0, 1, 2, 0, 1, 2])
  const c = await run({ float: table([0, 1, 2, 1, 2, 0]), small: table([0, 2, 2, 0, 0, 0]) }, data)
  expect(c.data).toMatchObject({ samples: 6, labeled: 6 })
  expect(c.classOutput).toBe('scores')
  const [float, small] = c.models
  expect(float).toMatchObject({ sizeBytes: 100, sizeRatio: 1, accuracy: { count: 3, of: 6, share: 0.5 }, difference: null, latency: null })
  expect(small).toMatchObject({ sizeBytes: 50, sizeRatio: 2, accuracy: { count: 3, of: 6 }, nonFiniteValues: 0 })
  const d = small!.difference!
  expect(d).toMatchObject({ agreement: { count: 3, of: 6 }, lost: 1, gained: 1, changed: 1 })
  expect(d.flips.map((f) => [f.kind, f.index, f.label])).toEqual([
    ['lost', 1, 1],
    ['gained', 3, 0],
    ['changed', 4, 1],
  ])
  expect(d.flips[0]!.reference[0]).toEqual({ index: 1, score: Math.fround(0.8) })
  expect(d.flips[0]!.candidate.map((r) => r.index)).toEqual([2, 0, 1])
  expect(d.outputs).toMatchObject([{ name: 'scores', values: 18, worstSample: 'data[1]' }])
  expect(d.outputs[0]!.maxAbsError).toBeCloseTo(0.7, 6)
  expect(JSON.parse(JSON.stringify(c))).toEqual(c)
})

test('flips are kept up to a limit and all counted', async () => {
  const data = fakeData(numbered(50), Array<number>(50).fill(0))
  const c = await run({ float: table(Array(50).fill(0)), small: table(Array(50).fill(1)) }, data, { maxFlips: 4 })
  expect(c.models[1]!.difference).toMatchObject({ lost: 50, gained: 0, changed: 0 })
  expect(c.models[1]!.difference!.flips.map((f) => f.index)).toEqual([0, 1, 2, 3])
  expect(formatComparison(c, { maxFlips: 2 })).toContain('48 more')
})

test('samples run in batches, and the last is smaller', async () => {
  const batches: number[] = []
  const models = { float: table([...Array(10).keys()].map((i) => i % 3)) }
  const progress: number[][] = []
  await compare([file('float')], fakeData(numbered(10)), {
    runner: fakeRunner(models, batches),
    latency: false,
    batchSize: 4,
    onProgress: (done, total) => progress.push([done, total]),
  })
  expect(batches).toEqual([4, 4, 2])
  expect(progress).toEqual([
    [4, 10],
    [8, 10],
    [10, 10],
  ])
  const few = await run(models, fakeData(numbered(10)), { maxSamples: 3 })
  expect(few.data.samples).toBe(3)
})

test('without labels classes are still compared', async () => {
  const c = await run({ float: table([0, 1]), small: table([0, 2]) }, fakeData(numbered(2)))
  expect(c.models[1]).toMatchObject({
    accuracy: null,
    difference: { lost: null, gained: null, changed: 1, agreement: { count: 1, of: 2 } },
  })
  expect(formatComparison(c)).toContain('1 other classes in float and small')
})

test('a single probability has two classes when there are labels', async () => {
  const yesNo = (bias: number): FakeModel => ({ outputs: [scores('p', 1)], answer: ([x]) => [[x! + bias]] })
  const labeled = await run({ float: yesNo(0), small: yesNo(0.2) }, fakeData([[0.1], [0.4], [0.9]], [0, 0, 1]))
  expect(labeled.models.map((m) => m.accuracy?.count)).toEqual([3, 2])
  const unlabeled = await run({ float: yesNo(0), small: yesNo(0.2) }, fakeData([[0.1]]))
  expect(unlabeled.classOutput).toBeNull()
  expect(unlabeled.models[1]!.difference).toMatchObject({ agreement: null, changed: null, flips: [] })
})

test('other outputs are judged by their errors, quantized ones as real numbers', async () => {
  const real = { name: 'y', dtype: 'f32', shape: ['N', 2, 2] } as const
  const stored = { ...real, dtype: 'i8', quant: { kind: 'per-tensor', scale: 0.5, zeroPoint: -4 } } as const
  const models: Record<string, FakeModel> = {
    float: { outputs: [real], answer: ([x]) => [[x!, 1, 2, 3]] },
    small: { outputs: [stored], answer: ([x]) => [[2 * x! - 4, -2, 0, 4]] },
  }
  const c = await run(models, fakeData([[1], [5]], [0, 1]))
  expect(c.diagnostics).toMatchObject([{ severity: 'warning', code: 'compare/no-class-scores' }])
  const [output] = c.models[1]!.difference!.outputs
  expect(output).toMatchObject({
    name: 'y',
    values: 8,
    maxAbsError: 1,
    meanAbsError: 0.25,
    rootMeanSquareError: 0.5,
    worstSample: 'data[0]',
  })
  expect(output!.cosine).toBeCloseTo(
    (1 + 1 + 4 + 12 + 25 + 1 + 4 + 12) / Math.sqrt((1 + 1 + 4 + 9 + 25 + 14) * (1 + 1 + 4 + 16 + 25 + 21)),
    9,
  )
  expect(formatComparison(c)).toContain('output y: largest error 1')
})

test('outputs are matched by name, else by place', async () => {
  const two = (a: string, b: string, values: (x: number) => number[][]): FakeModel => ({
    outputs: [scores(a), scores(b, 2)],
    answer: ([x]) => values(x!),
  })
  const float = two('a', 'b', () => [one(0), [1, 0]])
  const swapped: FakeModel = { outputs: [scores('b', 2), scores('a')], answer: () => [[1, 0], one(0)] }
  const renamed = two('p', 'q', () => [one(0), [1, 0]])
  const c = await run({ float, swapped, renamed }, fakeData([[0]]))
  for (const m of c.models.slice(1))
    expect(m.difference!.outputs.map((o) => [o.name, o.maxAbsError])).toEqual([
      ['a', 0],
      ['b', 0],
    ])
})

test('values that are no numbers are counted and left out', async () => {
  const broken: FakeModel = { answer: ([x]) => [x === 0 ? [Number.NaN, 0.1, 0.9] : one(0)] }
  const c = await run({ float: table([2, 0]), broken }, fakeData(numbered(2), [2, 0]))
  expect(c.models[1]).toMatchObject({ nonFiniteValues: 1, accuracy: { count: 2 }, difference: { outputs: [{ values: 5 }] } })
  expect(c.diagnostics).toMatchObject([{ code: 'compare/non-finite-outputs' }])
})

test.each<[string, Record<string, FakeModel>, ReturnType<typeof fakeData>]>([
  ['compare/label-out-of-range', { float: table([0]), small: table([0]) }, fakeData([[0]], [7])],
  [
    'compare/different-signatures',
    { float: table([0]), small: { outputs: [scores('a'), scores('b')], answer: () => [one(0), one(0)] } },
    fakeData([[0]]),
  ],
  [
    'compare/different-signatures',
    {
      float: { ...table([0]), inputs: [{ name: 'x', dtype: 'f32', shape: ['N', 1] }] },
      small: { ...table([0]), inputs: ['x', 'y'].map((name) => ({ name, dtype: 'f32', shape: ['N', 1] })) },
    },
    fakeData([[0]]),
  ],
  [
    'compare/different-shapes',
    { float: table([0]), small: { outputs: [scores('scores', 4)], answer: () => [[1, 0, 0, 0]] } },
    fakeData([[0]]),
  ],
])('%s', async (code, models, data) => {
  await expect(run(models, data)).rejects.toMatchObject({ code })
})

test('an unknown signature is named', async () => {
  await expect(run({ float: table([0]) }, fakeData([[0]]), { signature: 'serving_defualt' })).rejects.toMatchObject({
    code: 'run/unknown-signature',
    hint: 'Did you mean "serving_default"?',
  })
})

test('a ratio is clear only when its range leaves out 1', () => {
  const noise = Array.from({ length: 100 }, (_, i) => 10 + (i % 7))
  expect(pairedRatio(noise, noise)).toEqual({ ratio: 1, ratioRange: [1, 1], isClear: false })
  expect(
    pairedRatio(
      noise,
      noise.map((t) => t / 2),
    ),
  ).toMatchObject({ ratio: 2, isClear: true })
  const shifted = noise.map((_, i) => noise[(i + 3) % 100]!)
  expect(pairedRatio(noise, shifted)).toMatchObject({ isClear: false })
  expect(pairedRatio([1], [2])).toEqual({ ratio: 0.5, ratioRange: [0.5, 0.5], isClear: true })
})

test('real models on real digits', async () => {
  const fixture = (name: string) => path.resolve(import.meta.dirname, '../../fixtures', name)
  const source = (name: string) => memorySource(name, readFileSync(fixture(`mnist/${name}`)))
  const models = ['float', 'dynamic', 'int8'].map((kind) => {
    const name = `mnist_cnn_small.${kind}.tflite`
    return { name, bytes: new Uint8Array(readFileSync(fixture(`tflite/${name}`))) }
  })
  const data = openDataSet({ data: source('digits-images-idx3-ubyte'), labels: source('digits-labels-idx1-ubyte') })
  const runner = liteRtRunner(loadNodeLiteRt)
  const latency = { minRuns: 3, minTimeMs: 1, warmUpRuns: 1 }
  const c = await compare(models, data, { runner, preprocess: parsePreprocess('mean=0,std=255'), latency })
  await runner.dispose()
  expect(c).toMatchObject({ data: { samples: 16, labeled: 16 }, preprocess: 'mean=0,std=255', diagnostics: [] })
  for (const m of c.models) {
    expect(m.accuracy!.count).toBeGreaterThanOrEqual(15)
    expect(m.latency!.runs).toBeGreaterThanOrEqual(3)
    expect(m.latency!.medianMs).toBeGreaterThan(0)
  }
  // Eight bits of weights and activations move probabilities by a few parts of 256.
  for (const m of c.models.slice(1)) expect(m.difference!.outputs[0]!.meanAbsError).toBeLessThan(8 / 256)
  expect(c.runtime).toMatch(/^LiteRT/)
})

test('an abort from outside is heard between samples', async () => {
  const few = fakeData(numbered(2))
  const endless = { ...few, count: Number.MAX_SAFE_INTEGER, read: (i: number) => few.read(i % 2) }
  const abort = new AbortController()
  setTimeout(() => abort.abort(new Error('enough')))
  await expect(run({ float: table([0, 1]) }, endless, { signal: abort.signal })).rejects.toThrow('enough')
})
