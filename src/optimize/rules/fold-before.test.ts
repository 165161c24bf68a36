import { describe, expect, it } from 'vitest'
import { applyRules, expectMiss, expectOther, expectRewrite, ir } from '../../../test/testkit/rewrite.ts'
import { foldOffsetBefore } from './fold-offset-before.ts'
import { foldScaleBefore } from './fold-scale-before.ts'

const fc = (lines: string, weights = '[1, 2, 3, 4]', bias = '%b', input = '%u') =>
  `(%x: f32[N,2]) { ${lines}\n %w = const : f32[2,2] = ${weights}\n %b = const : f32[2] = [10, 20]\n %y = fully_connected(${input}, %w, ${bias}) return %y }`

describe('fold-scale-before', () => {
  it.each([
    ['a product with one number', '%c = const : f32[] = 2\n %u = mul(%x, %c)', '[2, 4, 6, 8]'],
    ['a product with one per input, on the left', '%c = const : f32[2] = [1, 10]\n %u = mul(%c, %x)', '[1, 20, 3, 40]'],
    ['a quotient', '%c = const : f32[1,2] = [1, 2]\n %u = div(%x, %c)', '[1, 1, 3, 2]'],
  ])('folds %s into the columns of fully_connected', (_, lines, weights) => {
    expectRewrite(foldScaleBefore, fc(lines), fc('', weights, '%b', '%x'))
  })

  it('folds one number per input channel into a filter', () => {
    expectRewrite(
      foldScaleBefore,
      '(%x: f32[N,4,4,2]) { %c = const : f32[2] = [1, 10]\n %u = mul(%x, %c)\n %w = const : f32[2,1,1,2] = [1, 2, 3, 4]\n %y = conv_2d(%u, %w, none) return %y }',
      '(%x: f32[N,4,4,2]) { %w = const : f32[2,1,1,2] = [1, 20, 3, 40]\n %y = conv_2d(%x, %w, none) return %y }',
    )
  })

  const transposed = (lines: string, weights: string, input: string, activation = 'none') =>
    `(%x: f32[1,4,4,2]) { ${lines}\n %s = const : i32[4] = [1, 9, 9, 3]\n %w = const : f32[3,3,3,2] = ${weights}
      %y = transpose_conv(%s, %w, %u, none) {padding=valid, stride=[2,2], fusedActivation=${activation}} return %y }`.replace(
      '%u, none',
      `${input}, none`,
    )
  const filter = (scale: readonly number[]) => `[${Array.from({ length: 54 }, (_, i) => (i - 20) * scale[i % scale.length]!)}]`

  it.each([
    ['a product with one number', '%c = const : f32[] = 2\n %u = mul(%x, %c)', [2]],
    ['a product with one per input channel', '%c = const : f32[2] = [1, 4]\n %u = mul(%c, %x)', [1, 4]],
    ['a quotient', '%c = const : f32[1,1,1,2] = [2, 4]\n %u = div(%x, %c)', [0.5, 0.25]],
  ])('folds %s into a transposed convolution, whose input is its third operand', (_, lines, scale) => {
    expectRewrite(foldScaleBefore, transposed(lines, filter([1]), '%u', 'relu'), transposed('', filter(scale), '%x', 'relu'))
  })

  it('folds one number into a filter, whatever the padding', () => {
    expectRewrite(
      foldScaleBefore,
      '(%x: f32[N,4,4,2]) { %c = const : f32[1] = [0.5]\n %u = mul(%x, %c)\n %w = const : f32[1,1,1,2] = [1, 2]\n %y = conv_2d(%u, %w, none) return %y }',
      '(%x: f32[N,4,4,2]) { %w = const : f32[1,1,1,2] = [0.5, 1]\n %y = conv_2d(%x, %w, none) return %y }',
    )
  })

  it.each([
    [
      'a scale per channel of a convolution in groups',
      '(%x: f32[N,4,4,2]) { %c = const : f32[2] = [1, 2]\n %u = mul(%x, %c)\n %w = const : f32[2,1,1,1] = [1, 2]\n %y = conv_2d(%u, %w, none) return %y }',
      'the constant is not one number, nor one per input channel',
    ],
    [
      'rows that are not those of the weights',
      '(%x: f32[N,2,2]) { %c = const : f32[2] = [1, 2]\n %u = mul(%x, %c)\n %w = const : f32[1,4] = [1, 2, 3, 4]\n %y = fully_connected(%u, %w, none) : f32[N,1] return %y }',
      'the constant is not one number, nor one per input channel',
    ],
    [
      'a broadcast',
      '(%x: f32[1,2]) { %c = const : f32[1,1,1] = [2]\n %u = mul(%x, %c)\n %w = const : f32[1,2] = [1, 2]\n %y = fully_connected(%u, %w, none) return %y }',
      'the constant broadcasts the value',
    ],
    ['an activation', fc('%c = const : f32[] = 2\n %u = mul(%x, %c) {fusedActivation=relu}'), 'the op before applies an activation'],
    [
      'a second reader',
      fc('%c = const : f32[] = 2\n %u = mul(%x, %c)').replace('return %y', 'return %y, %u'),
      'the scaled value has other readers',
    ],
    [
      'shared weights',
      '(%x: f32[N,2]) { %c = const : f32[] = 2\n %u = mul(%x, %c)\n %w = const : f32[1,2] = [1, 2]\n %y = fully_connected(%u, %w, none)\n %z = fully_connected(%x, %w, none) return %y, %z }',
      'the weights have other readers',
    ],
    [
      'weights made at run time',
      '(%x: f32[N,2], %w: f32[1,2]) { %c = const : f32[] = 2\n %u = mul(%x, %c)\n %y = fully_connected(%u, %w, none) return %y }',
      'the weights are not constant',
    ],
    [
      'a scale per output channel of a transposed convolution',
      '(%x: f32[1,4,4,1]) { %c = const : f32[4,1] = random(1)\n %u = mul(%x, %c)\n %s = const : i32[4] = [1, 4, 4, 1]\n %w = const : f32[1,1,1,1] = [3]\n %y = transpose_conv(%s, %w, %u, none) return %y }',
      'the constant is not one number, nor one per input channel',
    ],
    [
      'an activation before a transposed convolution',
      transposed('%c = const : f32[] = 2\n %u = mul(%x, %c) {fusedActivation=relu}', filter([1]), '%u'),
      'the op before applies an activation',
    ],
    [
      'a second reader before a transposed convolution',
      transposed('%c = const : f32[] = 2\n %u = mul(%x, %c)', filter([1]), '%u').replace('return %y', 'return %y, %u'),
      'the scaled value has other readers',
    ],
  ])('keeps %s', (_, text, reason) => expectMiss(foldScaleBefore, text, reason))

  it('an offset before a transposed convolution stays, which fewer taps reach at the edges', () =>
    expectOther(foldOffsetBefore, transposed('%c = const : f32[] = 2\n %u = add(%x, %c)', filter([1]), '%u')))
})

