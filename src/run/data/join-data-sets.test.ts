import { expect, test } from 'vitest'
import { joinDataSets } from './join-data-sets.ts'
import { type DataSet, makeDataSet } from './sample.ts'

const set = (name: string, values: readonly number[], array = ''): DataSet =>
  makeDataSet({
    name,
    count: values.length,
    isLabeled: true,
    classNames: new Map(),
    read: async (index) => ({
      index,
      name: `${name}[${index}]`,
      label: index,
      arrays: new Map([[array, { dtype: 'u8', shape: [], bytes: Uint8Array.of(values[index]!) }]]),
    }),
  })

test('samples are joined by their place, each under its input', async () => {
  const joined = joinDataSets(
    new Map([
      ['x', set('a', [1, 2])],
      ['y', set('b', [3, 4], 'other')],
    ]),
  )
  const second = await joined.read(1)
  expect(second).toMatchObject({ index: 1, name: 'a[1]', label: 1 })
  expect(Array.from(second.arrays, ([name, { bytes }]) => [name, bytes[0]])).toEqual([
    ['x', 2],
    ['y', 4],
  ])
})

test('one set without a name stays as it is', () => {
  const only = set('a', [1])
  expect(joinDataSets(new Map([['', only]]))).toBe(only)
})

test('sets of different sizes are refused', () => {
  const sets = new Map([
    ['x', set('a', [1, 2])],
    ['y', set('b', [3])],
  ])
  expect(() => joinDataSets(sets)).toThrow(expect.objectContaining({ code: 'run/count-mismatch' }))
})
