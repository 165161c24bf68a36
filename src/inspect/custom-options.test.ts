import { expect, test } from 'vitest'
import { customOptions } from './custom-options.ts'

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))

/* Written by TensorFlow 2.21; see wire/flexbuffers/flexbuffers.test.ts and oracle case crop_and_resize. */

test('a map of attributes', () => {
  const crop =
    '54006578747261706f6c6174696f6e5f76616c7565006d6574686f64000862696c696e65617200032827140004000000010000000300000000000000cdcccc3d22000000060e140f2601'
  expect(customOptions('CropAndResize', bytes(crop))).toEqual({ T: 0, extrapolation_value: Math.fround(0.1), method: 'bilinear' })
})

test('the attributes of a Flex op, whose NodeDef is not text', () => {
  const flex =
    '0d43726f70416e64526573697a650079120d43726f70416e64526573697a651a001a001a001a002a140a066d6574686f64120a120862696c696e6561722a1c0a136578747261706f6c6174696f6e5f76616c7565120525000000002a070a01541202300132230a0d43726f70416e64526573697a6512125f5f696e666572656e63655f666e5f32393000028a7c1414042801'
  expect(customOptions('FlexCropAndResize', bytes(flex))).toEqual({ method: 'bilinear', extrapolation_value: 0, T: 'f32' })
})

test.each([
  ['of no known form', '010203'],
  ['that are a number', '050401'],
  ['of a Flex op without a NodeDef', '050401'],
  ['of a Flex op whose NodeDef is damaged', '0141000312ff00000206051414042801'],
  ['there are none', ''],
])('nothing from options %s', (what, hex) => {
  expect(customOptions(what.includes('Flex') ? 'FlexX' : 'X', bytes(hex))).toEqual({})
})
