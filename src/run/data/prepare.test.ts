import { expect, test } from 'vitest'
import type { DowncastError } from '../../core/diagnostics.ts'
import { type NdArray, ndArray, toFloat32 } from '../../core/nd-array.ts'
import type { TensorInfo } from '../runner.ts'
import { fitShape } from './fit-shape.ts'
import { convertColor } from './picture.ts'
import { prepareFeeds, prepareInput } from './prepare.ts'
import { noPreprocess, parsePreprocess } from './preprocess.ts'

const image: TensorInfo = { name: 'image', dtype: 'f32', shape: ['N', 2, 3, 1] }
const gray = ndArray('u8', Uint8Array.of(0, 51, 102, 153, 204, 255), [2, 3])
const values = (a: NdArray | undefined) => Array.from(toFloat32(a!)!)
const faultOf = (work: () => unknown): DowncastError => {
  try {
    work()
  } catch (e) {
    return e as DowncastError
  }
  throw new Error('nothing was thrown')
}

test('shapes of one sample are fitted by sizes of 1 alone', () => {
  expect(fitShape([28, 28], ['N', 28, 28, 1])).toEqual([1, 28, 28, 1])
  expect(fitShape([28, 28, 1], ['N', 28, 28])).toEqual([1, 28, 28])
  expect(fitShape([1, 28, 28, 1], [1, 28, 28, 1])).toEqual([1, 28, 28, 1])
  expect(fitShape([28, 28], ['N', 1, 28, 28])).toEqual([1, 1, 28, 28])
  expect(fitShape([20], ['N', 'd1'])).toEqual([1, 20])
  expect(fitShape([1, 20], ['N', 'd1', 1])).toEqual([1, 20, 1])
  expect(fitShape([], ['N', 1])).toEqual([1, 1])
  expect(fitShape([], [])).toEqual([])
  expect(fitShape([1], [])).toEqual([])
  expect(fitShape([5, 20], ['N', 20])).toBeUndefined()
  expect(fitShape([28, 28], ['N', 784])).toBeUndefined()
  expect(fitShape([3, 4], ['N', 'd1', 'd2', 'd3'])).toBeUndefined()
  expect(fitShape(new Array(40).fill(1), [1])).toBeUndefined()
})

test('a gray picture is normalized into the shape of the input', () => {
  const fed = prepareInput(gray, image, parsePreprocess('mean=0,std=255'), 's')
  expect(fed).toMatchObject({ dtype: 'f32', shape: [1, 2, 3, 1] })
  expect(values(fed)).toEqual([0, 51, 102, 153, 204, 255].map((x) => Math.fround(x / 255)))
})

test('pictures get the channels of the input, or those asked for', () => {
  const red = ndArray('u8', Uint8Array.of(255, 0, 0, 10, 20, 30), [1, 2, 3])
  const input = (shape: TensorInfo['shape']): TensorInfo => ({ ...image, shape })
  expect(values(prepareInput(red, input(['N', 1, 2, 1]), noPreprocess, 's'))).toEqual([76, 18])
  expect(values(prepareInput(red, input(['N', 1, 2]), noPreprocess, 's'))).toEqual([76, 18])
  expect(values(prepareInput(red, input(['N', 1, 2, 3]), parsePreprocess('color=bgr'), 's'))).toEqual([0, 0, 255, 30, 20, 10])
  expect(values(prepareInput(red, input(['N', 3, 1, 2]), parsePreprocess('layout=nchw'), 's'))).toEqual([255, 10, 0, 20, 0, 30])
  expect(values(prepareInput(red, input(['N', 1, 2, 4]), noPreprocess, 's'))).toEqual([255, 0, 0, 255, 10, 20, 30, 255])
  expect(values(prepareInput(gray, input(['N', 2, 3, 3]), noPreprocess, 's')).slice(0, 6)).toEqual([0, 0, 0, 51, 51, 51])
  const rgba = convertColor(red, 'rgba')
  expect([...convertColor(rgba, 'rgba').bytes]).toEqual([...rgba.bytes])
  expect([...convertColor(rgba, 'rgb').bytes]).toEqual([...red.bytes])
})

