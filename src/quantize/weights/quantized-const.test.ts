import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type ConstData, constFromBytes, constFromSource, memorySource } from '../../core/bytes.ts'
import { bytesOf, typedView } from '../../core/dtype.ts'
import type { Value } from '../../ir/types.ts'
import { findBuiltin } from '../../ops/index.ts'
import type { WeightBits } from '../../ops/spec.ts'
import { type QuantizedConst, quantizedConst, tensorflowConst } from './quantized-const.ts'
import { type Granularity, placeScales, type WeightAlgorithm, type WeightScheme } from './scheme.ts'

interface Recorded {
  readonly weights: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: string }>>
  readonly cases: readonly {
    readonly op: string
    readonly algorithm: 'min_max_uniform_quantize' | 'MSE' | 'OCTAV'
    readonly bits: WeightBits
    readonly granularity: string
    readonly symmetric: boolean
    readonly axis: number | null
    readonly scales: string
    readonly zeroPoints: readonly number[]
    readonly data: string
  }[]
}

const fixture = new URL('../../../fixtures/litert-quantizer/weights.json', import.meta.url)
const recorded = JSON.parse(readFileSync(fixture, 'utf8')) as Recorded
const bytesIn = (text: string) => Uint8Array.from(Buffer.from(text, 'base64'))
const algorithms: Readonly<Record<string, WeightAlgorithm>> = { min_max_uniform_quantize: 'min-max', MSE: 'mse', OCTAV: 'octav' }
const granularityOf = (name: string): Granularity => {
  if (name === 'TENSORWISE') return 'per-tensor'
  return name === 'CHANNELWISE' ? 'per-axis' : (Number(name.replace('BLOCKWISE_', '')) as Granularity)
}

const weightOf = (shape: readonly number[], data: ConstData): Value => ({ id: 0, name: 'w', type: { dtype: 'f32', shape }, data })

/** The bytes as the writer gets them. */
const piecesOf = ({ data }: QuantizedConst) => Buffer.concat(Array.from(data.pieces!(), (p) => Buffer.from(p)))

function scalesOf({ type: { quant } }: QuantizedConst): { scales: number[]; zeroPoints: number[] } {
  if (quant?.kind === 'per-tensor') return { scales: [quant.scale], zeroPoints: [quant.zeroPoint] }
  const scales = [...quant!.scales]
  return { scales, zeroPoints: [...(quant!.zeroPoints ?? scales.map(() => 0))] }
}

describe.each(Object.keys(recorded.weights))('%s, as litert-quantizer stores it', (op) => {
  const { shape, data } = recorded.weights[op]!
  const cases = recorded.cases.filter((c) => c.op === op)
  test.each(cases.map((c) => [`${c.algorithm} ${c.bits} bits ${c.granularity} ${c.symmetric ? 'symmetric' : 'asymmetric'}`, c] as const))(
    '%s',
    (_, c) => {
      const spec = findBuiltin(op)!
      const scheme: WeightScheme = {
        compute: c.symmetric ? 'dynamic' : 'weight-only',
        bits: c.bits,
        isSymmetric: c.symmetric,
        granularity: granularityOf(c.granularity),
        algorithm: algorithms[c.algorithm]!,
        minElements: 0,
        isUnchecked: true,
      }
      const place = placeScales(spec, { adjY: false }, spec.quant!.weights![0]!, shape, scheme)
      if ('reason' in place) throw new Error(place.reason)
      expect(place.axis).toBe(c.axis)
      const made = quantizedConst(weightOf(shape, constFromBytes(bytesIn(data))), scheme, place.axis)!
      const { scales, zeroPoints } = scalesOf(made)
      // It stores 0 for a block of next to nothing, with which XNNPACK refuses the model, and divides by it; ours is the least there is.
      const isBlockwise = c.granularity.startsWith('BLOCKWISE')
      const recordedScales = typedView('f32', bytesIn(c.scales))
      expect(scales).toEqual(Array.from(recordedScales, (s) => (isBlockwise && s === 0 ? 2 ** -24 : s)))
      if (c.zeroPoints.length === zeroPoints.length) expect(zeroPoints).toEqual(c.zeroPoints)
      const blockBytes = bytesIn(c.data).byteLength / recordedScales.length
      const comparable = (bytes: Uint8Array) => bytes.filter((_, i) => !isBlockwise || recordedScales[Math.floor(i / blockBytes)] !== 0)
      expect(Buffer.from(comparable(made.data.bytes())).equals(comparable(bytesIn(c.data)))).toBe(true)
      expect(piecesOf(made).equals(made.data.bytes())).toBe(true)
    },
  )
})

