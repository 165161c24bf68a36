import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { memorySource } from '../core/bytes.ts'
import { DowncastError } from '../core/diagnostics.ts'
import { type NdArray, ndArray } from '../core/nd-array.ts'
import { tfliteBytes } from '../export/write-tflite.ts'
import { importTflite } from '../import/tflite/import-model.ts'
import { readTfliteFile } from '../import/tflite/read-file.ts'
import { modelFromText } from '../ops/text.ts'
import { loadNodeLiteRt } from '../platform/node-litert.ts'
import { quantize } from '../quantize/quantize.ts'
import { openDataSet } from '../run/data/open-data-set.ts'
import { parsePreprocess } from '../run/data/preprocess.ts'
import { type DataSet, makeDataSet } from '../run/data/sample.ts'
import { liteRtRunner } from '../run/litert.ts'
import { openModel } from '../run/model-io.ts'
import { readIdx } from '../wire/idx.ts'
import { openZip } from '../wire/zip.ts'
import { activationsOf } from './activations.ts'
import { type CalibrateOptions, calibrate } from './calibrate.ts'
import { calibrationText, parseCalibration } from './calibration-file.ts'
import { estimatorOf } from './estimators/index.ts'
import { liteRtObserver } from './litert-observer.ts'
import type { Observer } from './observer.ts'
import { openObserver } from './open-observer.ts'
import type { PartialStore } from './partial.ts'

const fixtures = path.resolve(import.meta.dirname, '../../fixtures')
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(path.join(fixtures, name)))
const cnn = { name: 'cnn.tflite', bytes: read('tflite/mnist_cnn_small.float.tflite') }
const digits = openDataSet({ data: memorySource('digits', read('mnist/digits-images-idx3-ubyte')) })
const preprocess = new Map([['', parsePreprocess('mean=0,std=255')]])

const opened: Observer[] = []
const observerOf = async (model: { name: string; bytes: Uint8Array }): Promise<Observer> => {
  const observer = await openObserver(liteRtRunner(loadNodeLiteRt), model.bytes, model.name)
  opened.push(observer)
  return observer
}
let observers: Observer[]
beforeAll(async () => {
  observers = [await observerOf(cnn), await observerOf(cnn), await observerOf(cnn)]
})
afterAll(async () => {
  for (const observer of opened) await observer.dispose()
})

const samplesOf = (arrays: readonly ReadonlyMap<string, NdArray>[], name = 'samples'): DataSet =>
  makeDataSet({
    name,
    count: arrays.length,
    isLabeled: false,
    classNames: new Map(),
    read: async (index) => ({ index, name: `${name}[${index}]`, arrays: arrays[index]! }),
  })
const only = (values: readonly number[], shape: readonly number[] = [values.length]): Map<string, NdArray> =>
  new Map([['', ndArray('f32', Float32Array.from(values), shape)]])

const run = (options: Partial<CalibrateOptions> = {}) =>
  calibrate({ model: cnn, data: digits, preprocess, observers: observers.slice(0, 1), ...options })
const codesOf = async (options: Partial<CalibrateOptions>): Promise<string[]> =>
  (await run(options)).diagnostics.map((d) => `${d.severity} ${d.code}`)
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
  } catch (e) {
    if (e instanceof DowncastError) return e.code
    throw e
  }
  return 'nothing'
}

