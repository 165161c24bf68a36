import { expect, test } from 'vitest'
import { fixtureBytes } from '../../../test/testkit/files.ts'
import { type ByteSource, memorySource } from '../../core/bytes.ts'
import type { DowncastError } from '../../core/diagnostics.ts'
import { toFloat32 } from '../../core/nd-array.ts'
import { isHdf5, openHdf5 } from './hdf5.ts'

const fixture = (name: string) => fixtureBytes(`hdf5/${name}`)
const bytes = fixture('kinds.h5')
const file = openHdf5(memorySource('kinds.h5', bytes))

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
  const paths = ['/', 'group', '/group/inner', 'ramp', 'group/inner/x', 'nothing', 'group/nothing', 'ramp/x', '']
  expect(paths.map((p) => file.kindOf(p))).toEqual([
    'group',
    'group',
    'group',
    'dataset',
    'dataset',
    undefined,
    undefined,
    undefined,
    'group',
  ])
  expect(file.childrenOf('group')).toEqual(['inner', 'self'])
  expect(file.childrenOf('links').toSorted()).toEqual(['hard', 'outside', 'soft'])
  expect(file.childrenOf('ordered').toSorted()).toEqual(['a', 'y', 'z'])
  expect(file.childrenOf('many')).toEqual(Array.from({ length: 40 }, (_, i) => `g${String(i).padStart(2, '0')}`))
  expect(file.childrenOf('nothing')).toEqual([])
  expect(file.childrenOf('ramp')).toEqual([])
})

test('datasets of every kind of number are read little-endian', () => {
  expect(numbers('ramp')).toEqual(['f32', [2, 3], [0, 1, 2, 3, 4, 5]])
  expect(numbers('links/hard')).toEqual(numbers('ramp'))
  expect(numbers('/big_endian')).toEqual(['f32', [2, 3], [0, 1, 2, 3, 4, 5]])
  expect(numbers('half')).toEqual(['f16', [3], [0, 1, 2]])
  expect(numbers('brain')).toEqual(['bf16', [2], [1, -2]])
  expect(numbers('opaque')).toEqual(['bf16', [2], [1, -2]])
  expect(numbers('flag')).toEqual(['bool', [2], [1, 0]])
  expect(numbers('int8')).toEqual(['i8', [2], [-1, 2]])
  expect(numbers('long').slice(0, 2)).toEqual(['i64', [2]])
  expect(numbers('scalar')).toEqual(['f64', [], [1.5]])
  expect(numbers('none')).toEqual(['f32', [0, 3], []])
  expect(numbers('group/inner/x')).toEqual(['i32', [], [7]])
})

test('chunks are put together, their filters undone', () => {
  expect(numbers('deflated')).toEqual(['f32', [9, 11], Array.from({ length: 99 }, (_, i) => i)])
  expect(numbers('chunked')).toEqual(['i16', [2, 3, 5], Array.from({ length: 30 }, (_, i) => i)])
})

test('attributes come as strings', () => {
  const read = (...names: string[]) => names.map((n) => file.attribute('/', n)?.join('|'))
  expect(read('names', 'fixed', 'one')).toEqual(['dense/kernel:0|dé/bias:0|', 'flatten|dense_1', 'héllo'])
  expect(read('i1', 'u1', 'i2', 'u2', 'i4', 'u4', 'i8', 'u8')).toEqual([
    '-3',
    '200',
    '-3',
    '60000',
    '-3',
    '4000000000',
    '3',
    String(2n ** 63n),
  ])
  expect(read('x', 'y', 'b', 'big')).toEqual(['0.5', '-0.25', '1', '1|2'])
  expect(file.attribute('/', 'zero')).toEqual([])
  expect(read('empty', 'missing')).toEqual([undefined, undefined])
  expect(file.attribute('ordered', 'b')).toEqual(['1'])
  expect(file.attribute('nothing', 'n')).toBeUndefined()
})

