import { describe, expect, test } from 'vitest'
import { type ConstData, constFromBytes } from '../../core/bytes.ts'
import { bytesOf, typedView } from '../../core/dtype.ts'
import { randomIntegers } from '../../wire/fuzz.testkit.ts'
import { magnitudes } from './bounds.ts'
import { encoded } from './encode.ts'
import type { Parameters } from './parameters.ts'

/*
 * The kernel against the rules written down element by element, on lengths around what it takes at a time.
 */

const next = randomIntegers(7)
const uniform = () => (next() / 2 ** 32) * 2 - 1
/** Multiples of an eighth too, so that halves are met. */
const element = (i: number) => Math.fround(i % 3 === 0 ? Math.round(uniform() * 1000) / 8 : uniform() * 130)

function halfAway(x: number): number {
  const whole = Math.trunc(x)
  return Math.abs(x - whole) >= 0.5 ? whole + Math.sign(x) : whole
}
function halfEven(x: number): number {
  const down = Math.floor(x)
  const rest = x - down
  return rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down
}
const clamp = (q: number, { low, high }: Parameters) => Math.min(high, Math.max(low, q)) || 0

const shapes: readonly (readonly [count: number, run: number, outer: number])[] = [
  [1, 1, 1],
  [1, 15, 1],
  [3, 16, 1],
  [5, 33, 2],
  [2, 100, 3],
  [7, 1, 30],
  [16, 1, 5],
  [45, 1, 4],
  [20_000, 1, 2],
]

describe.each(shapes)('%i groups of runs of %i, %i times', (count, run, outer) => {
  const values = Float32Array.from({ length: count * run * outer }, (_, i) => element(i))
  const data: ConstData = constFromBytes(bytesOf(values))
  const groupOf = (k: number) => Math.floor(k / run) % count

  test('largest magnitudes', () => {
    const expected = new Float32Array(count)
    values.forEach((x, k) => {
      expected[groupOf(k)] = Math.max(expected[groupOf(k)]!, Math.abs(x))
    })
    expect(magnitudes(data, { run, count })).toEqual(expected)
  })

  test('halves away from zero, in float64', () => {
    const scales = Float64Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 1 : 1.1 + i / 7))
    const parameters: Parameters = { scales, low: -127, high: 127, ties: 'away' }
    const found = typedView('i8', encoded(data, { run, count }, parameters, 8).bytes())
    expect(found).toEqual(Int8Array.from(values, (x, k) => clamp(halfAway(x / scales[groupOf(k)]!), parameters)))
  })

  test.each([undefined, 3])('halves to even, in float32, zero points %s', (zeroPoint) => {
    const scales = Float32Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 1 : 1.1 + i / 7))
    const zeroPoints = zeroPoint === undefined ? undefined : Int32Array.from({ length: count }, (_, i) => zeroPoint - (i % 5))
    for (const [low, high] of [
      [-127, 127],
      [-128, 127],
      [-8, 7],
    ] as const) {
      const parameters: Parameters = { scales, low, high, ties: 'even', ...(zeroPoints && { zeroPoints }) }
      const found = typedView('i8', encoded(data, { run, count }, parameters, 8).bytes())
      const expected = (x: number, k: number) => {
        const g = groupOf(k)
        return clamp(halfEven(Math.fround(Math.fround(x / scales[g]!) + (zeroPoints?.[g] ?? 0))), parameters)
      }
      expect(found).toEqual(Int8Array.from(values, expected))
    }
  })
})

test('a quotient next below a half becomes 0, and what is not a number too', () => {
  const below = 0.49999999999999994
  for (const n of [1, 16]) {
    const data = constFromBytes(bytesOf(new Float32Array(n).fill(1)))
    const away: Parameters = { scales: Float64Array.of(1 / below), low: -127, high: 127, ties: 'away' }
    expect([...encoded(data, { run: n, count: 1 }, away, 8).bytes()]).toEqual(
      new Array(n).fill(Math.round(1 / (1 / below) + Number.EPSILON / 4)),
    )
    const zeros = constFromBytes(bytesOf(new Float32Array(n)))
    const even: Parameters = { scales: Float32Array.of(0), low: -8, high: 7, ties: 'even' }
    expect([...encoded(zeros, { run: n, count: 1 }, even, 8).bytes()]).toEqual(new Array(n).fill(0))
  }
})

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('%s is found wherever it is', (bad) => {
  for (const at of [0, 15, 16, 33]) {
    const values = new Float32Array(34).fill(-1)
    values[at] = bad
    for (const groups of [
      { run: 34, count: 1 },
      { run: 1, count: 34 },
      { run: 1, count: 17 },
      { run: 2, count: 17 },
    ])
      expect(magnitudes(constFromBytes(bytesOf(values)), groups)).toBeUndefined()
  }
})