describe('calibrate', () => {
  it('finds the range of every activation of the entry graph', async () => {
    const { calibration } = await run()
    const { record } = calibration
    expect(record).toMatchObject({
      method: 'litert',
      signatures: ['serving_default'],
      data: { samples: 16, skipped: [] },
      preprocess: { '': 'mean=0,std=255' },
    })
    const model = importTflite(readTfliteFile(memorySource(cnn.name, cnn.bytes)))
    const ranges = calibration.ranges(model)
    for (const id of [...model.graphs[0]!.inputs, ...model.graphs[0]!.nodes.flatMap((n) => n.outputs)]) {
      const value = model.graphs[0]!.values.get(id)!
      expect(ranges.of(0, value), value.name).toBeDefined()
    }
    expect(ranges.of(0, model.graphs[0]!.values.get(model.graphs[0]!.inputs[0]!)!)).toEqual([0, 1])
    const constant = [...model.graphs[0]!.values.values()].find((v) => v.data)!
    expect(ranges.of(0, constant)).toBeUndefined()
    expect(ranges.of(7, constant)).toBeUndefined()
  })

  it('gives the same bytes for any number of observers', async () => {
    const text = calibrationText((await run()).calibration)
    expect(calibrationText((await run({ observers: observers.slice(0, 2) })).calibration)).toBe(text)
    expect(calibrationText((await run({ observers })).calibration)).toBe(text)
  })

  it('finds the means of what ops with weights read, in any order of the samples', async () => {
    const { calibration } = await run()
    const model = importTflite(readTfliteFile(memorySource(cnn.name, cnn.bytes)))
    const [graph] = model.graphs
    const input = graph!.values.get(graph!.inputs[0]!)!
    const pixels = readIdx(memorySource('digits', read('mnist/digits-images-idx3-ubyte'))).bytes
    const mean = pixels.reduce((sum, p) => sum + Math.fround(p / 255), 0) / pixels.length
    const means = calibration.means(model)
    expect(means.of(0, input, 1)![0]).toBeCloseTo(mean, 12)
    const flat = graph!.nodes.find((n) => n.op === 'fully_connected')!.inputs[0]!
    const value = graph!.values.get(flat)!
    const columns = value.type.shape.at(-1) as number
    const each = means.of(0, value, columns)!
    // The sum of all that the calibration saw of it.
    const { sum, samples } = calibration.record.tensors.get(`0/${value.name}`)!
    expect(each.reduce((a, m) => a + m * samples, 0) / sum).toBeCloseTo(1, 10)
    expect(means.of(0, value, columns / 2)![1]).toBeCloseTo((each[1]! + each[1 + columns / 2]!) / 2, 12)
    expect(means.of(0, value, 5)).toBeUndefined()
    const unread = graph!.values.get(graph!.outputs[0]!)!
    expect(means.of(0, unread, 10)).toBeUndefined()
    const turned = await run({ data: makeDataSet({ ...digits, read: (i) => digits.read(15 - i) }) })
    const sums = (c: typeof calibration) => [...c.record.tensors.values()].map((t) => t.columnSums)
    expect(sums(turned.calibration)).toEqual(sums(calibration))
  })

  it('reads files of version 1, which have no means', async () => {
    const { calibration } = await run({ maxSamples: 12 })
    const text = calibrationText(calibration)
    const old = text.replace('"version": 2', '"version": 1').replaceAll(/"columnSums":\[[^\]]*\],/g, '')
    const earlier = parseCalibration('calib.json', old)
    const model = importTflite(readTfliteFile(memorySource(cnn.name, cnn.bytes)))
    const value = model.graphs[0]!.values.get(model.graphs[0]!.inputs[0]!)!
    expect(earlier.ranges(model).of(0, value)).toEqual(calibration.ranges(model).of(0, value))
    expect(calibrationText(earlier)).toBe(old)
    expect(() => earlier.means(model)).toThrow(expect.objectContaining({ code: 'calibrate/no-means-inside', file: 'calib.json' }))
  })

  it('knows the data again, and its order and preprocessing', async () => {
    const sha = async (options: Partial<CalibrateOptions>) => (await run({ maxSamples: 3, ...options })).calibration.record.data.sha256
    const first = await sha({})
    expect(await sha({})).toBe(first)
    expect(await sha({ maxSamples: 4 })).not.toBe(first)
    expect(await sha({ preprocess: new Map([['', parsePreprocess('std=128')]]) })).not.toBe(first)
    const turned = makeDataSet({ ...digits, count: 3, read: (i) => digits.read(2 - i) })
    expect(await sha({ data: turned })).not.toBe(first)
  })

  it('comes back from its text', async () => {
    const { calibration } = await run({ maxSamples: 12 })
    const text = calibrationText(calibration)
    expect(calibrationText(parseCalibration('calib.json', text))).toBe(text)
    const model = importTflite(readTfliteFile(memorySource(cnn.name, cnn.bytes)))
    const value = model.graphs[0]!.values.get(model.graphs[0]!.nodes[0]!.outputs[0]!)!
    for (const name of ['min-max', 'moving-average', 'percentile:99', 'kl', 'mse', 'octav']) {
      const range = parseCalibration('c', text).ranges(model, estimatorOf(name)).of(0, value)
      expect(range).toEqual(calibration.ranges(model, estimatorOf(name)).of(0, value))
      expect(range![0]).toBeLessThanOrEqual(range![1])
    }
  })

  it('refuses text that is no calibration, and says where', async () => {
    const text = calibrationText((await run({ maxSamples: 12 })).calibration)
    const changes: [string, string, string][] = [
      ['{', '', ''],
      ['"downcast calibration"', '"other"', 'format'],
      ['"version": 2', '"version": 3', 'version'],
      ['"columnSums":[', '"columnSums":[0,0,0,0,', '.columnSums'],
      ['"columnSums":[', '"columnSums":[],"x":[', '.columnSums'],
      ['"litert"', '"x"', 'method'],
      ['"samples": 12', '"samples": -1', 'data.samples'],
      ['"exponent":', '"exponent":1e9,"x":', 'histogram.exponent'],
      ['"range":[0,1]', '"range":[1,0]', '.range'],
      ['"range":[0,1],', '', 'histogram.counts'],
      ['"tensors": {', '"tensors": [], "other": {', 'tensors'],
    ]
    for (const [from, to, where] of changes) {
      const broken = text.replace(from, to)
      expect(broken).not.toBe(text)
      try {
        parseCalibration('calib.json', broken)
        expect.unreachable(from)
      } catch (e) {
        expect(e, from).toMatchObject({ code: 'calibrate/malformed-calibration' })
        expect((e as DowncastError).path).toContain(where)
      }
    }
  })

  it('runs loops and branches on the reference kernels, and sees their bodies', async () => {
    const model = { name: 'flow.tflite', bytes: tfliteBytes(modelFromText(loops)) }
    const observer = await observerOf(model)
    const { calibration, diagnostics } = await run({
      model,
      observers: [observer],
      preprocess: new Map(),
      data: samplesOf(Array.from({ length: 12 }, (_, i) => only([i + 1, 2]))),
    })
    expect(calibration.record.method).toBe('interpreter')
    const named = (ending: string) => [...calibration.record.tensors].filter(([key]) => key.startsWith(ending)).map(([, t]) => t)
    // x doubles three times; the body sees 1x, 2x, 4x and makes 2x, 4x, 8x.
    expect(named('0/')[0]!.range).toEqual([1, 12])
    expect(named('2/').map((t) => t.range)).toEqual([
      [1, 48],
      [2, 96],
    ])
    expect(named('2/')[0]!.elements).toBe(2 * 3 * 12)
    // The sum is never negative, so that one branch is never entered.
    expect(named('3/').every((t) => t.samples === 0 && t.range === undefined)).toBe(true)
    expect(diagnostics.map((d) => d.code)).toContain('calibrate/unseen-activations')
    expect(parseCalibration('c', calibrationText(calibration)).record.tensors).toEqual(calibration.record.tensors)
  })

  it('runs every signature whose inputs the samples have', async () => {
    const bytes = read('run/two_signatures.tflite')
    const model = { name: 'two.tflite', bytes }
    const observer = await observerOf(model)
    const file = importTflite(readTfliteFile(memorySource('two', bytes)))
    const data = samplesOf(
      Array.from({ length: 10 }, (_, k) => {
        const arrays = file.signatures.flatMap((s) =>
          s.inputs.map(({ name, value }): [string, NdArray] => {
            const shape = file.graphs[s.graph]!.values.get(value)!.type.shape.map((d) => (typeof d === 'number' ? d : 1))
            const count = shape.reduce((a, b) => a * b, 1)
            return [
              `${s.key}.${name}`,
              ndArray(
                'f32',
                Float32Array.from({ length: count }, (_, i) => i + k),
                shape,
              ),
            ]
          }),
        )
        return new Map(arrays)
      }),
    )
    const { calibration } = await run({ model, observers: [observer], data, preprocess: new Map() })
    expect(calibration.record.signatures).toEqual(file.signatures.map((s) => s.key))
    expect([...calibration.record.tensors.values()].every((t) => t.samples === 10)).toBe(true)
  })

  it('has nothing to find in a model without float tensors', async () => {
    const text = `model ""
graph main(%0 "x": i32[2]) {
  %1 = add(%0, %0) : i32[2]
  return %1
}
signature "serving_default" main("x" %0) -> ("y" %1)
`
    const model = { name: 'ints.tflite', bytes: tfliteBytes(modelFromText(text)) }
    expect(await codeOf(run({ model }))).toBe('calibrate/nothing-to-calibrate')
  })

  it('says what neither LiteRT.js nor the kernels compute', async () => {
    const model = { name: 'flex.tflite', bytes: read('run/un_erf_flex.tflite') }
    const observer = await observerOf(model)
    expect(observer.method).toBe('interpreter')
    expect(
      await codeOf(
        run({ model, observers: [observer], data: samplesOf([only(new Array<number>(24).fill(1), [2, 3, 4])]), preprocess: new Map() }),
      ),
    ).toBe('calibrate/not-computable')
  })
})

