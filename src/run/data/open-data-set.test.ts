import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { memorySource } from '../../core/bytes.ts'
import type { DowncastError } from '../../core/diagnostics.ts'
import { type NdArray, ndArray, toFloat32 } from '../../core/nd-array.ts'
import { npyParts } from '../../wire/npy-write.ts'
import { npzParts } from '../../wire/npz.ts'
import { openDataSet } from './open-data-set.ts'
import type { ImageDecoder } from './picture.ts'
import type { DataFolder, DataSet, DataSpec } from './sample.ts'

const u32 = (n: number) => [n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255]
const idx = (shape: number[], data: number[]) => Uint8Array.of(0, 0, 8, shape.length, ...shape.flatMap(u32), ...data)
const images = idx([3, 1, 2], [1, 2, 3, 4, 5, 6])
const labels = idx([3], [7, 8, 9])
const text = (s: string) => new TextEncoder().encode(s)
const npy = (a: NdArray) => new Uint8Array(Buffer.concat(npyParts('x', a)))
const npz = (entries: [string, NdArray][]) => new Uint8Array(Buffer.concat(npzParts('x', new Map(entries))))
const png = (value: number) => Uint8Array.of(0x89, 0x50, 0x4e, 0x47, value)

function folder(files: Record<string, Uint8Array>, opened: string[] = []): DataFolder {
  return {
    name: 'data',
    list: () => Object.keys(files).sort(),
    open(path) {
      if (!files[path]) return undefined
      opened.push(path)
      return { ...memorySource(`data/${path}`, files[path]), close: () => opened.splice(opened.indexOf(path), 1) }
    },
  }
}
/** Stands for a real decoder: the last byte is the picture. */
const decodeImage: ImageDecoder = async (bytes) => {
  if (bytes[4] === 255) throw new Error('Input buffer has corrupt header: pngload: libspng read error.\nmore')
  return { width: 1, height: 1, channels: 1, data: bytes.subarray(4, 5) }
}
async function summary(set: DataSet) {
  const rows = []
  for await (const s of set)
    rows.push([s.index, s.name, s.label, ...Array.from(s.arrays, ([name, a]) => [name, a.shape, Array.from(toFloat32(a)!)])])
  return rows
}
const faultOf = (work: () => unknown): DowncastError => {
  try {
    work()
  } catch (e) {
    return e as DowncastError
  }
  throw new Error('nothing was thrown')
}
const open = (files: Record<string, Uint8Array>, rest: Partial<DataSpec> = {}) => openDataSet({ data: folder(files), decodeImage, ...rest })

test('an IDX file is read with the labels beside it', async () => {
  const rows = [
    [0, 'a-images-idx3-ubyte[0]', 7, ['', [1, 2], [1, 2]]],
    [1, 'a-images-idx3-ubyte[1]', 8, ['', [1, 2], [3, 4]]],
    [2, 'a-images-idx3-ubyte[2]', 9, ['', [1, 2], [5, 6]]],
  ]
  const files = { 'a-images-idx3-ubyte': images, 'a-labels-idx1-ubyte': labels }
  expect(await summary(open(files))).toEqual(rows)
  const file = memorySource('data/a-images-idx3-ubyte', images)
  expect(await summary(openDataSet({ data: file, folder: folder(files) }))).toEqual(rows)
  const zipped = { 'a-images-idx3-ubyte.gz': new Uint8Array(gzipSync(images)), 'a-labels-idx1-ubyte.gz': new Uint8Array(gzipSync(labels)) }
  expect((await summary(open(zipped)))[1]).toEqual([1, 'a-images-idx3-ubyte.gz[1]', 8, ['', [1, 2], [3, 4]]])
  const set = openDataSet({ data: file })
  expect([set.count, set.isLabeled, (await set.read(2)).label]).toEqual([3, false, undefined])
  expect(openDataSet({ data: file, folder: folder({ other: labels }) }).isLabeled).toBe(false)
})

test('wide IDX elements come little-endian', async () => {
  const wide = Uint8Array.of(0, 0, 0x0b, 1 + 1, ...u32(1), ...u32(2), 0, 1, 255, 254)
  expect(await summary(open({ wide }))).toEqual([[0, 'wide[0]', undefined, ['', [2], [1, -2]]]])
})

test('npy and npz are read along the first axis', async () => {
  const ramp = ndArray('f32', Float32Array.of(1, 2, 3, 4), [2, 2])
  expect(await summary(open({ 'x.npy': npy(ramp) }))).toEqual([
    [0, 'x.npy[0]', undefined, ['', [2], [1, 2]]],
    [1, 'x.npy[1]', undefined, ['', [2], [3, 4]]],
  ])
  const arrays: [string, NdArray][] = [
    ['left', ramp],
    ['right', ndArray('i64', BigInt64Array.of(5n, 6n))],
    ['labels', ndArray('i32', Int32Array.of(1, 0), [2, 1])],
  ]
  expect(await summary(openDataSet({ data: memorySource('d/x.npz', npz(arrays)) }))).toEqual([
    [0, 'x.npz[0]', 1, ['left', [2], [1, 2]], ['right', [], [5]]],
    [1, 'x.npz[1]', 0, ['left', [2], [3, 4]], ['right', [], [6]]],
  ])
  const stated = open({ 'x.npz': npz(arrays) }, { labels: memorySource('l.txt', text('4\n5\n')) })
  expect((await stated.read(1)).label).toBe(5)
  expect((await open({ 'x.npy': npy(ramp), 'labels.npy': npy(ndArray('u8', Uint8Array.of(3, 4))) }).read(1)).label).toBe(4)
  const big = npy(ndArray('u16', Uint16Array.of(1, 2)))
  big[big.indexOf(0x3c)] = 0x3e
  expect((await summary(open({ 'x.npy': big }))).map((r) => r[3])).toEqual([
    ['', [], [256]],
    ['', [], [512]],
  ])
})

