import { afterAll, describe, expect, it } from 'vitest'
import { typedView } from '../core/dtype.ts'
import { type NdArray, ndArray } from '../core/nd-array.ts'
import { tfliteBytes } from '../export/write-tflite.ts'
import type { Model } from '../ir/types.ts'
import { modelFromText } from '../ops/text.ts'
import { loadNodeLiteRt } from '../platform/node-litert.ts'
import { quantize } from '../quantize/quantize.ts'
import type { QuantizeMode } from '../quantize/types.ts'
import { makeDataSet } from '../run/data/sample.ts'
import { liteRtRunner } from '../run/litert.ts'
import { openModel } from '../run/model-io.ts'
import { activationsOf } from './activations.ts'
import { calibrate } from './calibrate.ts'
import type { Calibration } from './calibration.ts'
import { calibrationText, parseCalibration } from './calibration-file.ts'
import { Collector } from './collector.ts'
import { estimatorOf } from './estimators/index.ts'
import { Histogram } from './histogram.ts'
import type { Observer } from './observer.ts'
import { openObserver } from './open-observer.ts'
import { ownMemory, Reducer } from './reducer.ts'

const rows = 8
const width = 16
const runner = liteRtRunner(loadNodeLiteRt)
const opened: Observer[] = []
afterAll(async () => {
  for (const observer of opened) await observer.dispose()
})

const hexOf = (values: readonly number[]): string =>
  [...new Uint8Array(Float32Array.from(values).buffer)].map((b) => b.toString(16).padStart(2, '0')).join('')
const constant = (name: string, shape: string, values: readonly number[]): string =>
  `  %${name} = const "${name}" : f32[${shape}] = x"${hexOf(values)}"\n`
/** By rows and columns, whether the column comes after. */
const isLater = Array.from({ length: rows * rows }, (_, k) => k % rows > Math.floor(k / rows))

const asked = '  %i = sub(%one, %m)\n  %is = greater(%m, %half)'
/** Attention of x to itself; `body` makes masked scores %t of scores %s and of %m, 1 for what is there, or of what `before` makes of it. */
const attention = (body: string, before = asked): Model =>
  modelFromText(`model ""
graph main(%x "x": f32[1,${rows},${width}], %m "m": f32[1,1,${rows}]) {
  %d = batch_matmul(%x, %x) {adjY=true} @"dots"
${constant('q', '', [0.25])}  %s = mul(%d, %q)
${constant('one', '', [1])}${constant('half', '', [0.5])}${before}
${body}
  %p = softmax(%t) {beta=1} @"weights"
  %y = batch_matmul(%p, %x)
  return %y
}
signature "serving_default" main("x" %x, "m" %m) -> ("y" %y)
`)
const added = (mask: number): string => `${constant('k', '', [mask])}  %n = mul(%i, %k) @"mask"\n  %t = add(%s, %n)`
const selected = (mask: number): string => `${constant('k', '', [mask])}  %t = select_v2(%is, %s, %k)`
const causal = (mask: number): string =>
  constant(
    'k',
    `1,${rows},${rows}`,
    isLater.map((l) => (l ? mask : 0)),
  )

/** Sums of sines: all different, none periodic in what is fed. */
const samples = Array.from({ length: 12 }, (_, i) => {
  const x = Float32Array.from({ length: rows * width }, (_, k) => 1.2 * Math.sin(1.7 * k * k + i) + 0.6 * Math.sin(3.1 * k + 5 * i * i))
  const m = Float32Array.from({ length: rows }, (_, k) => (k < 3 + (i % 6) ? 1 : 0))
  return new Map<string, NdArray>([
    ['x', ndArray('f32', x, [1, rows, width])],
    ['m', ndArray('f32', m, [1, 1, rows])],
  ])
})
const absent = samples.reduce((n, s) => n + rows * typedView('f32', s.get('m')!.bytes).filter((x) => x === 0).length, 0)
type Samples = readonly ReadonlyMap<string, NdArray>[]
const dataOf = (of: Samples) =>
  makeDataSet({
    name: 'samples',
    count: of.length,
    isLabeled: false,
    classNames: new Map(),
    read: async (index) => ({ index, name: `samples[${index}]`, arrays: of[index]! }),
  })

async function calibrated(model: Model, jobs = 1, of: Samples = samples) {
  const bytes = tfliteBytes(model)
  const observers = await Promise.all(Array.from({ length: jobs }, () => openObserver(runner, bytes, 'm.tflite')))
  opened.push(...observers)
  return calibrate({ model: { name: 'm.tflite', bytes }, data: dataOf(of), observers })
}

async function resultsOf(model: Model, of: Samples): Promise<Float32Array[]> {
  const loaded = await runner.load(tfliteBytes(model), { name: 'm.tflite' })
  const found: Float32Array[] = []
  for (const feeds of of) found.push(typedView('f32', (await loaded.run(feeds)).get('y')!.bytes).slice())
  await loaded.dispose()
  return found
}

