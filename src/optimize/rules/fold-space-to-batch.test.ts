import { describe, it } from 'vitest'
import { expectMiss, expectRewrite } from '../../../test/testkit/rewrite.ts'
import { foldSpaceToBatch } from './fold-space-to-batch.ts'

const graph = (
  paddings: string,
  crops: string,
  options: { size?: string; conv?: string; out?: string; back?: string } = {},
) => `(%x: f32[2,${options.size ?? '8,8'},2]) {
  %k = const : i32[2] = [2, 2]
  %p = const : i32[2,2] = ${paddings}
  %s = space_to_batch_nd(%x, %k, %p)
  %w = const : f32[3,3,3,2] = random(1)
  %u = conv_2d(%s, %w, none) {padding=valid${options.conv ?? ''}}
  %l = const : i32[2] = ${options.back ?? '[2, 2]'}
  %c = const : i32[2,2] = ${crops}
  %y = batch_to_space_nd(%u, %l, %c) return ${options.out ?? '%y'} }`
const dilated = (padding: string, size = '8,8') =>
  `(%x: f32[2,${size},2]) { %w = const : f32[3,3,3,2] = random(1)\n %y = conv_2d(%x, %w, none) {padding=${padding}, dilation=[2,2]} return %y }`

describe('fold-space-to-batch', () => {
  it.each([
    ['SAME', '[2, 2, 2, 2]', '[0, 0, 0, 0]', 'same', '8,8'],
    ['SAME on odd sizes, which pads to whole blocks and crops', '[2, 3, 2, 3]', '[0, 1, 0, 1]', 'same', '7,7'],
    ['VALID', '[0, 0, 0, 0]', '[0, 0, 0, 0]', 'valid', '8,8'],
    ['VALID on odd sizes', '[0, 1, 0, 1]', '[0, 1, 0, 1]', 'valid', '7,7'],
  ])('folds %s', (_, paddings, crops, padding, size) => {
    expectRewrite(foldSpaceToBatch, graph(paddings, crops, { size }), dilated(padding, size))
  })

  it('folds a depthwise convolution', () => {
    const depthwise = (text: string) =>
      text
        .replace('f32[3,3,3,2]', 'f32[1,3,3,2]')
        .replace('conv_2d', 'depthwise_conv_2d')
        .replace('{padding', '{depthMultiplier=1, padding')
    expectRewrite(foldSpaceToBatch, depthwise(graph('[2, 2, 2, 2]', '[0, 0, 0, 0]')), depthwise(dilated('same')))
  })

  it('pads where SAME would pad otherwise', () => {
    expectRewrite(
      foldSpaceToBatch,
      graph('[4, 0, 4, 0]', '[0, 0, 0, 0]'),
      '(%x: f32[2,8,8,2]) { %p = const : i32[4,2] = [0, 0, 4, 0, 4, 0, 0, 0]\n %u = pad(%x, %p)\n %w = const : f32[3,3,3,2] = random(1)\n %y = conv_2d(%u, %w, none) {padding=valid, dilation=[2,2]} return %y }',
    )
  })

  it.each([
    [
      'a stride',
      graph('[2, 2, 2, 2]', '[0, 0, 0, 0]', { conv: ', stride=[2,2]' }),
      'the convolution has a stride, a dilation or a padding of its own',
    ],
    ['other blocks on the way back', graph('[2, 2, 2, 2]', '[0, 0, 0, 0]', { back: '[1, 2]' }), 'the blocks differ'],
    ['crops at the start', graph('[2, 2, 2, 2]', '[1, 0, 1, 0]'), 'the crops take away more than was padded'],
    ['crops beyond the padding', graph('[2, 0, 2, 0]', '[0, 1, 0, 1]'), 'the crops take away more than was padded'],
    ['a second reader', graph('[2, 2, 2, 2]', '[0, 0, 0, 0]', { out: '%y, %u' }), 'a result in between has other readers'],
    [
      'a block over height alone',
      `(%x: f32[2,8,8,2]) { %k = const : i32[1] = [2]\n %p = const : i32[1,2] = [0, 0]\n %s = space_to_batch_nd(%x, %k, %p)\n %w = const : f32[3,1,1,2] = random(1)
       %u = conv_2d(%s, %w, none) {padding=valid}\n %c = const : i32[1,2] = [0, 0]\n %y = batch_to_space_nd(%u, %k, %c) return %y }`,
      'the block is not over height and width',
    ],
  ])('keeps %s', (_, text, reason) => expectMiss(foldSpaceToBatch, text, reason))
})
