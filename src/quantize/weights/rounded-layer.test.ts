import { describe, expect, it, test } from 'vitest'
import { constFromBytes } from '../../core/bytes.ts'
import { bytesOf } from '../../core/dtype.ts'
import { groupsOf } from './groups.ts'
import { type Block, blocksOf, DampedHessian, type Hessian, sumsLength, triangleLength } from './hessian.ts'
import { weightParameters } from './parameters.ts'
import { roundedLayer } from './rounded-layer.ts'
import { nearestCode } from './rows.ts'
import { type Granularity, type SampledAlgorithm, sampledAlgorithms } from './scheme.ts'

/** Numbers from 0 to 1, the same for each seed. @see Vigna and Steele, SplitMix */
function numbersFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32
  }
}

/** Rows that a layer reads. */
interface Input {
  readonly columns: number
  readonly rows: readonly Float64Array[]
}

const hessianOf = ({ columns, rows }: Input): Hessian => {
  const sums = new Float64Array(triangleLength(columns))
  for (let i = 0, at = 0; i < columns; i++) for (let j = i; j < columns; j++, at++) for (const x of rows) sums[at]! += x[i]! * x[j]!
  return { columns, groups: 1, isTransposed: false, sums }
}

const kinds: Readonly<Record<string, (random: () => number, columns: number) => readonly Float64Array[]>> = {
  independent: (random, n) => many(3 * n, () => Float64Array.from({ length: n }, () => random() - 0.5)),
  'correlated and positive': (random, n) => {
    const mix = many(4, () => Float64Array.from({ length: n }, () => random()))
    return many(3 * n, () => {
      const z = mix.map(() => random())
      return Float64Array.from({ length: n }, (_, i) => mix.reduce((sum, m, l) => sum + m[i]! * z[l]!, 0.05 * random()))
    })
  },
  'ill-conditioned': (random, n) =>
    many(2 * n, () => Float64Array.from({ length: n }, (_, i) => (random() - 0.5) * 10 ** ((12 * i) / n - 6))),
  'nearly equal columns': (random, n) =>
    many(2 * n, () => {
      const x = random()
      return Float64Array.from({ length: n }, () => x + 1e-7 * random())
    }),
  'of low rank': (random, n) => many(Math.ceil(n / 4), () => Float64Array.from({ length: n }, () => random() - 0.3)),
  'one sample': (random, n) => many(1, () => Float64Array.from({ length: n }, () => random())),
  'with dead inputs': (random, n) => many(2 * n, () => Float64Array.from({ length: n }, (_, i) => (i % 3 === 1 ? 0 : random()))),
}

const many = <T>(n: number, make: () => T): T[] => Array.from({ length: n }, make)

interface Case extends Input {
  readonly values: Float32Array
  readonly bits: 4 | 8
  readonly granularity: Granularity
}

function caseOf(kind: string, seed: number): Case {
  const random = numbersFrom(seed)
  const granularity = ([32, 'per-axis', 'per-tensor'] as const)[seed % 3]!
  const columns = granularity === 32 ? 64 : 1 + Math.floor(40 * random())
  const rows = kinds[kind]!(random, columns)
  const outputs = 1 + Math.floor(7 * random())
  const values = Float32Array.from({ length: outputs * columns }, () => (random() + random() + random() - 1.5) * (random() < 0.02 ? 5 : 1))
  return { columns, rows, values, bits: seed % 2 === 0 ? 4 : 8, granularity }
}

function run({ values, bits, granularity, ...input }: Case, algorithm: SampledAlgorithm, hessian = hessianOf(input)) {
  const { columns } = input
  const shape = [values.length / columns, columns]
  const groups = groupsOf(shape, granularity === 'per-tensor' ? null : granularity === 'per-axis' ? 0 : 1, granularity)
  const scheme = { compute: 'dynamic', bits, isSymmetric: true, granularity, algorithm: 'min-max' } as const
  const parameters = weightParameters(constFromBytes(bytesOf(values)), groups, scheme)!
  const scaleAt = (k: number) => parameters.scales[Math.floor(k / groups.run) % groups.count]!
  const { low, high } = parameters
  const nearest = Int8Array.from(values, (w, k) => nearestCode(w, scaleAt(k), low, high))
  return { ...parameters, scaleAt, nearest, rounded: roundedLayer(values, groups, parameters, hessian, algorithm) }
}