describe('an interrupted calibration', () => {
  const store = (): PartialStore & { text: string | undefined } => ({
    name: 'calib.json.partial',
    text: undefined,
    read() {
      return this.text
    },
    async write(text) {
      this.text = text
    },
    remove() {
      this.text = undefined
    },
  })
  /** Ends after some samples, as if the process had been killed: what was written stays. */
  const interrupted = async (after: number): Promise<ReturnType<typeof store>> => {
    const partial = store()
    const stopping: Observer = {
      ...observers[0]!,
      observe: async (samples) => {
        if (partial.text !== undefined) throw new Error('killed')
        return observers[0]!.observe(samples)
      },
    }
    let time = 0
    const { now } = performance
    performance.now = () => (time += after)
    try {
      await expect(run({ observers: [stopping], partial })).rejects.toThrow('killed')
    } finally {
      performance.now = now
    }
    return partial
  }

  it('goes on where it was, to the same bytes', async () => {
    const whole = calibrationText((await run()).calibration)
    const partial = await interrupted(2000)
    expect(partial.text).toBeDefined()
    let observed = 0
    const counting: Observer = {
      ...observers[0]!,
      observe: (samples) => {
        observed += samples.length
        return observers[0]!.observe(samples)
      },
    }
    const { calibration, resumed } = await run({ partial, observers: [counting] })
    expect(resumed).toBeGreaterThan(0)
    expect(observed).toBe(16 - resumed)
    expect(calibrationText(calibration)).toBe(whole)
  })

  it.each([
    ['another number of samples', { maxSamples: 15 }, 'another number of samples'],
    ['other preprocessing', { preprocess: new Map() }, 'other preprocessing'],
    ['other samples', { data: makeDataSet({ ...digits, read: (i) => digits.read(15 - i) }) }, 'have changed'],
  ])('begins anew with %s, and says so', async (_, options, why) => {
    const partial = await interrupted(2000)
    const { resumed, diagnostics, calibration } = await run({ partial, ...options })
    expect(resumed).toBe(0)
    expect(diagnostics.find((d) => d.code === 'calibrate/partial-ignored')?.message).toContain(why)
    expect(calibrationText(calibration)).toBe(calibrationText((await run(options)).calibration))
  })

  it('begins anew when its state is damaged', async () => {
    const partial = await interrupted(2000)
    for (const text of ['', 'x', '[]', '{}', partial.text!.replace('skipped', 'skippe_')]) {
      partial.text = text
      const { resumed, diagnostics } = await run({ partial, maxSamples: 16 })
      expect(resumed).toBe(0)
      expect(diagnostics.map((d) => d.code)).toContain('calibrate/partial-ignored')
    }
  })
})