test('what leaves the file, does not end or is no array of numbers is refused', () => {
  expect(faultOf(() => file.kindOf('soft'))).toMatchObject({ code: 'wire/malformed', path: '/soft', actual: 'a link to "/ramp"' })
  expect(faultOf(() => file.kindOf('loop')).actual).toBe('a link to "/loop"')
  expect(faultOf(() => file.kindOf('links/outside/x')).path).toBe('/links/outside')
  expect(faultOf(() => file.kindOf('links/soft')).actual).toBe('a link to "/ramp"')
  expect(faultOf(() => file.kindOf(`group/${'self/'.repeat(100)}inner`)).code).toBe('wire/limit-exceeded')
  expect(file.kindOf(`group/${'self/'.repeat(20)}inner`)).toBe('group')
  expect(faultOf(() => file.dataset('huge'))).toMatchObject({ code: 'wire/limit-exceeded', actual: String(2 ** 42) })
  const refusals = ['virtual', 'text', 'nothing', 'group', 'external', 'complex', 'unwritten', 'lzf'].map(
    (p) => faultOf(() => file.dataset(p)).actual,
  )
  expect(refusals).toEqual([
    'a virtual dataset',
    'text',
    'nothing',
    'a group',
    'elements in other files',
    'compound',
    'a dataset that was never written',
    'filter 32000',
  ])
  expect(faultOf(() => file.attribute('/', 'pair')).actual).toBe('compound')
  expect(faultOf(() => file.attribute('/', 'half')).actual).toBe('f16')
  expect(faultOf(() => file.childrenOf('dense')).actual).toContain('libver="latest"')
  expect(faultOf(() => file.attribute('dense', 'x1')).actual).toContain('a fractal heap')
})

test('the newest forms of superblock, headers, links and attributes are read', () => {
  const newest = openHdf5(memorySource('newest.h5', fixture('newest.h5')))
  expect([newest.childrenOf('/'), newest.kindOf('group'), newest.attribute('/', 'one'), newest.attribute('group', 'names')]).toEqual([
    ['ramp', 'group', 'deflated'],
    'group',
    ['héllo'],
    ['a', 'b'],
  ])
  expect(newest.dataset('ramp').data.bytes()).toEqual(file.dataset('ramp').data.bytes())
  expect(newest.dataset('group/x').shape).toEqual([])
  expect(faultOf(() => newest.dataset('deflated')).actual).toContain('class 2')
})

test('elements in one piece are ranges of the file, and nothing is read that is not asked for', () => {
  let read = 0
  const source: ByteSource = {
    name: 'x.h5',
    byteLength: bytes.length,
    read(offset, length) {
      read += length
      return bytes.subarray(offset, offset + length)
    },
  }
  const ramp = openHdf5(source).dataset('ramp')
  expect(ramp.data.bytes().buffer).toBe(bytes.buffer)
  expect(read).toBeLessThan(bytes.length / 4)
})

test('what is no HDF5 file, or a cut one, is refused', () => {
  expect(isHdf5(bytes)).toBe(true)
  expect(faultOf(() => openHdf5(memorySource('a.h5', new Uint8Array(20)))).message).toContain('expected the bytes \\x89HDF')
  expect(faultOf(() => openHdf5(memorySource('a.h5', bytes.subarray(0, 60)))).code).toBe('wire/truncated')
  expect(faultOf(() => openHdf5(memorySource('a.h5', bytes.subarray(0, 1000))).dataset('ramp')).code).toBe('wire/truncated')
})

test('a file may begin with a block of the user', () => {
  const shifted = new Uint8Array(bytes.length + 512)
  shifted.set(bytes, 512)
  // Addresses count from the base address of the superblock.
  new DataView(shifted.buffer).setUint32(512 + 24, 512, true)
  expect(openHdf5(memorySource('x', shifted)).dataset('scalar').shape).toEqual([])
})