/** The largest difference in LiteRT, as a share of the range of the float results. */
async function lossOf(
  model: Model,
  calibration: Calibration,
  mode: QuantizeMode,
  estimator = 'min-max',
  of: Samples = samples,
): Promise<number> {
  const { model: integer } = quantize(model, { mode, ranges: calibration.ranges(model, estimatorOf(estimator)) })
  expect(
    integer.graphs[0]!.nodes.find((n) => n.op === 'softmax')!.inputs.map((id) => integer.graphs[0]!.values.get(id!)!.type.dtype),
  ).toEqual([mode === 'int8' ? 'i8' : 'i16'])
  const [float, found] = [await resultsOf(model, of), await resultsOf(integer, of)]
  const all = float.flatMap((f) => [...f])
  const errors = float.flatMap((f, i) => Array.from(f, (x, k) => Math.abs(x - found[i]![k]!)))
  return Math.max(...errors) / (Math.max(...all) - Math.min(...all))
}

const forms: readonly (readonly [name: string, body: string, masked: number])[] = [
  ['padding, added -1e9', added(-1e9), absent],
  ['padding, added -10000', added(-1e4), absent],
  ['padding, added the least float', added(-3.4028234663852886e38), absent],
  ['padding, selected -1e9', selected(-1e9), absent],
  ['padding, selected -infinity', selected(Number.NEGATIVE_INFINITY), absent],
  ['causal, added', `${causal(-1e9)}  %t = add(%s, %k)`, 12 * isLater.filter(Boolean).length],
  ['causal, added -infinity', `${causal(Number.NEGATIVE_INFINITY)}  %t = add(%s, %k)`, 12 * isLater.filter(Boolean).length],
  ['subtracted', `${constant('k', '', [1e9])}  %n = mul(%i, %k)\n  %t = sub(%s, %n)`, absent],
  ['moved afterwards', `${added(-1e9).replace('%t =', '%u =')}\n  %t = maximum(%u, %u)`, absent],
  ['scaled afterwards', `${added(-1e9).replace('%t =', '%u =')}\n  %t = mul(%u, %half)`, absent],
]

describe.each(forms)('masks %s', (_, body, masked) => {
  const model = attention(body)
  const softmaxed = (calibration: Calibration) => {
    const graph = model.graphs[0]!
    const read = graph.values.get(graph.nodes.find((n) => n.op === 'softmax')!.inputs[0]!)!
    return { read, range: calibration.ranges(model).of(0, read)! }
  }

  it('are counted and left out of the numbers, in any threads', async () => {
    const { calibration, diagnostics } = await calibrated(model)
    expect(softmaxed(calibration).range[0]).toBeGreaterThan(-100)
    const counts = [...calibration.record.tensors.values()].map((t) => t.masks?.count ?? 0)
    expect(counts).toContain(masked)
    expect(diagnostics.map((d) => d.code)).not.toContain('calibrate/drowned-activation')
    const text = calibrationText(calibration)
    expect(calibrationText((await calibrated(model, 2)).calibration)).toBe(text)
    expect(calibrationText(parseCalibration('c.json', text))).toBe(text)
  })

  it('leave the results of int8 and int16x8 as good as without', async () => {
    const { calibration } = await calibrated(model)
    // Scores of some 20 steps to a unit, e^(1/40) in a weight.
    expect(await lossOf(model, calibration, 'int8')).toBeLessThan(0.04)
    expect(await lossOf(model, calibration, 'int16x8')).toBeLessThan(0.002)
  })
})

it.each([-1e9, -3.4e38])('lets masks of %d that are fed saturate', async (mask) => {
  const model = attention('  %t = add(%s, %m)', '')
  const fed = samples.map((s) => {
    const m = typedView('f32', s.get('m')!.bytes).map((x) => (x === 0 ? mask : 0))
    return new Map([...s, ['m', ndArray('f32', m, [1, 1, rows])]])
  })
  const { calibration } = await calibrated(model, 1, fed)
  for (const [mode, most] of [
    ['int8', 0.04],
    ['int16x8', 0.002],
  ] as const)
    expect(await lossOf(model, calibration, mode, 'min-max', fed)).toBeLessThan(most)
})

it('lets every estimator choose among the other values', async () => {
  const model = attention(selected(-3.4e38))
  const { calibration } = await calibrated(model)
  for (const name of ['moving-average', 'percentile:99.9', 'mse', 'kl', 'octav'])
    expect(await lossOf(model, calibration, 'int8', name), name).toBeLessThan(0.15)
})