describe('bad samples', () => {
  const good = (i: number): Map<string, NdArray> =>
    only(
      Array.from({ length: 784 }, (_, k) => ((k * (i + 3)) % 97) / 97),
      [28, 28],
    )
  const arrays = [
    good(0),
    only([1, 2, 3]),
    good(1),
    only(
      Array.from({ length: 784 }, (_, k) => (k === 5 ? Number.NaN : 0.5)),
      [28, 28],
    ),
    ...Array.from({ length: 10 }, (_, i) => good(i + 2)),
  ]
  const data = samplesOf(arrays)
  const plain = { preprocess: new Map() }

  it('are an error that names the sample', async () => {
    await expect(run({ ...plain, data })).rejects.toMatchObject({ code: 'run/sample-shape', file: 'samples[1]' })
    await expect(run({ ...plain, data: samplesOf(arrays.slice(2)) })).rejects.toMatchObject({
      code: 'calibrate/not-finite-sample',
      file: 'samples[1]',
    })
  })

  it('are left out and counted when told so', async () => {
    const { calibration, diagnostics } = await run({ ...plain, data, skipBad: true, observers: observers.slice(0, 2) })
    expect(calibration.record.data).toMatchObject({ samples: 12, skipped: [{ name: 'samples[1]' }, { name: 'samples[3]' }] })
    expect(diagnostics.map((d) => d.code)).toContain('calibrate/skipped-samples')
    const clean = await run({ ...plain, data: samplesOf(arrays.filter((_, i) => i !== 1 && i !== 3)) })
    expect(clean.calibration.record.tensors).toEqual(calibration.record.tensors)
    expect(clean.calibration.record.data.sha256).toBe(calibration.record.data.sha256)
  })

  it('are an error when there are no others', async () => {
    expect(await codeOf(run({ ...plain, data: samplesOf([only([1]), only([2])]), skipBad: true }))).toBe('calibrate/no-good-samples')
    expect(await codeOf(run({ ...plain, data: samplesOf([]) }))).toBe('run/no-samples')
    expect(
      await codeOf(
        run({
          ...plain,
          data: samplesOf([
            new Map([
              ['a', good(0).get('')!],
              ['b', good(0).get('')!],
            ]),
          ]),
        }),
      ),
    ).toBe('run/input-mismatch')
  })
})

