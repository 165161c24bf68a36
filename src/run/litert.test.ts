import { afterAll, describe, expect, test } from 'vitest'
import { fixtureBytes } from '../../test/testkit/files.ts'
import { memorySource } from '../core/bytes.ts'
import { bytesOf } from '../core/dtype.ts'
import { type NdArray, ndArray, toFloat32 } from '../core/nd-array.ts'
import { loadNodeLiteRt } from '../platform/node-litert.ts'
import { readNpz } from '../wire/npz.ts'
import { liteRtRunner } from './litert.ts'
import type { LiteRtModule } from './litert-module.ts'
import { fitFeed, realValues } from './quantized-values.ts'
import type { LoadedModel, SignatureInfo } from './runner.ts'

const runner = liteRtRunner(loadNodeLiteRt)
afterAll(() => runner.dispose())

const load = (path: string): Promise<LoadedModel> => runner.load(fixtureBytes(path), { name: path })

/** TensorFlow's inputs and outputs of one sample of a signature. */
function sampleOf(recorded: Map<string, NdArray>, signature: SignatureInfo, sample: number) {
  const prefix = signature.key === 'serving_default' ? '' : `${signature.key}.`
  const find = (kind: string, name: string) => recorded.get(`${prefix}${kind}_${name}${sample === 0 ? '' : `@${sample}`}`)
  const feeds = signature.inputs.flatMap((i) => {
    const array = find('in', i.name)
    return array ? [[i.name, fitFeed('model', array, i)] as const] : []
  })
  if (feeds.length < signature.inputs.length) return undefined
  return { feeds: new Map(feeds), outputs: new Map(signature.outputs.map((o) => [o.name, find('out', o.name)!])) }
}

/*
 * Each file is TensorFlow's own conversion, each .npz what TensorFlow computes. Float results agree within 1e-4 (the goldens' own
 * tolerance); of the quantized ones the largest error may be as large as the quantization step of the output, 1/256, allows for.
 */
const cases: { file: string; io: string; tolerance: number; why: string }[] = [
  { file: 'tflite/mnist_mlp.dynamic', io: 'mnist_mlp', tolerance: 2e-3, why: 'dynamic-range, any batch' },
  { file: 'run/nested_uint8io', io: 'nested_uint8io', tolerance: 2 / 256, why: 'integers in and out, two inputs' },
  { file: 'run/nested_keras3', io: 'nested_keras3', tolerance: 1e-4, why: 'a reshape to a computed shape inside' },
  { file: 'run/two_signatures', io: 'two_signatures', tolerance: 1e-4, why: 'two signatures, a scalar' },
  { file: 'run/boolean_mask', io: 'boolean_mask', tolerance: 1e-4, why: 'a result whose size depends on values, once 0' },
  { file: 'run/tile_runtime', io: 'tile_runtime', tolerance: 1e-4, why: 'a shape that depends on values, of as many elements' },
  { file: 'run/shape_op', io: 'shape_op', tolerance: 0, why: 'a result that depends on shapes only' },
  { file: 'run/resize_bilinear_dynamic', io: 'resize_bilinear_dynamic', tolerance: 1e-4, why: 'a size given as an input' },
  { file: 'run/conv2d_transpose_dynamic_batch', io: 'conv2d_transpose_dynamic_batch', tolerance: 1e-4, why: 'a computed output size' },
  { file: 'run/unknown_rank', io: 'unknown_rank', tolerance: 1e-4, why: 'any rank' },
  { file: 'run/same_output_twice', io: 'same_output_twice', tolerance: 1e-4, why: 'one tensor under two names' },
  { file: 'run/pass_through', io: 'pass_through', tolerance: 1e-4, why: 'an input and a constant as results' },
  { file: 'run/cond_shapes', io: 'cond_shapes', tolerance: 1e-4, why: 'a size that depends on a condition' },
]

describe('results agree with TensorFlow', () => {
  test.each(cases)('$file: $why', async ({ file, io, tolerance }) => {
    const recorded = readNpz(memorySource(io, fixtureBytes(`run/${io}.npz`)))
    const model = await load(`${file}.tflite`)
    let samples = 0
    for (const signature of model.signatures) {
      for (let sample = 0; ; sample++) {
        const expected = sampleOf(recorded, signature, sample)
        if (!expected) break
        samples++
        const outputs = await model.run(expected.feeds, { signature: signature.key })
        for (const info of signature.outputs) {
          const actual = outputs.get(info.name)!
          const want = expected.outputs.get(info.name)!
          expect(actual.shape).toEqual(want.shape)
          const [a, b] = [realValues(actual, info)!, toFloat32(want)!]
          const worst = b.reduce((m, x, i) => Math.max(m, Math.abs(x - a[i]!) / Math.max(1, Math.abs(x))), 0)
          expect(worst).toBeLessThanOrEqual(tolerance)
        }
      }
    }
    expect(samples).toBeGreaterThan(1)
    await model.dispose()
  })
})

