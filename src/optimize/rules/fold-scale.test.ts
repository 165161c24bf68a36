import { describe, expect, it } from 'vitest'
import { expectMiss, expectOther, expectRewrite } from '../../../test/testkit/rewrite.ts'
import { typedView } from '../../core/dtype.ts'
import { foldScale } from './fold-scale.ts'
import { fuseBias } from './fuse-bias.ts'

const conv = (bias = 'none') => `%w = const "w" : f32[3,1,1,2] = [1, 2, 3, 4, 5, 6]\n %u = conv_2d(%x, %w, ${bias})`
const input = '(%x: f32[N,4,4,2])'

describe('fold-scale', () => {
  it.each([
    ['mul [C]', 'f32[3] = [2, 3, 0.5]', 'mul(%u, %c)', '[2, 4, 9, 12, 2.5, 3]', '[2, 6, 1.5]'],
    ['[C] mul', 'f32[3] = [2, 3, 0.5]', 'mul(%c, %u)', '[2, 4, 9, 12, 2.5, 3]', '[2, 6, 1.5]'],
    ['mul scalar', 'f32[] = 2', 'mul(%u, %c)', '[2, 4, 6, 8, 10, 12]', '[2, 4, 6]'],
    ['div [1,1,1,C]', 'f32[1,1,1,3] = [1, 2, 4]', 'div(%u, %c)', '[1, 2, 1.5, 2, 1.25, 1.5]', '[1, 1, 0.75]'],
  ])('folds %s into filter and bias', (_, constant, op, weights, bias) => {
    expectRewrite(
      foldScale,
      `${input} { %b = const : f32[3] = [1, 2, 3]\n ${conv('%b')}\n %c = const : ${constant}\n %y = ${op} {fusedActivation=relu} return %y }`,
      `${input} { %w = const : f32[3,1,1,2] = ${weights}\n %b = const : f32[3] = ${bias}\n %y = conv_2d(%x, %w, %b) {fusedActivation=relu} return %y }`,
    )
  })

  it('scales depthwise filters along their last axis and rows of fully_connected; no bias stays none', () => {
    expectRewrite(
      foldScale,
      '(%x: f32[N,4,4,3]) { %w = const : f32[1,1,2,3] = [1, 2, 3, 4, 5, 6]\n %u = depthwise_conv_2d(%x, %w, none) {depthMultiplier=1}\n %c = const : f32[3] = [1, 10, 100]\n %y = mul(%u, %c) return %y }',
      '(%x: f32[N,4,4,3]) { %w = const : f32[1,1,2,3] = [1, 20, 300, 4, 50, 600]\n %y = depthwise_conv_2d(%x, %w, none) {depthMultiplier=1} return %y }',
    )
    expectRewrite(
      foldScale,
      '(%x: f32[N,2]) { %w = const : f32[2,2] = [1, 2, 3, 4]\n %u = fully_connected(%x, %w, none)\n %c = const : f32[1,2] = [1, 10]\n %y = mul(%u, %c) return %y }',
      '(%x: f32[N,2]) { %w = const : f32[2,2] = [1, 2, 30, 40]\n %y = fully_connected(%x, %w, none) return %y }',
    )
  })

  it('scales filters of transposed convolutions by output channel, and their bias', () => {
    const text = (weights: string, bias: string, rest: string, y: string) =>
      `(%x: f32[1,2,2,1]) { %s = const : i32[4] = [1, 4, 4, 2]\n %w = const : f32[2,2,2,1] = ${weights}\n %b = const : f32[2] = ${bias}
        ${y} = transpose_conv(%s, %w, %x, %b) {padding=valid, stride=[2,2]}\n ${rest} return %y }`
    expectRewrite(
      foldScale,
      text('[1, 2, 3, 4, 5, 6, 7, 8]', '[1, 2]', '%c = const : f32[2] = [2, 10]\n %y = mul(%u, %c)', '%u'),
      text('[2, 4, 6, 8, 50, 60, 70, 80]', '[2, 20]', '', '%y'),
    )
  })

  it('rounds each product to f32 and computes it when asked for', () => {
    const graph = expectRewrite(
      foldScale,
      `${input} { %w = const : f32[3,1,1,2] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]\n %u = conv_2d(%x, %w, none)\n %c = const : f32[3] = [0.1, 0.7, 1.3]\n %y = mul(%u, %c) return %y }`,
      `${input} { %w = const : f32[3,1,1,2] = [${[0.1, 0.2, 0.3, 0.4, 0.5, 0.6].map((x, i) => Math.fround(Math.fround(x) * Math.fround([0.1, 0.7, 1.3][i >> 1]!)))}]\n %y = conv_2d(%x, %w, none) return %y }`,
    )
    const { data } = graph.values.get(graph.nodes[0]!.inputs[1]!)!
    expect(typedView('f32', data!.bytes())).not.toBe(typedView('f32', data!.bytes()))
  })

  it('folds a batch normalization with fuse-bias: y = x * m + (beta - mean * m)', () => {
    expectRewrite(
      [...fuseBias, ...foldScale],
      `${input} { ${conv()}\n %b = const : f32[3] = [1, 2, 3]\n %v = add(%u, %b)\n %m = const : f32[3] = [2, 3, 0.5]\n %s = mul(%v, %m)\n %o = const : f32[3] = [-1, 1, 4]\n %y = add(%s, %o) return %y }`,
      `${input} { %w = const : f32[3,1,1,2] = [2, 4, 9, 12, 2.5, 3]\n %b = const : f32[3] = [1, 7, 5.5]\n %y = conv_2d(%x, %w, %b) return %y }`,
      3,
    )
  })

  it.each([
    [
      'a scale of rows',
      `${input} { ${conv()}\n %c = const : f32[4,1] = random(2)\n %y = mul(%u, %c) return %y }`,
      'the constant is not one number, nor one per channel',
    ],
    [
      'an activation in between',
      `${input} { ${conv()} {fusedActivation=relu}\n %c = const : f32[3] = [1, 2, 3]\n %y = mul(%u, %c) return %y }`,
      'the op applies an activation before',
    ],
    [
      'a second reader',
      `${input} { ${conv()}\n %c = const : f32[3] = [1, 2, 3]\n %y = mul(%u, %c) return %y, %u }`,
      'the result before the scaling has other readers',
    ],
    [
      'shared weights',
      `${input} { ${conv()}\n %c = const : f32[3] = [1, 2, 3]\n %y = mul(%u, %c)\n %z = conv_2d(%x, %w, none) return %y, %z }`,
      'the weights have other readers',
    ],
    [
      'weights made at run time',
      '(%x: f32[N,2], %w: f32[3,2]) { %u = fully_connected(%x, %w, none)\n %c = const : f32[] = 2\n %y = mul(%u, %c) return %y }',
      'the weights are not constant',
    ],
    [
      'a bias made at run time',
      `(%x: f32[N,4,4,2], %b: f32[3]) { ${conv('%b')}\n %c = const : f32[3] = [1, 2, 3]\n %y = mul(%u, %c) return %y }`,
      'the bias is not constant',
    ],
    [
      'an unknown number of channels',
      '(%x: f32[N,4], %w: f32[M,4]) { %u = fully_connected(%x, %w, none)\n %c = const : f32[3] = [1, 2, 3]\n %y = mul(%u, %c) : f32[N,3] return %y }',
      'the number of channels is unknown',
    ],
  ])('keeps %s', (_, text, reason) => expectMiss(foldScale, text, reason))

  it('keeps c / conv', () =>
    expectOther(foldScale, `${input} { ${conv()}\n %c = const : f32[3] = [1, 2, 3]\n %y = div(%c, %u) return %y }`))
})