describe('the linter', () => {
  const picture = (i: number, scale = 1): NdArray =>
    ndArray(
      'f32',
      Float32Array.from({ length: 784 }, (_, k) => (((k * (i + 3)) % 389) / 388) * scale),
      [28, 28],
    )
  const set = (count: number, of: (i: number) => NdArray) => ({
    preprocess: new Map(),
    data: samplesOf(Array.from({ length: count }, (_, i) => new Map([['', of(i)]]))),
  })

  it('has nothing to say of good samples that have settled', async () => {
    expect(await codesOf(set(40, (i) => picture(i % 8 === 7 ? 100 + i : i)))).toEqual([])
  })

  it('refuses one sample for all, and tells repeated ones', async () => {
    expect(await codeOf(run(set(12, () => picture(0))))).toBe('calibrate/one-sample-repeated')
    const { diagnostics } = await run(set(20, (i) => picture(i % 10)))
    const found = diagnostics.find((d) => d.code === 'calibrate/repeated-samples')!
    expect(found.message).toContain('10 of 20 samples')
    expect(found.message).toContain('"samples[10]" is "samples[0]"')
  })

  it('refuses inputs that are constant', async () => {
    expect(await codeOf(run(set(1, () => ndArray('f32', new Float32Array(784).fill(0.25), [28, 28]))))).toBe('calibrate/constant-input')
  })

  it('tells that there are few samples', async () => {
    expect(await codesOf(set(9, picture))).toContain('warning calibrate/few-samples')
    expect(await codesOf(set(10, picture))).not.toContain('warning calibrate/few-samples')
  })

  it('tells that the ranges still grow', async () => {
    const { diagnostics } = await run(set(20, (i) => picture(i, i === 19 ? 5 : 1)))
    expect(diagnostics.find((d) => d.code === 'calibrate/ranges-still-grow')?.message).toContain('the last 2 samples')
  })

  it('tells pictures that nobody scales', async () => {
    expect(await codesOf({ preprocess: new Map() })).toContain('warning calibrate/unscaled-pictures')
    expect(await codesOf({})).not.toContain('warning calibrate/unscaled-pictures')
  })

  const small = async (body: string, values: (i: number) => number[], how = '') => {
    const text = `model ""
graph main(%0 "x": f32[1,1,1,3]) {
${body}
}
signature "serving_default" main("x" %0) -> ("y" %9)
`
    const model = { name: 'small.tflite', bytes: tfliteBytes(modelFromText(text)) }
    const observer = await observerOf(model)
    const data = samplesOf(Array.from({ length: 12 }, (_, i) => only(values(i), [1, 1, 1, 3])))
    return run({ model, observers: [observer], data, preprocess: how === '' ? new Map() : new Map([['x', parsePreprocess(how)]]) })
  }
  const scaling = '  %1 = const : f32[] = 0.003921568859368563\n  %9 = mul(%0, %1) : f32[1,1,1,3]\n  return %9'

  it('tells values that contradict what the model does first', async () => {
    const codes = async (...args: Parameters<typeof small>) => (await small(...args)).diagnostics.map((d) => d.code)
    expect(await codes(scaling, (i) => [i / 12, 0.5, 1])).toContain('calibrate/range-contradiction')
    expect(await codes(scaling, (i) => [i * 20, 3, 255])).not.toContain('calibrate/range-contradiction')
    const shifting = '  %1 = const : f32[] = 127.5\n  %9 = sub(%0, %1) : f32[1,1,1,3]\n  return %9'
    expect(await codes(shifting, (i) => [i / 12, 0.5, 1])).toContain('calibrate/range-contradiction')
    const relu = '  %9 = relu(%0) : f32[1,1,1,3]\n  return %9'
    expect(await codes(relu, (i) => [i / 12, 0.5, 1])).toEqual([])
  })

  it("tells ImageNet's means in the wrong order", async () => {
    const relu = '  %9 = relu(%0) : f32[1,1,1,3]\n  return %9'
    const codes = async (how: string) => (await small(relu, (i) => [i * 20, 3, 255], how)).diagnostics.map((d) => d.code)
    expect(await codes('mean=103.939:116.779:123.68')).toContain('calibrate/channel-order')
    expect(await codes('mean=123.68:116.779:103.939')).not.toContain('calibrate/channel-order')
    expect(await codes('mean=0.485:0.456:0.406,color=bgr')).toContain('calibrate/channel-order')
  })

  it('refuses activations that are not finite, and tells those that are always 0', async () => {
    const divided = '  %1 = const : f32[] = 0\n  %9 = div(%0, %1) : f32[1,1,1,3]\n  return %9'
    await expect(small(divided, (i) => [i, 0, -1])).rejects.toMatchObject({ code: 'calibrate/not-finite-activations' })
    const dead = '  %9 = relu(%0) : f32[1,1,1,3]\n  return %9'
    expect((await small(dead, (i) => [-i, -0.5, -1])).diagnostics.map((d) => d.code)).toContain('calibrate/dead-activations')
  })
})

