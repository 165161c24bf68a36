import { readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { constFromBytes } from '../../core/bytes.ts'
import { bytesOf, typedView } from '../../core/dtype.ts'
import { findBuiltin } from '../../ops/index.ts'
import type { WeightBits } from '../../ops/spec.ts'
import { quantizedConst } from './quantized-const.ts'
import { type Granularity, placeScales, type WeightScheme } from './scheme.ts'

interface Recorded {
  readonly op: string
  readonly kind: string
  readonly bits: WeightBits
  readonly granularity: string
  readonly shape: readonly number[]
  readonly weights: string
  /** What the file holds, or how far off it found the weights. */
  readonly scales?: string
  readonly data?: string
  readonly maxAbs?: number
}

const fixture = new URL('../../../fixtures/litert-quantizer/recovery.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(fixture, 'utf8')) as { readonly cases: readonly Recorded[] }
const bytesIn = (text: string) => Uint8Array.from(Buffer.from(text, 'base64'))
const granularities: Readonly<Record<string, Granularity>> = { TENSORWISE: 'per-tensor', CHANNELWISE: 'per-axis', BLOCKWISE_32: 32 }

const schemeOf = (bits: WeightBits, granularity: Granularity, isUnchecked = false): WeightScheme => ({
  compute: 'dynamic',
  bits,
  isSymmetric: true,
  granularity,
  algorithm: 'recover',
  minElements: 0,
  isUnchecked,
})

function recover(bytes: Uint8Array, shape: readonly number[], scheme: WeightScheme, axis: number | null) {
  const made = quantizedConst({ id: 0, name: 'w', type: { dtype: 'f32', shape }, data: constFromBytes(bytes) }, scheme, axis)!
  const { quant } = made.type
  return {
    scales: quant?.kind === 'per-tensor' ? [quant.scale] : [...quant!.scales],
    data: made.data.bytes(),
    unrecovered: made.unrecovered,
  }
}

const ofWeights = (weights: Float32Array, shape: readonly number[], bits: WeightBits, granularity: Granularity, axis: number | null) =>
  recover(bytesOf(weights), shape, schemeOf(bits, granularity), axis)

describe('as litert-quantizer recovers it', () => {
  test.each(cases.map((c, i) => [`${i}: ${c.op} ${c.kind} ${c.bits} bits ${c.granularity}`, c] as const))('%s', (_, c) => {
    const granularity = granularities[c.granularity]!
    const spec = findBuiltin(c.op)!
    const place = placeScales(spec, {}, spec.quant!.weights![0]!, c.shape, { ...schemeOf(c.bits, granularity), isUnchecked: true })
    if ('reason' in place) throw new Error(place.reason)
    const { scales, data, unrecovered } = recover(bytesIn(c.weights), c.shape, schemeOf(c.bits, granularity), place.axis)
    if (c.maxAbs !== undefined) {
      // Its least scale for a tensor is the double next to the float32.
      expect(unrecovered!.maxAbs).toBeCloseTo(c.maxAbs, 12)
      return
    }
    expect(unrecovered).toBeUndefined()
    // It stores 0 for a block of next to nothing, with which XNNPACK refuses the model; ours is the least there is.
    const recorded = Array.from(typedView('f32', bytesIn(c.scales!)), (s) => (granularity === 32 && s === 0 ? 2 ** -24 : s))
    expect(scales).toEqual(recorded)
    const blockBytes = data.length / scales.length
    const comparable = (bytes: Uint8Array) => bytes.filter((_, i) => granularity !== 32 || scales[Math.floor(i / blockBytes)] !== 2 ** -24)
    expect([...comparable(data)]).toEqual([...comparable(bytesIn(c.data!))])
  })
})

describe('integers and scales that are known', () => {
  // Products with a scale of few bits are exact.
  const integers = Int8Array.from({ length: 3 * 64 }, (_, i) => ((i * 37) % 251) - 125)
  const products = (scaleOf: (i: number) => number) => Float32Array.from(integers, (q, i) => q * scaleOf(i))

  it('of a tensor', () => {
    const { scales, data } = ofWeights(
      products(() => 0.375),
      [3, 64],
      8,
      'per-tensor',
      null,
    )
    expect(scales).toEqual([0.375])
    expect([...typedView('i8', data)]).toEqual([...integers])
  })

  it('of channels, whichever axis they lie along', () => {
    const of = [0.5, 0.046875, 2 ** -10]
    const rows = ofWeights(
      products((i) => of[Math.floor(i / 64)]!),
      [3, 64],
      8,
      'per-axis',
      0,
    )
    expect(rows.scales).toEqual(of)
    expect([...typedView('i8', rows.data)]).toEqual([...integers])
    const columns = ofWeights(
      products((i) => of[i % 3]!),
      [64, 3],
      8,
      'per-axis',
      1,
    )
    expect(columns.scales).toEqual(of)
    expect([...typedView('i8', columns.data)]).toEqual([...integers])
  })

  it('of blocks, whose scales are rounded in the file alone', () => {
    const of = [0.5, 0.046875, 0.25 + 2 ** -10, 1, 2, 4]
    const weights = Float32Array.from({ length: 3 * 64 }, (_, i) => ((i % 16) - 8) * of[Math.floor(i / 32)]!)
    const { scales, data } = ofWeights(weights, [3, 64], 4, 32, 1)
    expect(scales).toEqual([0.5, 0.046875, 0.25, 1, 2, 4])
    expect([...data.subarray(0, 8)]).toEqual([0x98, 0xba, 0xdc, 0xfe, 0x10, 0x32, 0x54, 0x76])
    expect(data.length).toBe(96)
  })

  it('a group of zeros has the least scale', () => {
    const weights = Float32Array.of(0, 0, 0, 0, 0.5, -1, 1.5, 0)
    expect(ofWeights(weights, [2, 4], 4, 'per-axis', 0).scales).toEqual([Math.fround(1e-9), 0.5])
  })
})

describe('what is no integer times a scale', () => {
  it('is told with how far off it is, and how many values there are', () => {
    const uneven = ofWeights(Float32Array.of(1, 2, 3.25, -2), [2, 2], 8, 'per-axis', 0)
    expect(uneven.unrecovered).toEqual({ maxAbs: 0.5, distinct: 2, limit: 256 })
    const many = Float32Array.from({ length: 20 }, (_, i) => i)
    expect(ofWeights(many, [20], 4, 'per-tensor', null).unrecovered).toEqual({ maxAbs: 12, distinct: 20, limit: 16 })
  })

  it('passes where nobody is to look', () => {
    expect(recover(bytesOf(Float32Array.of(1, 2, 3.25, -2)), [2, 2], schemeOf(8, 'per-axis', true), 0).unrecovered).toBeUndefined()
  })
})