test('pictures are scaled, cropped and rounded when told so', () => {
  const input: TensorInfo = { ...image, shape: [1, 'h', 'w', 1] }
  const square = ndArray(
    'u8',
    Uint8Array.from({ length: 25 }, (_, i) => i),
    [5, 5],
  )
  const fed = (text: string) => values(prepareInput(square, input, parsePreprocess(text), 's'))
  // crop_height 2 of 5 begins at floor(3 / 2), as tf.image.resize_with_crop_or_pad
  expect(fed('crop=2x3')).toEqual([6, 7, 8, 11, 12, 13])
  expect(fed('size=4,crop=1,filter=nearest')).toEqual([6])
  expect(fed('size=4x4,crop=2,std=2,mean=1')).toHaveLength(4)
  expect(prepareInput(gray, { ...image, shape: [1, 4, 4, 1] }, parsePreprocess('size=4'), 's').shape).toEqual([1, 4, 4, 1])
  const steep = ndArray('u8', Uint8Array.of(0, 255), [1, 2])
  const wide = (text: string) => values(prepareInput(steep, input, parsePreprocess(`size=1x6,filter=bicubic${text}`), 's'))
  expect(wide('').some((v) => v < 0 || !Number.isInteger(v))).toBe(true)
  expect(wide(',dtype=uint8').every((v) => v >= 0 && v <= 255 && Number.isInteger(v))).toBe(true)
  const small = faultOf(() => fed('crop=6x2'))
  expect(small).toMatchObject({ code: 'run/picture-too-small', expected: 'at least 6x2', actual: '5x5' })
  expect(faultOf(() => prepareInput(square, image, parsePreprocess('crop=3'), 's'))).toMatchObject({
    code: 'run/sample-shape',
    actual: '[3,3,1]',
  })
})

test('quantized inputs get quantized values', () => {
  const quantized = (dtype: 'i8' | 'u8' | 'i16', scale: number, zeroPoint: number): TensorInfo => ({
    ...image,
    dtype,
    quant: { kind: 'per-tensor', scale, zeroPoint },
  })
  const scale = Math.fround(1 / 255)
  const fed = prepareInput(gray, quantized('u8', scale, 0), parsePreprocess('std=255'), 's')
  expect([...fed.bytes]).toEqual([0, 51, 102, 153, 204, 255])
  expect([...new Int8Array(prepareInput(gray, quantized('i8', scale, -128), parsePreprocess('std=255'), 's').bytes)]).toEqual([
    -128, -77, -26, 25, 76, 127,
  ])
  const halves = ndArray('f32', Float32Array.of(0.5, -0.5, 1.5, -1.5, 500, -500), [2, 3])
  expect([...new Int8Array(prepareInput(halves, quantized('i8', 1, 0), noPreprocess, 's').bytes)]).toEqual([1, -1, 2, -2, 127, -128])
  expect(values(prepareInput(halves, quantized('i16', 0.5, 0), noPreprocess, 's'))).toEqual([1, -1, 3, -3, 1000, -1000])
})

test('integer inputs take integers as they are', () => {
  const ids: TensorInfo = { name: 'ids', dtype: 'i32', shape: ['N', 3] }
  expect(values(prepareInput(ndArray('i64', BigInt64Array.of(1n, 2n, -3n)), ids, parsePreprocess('std=255'), 's'))).toEqual([1, 2, -3])
  expect(values(prepareInput(ndArray('u8', Uint8Array.of(1, 2, 3)), { ...ids, dtype: 'i64' }, noPreprocess, 's'))).toEqual([1, 2, 3])
  const same = ndArray('i32', Int32Array.of(1, 2, 3))
  expect(prepareInput(same, ids, noPreprocess, 's').bytes).toBe(same.bytes)
  const large = ndArray('i64', BigInt64Array.of(1n, 2n, 2n ** 40n))
  expect(faultOf(() => prepareInput(large, ids, noPreprocess, 's'))).toMatchObject({ code: 'run/invalid-value', actual: String(2 ** 40) })
  expect(faultOf(() => prepareInput(ndArray('f32', Float32Array.of(1, 2, 3.5)), ids, noPreprocess, 's')).code).toBe('run/invalid-value')
  expect(faultOf(() => prepareInput(ndArray('i32', Int32Array.of(1)), ids, noPreprocess, 's')).code).toBe('run/sample-shape')
})