describe('results are what they are, whatever was foreseen', () => {
  const guesses = {
    rightly: (shape: readonly number[]) => shape,
    'a size too many': (shape: readonly number[]) => [...shape, 1],
    'sizes in another order': (shape: readonly number[]) => shape.toReversed(),
    'too much': (shape: readonly number[]) => shape.map((d) => d + 1),
    'too little': (shape: readonly number[]) => shape.map((d) => Math.max(0, d - 1)),
  }
  const all = cases.flatMap(({ file, io }) => Object.entries(guesses).map(([words, guess]) => ({ file, io, words, guess })))
  test.each(all)('$file, $words', async ({ file, io, guess }) => {
    const recorded = readNpz(memorySource(io, fixtureBytes(`run/${io}.npz`)))
    const { signatures } = await load(`${file}.tflite`)
    for (const signature of signatures) {
      const { feeds, outputs } = sampleOf(recorded, signature, 0)!
      const foreseen = {
        signature: signature.key,
        inputs: new Map(Array.from(feeds, ([name, { shape }]) => [name, shape])),
        outputs: new Map(Array.from(outputs, ([name, { shape }]) => [name, guess(shape)])),
      }
      const [model, plain] = [await runner.load(fixtureBytes(`${file}.tflite`), { foreseen }), await load(`${file}.tflite`)]
      for (let sample = 0; ; sample++) {
        const found = sampleOf(recorded, signature, sample)
        if (!found) break
        expect(await model.run(found.feeds, { signature: signature.key })).toEqual(
          await plain.run(found.feeds, { signature: signature.key }),
        )
      }
      await Promise.all([model.dispose(), plain.dispose()])
    }
  })
})

test('batches give the rows that single runs give', async () => {
  const model = await load('tflite/mnist_cnn_small.float.tflite')
  const { inputs, outputs } = model.signatures[0]!
  const pixels = Float32Array.from({ length: 5 * 784 }, (_, i) => ((i * 7919) % 256) / 255)
  const run = async (from: number, count: number): Promise<Float32Array> => {
    const value = ndArray('f32', pixels.subarray(from * 784, (from + count) * 784), [count, 28, 28, 1])
    const result = (await model.run(new Map([[inputs[0]!.name, value]]))).get(outputs[0]!.name)!
    expect(result.shape).toEqual([count, 10])
    return toFloat32(result)!
  }
  const together = await run(0, 5)
  for (const [from, count] of [
    [0, 1],
    [1, 2],
    [3, 2],
    [4, 1],
  ] as const) {
    const apart = await run(from, count)
    apart.forEach((x, i) => {
      expect(x).toBeCloseTo(together[from * 10 + i]!, 6)
    })
  }
  await model.dispose()
})

test('a model tells its signatures', async () => {
  const model = await load('run/nested_uint8io.tflite')
  expect(model.signatures).toMatchObject([
    {
      key: 'serving_default',
      inputs: [
        { name: 'image', dtype: 'u8', shape: ['N', 8, 8, 3], quant: { kind: 'per-tensor' } },
        { name: 'other', dtype: 'u8', shape: ['N', 8, 8, 3] },
      ],
      outputs: [{ name: 'result', dtype: 'u8', shape: ['N', 7], quant: { kind: 'per-tensor', scale: 1 / 256, zeroPoint: 0 } }],
    },
  ])
  await model.dispose()
  expect(await runner.describe()).toMatch(/^LiteRT\.js \d+\.\d+\.\d+ \((relaxed )?SIMD\)$/)
})

test('calls that overlap do not disturb each other', async () => {
  const model = await load('run/boolean_mask.tflite')
  const x = ndArray('f32', Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), [4, 2])
  const masks = [0b0001, 0b1011, 0b0000, 0b1111, 0b1011, 0b0110]
  const results = await Promise.all(
    masks.map((mask) => {
      const m = ndArray('bool', Uint8Array.of(mask & 1, (mask >> 1) & 1, (mask >> 2) & 1, (mask >> 3) & 1))
      return model.run(
        new Map([
          ['x', x],
          ['m', m],
        ]),
      )
    }),
  )
  expect(results.map((r) => [...toFloat32(r.get('y')!)!])).toEqual([
    [1, 2],
    [1, 2, 3, 4, 7, 8],
    [],
    [1, 2, 3, 4, 5, 6, 7, 8],
    [1, 2, 3, 4, 7, 8],
    [3, 4, 5, 6],
  ])
  await model.dispose()
})

test('a held run leaves the model usable', async () => {
  const model = await load('tflite/mnist_mlp.dynamic.tflite')
  const feeds = new Map([['flatten_input', ndArray('f32', new Float32Array(784).fill(0.5), [1, 28, 28, 1])]])
  const before = await model.run(feeds)
  const held = await model.hold!(feeds)
  for (let i = 0; i < 3; i++) await held.run()
  expect(await model.run(feeds)).toEqual(before)
  held.dispose()
  expect(await model.run(feeds)).toEqual(before)
  await model.dispose()
})

