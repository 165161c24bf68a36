import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type ByteSource, memorySource } from '../core/bytes.ts'
import type { DowncastError } from '../core/diagnostics.ts'
import { toFloat32 } from '../core/nd-array.ts'
import { type Hdf5File, isHdf5, openHdf5 } from './hdf5.ts'

const bytes = new Uint8Array(readFileSync(new URL('../../fixtures/hdf5/kinds.h5', import.meta.url)))
let file: Hdf5File
beforeAll(async () => {
  file = await openHdf5(memorySource('kinds.h5', bytes))
})
afterAll(() => file.close())

const faultOf = (work: () => unknown): DowncastError => {
  try {
    work()
  } catch (e) {
    return e as DowncastError
  }
  throw new Error('nothing was thrown')
}
const numbers = (path: string) => {
  const { dtype, shape, data } = file.dataset(path)
  return [dtype, shape, Array.from(toFloat32({ dtype, shape, bytes: data.bytes() })!)]
}

test('groups and datasets are told apart and listed', () => {
  expect(['/', 'group', '/group/inner', 'ramp', 'group/inner/x', 'nothing', 'group/nothing'].map((p) => file.kindOf(p))).toEqual([
    'group',
    'group',
    'group',
    'dataset',
    'dataset',
    undefined,
    undefined,
  ])
  expect(file.childrenOf('group')).toEqual(['inner', 'self'])
  expect(file.childrenOf('nothing')).toEqual([])
})

test('datasets of every kind of number are read little-endian', () => {
  expect(numbers('ramp')).toEqual(['f32', [2, 3], [0, 1, 2, 3, 4, 5]])
  expect(numbers('/big_endian')).toEqual(['f32', [2, 3], [0, 1, 2, 3, 4, 5]])
  expect(numbers('half')).toEqual(['f16', [3], [0, 1, 2]])
  expect(numbers('brain')).toEqual(['bf16', [2], [1, -2]])
  expect(numbers('flag')).toEqual(['bool', [2], [1, 0]])
  expect(numbers('int8')).toEqual(['i8', [2], [-1, 2]])
  expect(numbers('long').slice(0, 2)).toEqual(['i64', [2]])
  expect(numbers('scalar')).toEqual(['f64', [], [1.5]])
  expect(numbers('deflated')[2]).toHaveLength(100)
  expect(numbers('group/inner/x')).toEqual(['i32', [], [7]])
})

test('attributes come as strings', () => {
  expect(file.attribute('/', 'names')).toEqual(['dense/kernel:0', 'dé/bias:0'])
  expect(file.attribute('/', 'fixed')).toEqual(['flatten', 'dense_1'])
  expect(file.attribute('/', 'one')).toEqual(['héllo'])
  expect(file.attribute('/', 'n')).toEqual(['3'])
  expect(file.attribute('/', 'x')).toEqual(['0.5'])
  expect(file.attribute('/', 'none')).toEqual([])
  expect(file.attribute('/', 'empty')).toBeUndefined()
  expect(file.attribute('/', 'missing')).toBeUndefined()
  expect(file.attribute('nothing', 'n')).toBeUndefined()
})

test('what leaves the file, does not end or is no array of numbers is refused, and nothing is printed', () => {
  const printed = vi.spyOn(console, 'error')
  expect(faultOf(() => file.kindOf('soft'))).toMatchObject({ code: 'wire/malformed', path: '/soft', actual: 'a link to "/ramp"' })
  expect(faultOf(() => file.kindOf('loop')).actual).toContain('/loop')
  expect(faultOf(() => file.kindOf('outside')).actual).toContain('other.h5')
  expect(faultOf(() => file.dataset('outside/x')).actual).toContain('other.h5')
  expect(faultOf(() => file.kindOf(`group/${'self/'.repeat(100)}inner`)).code).toBe('wire/limit-exceeded')
  expect(faultOf(() => file.dataset('huge'))).toMatchObject({ code: 'wire/limit-exceeded', actual: String(2 ** 42) })
  expect(faultOf(() => file.dataset('virtual')).actual).toBe('a virtual dataset')
  expect(faultOf(() => file.dataset('text')).actual).toContain('class 3')
  expect(faultOf(() => file.dataset('nothing')).message).toContain('there is no dataset')
  expect(faultOf(() => file.dataset('group')).actual).toBe('not a dataset')
  expect(faultOf(() => file.attribute('/', 'pair')).actual).toContain('class 6')
  expect(faultOf(() => file.dataset('external').data.bytes()).code).toBe('wire/malformed')
  expect(printed).not.toHaveBeenCalled()
})

test('data can be read after the file is closed, and the source is read in parts', async () => {
  let read = 0
  const source: ByteSource = {
    name: 'x.h5',
    byteLength: bytes.length,
    read(offset, length) {
      read += length
      return bytes.subarray(offset, offset + length)
    },
  }
  const opened = await openHdf5(source)
  const ramp = opened.dataset('ramp')
  opened.close()
  opened.close()
  expect(Array.from(toFloat32({ ...ramp, bytes: ramp.data.bytes() })!)).toEqual([0, 1, 2, 3, 4, 5])
  expect(read).toBeLessThan(bytes.length)
})

test('what is no HDF5 file, or a cut one, is refused', async () => {
  expect(isHdf5(bytes)).toBe(true)
  await expect(openHdf5(memorySource('a.h5', new Uint8Array(20)))).rejects.toThrow('expected the bytes \\x89HDF')
  await expect(openHdf5(memorySource('a.h5', bytes.subarray(0, 1000)))).rejects.toMatchObject({ code: 'wire/malformed' })
})