test('samples that do not fit say what was expected and found', () => {
  const wrong = faultOf(() => prepareInput(gray, { ...image, shape: ['N', 28, 28, 1] }, noPreprocess, 'seven.png'))
  expect(wrong).toMatchObject({ code: 'run/sample-shape', file: 'seven.png', tensor: 'image', expected: '[N,28,28,1]', actual: '[2,3]' })
  expect(wrong.hint).toContain('size=HEIGHTxWIDTH')
  expect(faultOf(() => prepareInput(ndArray('f32', Float32Array.of(1)), image, noPreprocess, 's')).hint).toContain('reshaped')
  expect(faultOf(() => prepareInput(gray, image, parsePreprocess('mean=1:2:3'), 's')).message).toContain('3 channels on the last axis')
  expect(faultOf(() => prepareInput({ dtype: 'string', shape: [0], bytes: new Uint8Array() }, image, noPreprocess, 's')).code).toBe(
    'run/sample-values',
  )
  expect(faultOf(() => prepareInput(gray, { ...image, dtype: 'f16' }, noPreprocess, 's')).code).toBe('run/wrong-dtype')
})

test('samples whose channels are at the other end are told so', () => {
  const hintOf = (shape: readonly number[], expected: TensorInfo['shape']): string | undefined => {
    const array = ndArray('f32', new Float32Array(shape.reduce((n, d) => n * d, 1)), shape)
    return faultOf(() => prepareInput(array, { ...image, shape: expected }, noPreprocess, 's')).hint
  }
  expect(hintOf([3, 4, 5], ['N', 4, 5, 3])).toContain('Its channels come first')
  expect(hintOf([1, 3, 4, 5], [1, 4, 5, 3])).toContain('Its channels come first')
  expect(hintOf([4, 5, 3], ['N', 3, 4, 5])).toContain('Its channels come last')
  expect(hintOf([3, 4, 6], ['N', 4, 5, 3])).toContain('Sizes of 1')
  expect(hintOf([5, 4], ['N', 4, 5])).toContain('Sizes of 1')
})

test('feeds are matched by name, a single array by itself', () => {
  const sample = (arrays: [string, NdArray][]) => ({ index: 0, name: 's', arrays: new Map(arrays) })
  expect([...prepareFeeds(sample([['', gray]]), [image], noPreprocess).keys()]).toEqual(['image'])
  const two = [image, { ...image, name: 'other' }]
  expect([
    ...prepareFeeds(
      sample([
        ['other', gray],
        ['image', gray],
      ]),
      two,
      noPreprocess,
    ).keys(),
  ]).toEqual(['image', 'other'])
  expect(
    faultOf(() =>
      prepareFeeds(
        sample([
          ['image', gray],
          ['x', gray],
        ]),
        two,
        noPreprocess,
      ),
    ),
  ).toMatchObject({
    code: 'run/input-mismatch',
    expected: '"image", "other"',
    actual: '"image", "x"',
  })
})

test('each input has its own preprocessing', () => {
  const inputs = ['image', 'mask', 'extra'].map((name): TensorInfo => ({ ...image, name }))
  const sample = { index: 0, name: 's', arrays: new Map(inputs.map((i) => [i.name, gray])) }
  const first = (records: Record<string, string>) => {
    const preprocessing = new Map(Object.entries(records).map(([name, text]) => [name, parsePreprocess(text)]))
    return Array.from(prepareFeeds(sample, inputs, preprocessing).values(), (a) => values(a)[1])
  }
  expect(first({ image: 'std=51', mask: 'std=3' })).toEqual([1, 17, 51])
  expect(first({ image: 'std=51', '': 'std=17' })).toEqual([1, 3, 3])
  expect(first({ '': 'std=17' })).toEqual([3, 3, 3])
  expect(faultOf(() => first({ imgae: 'std=51' }))).toMatchObject({ code: 'run/unknown-preprocess-input', hint: 'Did you mean "image"?' })
  expect(faultOf(() => first({ zzzzzzzz: 'std=51' })).hint).toContain('INPUT:mean=0,std=255')
})
