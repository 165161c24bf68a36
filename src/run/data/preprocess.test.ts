import { expect, test } from 'vitest'
import type { DowncastError } from '../../core/diagnostics.ts'
import { formatPreprocess, noPreprocess, normalize, parsePreprocess } from './preprocess.ts'

const faultOf = (text: string): DowncastError => {
  try {
    parsePreprocess(text)
  } catch (e) {
    return e as DowncastError
  }
  throw new Error('nothing was thrown')
}

test('a record is parsed and written back', () => {
  expect(parsePreprocess('')).toEqual(noPreprocess)
  expect(parsePreprocess('mean=0,std=255')).toEqual({ mean: [0], std: [255], layout: 'nhwc' })
  const full = 'mean=123.68:116.78:103.94,std=58.4:57.1:57.4,size=224x160,color=bgr,layout=nchw'
  expect(parsePreprocess(full)).toMatchObject({
    mean: [123.68, 116.78, 103.94],
    size: { height: 224, width: 160 },
    color: 'bgr',
    layout: 'nchw',
  })
  expect(formatPreprocess(parsePreprocess(full))).toBe(full)
  expect(formatPreprocess(noPreprocess)).toBe('mean=0,std=1')
  const pictures = 'mean=0,std=1,size=256x256,filter=area,crop=224x192,dtype=uint8'
  expect(formatPreprocess(parsePreprocess(pictures))).toBe(pictures)
  expect(formatPreprocess(parsePreprocess('filter=bilinear,dtype=float32'))).toBe('mean=0,std=1')
  expect(parsePreprocess(' size = 96 , color = gray')).toMatchObject({ size: { height: 96, width: 96 }, color: 'gray' })
})

test('faults name the key and what it takes', () => {
  expect(faultOf('maen=0')).toMatchObject({ code: 'run/unknown-preprocess-key', hint: 'Did you mean "mean"?' })
  expect(faultOf('zzzzzz=0').hint).toContain('--preprocess mean=0,std=255')
  for (const text of [
    'mean',
    'mean=',
    'mean=1:2:3:4:5',
    'mean=1e99',
    'std=0',
    'std=1e-60',
    'size=0',
    'size=1x2x3',
    'size=-1',
    'layout=chw',
    'filter=lanczos',
    'crop=0',
    'crop=1x',
    'dtype=int8',
    'mean=0,mean=1',
    'mean=1:2,std=1:2:3',
  ]) {
    expect([text, faultOf(text).code]).toEqual([text, 'run/bad-preprocess-value'])
  }
  expect(faultOf('color=grey').message).toContain('did you mean gray?')
})

test('values are normalized in float32 as the device does', () => {
  const x = Float32Array.from({ length: 256 }, (_, i) => i)
  const expected = Float32Array.from(x, (v) => Math.fround(v - 0) / 255)
  expect(normalize(x, parsePreprocess('mean=0,std=255'))).toEqual(expected)
  expect([...normalize(Float32Array.of(10, 20, 30, 40), parsePreprocess('mean=10:20,std=2'))]).toEqual([0, 0, 10, 10])
  expect([...normalize(Float32Array.of(10, 20, 30, 40), parsePreprocess('mean=10,std=2:4'))]).toEqual([0, 2.5, 10, 7.5])
})
