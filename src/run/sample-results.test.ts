import { expect, test } from 'vitest'
import { memorySource } from '../core/bytes.ts'
import { type NdArray, ndArray } from '../core/nd-array.ts'
import { npyParts } from '../wire/npy-write.ts'
import { npzParts } from '../wire/npz.ts'
import { batchSizeFor } from './batch-size.ts'
import { classOutput, scoresOf } from './class-scores.ts'
import { wholeFeed } from './data/whole-feed.ts'
import type { SignatureInfo, TensorInfo } from './runner.ts'
import { joinOutputs, summarizeSample } from './sample-results.ts'

const tensor = (name: string, shape: TensorInfo['shape'], dtype: TensorInfo['dtype'] = 'f32'): TensorInfo => ({ name, shape, dtype })
const signature = (outputs: readonly TensorInfo[], inputs: readonly TensorInfo[] = []): SignatureInfo => ({ key: 's', inputs, outputs })
const f32 = (values: number[], shape?: number[]): NdArray => ndArray('f32', Float32Array.from(values), shape)

test('the output that holds class scores', () => {
  const find = (isLabeled: boolean, ...outputs: TensorInfo[]) => classOutput(signature(outputs), isLabeled)
  expect(find(false, tensor('boxes', ['N', 10, 4]), tensor('scores', ['N', 10]))).toBe(1)
  expect(find(false, tensor('y', [10]))).toBe(0)
  expect(find(false, tensor('best', ['N', 3], 'i32'))).toBe(-1)
  expect(find(false, { ...tensor('q', ['N', 3], 'i8'), quant: { kind: 'per-tensor', scale: 1, zeroPoint: 0 } })).toBe(0)
  expect([find(false, tensor('p', ['N', 1])), find(true, tensor('p', ['N', 1]))]).toEqual([-1, 0])
  expect(find(true, tensor('y', ['N', 'd1']))).toBe(-1)
  expect([...scoresOf(Float32Array.of(0.25))]).toEqual([0.75, 0.25])
})

test('a sample in short', () => {
  const s = signature([tensor('scores', ['N', 3])])
  const summary = summarizeSample(
    { index: 4, name: 'x[4]', label: 1, arrays: new Map() },
    s,
    new Map([['scores', f32([0.25, 0.5, 0.25], [1, 3])]]),
    2,
    new Map([[1, 'cat']]),
  )
  expect(summary).toMatchObject({
    index: 4,
    label: 'cat',
    top: [
      { index: 1, score: 0.5, label: 'cat' },
      { index: 0, score: 0.25, label: '0' },
    ],
    outputs: [{ name: 'scores', shape: [1, 3], min: 0.25, max: 0.5 }],
  })
  const other = summarizeSample(
    { index: 0, name: 'y', arrays: new Map() },
    signature([tensor('y', ['N', 1, 2])]),
    new Map([['y', f32([1, 3], [1, 1, 2])]]),
    3,
    new Map(),
  )
  expect(other).toMatchObject({ label: null, top: null, outputs: [{ mean: 2 }] })
})

test('outputs are joined on the first axis, single values as a list', () => {
  const join = (...parts: NdArray[]) =>
    joinOutputs(
      'm',
      parts.map((p) => new Map([['y', p]])),
    ).get('y')
  expect(join(f32([1, 2], [1, 2]), f32([3, 4, 5, 6], [2, 2]))).toEqual(f32([1, 2, 3, 4, 5, 6], [3, 2]))
  expect(join(f32([1], []), f32([2], []))).toEqual(f32([1, 2], [2]))
  expect(join(f32([1], []))).toEqual(f32([1], []))
  expect(() => join(f32([1, 2], [1, 2]), f32([1, 2, 3], [1, 3]))).toThrow(expect.objectContaining({ code: 'run/uneven-outputs' }))
  expect(joinOutputs('m', []).size).toBe(0)
})

test('an array that is what an input takes is fed whole', async () => {
  const file = (array: NdArray) => memorySource('x.npy', Uint8Array.from(npyParts('x', array).flatMap((p) => [...p])))
  const archive = (arrays: Record<string, NdArray>) =>
    memorySource('x.npz', Uint8Array.from(npzParts('x', new Map(Object.entries(arrays))).flatMap((p) => [...p])))
  const fixed = signature([], [tensor('x', [3])])
  expect((await wholeFeed(new Map([['', file(f32([1, 2, 3]))]]), fixed)!.read(0)).arrays.get('x')).toMatchObject({ shape: [3] })
  expect((await wholeFeed(new Map([['x', file(f32([1, 2, 3]))]]), fixed)!.read(0)).arrays.get('x')).toMatchObject({ shape: [3] })
  expect(wholeFeed(new Map([['', file(f32([1, 2, 3, 4, 5, 6], [2, 3]))]]), fixed)).toBeUndefined()
  expect(wholeFeed(new Map([['', memorySource('p', Uint8Array.of(0x89, 0x50))]]), fixed)).toBeUndefined()
  const open = signature([tensor('y', ['N', 3])], [tensor('x', ['N', 3])])
  expect(wholeFeed(new Map([['', file(f32([1, 2, 3], [1, 3]))]]), open)).toBeUndefined()
  const two = signature([], [tensor('a', [2]), tensor('b', [1, 'd1'])])
  const both = archive({ a: f32([1, 2]), b: f32([1, 2, 3], [1, 3]), labels: f32([1]) })
  expect((await wholeFeed(new Map([['', both]]), two)!.read(0)).arrays.size).toBe(2)
})

test('large inputs run in small batches', () => {
  const size = (...shape: TensorInfo['shape']) => batchSizeFor(signature([], [tensor('x', shape)]))
  expect([size('N', 28, 28, 1), size('N', 224, 224, 3), size('N', 2048, 2048, 3), size('N')]).toEqual([256, 6, 1, 256])
  expect(batchSizeFor(signature([], []))).toBe(256)
})