describe('against what was recorded', () => {
  interface Recorded {
    readonly tensors: Readonly<Record<string, { readonly minMax: [number, number]; readonly movingAverage?: [number, number] }>>
  }
  const recorded = (name: string): Recorded => JSON.parse(readFileSync(path.join(fixtures, 'calibrate', name), 'utf8')) as Recorded
  /** Sums of some hundred products in another order, each rounded to float32. */
  const expectNear = (found: readonly [number, number] | undefined, [min, max]: readonly [number, number], what: string): void => {
    const tolerance = 1e-5 * (max - min)
    expect(Math.abs(found![0] - min), what).toBeLessThanOrEqual(tolerance)
    expect(Math.abs(found![1] - max), what).toBeLessThanOrEqual(tolerance)
  }

  it("finds litert-quantizer's ranges and moving averages", async () => {
    const { tensors } = (await run()).calibration.record
    const { tensors: theirs } = recorded('mnist_cnn_small.json')
    expect([...tensors.keys()].sort()).toEqual(
      Object.keys(theirs)
        .map((name) => `0/${name}`)
        .sort(),
    )
    for (const [name, { minMax, movingAverage }] of Object.entries(theirs)) {
      const found = tensors.get(`0/${name}`)!
      expectNear(found.range, minMax, name)
      expectNear(found.average, movingAverage!, name)
    }
  })

  it('finds the same in parts', async () => {
    const whole = await run()
    const file = openModel(cnn.name, cnn.bytes)
    const inParts = await liteRtObserver(liteRtRunner(loadNodeLiteRt), file, activationsOf(file.tables), [], 40_000)
    opened.push(inParts)
    expect(calibrationText((await run({ observers: [inParts] })).calibration)).toBe(calibrationText(whole.calibration))
  })

  it("finds LiteRT's ranges of a fused LSTM, which LiteRT.js does not load", async () => {
    const model = { name: 'lstm.tflite', bytes: read('tflite/lstm_text.float.tflite') }
    const observer = await observerOf(model)
    expect(observer.method).toBe('interpreter')
    const ids = (i: number) =>
      ndArray(
        'i32',
        Int32Array.from({ length: 20 }, (_, k) => (k * (i + 3) + i * i) % 60),
        [20],
      )
    const data = samplesOf(Array.from({ length: 16 }, (_, i) => new Map([['', ids(i)]])))
    const { tensors } = (await run({ model, observers: [observer], data, preprocess: new Map() })).calibration.record
    for (const [name, { minMax }] of Object.entries(recorded('lstm_text.json').tensors)) {
      expectNear(tensors.get(`0/${name}`)!.range, minMax, name)
    }
  })
})

