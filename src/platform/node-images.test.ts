import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openDataSet } from '../run/data/open-data-set.ts'
import { dataSpec } from './node-data.ts'
import { decodeImage } from './node-images.ts'

const pictures = fileURLToPath(new URL('../../fixtures/pictures', import.meta.url))
const decode = async (name: string) => {
  const { width, height, channels, data } = await decodeImage(new Uint8Array(readFileSync(join(pictures, name))))
  return [width, height, channels, [...data]]
}

test('pictures of every kind of png come as 8 bits of 1, 3 or 4 channels', async () => {
  expect(await decode('gray.png')).toEqual([3, 2, 1, [0, 50, 100, 150, 200, 255]])
  expect(await decode('bits.png')).toEqual([8, 1, 1, [255, 0, 255, 0, 255, 0, 255, 0]])
  expect(await decode('gray16.png')).toEqual([2, 1, 1, [0x12, 255]])
  expect(await decode('rgb.png')).toEqual([2, 1, 3, [255, 0, 0, 10, 20, 30]])
  expect(await decode('rgba.png')).toEqual([2, 1, 4, [255, 0, 0, 0, 10, 20, 30, 128]])
  expect(await decode('palette.png')).toEqual([2, 1, 3, [200, 100, 50, 1, 2, 3]])
})

test('jpg is decoded, gray as gray', async () => {
  const { default: sharp } = await import('sharp')
  const source = { create: { width: 8, height: 8, channels: 3, background: { r: 100, g: 100, b: 100 } } } as const
  const color = await decodeImage(new Uint8Array(await sharp(source).jpeg().toBuffer()))
  const gray = await decodeImage(new Uint8Array(await sharp(source).toColourspace('b-w').jpeg().toBuffer()))
  expect([color.channels, color.data[0], gray.channels, gray.data[0], gray.data.length]).toEqual([3, 100, 1, 100, 64])
})

test('folders and files on disk are data sets', async () => {
  const set = openDataSet(dataSpec(pictures))
  expect([set.count, set.isLabeled, (await set.read(1)).name]).toEqual([6, false, 'gray.png'])
  expect(openDataSet(dataSpec(join(pictures, 'rgb.png'))).count).toBe(1)
  expect(() => dataSpec(join(pictures, 'nothing'))).toThrow('There is no file or folder')
  const folder = mkdtempSync(join(tmpdir(), 'downcast-data-'))
  try {
    writeFileSync(join(folder, 'x-images-idx3-ubyte'), Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 1, 5))
    writeFileSync(join(folder, 'x-labels-idx1-ubyte'), Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 3))
    writeFileSync(join(folder, 'l.txt'), '4')
    expect((await openDataSet(dataSpec(join(folder, 'x-images-idx3-ubyte'))).read(0)).label).toBe(3)
    expect((await openDataSet(dataSpec(join(folder, 'x-images-idx3-ubyte'), join(folder, 'l.txt'))).read(0)).label).toBe(4)
    writeFileSync(join(folder, 'bad.png'), readFileSync(join(pictures, 'rgb.png')).subarray(0, 40))
    await expect(openDataSet(dataSpec(join(folder, 'bad.png'))).read(0)).rejects.toMatchObject({ code: 'run/unreadable-picture' })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