describe('fold-offset-before', () => {
  it.each([
    ['a sum with one number', '%c = const : f32[] = 2\n %u = add(%x, %c)', '[16, 34]'],
    ['a sum with one per input, on the left', '%c = const : f32[2] = [1, 10]\n %u = add(%c, %x)', '[31, 63]'],
    ['a difference', '%c = const : f32[1,2] = [1, 2]\n %u = sub(%x, %c)', '[5, 9]'],
  ])('folds %s into the bias of fully_connected', (_, lines, bias) => {
    expectRewrite(foldOffsetBefore, fc(lines), fc('', '[1, 2, 3, 4]', '%b', '%x').replace('[10, 20]', bias))
  })

  it('makes a bias where there is none', () => {
    expectRewrite(
      foldOffsetBefore,
      fc('%c = const : f32[] = 2\n %u = add(%x, %c)', '[1, 2, 3, 4]', 'none').replace(/%b = [^\n]*\n/, ''),
      fc('', '[1, 2, 3, 4]', '%b', '%x').replace('[10, 20]', '[6, 14]'),
    )
  })

  it('sums over the window of a VALID convolution', () => {
    expectRewrite(
      foldOffsetBefore,
      '(%x: f32[N,4,4,1]) { %c = const : f32[] = 2\n %u = add(%x, %c)\n %w = const : f32[2,1,2,1] = [1, 2, 3, 4]\n %y = conv_2d(%u, %w, none) {padding=valid} return %y }',
      '(%x: f32[N,4,4,1]) { %w = const : f32[2,1,2,1] = [1, 2, 3, 4]\n %b = const : f32[2] = [6, 14]\n %y = conv_2d(%x, %w, %b) {padding=valid} return %y }',
    )
    expectRewrite(
      foldOffsetBefore,
      '(%x: f32[N,4,4,2]) { %c = const : f32[] = 2\n %u = add(%x, %c)\n %w = const : f32[1,1,2,2] = [1, 2, 3, 4]\n %y = depthwise_conv_2d(%u, %w, none) {padding=valid, depthMultiplier=1} return %y }',
      '(%x: f32[N,4,4,2]) { %w = const : f32[1,1,2,2] = [1, 2, 3, 4]\n %b = const : f32[2] = [8, 12]\n %y = depthwise_conv_2d(%x, %w, %b) {padding=valid, depthMultiplier=1} return %y }',
    )
  })

  it('folds one offset per input channel, also where SAME adds no padding', () => {
    expectRewrite(
      foldOffsetBefore,
      '(%x: f32[N,4,4,2]) { %c = const : f32[2] = [1, 10]\n %u = add(%x, %c)\n %w = const : f32[2,1,1,2] = [1, 2, 3, 4]\n %y = conv_2d(%u, %w, none) {padding=same} return %y }',
      '(%x: f32[N,4,4,2]) { %w = const : f32[2,1,1,2] = [1, 2, 3, 4]\n %b = const : f32[2] = [21, 43]\n %y = conv_2d(%x, %w, %b) {padding=same} return %y }',
    )
    expectRewrite(
      foldOffsetBefore,
      '(%x: f32[N,4,4,2]) { %c = const : f32[2] = [1, 10]\n %u = add(%x, %c)\n %w = const : f32[1,2,1,2] = [1, 2, 3, 4]\n %y = depthwise_conv_2d(%u, %w, none) {padding=valid, depthMultiplier=1} return %y }',
      '(%x: f32[N,4,4,2]) { %w = const : f32[1,2,1,2] = [1, 2, 3, 4]\n %b = const : f32[2] = [4, 60]\n %y = depthwise_conv_2d(%x, %w, %b) {padding=valid, depthMultiplier=1} return %y }',
    )
  })

  it('computes the sum when it is read', () => {
    const { graph } = applyRules(ir(fc('%c = const : f32[] = 2\n %u = add(%x, %c)')), foldOffsetBefore)
    const { data } = graph.values.get(graph.nodes[0]!.inputs[2]!)!
    expect(data!.bytes()).not.toBe(data!.bytes())
  })

  it.each([
    [
      'SAME padding',
      '(%x: f32[N,4,4,1]) { %c = const : f32[] = 2\n %u = add(%x, %c)\n %w = const : f32[2,2,2,1] = random(1)\n %y = conv_2d(%u, %w, none) return %y }',
      'SAME padding adds zeros that the offset does not reach',
    ],
    [
      'an offset per channel of a convolution in groups',
      '(%x: f32[N,4,4,2]) { %c = const : f32[2] = [1, 2]\n %u = add(%x, %c)\n %w = const : f32[2,1,1,1] = [1, 2]\n %y = conv_2d(%u, %w, none) {padding=valid} return %y }',
      'the constant is not one number, nor one per input channel',
    ],
    [
      'a broadcast',
      '(%x: f32[1,2]) { %c = const : f32[1,1,1] = [2]\n %u = add(%x, %c)\n %w = const : f32[1,2] = [1, 2]\n %y = fully_connected(%u, %w, none) return %y }',
      'the constant broadcasts the value',
    ],
    ['an activation', fc('%c = const : f32[] = 2\n %u = add(%x, %c) {fusedActivation=relu}'), 'the op before applies an activation'],
    [
      'a second reader',
      fc('%c = const : f32[] = 2\n %u = add(%x, %c)').replace('return %y', 'return %y, %u'),
      'the shifted value has other readers',
    ],
    [
      'weights made at run time',
      '(%x: f32[N,2], %w: f32[1,2]) { %c = const : f32[] = 2\n %u = add(%x, %c)\n %y = fully_connected(%u, %w, none) return %y }',
      'the weights are not constant',
    ],
    [
      'a bias made at run time',
      '(%x: f32[N,2], %b: f32[1]) { %c = const : f32[] = 2\n %u = add(%x, %c)\n %w = const : f32[1,2] = [1, 2]\n %y = fully_connected(%u, %w, %b) return %y }',
      'the bias is not constant',
    ],
  ])('keeps %s', (_, text, reason) => expectMiss(foldOffsetBefore, text, reason))

  it('keeps c - x', () => expectOther(foldOffsetBefore, fc('%c = const : f32[] = 2\n %u = sub(%c, %x)')))
})
