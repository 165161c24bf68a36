import { describe, it } from 'vitest'
import { expectMiss, expectRewrite } from '../../../test/testkit/rewrite.ts'
import { foldPad } from './fold-pad.ts'

const graph = (size: number | string, pads: string, conv: string, out = '%y') =>
  `(%x: f32[N,${size},${size},2]) { %p = const : i32[4,2] = [0, 0, ${pads}, 0, 0]\n %u = pad(%x, %p)\n ${conv} return ${out} }`
const conv = (k: number, attrs: string, x = '%u') => `%w = const : f32[3,${k},${k},2] = random(1)\n %y = conv_2d(${x}, %w, none) {${attrs}}`
const depthwise = (k: number, attrs: string, x = '%u') =>
  `%w = const : f32[1,${k},${k},2] = random(1)\n %y = depthwise_conv_2d(${x}, %w, none) {depthMultiplier=1, ${attrs}}`

describe('fold-pad', () => {
  it.each([
    ['3x3, stride 1', 6, '1, 1, 1, 1', 3, ''],
    ['3x3, stride 2, even size: one after', 6, '0, 1, 0, 1', 3, ', stride=[2,2]'],
    ['3x3, stride 2, odd size', 7, '1, 1, 1, 1', 3, ', stride=[2,2]'],
    ['5x5, stride 2', 8, '1, 2, 1, 2', 5, ', stride=[2,2]'],
    ['3x3, dilated', 8, '2, 2, 2, 2', 3, ', dilation=[2,2]'],
    ['one axis', 6, '1, 1, 0, 0', 1, ''],
  ])('folds %s', (name, size, pads, k, attrs) => {
    for (const make of [conv, depthwise]) {
      if (name === 'one axis') continue
      expectRewrite(
        foldPad,
        graph(size, pads, make(k, `padding=valid${attrs}`)),
        `(%x: f32[N,${size},${size},2]) { ${make(k, `padding=same${attrs}`, '%x')} return %y }`,
      )
    }
  })

  it.each([
    [
      'both sides for stride 2 on an even size',
      graph(6, '1, 1, 1, 1', conv(3, 'padding=valid, stride=[2,2]')),
      'it pads 2, SAME would pad 1',
    ],
    ['7x7, stride 2, 3 around', graph(224, '3, 3, 3, 3', conv(7, 'padding=valid, stride=[2,2]')), 'it pads 6, SAME would pad 5'],
    [
      'more before than after',
      graph(6, '1, 0, 1, 0', conv(3, 'padding=valid, stride=[2,2]')),
      '1 before and 0 after is not how SAME divides its padding',
    ],
    ['causal padding', graph(6, '0, 2, 0, 2', conv(3, 'padding=valid')), '0 before and 2 after is not how SAME divides its padding'],
    ['an unknown size', graph('H', '1, 1, 1, 1', conv(3, 'padding=valid')), 'the input size is unknown, and with it what SAME adds'],
    [
      'padded channels',
      '(%x: f32[N,6,6,1]) { %p = const : i32[4,2] = [0, 0, 1, 1, 1, 1, 0, 1]\n %u = pad(%x, %p)\n %w = const : f32[3,3,3,2] = random(1)\n %y = conv_2d(%u, %w, none) {padding=valid} return %y }',
      'it pads more than height and width',
    ],
    ['a second reader', graph(6, '1, 1, 1, 1', conv(3, 'padding=valid'), '%y, %u'), 'the padded value has other readers'],
  ])('keeps %s', (_, text, reason) => expectMiss(foldPad, text, reason))
})