test('pictures take their classes from folders, whatever they are called', async () => {
  const opened: string[] = []
  const set = openDataSet({
    data: folder({ 'cat/b.jpg': png(1), 'cat/a.png': png(2), 'ant/x': png(3), '.DS_Store': text('x'), 'notes.md': text('hi') }, opened),
    decodeImage,
  })
  expect(opened).toEqual([])
  expect(await summary(set)).toEqual([
    [0, 'ant/x', 0, ['', [1, 1, 1], [3]]],
    [1, 'cat/a.png', 1, ['', [1, 1, 1], [2]]],
    [2, 'cat/b.jpg', 1, ['', [1, 1, 1], [1]]],
  ])
  expect(opened).toEqual([])
  expect([...set.classNames]).toEqual([
    [0, 'ant'],
    [1, 'cat'],
  ])
  const digits = open({ '7/a.png': png(1), '10/b.png': png(2) })
  expect((await summary(digits)).map((r) => r[2])).toEqual([10, 7])
  expect(open({ 'a.png': png(1), 'x/b.png': png(2) }).isLabeled).toBe(false)
})

test('labels of pictures come from a file in the folder or of its own', async () => {
  const pictures = { 'a.png': png(1), 'b.png': png(2) }
  const labelsOf = async (set: DataSet) => (await summary(set)).map((r) => r[2])
  expect(await labelsOf(open({ ...pictures, 'labels.txt': text('3\n4\n\n') }))).toEqual([3, 4])
  expect(await labelsOf(open({ ...pictures, 'labels.csv': text('file,class\r\nb.png,1\r\n"a.png", 2\r\n') }))).toEqual([2, 1])
  expect(await labelsOf(open(pictures, { labels: memorySource('l', idx([2], [5, 6])) }))).toEqual([5, 6])
  expect(await labelsOf(openDataSet({ data: memorySource('one.png', png(9)), labels: memorySource('l', text('8')), decodeImage }))).toEqual(
    [8],
  )
})

test('faults name the data', async () => {
  expect(faultOf(() => open({})).code).toBe('run/no-samples')
  expect(faultOf(() => open({ 'readme.md': text('hello') })).code).toBe('run/no-samples')
  expect(faultOf(() => open({ x: idx([0, 2], []) })).code).toBe('run/no-samples')
  expect(faultOf(() => openDataSet({ data: memorySource('d.txt', text('1,2')) }))).toMatchObject({
    code: 'run/unknown-data-format',
    file: 'd.txt',
  })
  expect(faultOf(() => openDataSet({ data: memorySource('d', new Uint8Array()) })).actual).toBe('an empty file')
  expect(faultOf(() => openDataSet({ data: memorySource('l', labels) })).actual).toContain('labels')
  expect(faultOf(() => openDataSet({ data: memorySource('s.npy', npy(ndArray('f32', Float32Array.of(1), []))) })).actual).toBe(
    'a single number',
  )
  expect(faultOf(() => open({ a: images, b: images }))).toMatchObject({ code: 'run/ambiguous-data', actual: '"data/a", "data/b"' })
  expect(faultOf(() => open({ a: images, 'b.png': png(1) })).code).toBe('run/ambiguous-data')
  expect(faultOf(() => open({ 'a.png': png(1) }, { decodeImage: undefined })).code).toBe('run/no-image-decoder')
  expect(faultOf(() => openDataSet({ data: memorySource('a.png', png(1)) })).code).toBe('run/no-image-decoder')
  const uneven = npz([
    ['a', ndArray('f32', Float32Array.of(1))],
    ['b', ndArray('f32', Float32Array.of(1, 2))],
  ])
  expect(faultOf(() => open({ uneven }))).toMatchObject({ code: 'run/count-mismatch', expected: '1', actual: '2' })
  await expect(open({ 'a.png': png(255) }).read(0)).rejects.toMatchObject({
    code: 'run/unreadable-picture',
    file: 'data/a.png',
    message: 'The picture "data/a.png" cannot be read: Input buffer has corrupt header: pngload: libspng read error.',
  })
  const files: Record<string, Uint8Array> = { 'a.png': png(1) }
  const set = open(files)
  files['a.png'] = text('not a picture')
  await expect(set.read(0)).rejects.toThrow('neither a png nor a jpg')
  delete files['a.png']
  await expect(set.read(0)).rejects.toThrow('the file is gone')
})

test('labels at fault are refused', () => {
  const withLabels = (l: Uint8Array, files: Record<string, Uint8Array> = { a: images }) =>
    faultOf(() => open(files, { labels: memorySource('l', l) }))
  expect(withLabels(text('1\n2'))).toMatchObject({ code: 'run/count-mismatch', file: 'l', expected: '3', actual: '2' })
  expect(withLabels(text('1\n2\nx'))).toMatchObject({ code: 'run/bad-labels', actual: '"x"' })
  expect(withLabels(text('a.png,1\nb.png'), { 'a.png': png(1) }).actual).toBe('"b.png"')
  expect(withLabels(text('name\nb.png,1'), { 'a.png': png(1) }).expected).toBe('a label for "a.png"')
  expect(withLabels(npy(ndArray('f32', Float32Array.of(1, 2, 3)))).actual).toContain('f32')
  expect(withLabels(npy(ndArray('u8', new Uint8Array(6), [3, 2]))).code).toBe('run/bad-labels')
})
