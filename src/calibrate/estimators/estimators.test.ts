import { describe, expect, it } from 'vitest'
import { DowncastError } from '../../core/diagnostics.ts'
import { ndArray } from '../../core/nd-array.ts'
import { Histogram } from '../histogram.ts'
import { ownMemory, Reducer } from '../reducer.ts'
import type { SeenStatistics } from './estimator.ts'
import { estimatorNames, estimatorOf } from './index.ts'

/** 20,000 numbers: mulberry32 with seed 7, by Box and Muller's method. */
function normals(): Float64Array {
  let a = 7
  const next = (): number => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return Float64Array.from({ length: 20_000 }, () => {
    const u = next()
    return Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * next())
  })
}
const kinds = {
  normal: Float32Array.from(normals()),
  laplace: Float32Array.from(normals(), (x) => x * Math.abs(x)),
  relu: Float32Array.from(normals(), (x) => Math.max(x, 0)),
  outlier: Float32Array.from(normals(), (x, i) => (i === 5 ? 40 : x)),
}
type Kind = keyof typeof kinds

function statisticsOf(values: Float32Array): SeenStatistics {
  const histogram = new Histogram()
  const { min, max, ...o } = new Reducer(ownMemory()).reduce(ndArray('f32', values), histogram)
  return { ...o, samples: 1, range: [min, max], average: [min / 2, max / 2], histogram: histogram.record() }
}

/*
 * What numpy 2.4 gives for the same numbers, from the equations the estimators name: the values with half a percent, 100 of them, beyond; octav on the values
 * themselves; kl with numpy's histogram; for mse the least error of all 128 x 128 ranges.
 */
const expected: Readonly<
  Record<Kind, { minMax: [number, number]; p99: [number, number]; octav: number; kl: number; mse: number; minMaxError: number }>
> = {
  normal: {
    minMax: [-3.9257917, 3.9859993],
    p99: [-2.576817035675049, 2.597071409225464],
    octav: 3.781616091033271,
    kl: 3.83984375,
    mse: 7.801790284904114e-5,
    minMaxError: 8.078437069844917e-5,
  },
  laplace: {
    minMax: [-15.411841, 15.888191],
    p99: [-6.639986038208008, 6.744779586791992],
    octav: 14.89261451088298,
    kl: 9.671875,
    mse: 0.0011237423705406236,
    minMaxError: 0.001165282258620896,
  },
  relu: {
    minMax: [0, 3.9859993],
    p99: [0, 2.597071409225464],
    octav: 3.8871489780278785,
    kl: 1.4765625,
    mse: 9.94850434675644e-6,
    minMaxError: 1.0045024850971266e-5,
  },
  outlier: {
    minMax: [-3.9257917, 40],
    p99: [-2.576817035675049, 2.598335027694702],
    octav: 36.306859889107926,
    kl: 4,
    mse: 0.0024705743849750103,
    minMaxError: 0.0024705743849750103,
  },
}

function meanSquaredError(values: Float32Array, [min, max]: readonly [number, number]): number {
  const [low, high] = [Math.min(min, 0), Math.max(max, 0)]
  const scale = (high - low) / 255
  const zero = Math.round(low / scale)
  return values.reduce((n, x) => n + (x - scale * Math.min(zero + 255, Math.max(zero, Math.round(x / scale)))) ** 2, 0) / values.length
}

describe.each(Object.keys(kinds) as Kind[])('of %s values', (kind) => {
  const values = kinds[kind]
  const statistics = statisticsOf(values)
  const width = 2 ** statistics.histogram.exponent
  const want = expected[kind]
  const estimate = (name: string) => estimatorOf(name).estimate(statistics)

  it('min-max takes all', () => {
    const [min, max] = estimate('min-max')
    expect(min).toBeCloseTo(want.minMax[0], 5)
    expect(max).toBeCloseTo(want.minMax[1], 5)
    expect(estimate('percentile:100')).toEqual([min, max])
  })

  it('moving-average takes the averages', () => expect(estimate('moving-average')).toEqual(statistics.average))

  it('percentile finds the quantiles, up to a bin', () => {
    const [low, high] = estimate('percentile:99')
    expect(low).toBeLessThanOrEqual(want.p99[0])
    expect(low).toBeGreaterThanOrEqual(want.p99[0] - width)
    expect(high).toBeGreaterThanOrEqual(want.p99[1])
    expect(high).toBeLessThanOrEqual(want.p99[1] + width)
  })

  it('octav finds the magnitude that the values themselves give, up to a bin', () => {
    const [low, high] = estimate('octav')
    expect(Math.abs(high - Math.min(want.octav, want.minMax[1]))).toBeLessThanOrEqual(width)
    expect(low).toBe(Math.max(statistics.range[0], -high))
  })

  it('kl finds the magnitude with the least divergence', () => {
    const [low, high] = estimate('kl')
    expect(high).toBe(Math.min(want.kl, statistics.range[1]))
    expect(low).toBe(Math.max(statistics.range[0], -want.kl))
  })

  it('mse finds as small an error as all ranges have', () => {
    const range = estimate('mse')
    const error = meanSquaredError(values, range)
    // Values are in bins of an eighth of a step: their errors are known to within 1/8^2.
    expect(error).toBeLessThanOrEqual(want.mse * (1 + 1 / 64))
    expect(error).toBeLessThanOrEqual(want.minMaxError * (1 + 1 / 64))
  })
})

describe('estimatorOf', () => {
  it('knows every name', () => {
    expect(estimatorNames.map((name) => estimatorOf(name).name.split(':')[0])).toEqual([...estimatorNames])
  })

  it('refuses others', () => {
    const codeOf = (text: string): string | undefined => {
      try {
        estimatorOf(text)
      } catch (e) {
        if (e instanceof DowncastError) return e.code
      }
      return undefined
    }
    expect(['minmax', 'mse:3', ''].map(codeOf)).toEqual(Array(3).fill('calibrate/unknown-estimator'))
    expect(['percentile:0', 'percentile:101', 'percentile:x', 'percentile:'].map(codeOf)).toEqual(Array(4).fill('calibrate/bad-percentile'))
  })
})

it('gives a constant its range, far from zero too', () => {
  for (const value of [0, 5, -3, 1e-30, 1e30]) {
    const statistics = statisticsOf(new Float32Array(100).fill(value))
    for (const name of estimatorNames) {
      const [min, max] = estimatorOf(name).estimate(name === 'moving-average' ? { ...statistics, average: undefined } : statistics)
      expect(min, `${name} of ${value}`).toBeLessThanOrEqual(max)
      expect(Number.isFinite(min) && Number.isFinite(max)).toBe(true)
    }
  }
})
