import { describe, expect, test } from 'vitest'
import { bytesOf, typedView } from '../core/dtype.ts'
import { encodeElements } from '../core/elements.ts'
import { type NdArray, ndArray } from '../core/nd-array.ts'
import type { SourceNode } from '../import/source-graph.ts'
import { seededRandom } from '../ir/synthetic.ts'
import type { NodeEvaluator } from './node-evaluator.ts'
import { moved, roundingEvaluator } from './roundings.ts'

const f32 = (...values: readonly number[]): NdArray => ndArray('f32', Float32Array.from(values))
const floats = (a: NdArray): number[] => [...typedView('f32', a.bytes)]
const node = (op: string): SourceNode => ({
  name: op,
  op,
  inputs: [],
  layer: [op],
  attrs: { get: () => undefined, has: () => false, names: () => [] },
})
/** Gives back its first operand, and keeps what it was given. */
function echo(): NodeEvaluator & { readonly seen: (readonly NdArray[])[] } {
  const seen: (readonly NdArray[])[] = []
  return {
    name: 'echo',
    seen,
    async evaluate(_, operands) {
      seen.push(operands)
      return new Map([[0, operands[0]!]])
    },
  }
}
async function echoed(op: string, operands: readonly NdArray[], seed = 1): Promise<{ result: NdArray; read: readonly NdArray[] }> {
  const inner = echo()
  const results = await roundingEvaluator(inner, seed).evaluate(node(op), operands, [0])
  return { result: results!.get(0)!, read: inner.seen[0]! }
}

describe('roundings', () => {
  test('move floats by a share of themselves, and tiny ones to zero', () => {
    const x = f32(...new Array<number>(500).fill(3), ...new Array<number>(500).fill(1e-40))
    const y = floats(moved(x, 1e-5, seededRandom(1)))
    expect(Math.max(...y.slice(0, 500).map((v) => Math.abs(v - 3)))).toBeLessThanOrEqual(3.1e-5)
    expect(new Set(y.slice(0, 500)).size).toBeGreaterThan(50)
    expect(y.slice(500).filter((v) => v === 0).length).toBeGreaterThan(100)
    const integers: NdArray = { dtype: 'i32', shape: [2], bytes: bytesOf(Int32Array.of(1, 2)) }
    expect(moved(integers, 1, seededRandom(1))).toBe(integers)
  })

  test('round halves either way in the middle of two', async () => {
    const middle = 1 + 2 ** -11
    const half: NdArray = { dtype: 'f16', shape: [400], bytes: encodeElements('f16', new Array<number>(400).fill(1)) }
    const add: NodeEvaluator = {
      name: 'add',
      evaluate: async (_, [x]) =>
        new Map([[0, x!.dtype === 'f32' ? { ...x!, bytes: bytesOf(typedView('f32', x!.bytes).map((v) => v * middle)) } : x!]]),
    }
    const result = (await roundingEvaluator(add, 1).evaluate(node('Mul'), [half], [0]))!.get(0)!
    expect(result).toMatchObject({ dtype: 'f16', shape: [400] })
    expect(new Set(typedView('f16', result.bytes))).toEqual(new Set([0x3c00, 0x3c01]))
  })

  test('are drawn by the seed', async () => {
    const [x] = [f32(1, 2, 3)]
    expect(floats((await echoed('Tanh', [x], 5)).result)).toEqual(floats((await echoed('Tanh', [x], 5)).result))
    expect(floats((await echoed('Tanh', [x], 5)).result)).not.toEqual(floats((await echoed('Tanh', [x], 6)).result))
  })

  test('leave alone what only chooses or moves', async () => {
    const x = f32(0.1, 0.2)
    for (const op of ['Maximum', 'Floor', 'Reshape', 'ArgMax', 'Greater']) expect((await echoed(op, [x, x])).result).toBe(x)
  })

  test('grow with the terms of a sum', async () => {
    const x: NdArray = { ...f32(...new Array<number>(4096).fill(1)), shape: [1, 4096] }
    const w: NdArray = { ...f32(...new Array<number>(4096).fill(1)), shape: [4096, 1] }
    const furthest = (a: NdArray) => Math.max(...floats(a).map((v) => Math.abs(v - 1)))
    const [sum, single] = [await echoed('MatMul', [x, w]), await echoed('Mul', [x, w])]
    expect(furthest(sum.read[1]!)).toBeGreaterThan(30 * furthest(single.read[1]!))
  })

  test('of formulas about 1 are those of 1, however small the result', async () => {
    const { result } = await echoed('Softplus', [f32(...new Array<number>(100).fill(1e-12))])
    expect(Math.max(...floats(result).map(Math.abs))).toBeGreaterThan(1e-8)
  })

  test('make near numbers equal once in a while', async () => {
    const [a, b] = [f32(0.7), f32(0.7000003)]
    const isEqual = await Promise.all(
      Array.from({ length: 16 }, async (_, seed) => {
        const { read } = await echoed('Equal', [a, b], seed)
        return floats(read[0]!)[0] === floats(read[1]!)[0]
      }),
    )
    expect(new Set(isEqual)).toEqual(new Set([true, false]))
  })
})