/** Of each row of weights, |X e|^2. */
function outputErrors({ values, columns, rows }: Case, codes: Int8Array, scaleAt: (k: number) => number): number[] {
  return many(values.length / columns, () => 0).map((_, o) => {
    const lost = Float64Array.from(
      { length: columns },
      (_, i) => values[o * columns + i]! - scaleAt(o * columns + i) * codes[o * columns + i]!,
    )
    return rows.reduce((total, x) => total + x.reduce((sum, v, i) => sum + v * lost[i]!, 0) ** 2, 0)
  })
}

describe.each(sampledAlgorithms)('%s', (algorithm) => {
  test.each(Object.keys(kinds))('is never worse than rounding to nearest on inputs that are %s', (kind) => {
    for (let seed = 0; seed < 36; seed++) {
      const given = caseOf(kind, seed)
      const { rounded, nearest, scaleAt, low, high } = run(given, algorithm)
      expect(rounded!.codes.every((q) => q >= low && q <= high)).toBe(true)
      const [before, after] = [nearest, rounded!.codes].map((codes) => outputErrors(given, codes, scaleAt)) as [number[], number[]]
      // What float64 keeps of the largest of the sums that the error is a difference of.
      const grain = given.rows.reduce((n, x) => n + x.reduce((sum, v) => sum + v * v, 0), 0) * 1e-14
      for (const [o, error] of after.entries()) expect(error, `seed ${seed}, row ${o}`).toBeLessThanOrEqual(before[o]! * (1 + 1e-9) + grain)
    }
  })

  test.each(['correlated and positive', 'of low rank', 'one sample'])('loses less than half on inputs that are %s', (kind) => {
    let [before, after] = [0, 0]
    for (let seed = 0; seed < 12; seed++) {
      const given = caseOf(kind, seed)
      const { rounded, nearest, scaleAt } = run(given, algorithm)
      const [b, a] = [nearest, rounded!.codes].map((codes) => outputErrors(given, codes, scaleAt).reduce((x, y) => x + y, 0)) as [
        number,
        number,
      ]
      before += b
      after += a
    }
    expect(after).toBeLessThan(before / 2)
  })

  it('tells the errors that it finds', () => {
    const given = caseOf('correlated and positive', 1)
    const { rounded, nearest, scaleAt } = run(given, algorithm)
    const sum = (codes: Int8Array, scale: (k: number) => number) => outputErrors(given, codes, scale).reduce((x, y) => x + y, 0)
    const signal = sum(new Int8Array(given.values.length), scaleAt)
    const inDb = (codes: Int8Array) => 10 * Math.log10(signal / sum(codes, scaleAt))
    expect(rounded!.error.nearestDb).toBeCloseTo(inDb(nearest), 6)
    expect(rounded!.error.chosenDb).toBeCloseTo(inDb(rounded!.codes), 6)
  })

  it('rounds to nearest where an input was always 0, and where none depends on another', () => {
    const given = caseOf('with dead inputs', 4)
    const { rounded, nearest } = run(given, algorithm)
    given.values.forEach((_, k) => {
      if ((k % given.columns) % 3 === 1) expect(rounded!.codes[k]).toBe(nearest[k])
    })
    const apart = {
      ...given,
      rows: many(given.columns, () => 0).map((_, i) => Float64Array.from({ length: given.columns }, (_, j) => (i === j ? 1 + i : 0))),
    }
    const alone = run(apart, algorithm)
    expect(alone.rounded!.codes).toEqual(alone.nearest)
  })

  it('tells that nothing is lost of weights on the grid', () => {
    const given = { ...caseOf('independent', 2), bits: 8 as const, granularity: 'per-axis' as const }
    const onGrid = { ...given, values: given.values.map((_, k) => (k % given.columns === 0 ? 127 : (k * 31) % 127)) }
    expect(run(onGrid, algorithm).rounded!.error).toEqual({ nearestDb: null, chosenDb: null })
  })

  it('gives the same again, and nothing where nothing was seen or it cannot be summed', () => {
    const given = caseOf('independent', 3)
    expect(run(given, algorithm).rounded).toEqual(run(given, algorithm).rounded)
    const { columns } = given
    for (const x of [0, Number.NaN, Number.POSITIVE_INFINITY]) {
      const hessian = { ...hessianOf(given), sums: new Float64Array(triangleLength(columns)).fill(x) }
      expect(run(given, algorithm, hessian).rounded).toBeUndefined()
    }
  })

  it('takes the rows of each group, wherever they lie, with the Hessian of that group', () => {
    const cases = [4, 9, 15].map((seed) => ({
      ...caseOf('correlated and positive', seed),
      bits: 4 as const,
      granularity: 'per-axis' as const,
    }))
    const columns = Math.min(...cases.map((c) => c.columns))
    const perGroup = 2
    const groups = cases.map((c): Case => {
      const rows = c.rows.map((r) => r.slice(0, columns))
      return { ...c, columns, rows, values: c.values.slice(0, perGroup * columns) }
    })
    const apart = groups.map((g) => run(g, algorithm).rounded!)
    const values = Float32Array.from(groups.flatMap((g) => [...g.values]))
    // A group that nothing was seen of.
    const unseen = Float32Array.from({ length: perGroup * columns }, (_, i) => Math.sin(i))
    const sums = Float64Array.from([...groups.flatMap((g) => [...hessianOf(g).sums]), ...new Float64Array(triangleLength(columns))])
    const all: Case = { ...groups[0]!, values: Float32Array.from([...values, ...unseen]) }
    const count = all.values.length / columns
    const layout = { columns, groups: groups.length + 1, sums }
    const together = run(all, algorithm, { ...layout, isTransposed: false })
    const expected = [...apart.flatMap((a) => [...a.codes]), ...run({ ...all, values: unseen }, algorithm).nearest]
    expect([...together.rounded!.codes]).toEqual(expected)
    expect(together.rounded!.error.chosenDb).toBeGreaterThan(together.rounded!.error.nearestDb!)

    const turned = Float32Array.from(all.values, (_, k) => all.values[(k % count) * columns + Math.floor(k / count)]!)
    const channels = groupsOf([1, columns, count], 2, 'per-axis')
    const scheme = { compute: 'dynamic', bits: 4, isSymmetric: true, granularity: 'per-axis', algorithm: 'min-max' } as const
    const parameters = weightParameters(constFromBytes(bytesOf(turned)), channels, scheme)!
    const found = roundedLayer(turned, channels, parameters, { ...layout, isTransposed: true }, algorithm)!
    expect([...found.codes]).toEqual(expected.map((_, k) => expected[(k % count) * columns + Math.floor(k / count)]))
    expect(found.error).toEqual(together.rounded!.error)
  })
})

