import { describe, expect, it } from 'vitest'
import { ndArray } from '../core/nd-array.ts'
import { ColumnSums, noColumnSums } from './column-sums.ts'
import { ExactSum } from './exact-sum.ts'
import { binEdges, binOf, exponentFor, Histogram, maxBins } from './histogram.ts'
import { ownMemory, Reducer } from './reducer.ts'

/** mulberry32 */
function random(seed: number): () => number {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const parts = (seed: number): Float32Array[] => {
  const next = random(seed)
  return Array.from({ length: 7 }, (_, k) => {
    const size = 10 ** (next() * 8 - 4) * (k % 2 === 0 ? 1 : -1)
    return Float32Array.from({ length: 1 + Math.floor(next() * 50_000) }, () => (next() < 0.3 ? 0 : (next() - 0.2) * size))
  })
}

function counted(arrays: readonly Float32Array[]): Histogram {
  const reducer = new Reducer(ownMemory())
  const histogram = new Histogram()
  for (const a of arrays) reducer.reduce(ndArray('f32', a), histogram)
  return histogram
}

describe('bins', () => {
  it('are aligned at 0 and mirrored', () => {
    expect([0, -0, 0.99, 1, 1.5, 2, -0.5, -1, -1.5, -2].map((x) => binOf(x, 0))).toEqual([0, 0, 0, 1, 1, 2, -1, -2, -2, -3])
    expect(binEdges(-2, 1)).toEqual([-4, -2])
  })

  it('are the narrowest that hold the range', () => {
    for (const [min, max] of [
      [0, 1],
      [-1, 1],
      [0, 2047],
      [0, 2048],
      [-3.4e38, 3.4e38],
      [1e-45, 1e-40],
      [5, 5],
      [-0.1, 1e-30],
    ] as const) {
      const e = exponentFor(min, max)
      expect(binOf(max, e) - binOf(min, e)).toBeLessThan(maxBins)
      if (e > -126 && max < 2 ** (e + 29)) expect(binOf(max, e - 1) - binOf(min, e - 1)).toBeGreaterThanOrEqual(maxBins)
    }
  })
})

describe('Histogram', () => {
  it('counts each value in the bin of the range of all', () => {
    const arrays = parts(1)
    const all = arrays.flatMap((a) => [...a])
    const { exponent, first, counts } = counted(arrays).record()
    const [min, max] = [
      Math.min(...all.slice(0, 0), ...arrays.map((a) => a.reduce((p, x) => Math.min(p, x)))),
      arrays.map((a) => a.reduce((p, x) => Math.max(p, x))).reduce((p, x) => Math.max(p, x)),
    ]
    expect(exponent).toBe(exponentFor(min, max))
    expect(first).toBe(binOf(min, exponent))
    const expected = new Array<number>(counts.length).fill(0)
    for (const x of all) expected[binOf(x, exponent) - first]! += 1
    expect(counts).toEqual(expected)
  })

  it.each([2, 3, 4, 5])('is the same in any order and merged in any way (%i)', (seed) => {
    const arrays = parts(seed)
    const whole = counted(arrays).record()
    expect(counted(arrays.toReversed()).record()).toEqual(whole)
    const merged = new Histogram()
    merged.merge(counted(arrays.slice(4)).record())
    merged.merge(new Histogram().record())
    merged.merge(counted(arrays.slice(0, 1)).record())
    merged.merge(counted(arrays.slice(1, 4)).record())
    expect(merged.record()).toEqual(whole)
  })

  it('comes back from its record', () => {
    const arrays = parts(6)
    const record = counted(arrays).record()
    expect(Histogram.of(record).record()).toEqual(record)
    expect(Histogram.of(new Histogram().record()).record().counts).toEqual([])
  })

  it('holds tiny, huge and constant values', () => {
    for (const values of [
      [1e-45, -1e-45],
      [3.4e38, -3.4e38, 1e-45, -1e-45],
      [0, -0],
      [7, 7, 7, 7, 7],
    ]) {
      const { counts } = counted([Float32Array.from(values)]).record()
      expect(counts.reduce((a, b) => a + b)).toBe(values.length)
    }
  })
})

describe('Reducer', () => {
  it('finds what plain loops find', () => {
    const reducer = new Reducer(ownMemory())
    for (const length of [1, 3, 4, 5, 16_384, 16_387, 40_001]) {
      const next = random(length)
      const values = Float32Array.from({ length }, () => next() * 6 - 2)
      const found = reducer.reduce(ndArray('f32', values), new Histogram())
      const sum = new ExactSum()
      const squares = new ExactSum()
      for (const x of values) {
        sum.add(x)
        squares.add(x * x)
      }
      expect(found).toMatchObject({
        elements: length,
        nan: 0,
        infinite: 0,
        min: values.reduce((a, b) => Math.min(a, b)),
        max: values.reduce((a, b) => Math.max(a, b)),
      })
      // n - 1 additions, each within half a unit in the last place of a partial sum.
      const bound = length * 2 ** -53 * length * 4
      expect(Math.abs(found.sum - sum.value)).toBeLessThanOrEqual(bound)
      expect(Math.abs(found.squares - squares.value)).toBeLessThanOrEqual(bound * 4)
    }
  })

  it('reads arrays in its memory where they are, to the same result', () => {
    const own = ownMemory()
    const memory = new WebAssembly.Memory({ initial: 16 })
    const values = new Float32Array(memory.buffer, 8, 50_001)
    const next = random(9)
    for (let i = 0; i < values.length; i++) values[i] = next() - 0.5
    const [a, b] = [new Histogram(), new Histogram()]
    const inside = new Reducer({ memory, scratch: 640 * 1024 }).reduce(ndArray('f32', values), a)
    expect(new Reducer(own).reduce(ndArray('f32', Float32Array.from(values)), b)).toEqual(inside)
    expect(a.record()).toEqual(b.record())
  })

  it('counts NaN and infinities apart', () => {
    const histogram = new Histogram()
    const found = new Reducer(ownMemory()).reduce(
      ndArray('f32', Float32Array.of(Number.NaN, 1, Number.POSITIVE_INFINITY, -2, Number.NEGATIVE_INFINITY, 3)),
      histogram,
    )
    expect(found).toEqual({ elements: 6, nan: 1, infinite: 2, min: -2, max: 3, sum: 2, squares: 14 })
    expect(histogram.record().counts.reduce((a, b) => a + b)).toBe(3)
    const none = new Reducer(ownMemory()).reduce(ndArray('f32', Float32Array.of(Number.NaN)), new Histogram())
    expect(none).toMatchObject({ min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, nan: 1 })
  })
})

describe('the sums of columns', () => {
  const rowsOf = (columns: number, rows: number): Float32Array => {
    const next = random(columns + rows)
    return Float32Array.from({ length: columns * rows }, () => next() * 6 - 2)
  }

  // Rows within one block of the kernel and over several, on its lanes and beside them, and longer than it takes.
  it.each([
    [1, 5],
    [3, 1],
    [3, 40_000],
    [6, 9_001],
    [32, 1_000],
    [45, 1_003],
    [1280, 40],
    [40_000, 3],
  ])('are those of plain loops, of rows of %i', (columns, rows) => {
    const values = rowsOf(columns, rows)
    const found = new Reducer(ownMemory()).reduce(ndArray('f32', values, [rows, columns]), new Histogram(), { columns }).columns!
    const expected = new Float64Array(columns)
    for (const [i, x] of values.entries()) expected[i % columns]! += x
    expect(found.length).toBe(columns)
    // Each addition is within half a unit in the last place of a partial sum, which is below 4 * rows.
    for (const [c, sum] of found.entries()) expect(Math.abs(sum - expected[c]!)).toBeLessThanOrEqual(rows * 4 * rows * 2 ** -53)
  })

  it('change nothing else, and begin anew with each array', () => {
    const [a, b] = [new Reducer(ownMemory()), new Reducer(ownMemory())]
    for (const [columns, rows] of [
      [7, 5000],
      [16, 3000],
      [7, 5000],
    ] as const) {
      const array = ndArray('f32', rowsOf(columns, rows))
      const { columns: sums, ...rest } = a.reduce(array, new Histogram(), { columns })
      expect(rest).toEqual(b.reduce(array, new Histogram()))
      expect(sums).toEqual(new Reducer(ownMemory()).reduce(array, new Histogram(), { columns }).columns)
    }
  })

  it('are not made of broken rows, of none, or where a value is not finite', () => {
    const reducer = new Reducer(ownMemory())
    const of = (values: readonly number[]) =>
      reducer.reduce(ndArray('f32', Float32Array.from(values)), new Histogram(), { columns: 3 }).columns
    expect(of([1, 2, 3, 4])).toBeUndefined()
    expect(of([])).toBeUndefined()
    expect(of([1, Number.NaN, 3])).toBeUndefined()
    expect(of([1, 2, 3, 4, 5, Number.POSITIVE_INFINITY])).toBeUndefined()
    expect(of([1, 2, 3, 4, 5, 6])).toEqual(Float64Array.of(5, 7, 9))
  })

  it('add up to the same in any order, and from where they were', () => {
    const next = random(3)
    const terms = Array.from({ length: 400 }, () =>
      Float64Array.from({ length: 5 }, (_, c) => (next() - 0.5) * 10 ** (next() * 14 - 4 - c)),
    )
    const of = (list: readonly Float64Array[], from = noColumnSums(5)) => {
      for (const t of list) from.add(t)
      return from
    }
    const whole = of(terms)
    expect(of(terms.toReversed()).state).toEqual(whole.state)
    expect(of(terms.toSorted((a, b) => a[0]! - b[0]!)).state).toEqual(whole.state)
    const half = of(terms.slice(0, 123)).state
    expect(of(terms.slice(123), new ColumnSums(JSON.parse(JSON.stringify(half)))).state).toEqual(whole.state)
    whole.values.forEach((value, c) => {
      const exact = new ExactSum()
      for (const t of terms) exact.add(t[c]!)
      // Each term was rounded to a multiple of 2^-60.
      expect(Math.abs(value - exact.value)).toBeLessThanOrEqual(400 * 2 ** -61 + Math.abs(value) * 2 ** -53)
    })
  })
})

describe('ExactSum', () => {
  it('is exact and does not depend on the order', () => {
    const numbers = [1e16, 1, -1e16, 1e-16, 0.1, 0.2, 0.3, -1e300, 1e300, 2 ** -1074]
    const of = (list: readonly number[]): number => {
      const sum = new ExactSum()
      for (const x of list) sum.add(x)
      return sum.value
    }
    // math.fsum of Python on the same list
    expect(of(numbers)).toBe(1.6)
    expect(of(numbers.toReversed())).toBe(1.6)
    // Ties to even: 1 + 2**-53 lies half way; with anything beyond it the sum is the next number.
    expect(of([1, 2 ** -53])).toBe(1)
    expect(of([1, 2 ** -53, 2 ** -100])).toBe(1 + 2 ** -52)
    const next = random(11)
    const many = Array.from({ length: 300 }, () => (next() - 0.5) * 10 ** (next() * 40 - 20))
    const whole = of(many)
    expect(of(many.toSorted((a, b) => a - b))).toBe(whole)
    const half = new ExactSum()
    for (const x of many.slice(0, 150)) half.add(x)
    const rest = new ExactSum(half.parts)
    for (const x of many.slice(150)) rest.add(x)
    expect(rest.value).toBe(whole)
  })
})