test('memory does not grow with the number of runs and models', async () => {
  let module: LiteRtModule | undefined
  const own = liteRtRunner(async (log) => {
    const started = await loadNodeLiteRt(log)
    module = started.module
    return started
  })
  const bytes = fixtureBytes('tflite/mnist_mlp.dynamic.tflite')
  const round = async (): Promise<void> => {
    const model = await own.load(bytes)
    for (let count = 1; count <= 6; count++) {
      const value = ndArray('f32', new Float32Array(count * 784), [count, 28, 28, 1])
      for (let i = 0; i < 5; i++) await model.run(new Map([['flatten_input', value]]))
    }
    await model.dispose()
  }
  for (let i = 0; i < 3; i++) await round()
  const before = module!.HEAPU8.byteLength
  for (let i = 0; i < 12; i++) await round()
  expect(module!.HEAPU8.byteLength).toBe(before)
  await own.dispose()
})

test('after a crash models go on in a new runtime', async () => {
  let starts = 0
  let isBroken = false
  const own = liteRtRunner(async (log) => {
    starts++
    const { module, description } = await loadNodeLiteRt(log)
    const fragile = Object.create(module) as LiteRtModule
    fragile.loadModel = (...args) => {
      if (isBroken) throw new WebAssembly.RuntimeError('memory access out of bounds')
      return module.loadModel(...args)
    }
    return { module: fragile, description }
  })
  const bytes = fixtureBytes('tflite/mnist_mlp.dynamic.tflite')
  const feeds = new Map([['flatten_input', ndArray('f32', new Float32Array(784), [1, 28, 28, 1])]])
  const model = await own.load(bytes)
  const expected = await model.run(feeds)
  isBroken = true
  await expect(own.load(bytes, { name: 'bad.tflite' })).rejects.toMatchObject({ code: 'run/crashed', file: 'bad.tflite' })
  isBroken = false
  expect(await model.run(feeds)).toEqual(expected)
  expect(starts).toBe(2)
  await model.dispose()
})

describe('faults', () => {
  const code = (c: string) => expect.objectContaining({ name: 'DowncastError', code: c })
  const image = (shape: number[]): NdArray => ndArray('f32', new Float32Array(shape.reduce((n, d) => n * d, 1)), shape)

  test('feeds that do not fit', async () => {
    const model = await load('tflite/mnist_mlp.dynamic.tflite')
    const run = (feeds: Record<string, NdArray>, signature?: string) => model.run(new Map(Object.entries(feeds)), { signature })
    const name = 'flatten_input'
    await expect(run({ flaten_input: image([1, 28, 28, 1]) })).rejects.toMatchObject({
      code: 'run/unknown-input',
      hint: 'Did you mean "flatten_input"?',
    })
    await expect(run({})).rejects.toEqual(code('run/missing-input'))
    await expect(run({ [name]: image([28, 28]) })).rejects.toMatchObject({
      code: 'run/wrong-shape',
      expected: '[N,28,28,1]',
      actual: '[28,28]',
    })
    await expect(run({ [name]: image([0, 28, 28, 1]) })).rejects.toEqual(code('run/wrong-shape'))
    const bytes = { dtype: 'u8', shape: [1, 28, 28, 1], bytes: new Uint8Array(784) } as const
    await expect(run({ [name]: bytes })).rejects.toEqual(code('run/wrong-dtype'))
    await expect(run({ [name]: image([1, 28, 28, 1]) }, 'serving_defaults')).rejects.toMatchObject({
      code: 'run/unknown-signature',
      hint: 'Did you mean "serving_default"?',
    })
    await model.dispose()
  })

  test('an invocation that fails says why, instead of giving what was in memory', async () => {
    const model = await load('run/segment_sum_gap.tflite')
    const { inputs } = model.signatures[0]!
    const feeds = new Map(inputs.map((i) => [i.name, image(i.shape as number[])]))
    await expect(model.run(feeds)).rejects.toMatchObject({
      code: 'run/failed',
      message: expect.stringContaining('Node number 0 (SEGMENT_SUM) failed to invoke'),
    })
    await model.dispose()
  })

  test('custom ops are refused by name, as LiteRT computes nothing for them', async () => {
    await expect(load('run/un_erf_flex.tflite')).rejects.toMatchObject({ code: 'run/missing-op', op: 'FlexErf' })
  })

  test('a model whose states LiteRT.js cannot hold is refused with its words', async () => {
    await expect(load('tflite/lstm_text.float.tflite')).rejects.toMatchObject({
      code: 'run/missing-op',
      message: expect.stringContaining('Variable tensors not yet supported'),
    })
  })

  test('bytes that are no model', async () => {
    await expect(runner.load(bytesOf(new Float32Array(100)))).rejects.toEqual(code('wire/malformed'))
    await expect(runner.load(new Uint8Array(3))).rejects.toEqual(code('wire/truncated'))
  })

  test('an aborted run', async () => {
    const model = await load('tflite/mnist_mlp.dynamic.tflite')
    const feeds = new Map([['flatten_input', image([1, 28, 28, 1])]])
    await expect(model.run(feeds, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    await model.dispose()
  })
})