it('takes long rows in runs, each with its own Hessian', () => {
  const random = numbersFrom(7)
  const [first, second] = blocksOf(4610) as [Block, Block]
  const input = { columns: first.columns, rows: kinds['one sample']!(random, first.columns) }
  const values = Float32Array.from({ length: 2 * 4610 }, () => random() - 0.5)
  const part = ({ first: from, columns }: Block) =>
    Float32Array.from([0, 4610].flatMap((row) => [...values.subarray(row + from, row + from + columns)]))
  const stepsOf = (columns: number) => [groupsOf([2, columns], null, 'per-tensor'), parameters] as const
  const parameters = run({ ...input, columns: 4610, values, rows: [], bits: 4, granularity: 'per-tensor' }, 'gptq', {
    ...{ columns: 4610, groups: 1, isTransposed: false },
    sums: new Float64Array(sumsLength(4610)),
  })
  const alone = hessianOf(input)
  const sums = Float64Array.from([...alone.sums, ...new Float64Array(triangleLength(second.columns))])
  const [found, expected] = [
    roundedLayer(values, ...stepsOf(4610), { columns: 4610, groups: 1, isTransposed: false, sums }, 'gptq')!,
    roundedLayer(part(first), ...stepsOf(first.columns), alone, 'gptq')!,
  ]
  expect(found.error).toEqual(expected.error)
  const codes = (row: number, { first: from, columns }: Block) => [...found.codes.subarray(row * 4610 + from).subarray(0, columns)]
  expect([0, 1].flatMap((row) => codes(row, first))).toEqual([...expected.codes])
  expect(found.error.chosenDb).toBeGreaterThan(found.error.nearestDb!)
  // Of the second, nothing was seen.
  const nearest = [...parameters.nearest]
  expect([0, 1].flatMap((row) => codes(row, second))).toEqual(
    [0, 1].flatMap((row) => nearest.slice(row * 4610 + second.first, (row + 1) * 4610)),
  )
})

