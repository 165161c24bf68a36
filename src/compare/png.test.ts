import sharp from 'sharp'
import { expect, test } from 'vitest'
import { bytesOf } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import { encodePng, pngDataUri } from './png.ts'
import { thumbnailOf } from './thumbnail.ts'

const ramp = (n: number) => Uint8Array.from({ length: n }, (_, i) => (i * 37) & 255)

test.each([1, 3, 4] as const)('a decoder gives back the pixels of %i channels', async (channels) => {
  const pixels = { width: 7, height: 5, channels, data: ramp(35 * channels) }
  const png = encodePng(pixels)
  const decoded = await sharp(png)
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
  expect(decoded.info).toMatchObject({ width: 7, height: 5, channels })
  expect(new Uint8Array(decoded.data)).toEqual(pixels.data)
  expect(encodePng(pixels)).toEqual(png)
  expect(pngDataUri(pixels)).toBe(`data:image/png;base64,${Buffer.from(png).toString('base64')}`)
})

const sample = (array: NdArray) => ({ index: 0, name: 's', arrays: new Map([['', array]]) })
const u8 = (shape: number[]): NdArray => ({ dtype: 'u8', shape, bytes: ramp(shape.reduce((a, b) => a * b)) })

test('pictures are recognized and made small', () => {
  expect(thumbnailOf(sample(u8([28, 28])))).toMatchObject({ width: 28, height: 28, channels: 1 })
  expect(thumbnailOf(sample(u8([1, 20, 30, 3])))).toMatchObject({ width: 30, height: 20, channels: 3 })
  expect(thumbnailOf(sample(u8([300, 200, 4])))).toMatchObject({ width: 66, height: 100, channels: 4 })
  const flat: NdArray = { dtype: 'u8', shape: [400, 250], bytes: new Uint8Array(100_000).fill(77) }
  expect(new Set(thumbnailOf(sample(flat))!.data)).toEqual(new Set([77]))
  for (const shape of [[784], [28, 28, 2], [1, 1], [2, 3, 4, 5]]) expect(thumbnailOf(sample(u8(shape)))).toBeUndefined()
  expect(
    thumbnailOf({
      index: 0,
      name: 's',
      arrays: new Map([
        ['a', u8([9, 9])],
        ['b', u8([9, 9])],
      ]),
    }),
  ).toBeUndefined()
})

test('numbers become shades', () => {
  const array = (values: number[]): NdArray => ({ dtype: 'f32', shape: [2, 2], bytes: bytesOf(Float32Array.from(values)) })
  expect([...thumbnailOf(sample(array([0, 0.2, 1, 0.6])))!.data]).toEqual([0, 51, 255, 153])
  expect([...thumbnailOf(sample(array([-1, 0, 1, 0])))!.data]).toEqual([0, 128, 255, 128])
})
