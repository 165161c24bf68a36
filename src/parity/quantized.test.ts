import { expect, test } from 'vitest'
import { ndArray } from '../core/nd-array.ts'
import { modelFromText } from '../ops/text.ts'
import { grossVerdict, largestSize, leastSize, notComparedBecause, type QuantizedMode } from './quantized.ts'

const of = (...values: number[]) => ndArray('f32', Float32Array.from(values))
const stored = {
  tensor: 'w',
  op: 'conv_2d',
  operand: 'filter',
  layer: undefined,
  elements: 8,
  from: 'f32',
  granularity: 'per-axis',
  bits: 8,
} as const
const exactly = (values: readonly number[]) => async () => of(...values)
const inside = { size: 1, isAtEdges: false }

test('errors are held against the largest results, not those of the sample', async () => {
  expect(largestSize([of(0.01), { reason: 'not computed' }, of(1, -1)])).toBe(1)
  expect(await grossVerdict('dynamic', of(0.03), of(0.01), inside, exactly([0.01]))).toMatchObject({ excused: 0 })
  expect(await grossVerdict('dynamic', of(0.03), of(0.01), { ...inside, size: 0.01 }, exactly([0.01]))).toBe(
    'has an error of 200.0 % of its size (dynamic may have 50.0 %)',
  )
})

test.each<[QuantizedMode, boolean]>([
  ['dynamic', true],
  ['dynamic-int4', true],
  ['recipe', true],
  ['weight-only-int8', false],
  ['weight-only-int4', false],
  ['float16', false],
])('%s: at the edges larger errors are allowed: %s', async (mode, isAllowed) => {
  const judge = (found: number, isAtEdges: boolean) => grossVerdict(mode, of(found), of(1), { size: 1, isAtEdges }, exactly([1]))
  expect(typeof (await judge(1.7, true))).toBe(isAllowed ? 'object' : 'string')
  for (const [found, isAtEdges] of [
    [1.7, false],
    [1.8, true],
    [Number.NaN, true],
  ] as const)
    expect(await judge(found, isAtEdges)).toContain('of its size')
})

test('what rounded weights do besides is allowed four times', async () => {
  expect(await grossVerdict('dynamic', of(3.9), of(1), inside, exactly([1.8]))).toHaveProperty('share')
  expect(await grossVerdict('dynamic', of(4.5), of(1), inside, exactly([1.8]))).toContain('may have 320.0 %')
})

test.each([
  ['%y = logistic(%x)', 8 / 256],
  ['%z = logistic(%x)\n %s = const "s" : i32[1] = [4]\n %y = reshape(%z, %s) {newShape=[4]}', 8 / 256],
  ['%y = tanh(%x)', 8 / 128],
  ['%y = exp(%x)', 0],
  ['%z = logistic(%x)\n %y = exp(%z)', 0],
])('what %s gives is worth %d at least', (body, least) => {
  const { graphs } = modelFromText(`graph main(%x "x": f32[1,4]) {\n${body}\n return %y }\nsignature "serve" main("x" %x) -> ("y" %y)`)
  expect(leastSize(graphs[0]!, graphs[0]!.outputs[0]!)).toBe(least)
})

test.each([
  [{ mode: 'recipe' as const }, 'i8' as const, undefined],
  [{ mode: 'recipe' as const }, 'i2' as const, 'weights of 2 bits'],
  [{ mode: undefined }, 'i8' as const, 'its activations are integers'],
  [{ mode: undefined, isRunOnSamples: true }, 'i8' as const, undefined],
])('of %o with %s weights results tell nothing where %s', (how, to, reason) => {
  const why = notComparedBecause({
    contents: new Uint8Array(),
    decisions: [{ ...stored, to, bytesBefore: 32, bytesAfter: 8, reason: undefined }],
    ...how,
  })
  if (reason === undefined) expect(why).toBeUndefined()
  else expect(why).toContain(reason)
})