describe('TensorFlow: scale = 2m/254 in double, halves away from zero', () => {
  const run = (weights: readonly number[], shape: readonly number[], axis: number | null) => {
    const made = tensorflowConst(weightOf(shape, constFromBytes(bytesOf(Float32Array.from(weights)))), axis)!
    return { data: [...typedView('i8', made.data.bytes())], ...scalesOf(made) }
  }

  test('halves and the ends of the range', () => {
    const { data, scales } = run([127, -127, 0.5, -0.5, 1.5, 0.49], [6], null)
    expect(data).toEqual([127, -127, 1, -1, 2, 0])
    expect(scales).toEqual([1])
  })

  test('an all-zero channel has the smallest range', () => {
    const { data, scales } = run([0, 0, 0, 0], [2, 2], 0)
    expect(data).toEqual([0, 0, 0, 0])
    expect(scales[0]).toBe(Math.fround(1e-6 / 254))
  })

  test('channels along any axis', () => {
    expect(run([1, 10, -2, 5], [2, 2], 1).data).toEqual([64, 127, -127, 64])
    expect(run([1, 10, -2, 5], [2, 2], 0).data).toEqual([13, 127, -51, 127])
  })
})

const pieceElements = 2 ** 18

test.each([
  ['rows longer than a piece', [3, pieceElements + 1]],
  ['rows that end inside a piece', [2 * pieceElements + 7, 3]],
])('%s: pieces are what the whole is', (_, shape) => {
  const values = Float32Array.from({ length: shape[0]! * shape[1]! }, (_, i) => Math.sin(i) * (1 + (i % 5)))
  const data = constFromSource(memorySource('w', bytesOf(values)), 0, values.byteLength)
  for (const bits of [8, 4, 2] as const) {
    const scheme: WeightScheme = {
      compute: 'dynamic',
      bits,
      isSymmetric: true,
      granularity: 'per-axis',
      algorithm: 'min-max',
      minElements: 0,
    }
    const made = quantizedConst(weightOf(shape, data), scheme, 0)!
    expect(made.data.byteLength).toBe(Math.ceil((values.length * bits) / 8))
    expect(piecesOf(made).equals(made.data.bytes())).toBe(true)
  }
})

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('%s cannot be stored', (x) => {
  const value = weightOf([4], constFromBytes(bytesOf(Float32Array.of(1, x, 2, 3))))
  for (const isSymmetric of [true, false]) {
    const scheme: WeightScheme = {
      compute: 'weight-only',
      bits: 8,
      isSymmetric,
      granularity: 'per-tensor',
      algorithm: 'min-max',
      minElements: 0,
    }
    expect(quantizedConst(value, scheme, null)).toBeUndefined()
  }
})

test('an all-zero block has a scale that is not 0', () => {
  const values = Float32Array.from({ length: 64 }, (_, i) => (i < 32 ? Math.sin(i) : 0))
  const scheme: WeightScheme = {
    compute: 'dynamic',
    bits: 4,
    isSymmetric: true,
    granularity: 32,
    algorithm: 'min-max',
    minElements: 0,
  }
  const made = quantizedConst(weightOf([1, 64], constFromBytes(bytesOf(values))), scheme, 1)!
  expect(scalesOf(made).scales).toEqual([0.142578125, 2 ** -24])
  expect([...made.data.bytes().subarray(16)]).toEqual(new Array(16).fill(0))
})