it('are told, and a model without them is quantized as before', async () => {
  const model = attention(added(-1e9))
  const { calibration } = await calibrated(model)
  const told = quantize(model, { mode: 'int8', ranges: calibration.ranges(model) }).diagnostics.map((d) => d.code)
  expect(told).toContain('quantize/masks-left-out')
  expect(told).not.toContain('quantize/uncut-masks')
  const plain = attention(added(-1))
  const ranges = (await calibrated(plain)).calibration.ranges(plain)
  const bytes = ({ model: m }: { model: Model }) => tfliteBytes(m)
  expect(bytes(quantize(plain, { mode: 'int8', ranges }))).toEqual(bytes(quantize(plain, { mode: 'int8', ranges: { of: ranges.of } })))
})

it('stay where something else reads them, and the linter tells', async () => {
  const model = attention(
    added(-1e9)
      .replace('%t =', '%u =')
      .concat(`
  %a = const : i32[1] = [2]
  %r = reduce_max(%u, %a) {keepDims=true} @"largest"
  %t = sub(%u, %r)`),
  )
  const { diagnostics, calibration } = await calibrated(model)
  const found = diagnostics.filter((d) => d.code === 'calibrate/drowned-activation')
  expect(found.length).toBeGreaterThan(0)
  expect(found[0]!.hint).toContain('--keep-float')
  expect(calibration.record.tensors.get('0/mask')?.masks).toBeUndefined()
})

it('are not what values above 10000 are to others', () => {
  const file = openModel('m.tflite', tfliteBytes(attention(`${added(-1e9).replace('%t =', '%u =')}\n  %t = relu(%u)`)))
  expect(
    activationsOf(file.tables)
      .filter((a) => a.maskSide)
      .map((a) => a.maskSide),
  ).toEqual(['below'])
})

it('are no large numbers among others', async () => {
  const model = attention(`${constant('k', '', [1500])}  %t = mul(%d, %k)`)
  const { calibration } = await calibrated(model)
  const graph = model.graphs[0]!
  const read = graph.values.get(graph.nodes.find((n) => n.op === 'softmax')!.inputs[0]!)!
  const { masks, range } = [...calibration.record.tensors.values()].find((t) => t.masks)!
  expect(range![0]).toBeLessThan(-2500)
  expect(calibration.ranges(model).of(0, read)).toEqual([masks!.finite![0], range![1]])
  expect(calibration.ranges(model).masks!(0, read)).toBeUndefined()
})

describe('the reducer', () => {
  const values = Float32Array.from({ length: 40_003 }, (_, i) => (i % 7 === 3 && i > 20_000 ? (i % 2 ? -1e9 : -2e4) : Math.sin(i)))
  const isMasked = (x: number): boolean => x <= -1e4

  it('finds the same of a block with masks as of its other values', () => {
    const reducer = new Reducer(ownMemory())
    const [all, rest] = [new Histogram(), new Histogram()]
    const a = reducer.reduce(ndArray('f32', values), all, { maskSide: 'below' })
    const b = reducer.reduce(
      ndArray(
        'f32',
        values.filter((x) => !isMasked(x)),
      ),
      rest,
    )
    expect(a).toMatchObject({ elements: 40_003, min: b.min, max: b.max, nan: 0, infinite: 0 })
    expect(a.masks).toEqual({ count: values.filter(isMasked).length, finite: [-1e9, -2e4] })
    expect(all.record()).toEqual(rest.record())
    expect(a.sum).toBeCloseTo(b.sum, 6)
  })

  it('takes masks above for masks only there', () => {
    const reducer = new Reducer(ownMemory())
    const of = (side: 'below' | 'above', ...list: number[]) =>
      reducer.reduce(ndArray('f32', Float32Array.from(list)), new Histogram(), { maskSide: side })
    expect(of('above', 1, 1e9, Number.POSITIVE_INFINITY)).toMatchObject({ max: 1, infinite: 0, masks: { count: 2, finite: [1e9, 1e9] } })
    expect(of('below', 1, 1e9, Number.POSITIVE_INFINITY)).toMatchObject({ max: 1e9, infinite: 1 })
    expect(of('below', Number.NEGATIVE_INFINITY, Number.NaN).masks).toEqual({ count: 1 })
  })

  it('goes on from a state that holds masks', () => {
    const reducer = new Reducer(ownMemory())
    const see = (c: Collector, ...list: number[]) => {
      c.add(reducer.reduce(ndArray('f32', Float32Array.from(list)), c.histogram, { maskSide: 'below' }), 's')
      return c
    }
    const whole = see(see(new Collector(), 1, -1e5), 2, -1e9, Number.NEGATIVE_INFINITY)
    const resumed = see(new Collector(see(new Collector(), 1, -1e5).state), 2, -1e9, Number.NEGATIVE_INFINITY)
    expect(resumed.statistics).toEqual(whole.statistics)
    expect(whole.statistics).toMatchObject({ range: [1, 2], masks: { count: 3, finite: [-1e9, -1e5] } })
  })
})
