import { expect, test } from 'vitest'
import { ndArray } from '../core/nd-array.ts'
import { RecentLayers } from './recent-layers.ts'

test('the last layers are kept, as many as have so many bytes; one that goes on moves behind', () => {
  const layers = new RecentLayers(16)
  const add = (name: string, length = 1) => layers.add(name, ndArray('f32', new Float32Array(length)))
  for (const name of ['a', 'b', 'c', 'a', 'd']) add(name)
  expect([...layers.results.keys()]).toEqual(['b', 'c', 'a', 'd'])
  add('e', 2)
  expect([...layers.results.keys()]).toEqual(['a', 'd', 'e'])
  add('f', 9)
  expect([...layers.results.keys()]).toEqual(['f'])
})