it('gptq finds what algorithm 1 of its paper finds, wherever that is better than the nearest', () => {
  let compared = 0
  for (let seed = 0; seed < 30; seed++) {
    const given = caseOf('correlated and positive', seed)
    const { rounded, scaleAt, low, high, nearest } = run(given, 'gptq')
    const { columns, values } = given
    const upper = upperFactorOfInverse(hessianOf(given))
    for (let o = 0; o < values.length / columns; o++) {
      const w = Float64Array.from(values.subarray(o * columns, (o + 1) * columns))
      const codes = Array.from(w, (_, i) => {
        const scale = scaleAt(o * columns + i)
        const q = nearestCode(w[i]!, scale, low, high)
        const error = (w[i]! - scale * q) / upper[i]![i]!
        for (let j = i; j < columns; j++) w[j]! -= error * upper[i]![j]!
        return q
      })
      const found = Array.from(rounded!.codes.subarray(o * columns, (o + 1) * columns))
      if (found.every((q, i) => q === nearest[o * columns + i])) continue
      expect(found).toEqual(codes)
      compared++
    }
  }
  expect(compared).toBeGreaterThan(50)
})

it('adaround takes one of the two integers around each element', () => {
  const given = caseOf('correlated and positive', 7)
  const { rounded, scaleAt } = run(given, 'adaround')
  rounded!.codes.forEach((q, k) => {
    expect(Math.abs(q - given.values[k]! / scaleAt(k))).toBeLessThan(1 + 1e-6)
  })
})

/** U of (H + damping)^-1 = U^T U, as GPTQ computes it: by the inverse itself. */
function upperFactorOfInverse(hessian: Hessian): number[][] {
  const { columns } = hessian
  const { added } = DampedHessian.of(hessian)!
  const matrix = many(columns, () => new Array<number>(2 * columns).fill(0))
  for (let i = 0, at = 0; i < columns; i++) {
    for (let j = i; j < columns; j++, at++) matrix[i]![j] = matrix[j]![i] = hessian.sums[at]!
    matrix[i]![i]! += added
    matrix[i]![columns + i] = 1
  }
  // Gauss and Jordan; the matrix is positive definite.
  for (const [k, pivot] of matrix.entries()) {
    const p = pivot[k]!
    for (let j = 0; j < 2 * columns; j++) pivot[j]! /= p
    for (const [i, row] of matrix.entries()) {
      if (i === k) continue
      const factor = row[k]!
      for (let j = 0; j < 2 * columns; j++) row[j]! -= factor * pivot[j]!
    }
  }
  const inverse = matrix.map((row) => row.slice(columns))
  const upper = many(columns, () => new Array<number>(columns).fill(0))
  for (let i = 0; i < columns; i++)
    for (let j = i; j < columns; j++) {
      let sum = inverse[i]![j]!
      for (let k = 0; k < i; k++) sum -= upper[k]![i]! * upper[k]![j]!
      upper[i]![j] = i === j ? Math.sqrt(sum) : sum / upper[i]![i]!
    }
  return upper
}