const loops = `model ""
graph main(%0 "x": f32[2]) {
  %1 = const : i32[] = 0
  %2, %3 = while(%1, %0) {cond=1, body=2} : i32[], f32[2]
  %4 = const : i32[1] = [0]
  %5 = sum(%0, %4) : f32[]
  %6 = const : f32[] = 0
  %7 = less(%5, %6) : bool[]
  %8 = if(%7, %3) {thenGraph=3, elseGraph=4} : f32[2]
  return %8
}
graph cond(%0: i32[], %1: f32[2]) {
  %2 = const : i32[] = 3
  %3 = less(%0, %2) : bool[]
  return %3
}
graph body(%0: i32[], %1: f32[2]) {
  %2 = const : i32[] = 1
  %3 = add(%0, %2) : i32[]
  %4 = add(%1, %1) : f32[2]
  return %3, %4
}
graph negative(%0: f32[2]) {
  %1 = const : f32[] = 1
  %2 = sub(%0, %1) : f32[2]
  return %2
}
graph positive(%0: f32[2]) {
  return %0
}
signature "serving_default" main("x" %0) -> ("y" %8)
`

it('sees what the states of a fused LSTM hold at every step, so that int8 can store them', async () => {
  const archive = openZip(memorySource('static.zip', read('oracle/static.zip')))
  const stored = archive.open(archive.entries.get('keras2_lstm/calib.tflite')!)
  const model = { name: 'lstm.tflite', bytes: stored.read(0, stored.byteLength) }
  const floatModel = importTflite(readTfliteFile(memorySource(model.name, model.bytes)))
  const { signatures, graphs } = floatModel
  const [input] = signatures[0]!.inputs
  const shape = graphs[0]!.values.get(input!.value)!.type.shape.slice(1) as number[]
  const count = shape.reduce((a, b) => a * b, 1)
  const data = samplesOf([
    only(
      Array.from({ length: count }, (_, i) => Math.sin(i)),
      shape,
    ),
  ])
  const { calibration } = await calibrate({ model, data, observers: [await observerOf(model)] })
  expect(calibration.record.method).toBe('interpreter')
  const ranges = calibration.ranges(floatModel)
  const states = [...graphs[0]!.values.values()].filter((v) => v.isVariable)
  expect(states.map((s) => ranges.of(0, s)?.every(Number.isFinite))).toEqual([true, true])
  const { model: integer } = quantize(floatModel, { mode: 'int8-only', ranges })
  expect(integer.graphs[0]!.nodes.map((n) => n.op)).toContain('unidirectional_sequence_lstm')
})
