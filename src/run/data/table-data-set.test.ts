import { expect, test } from 'vitest'
import { memorySource } from '../../core/bytes.ts'
import type { DowncastError } from '../../core/diagnostics.ts'
import { toFloat32 } from '../../core/nd-array.ts'
import type { TensorInfo } from '../runner.ts'
import { openDataSet } from './open-data-set.ts'
import { prepareFeeds } from './prepare.ts'
import { noPreprocess } from './preprocess.ts'
import type { DataSet } from './sample.ts'

const open = (text: string, name = 'd/x.csv', labels?: string): DataSet =>
  openDataSet({
    data: memorySource(name, new TextEncoder().encode(text)),
    labels: labels === undefined ? undefined : memorySource('l', new TextEncoder().encode(labels)),
  })
async function summary(set: DataSet) {
  const rows = []
  for await (const s of set) rows.push([s.name, s.label, ...Array.from(s.arrays, ([n, a]) => [n, a.shape, Array.from(toFloat32(a)!)])])
  return rows
}
async function faultOf(work: () => unknown): Promise<DowncastError> {
  try {
    await work()
  } catch (e) {
    return e as DowncastError
  }
  throw new Error('nothing was thrown')
}

test('a table without a header is one array a line', async () => {
  expect(await summary(open('1,2.5\n\n-3,4e2\n'))).toEqual([
    ['x.csv[0]', undefined, ['', [2], [1, 2.5]]],
    ['x.csv[1]', undefined, ['', [2], [-3, 400]]],
  ])
  expect((await summary(open('1\t2', 'x.TSV')))[0]![2]).toEqual(['', [2], [1, 2]])
  expect((await summary(open('nan,-inf')))[0]![2]).toEqual(['', [2], [Number.NaN, Number.NEGATIVE_INFINITY]])
})

test('a header names arrays, their elements and the classes', async () => {
  const set = open('x[0],y,label,x[1]\n1,2,7,3\n4,5,8,6\n')
  expect([set.count, set.isLabeled]).toEqual([2, true])
  expect(await summary(set)).toEqual([
    ['x.csv[0]', 7, ['x', [2], [1, 3]], ['y', [], [2]]],
    ['x.csv[1]', 8, ['x', [2], [4, 6]], ['y', [], [5]]],
  ])
  expect((await summary(open('a,label\n1,2', 'x.csv', '9')))[0]![1]).toBe(9)
})

test('named columns become the elements of the only input, or the inputs they are called after', async () => {
  const input = (name: string, shape: TensorInfo['shape']): TensorInfo => ({ name, dtype: 'f32', shape })
  const sample = await open('width,height\n3,4').read(0)
  const joined = prepareFeeds(sample, [input('features', ['N', 2])], noPreprocess).get('features')!
  expect([joined.shape, Array.from(toFloat32(joined)!)]).toEqual([
    [1, 2],
    [3, 4],
  ])
  const apart = prepareFeeds(sample, [input('height', ['N', 1]), input('width', ['N', 1])], noPreprocess)
  expect(Array.from(apart, ([n, a]) => [n, a.shape, toFloat32(a)![0]])).toEqual([
    ['height', [1, 1], 4],
    ['width', [1, 1], 3],
  ])
  expect((await faultOf(() => prepareFeeds(sample, [input('width', ['N', 1])], noPreprocess))).code).toBe('run/input-mismatch')
})

test('lines that are no samples are named', async () => {
  expect(await faultOf(() => open('').count)).toMatchObject({ code: 'run/no-samples' })
  expect(await faultOf(() => open('a,b\n'))).toMatchObject({ code: 'run/no-samples' })
  expect(await faultOf(() => open('a,a\n1,2'))).toMatchObject({ code: 'run/bad-record', expected: 'each name once', actual: '"a"' })
  expect(await faultOf(() => open('x[0],x[2]\n1,2'))).toMatchObject({ code: 'run/bad-record', expected: 'x[1]', actual: '"x[2]"' })
  expect((await faultOf(() => open('x,x[0]\n1,2'))).code).toBe('run/bad-record')
  expect((await faultOf(() => open('label,labels\n1,2'))).expected).toBe('one column of classes')
  expect((await faultOf(() => open(',a\n0,1'))).expected).toContain('index=False')
  const set = open('1,2\n\n3\n4,x')
  expect(await faultOf(() => set.read(1))).toMatchObject({
    code: 'run/bad-record',
    message: 'Line 3 of "d/x.csv" is no sample: expected 2 fields, found 1.',
  })
  expect(await faultOf(() => set.read(2))).toMatchObject({ expected: 'a number in column 2', actual: '"x"' })
  expect((await faultOf(() => open('1\n2', 'x.csv', '1'))).code).toBe('run/count-mismatch')
})
