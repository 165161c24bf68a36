import { describe, expect, it } from 'vitest'
import { applyRules, expectMiss, expectOther, expectRewrite, ir } from '../../../test/testkit/rewrite.ts'
import { absorbTransposeIntoFc } from './absorb-transpose-into-fc.ts'
import { absorbTransposeIntoMatmul } from './absorb-transpose-into-matmul.ts'
import { fuseActivation } from './fuse-activation.ts'
import { fuseBias } from './fuse-bias.ts'
import { mergeReshapes } from './merge-reshapes.ts'
import { mergeTransposes } from './merge-transposes.ts'
import { removeNoOps } from './remove-no-ops.ts'
import { reuseShape } from './reuse-shape.ts'
import { sinkReshape } from './sink-reshape.ts'
import { sinkReshapeThroughMatmul } from './sink-reshape-through-matmul.ts'
import { sinkTranspose } from './sink-transpose.ts'
import { sinkTransposeThroughReduction } from './sink-transpose-through-reduction.ts'

const nchw = '%p = const : i32[4] = [0, 3, 1, 2]'
const nhwc = '%q = const : i32[4] = [0, 2, 3, 1]'

describe('sink-transpose', () => {
  it('moves a unary op before it', () => {
    expectRewrite(
      sinkTranspose,
      `(%x: f32[N,4,5,2]) { ${nchw}\n %t = transpose(%x, %p)\n %y = relu(%t) return %y }`,
      `(%x: f32[N,4,5,2]) { %u = relu(%x)\n ${nchw}\n %y = transpose(%u, %p) return %y }`,
    )
  })

  it.each([
    ['one number', '%c = const : f32[] = 2', '%c = const : f32[] = 2'],
    ['one number of the same rank', '%c = const : f32[1,1,1,1] = [2]', '%c = const : f32[1,1,1,1] = [2]'],
    ['one per channel', '%c = const : f32[2,1,1] = [1, 2]', '%c = const : f32[1,1,1,2] = [1, 2]'],
    ['one per column', '%c = const : f32[3] = [1, 2, 3]', '%c = const : f32[1,1,3,1] = [1, 2, 3]'],
  ])('moves an addition of %s', (_, constant, permuted) => {
    expectRewrite(
      sinkTranspose,
      `(%x: f32[N,2,3,2]) { ${nchw}\n %t = transpose(%x, %p)\n ${constant}\n %y = add(%c, %t) return %y }`,
      `(%x: f32[N,2,3,2]) { ${permuted}\n %u = add(%c, %x)\n ${nchw}\n %y = transpose(%u, %p) return %y }`,
    )
  })

  it('moves an op on two values transposed alike, or on one twice', () => {
    expectRewrite(
      sinkTranspose,
      `(%x: f32[N,2,3,2], %z: f32[N,2,3,2]) { ${nchw}\n %t = transpose(%x, %p)\n %v = transpose(%z, %p)\n %y = sub(%t, %v) return %y }`,
      `(%x: f32[N,2,3,2], %z: f32[N,2,3,2]) { %u = sub(%x, %z)\n ${nchw}\n %y = transpose(%u, %p) return %y }`,
    )
    expectRewrite(
      sinkTranspose,
      `(%x: f32[N,2,3,2]) { ${nchw}\n %t = transpose(%x, %p)\n %y = mul(%t, %t) return %y }`,
      `(%x: f32[N,2,3,2]) { %u = mul(%x, %x)\n ${nchw}\n %y = transpose(%u, %p) return %y }`,
    )
  })

  it('moves a padding, its paddings permuted', () => {
    expectRewrite(
      sinkTranspose,
      `(%x: f32[N,4,5,2]) { ${nchw}\n %t = transpose(%x, %p)\n %s = const : i32[4,2] = [0, 0, 0, 0, 1, 2, 3, 4]\n %y = pad(%t, %s) return %y }`,
      `(%x: f32[N,4,5,2]) { %s = const : i32[4,2] = [0, 0, 1, 2, 3, 4, 0, 0]\n %u = pad(%x, %s)\n ${nchw}\n %y = transpose(%u, %p) return %y }`,
    )
  })

  it('moves a concatenation, its axis permuted', () => {
    expectRewrite(
      sinkTranspose,
      `(%x: f32[N,4,5,2], %z: f32[N,4,5,3]) { ${nchw}\n %t = transpose(%x, %p)\n %v = transpose(%z, %p)\n %y = concatenation(%t, %v) {axis=-3} return %y }`,
      `(%x: f32[N,4,5,2], %z: f32[N,4,5,3]) { %u = concatenation(%x, %z) {axis=3}\n ${nchw}\n %y = transpose(%u, %p) return %y }`,
    )
  })

  it('brings transposes together, and ops to their convolution', () => {
    expectRewrite(
      [sinkTranspose, mergeTransposes, ...fuseBias, fuseActivation],
      `(%x: f32[N,4,4,2]) { %w = const : f32[3,1,1,2] = random(1)\n %u = conv_2d(%x, %w, none)\n ${nchw}\n %t = transpose(%u, %p)\n %c = const : f32[3,1,1] = [1, 2, 3]\n %v = add(%t, %c)\n %z = relu(%v)\n ${nhwc}\n %y = transpose(%z, %q) return %y }`,
      '(%x: f32[N,4,4,2]) { %w = const : f32[3,1,1,2] = random(1)\n %c = const : f32[3] = [1, 2, 3]\n %y = conv_2d(%x, %w, %c) {fusedActivation=relu} return %y }',
      5,
    )
  })

  it.each([
    [
      'a value with other readers',
      `(%x: f32[N,4,5,2]) { ${nchw}\n %t = transpose(%x, %p)\n %y = relu(%t)\n %z = exp(%t) return %y, %z }`,
      'the transposed value has other readers',
    ],
    [
      'a value that is an output',
      `(%x: f32[N,4,5,2]) { ${nchw}\n %t = transpose(%x, %p)\n %y = relu(%t) return %y, %t }`,
      'the transposed value has other readers',
    ],
    [
      'an operand that is not transposed',
      `(%x: f32[N,2,2,2], %z: f32[N,2,2,2]) { ${nchw}\n %t = transpose(%x, %p)\n %y = add(%t, %z) return %y }`,
      'an operand is not transposed',
    ],
    [
      'operands transposed in different ways',
      `(%x: f32[N,2,2,2], %z: f32[N,2,2,2]) { ${nchw}\n ${nhwc}\n %t = transpose(%x, %p)\n %v = transpose(%z, %q)\n %y = add(%t, %v) return %y }`,
      'its operands are transposed in different ways',
    ],
    [
      'an operand that grows',
      '(%x: f32[1,2]) { %p = const : i32[2] = [1, 0]\n %t = transpose(%x, %p)\n %c = const : f32[2,5] = random(1)\n %y = add(%t, %c) return %y }',
      'the transposed operand is broadcast',
    ],
  ])('keeps %s', (_, text, reason) => expectMiss(sinkTranspose, text, reason))

  it('leaves ops without a transpose', () => expectOther(sinkTranspose, '(%x: f32[2]) { %y = relu(%x) return %y }'))
})

describe('sink-reshape', () => {
  const conv = '%w = const : f32[3,1,1,2] = random(1)\n %v = conv_2d(%x, %w, none)'
  const flat = '%s = const : i32[3] = [-1, 16, 3]'

  it('brings an activation to its convolution', () => {
    expectRewrite(
      [...sinkReshape, fuseActivation],
      `(%x: f32[N,4,4,2]) { ${conv}\n ${flat}\n %u = reshape(%v, %s)\n %y = relu(%u) return %y }`,
      `(%x: f32[N,4,4,2]) { ${conv} {fusedActivation=relu}\n ${flat}\n %y = reshape(%v, %s) return %y }`,
      2,
    )
  })

  it.each([
    ['one per channel', '[3] = [1, 2, 3]'],
    ['one per channel, with more dims than before', '[1,1,3] = [1, 2, 3]'],
  ])('brings a bias of %s', (_, c) => {
    expectRewrite(
      [...sinkReshape, ...fuseBias],
      `(%x: f32[N,4,4,2]) { ${conv}\n ${flat}\n %u = reshape(%v, %s)\n %c = const : f32${c}\n %y = add(%u, %c) return %y }`,
      `(%x: f32[N,4,4,2]) { %w = const : f32[3,1,1,2] = random(1)\n %c = const : f32[3] = [1, 2, 3]\n %v = conv_2d(%x, %w, %c)\n ${flat}\n %y = reshape(%v, %s) return %y }`,
      2,
    )
  })

  it('brings the bias of attention heads to their projection', () => {
    expectRewrite(
      [...sinkReshape, ...fuseBias],
      '(%x: f32[N,5,4]) { %w = const : f32[6,4] = random(1)\n %v = fully_connected(%x, %w, none) {keepNumDims=true}\n %s = const : i32[4] = [-1, 5, 2, 3]\n %u = reshape(%v, %s)\n %c = const : f32[2,3] = [1, 2, 3, 4, 5, 6]\n %y = add(%c, %u) return %y }',
      '(%x: f32[N,5,4]) { %w = const : f32[6,4] = random(1)\n %c = const : f32[6] = [1, 2, 3, 4, 5, 6]\n %v = fully_connected(%x, %w, %c) {keepNumDims=true}\n %s = const : i32[4] = [-1, 5, 2, 3]\n %y = reshape(%v, %s) return %y }',
      2,
    )
  })

  it('brings two reshapes together', () => {
    expectRewrite(
      [...sinkReshape, mergeReshapes],
      '(%x: f32[N,4,4]) { %a = const : i32[2] = [-1, 16]\n %u = reshape(%x, %a)\n %c = const : f32[] = 2\n %v = mul(%u, %c)\n %b = const : i32[3] = [-1, 2, 8]\n %y = reshape(%v, %b) return %y }',
      '(%x: f32[N,4,4]) { %c = const : f32[] = 2\n %v = mul(%x, %c)\n %b = const : i32[3] = [-1, 2, 8]\n %y = reshape(%v, %b) return %y }',
      2,
    )
  })

  it.each([
    [
      'a constant over more than channels',
      `(%x: f32[N,4,4,2]) { ${conv}\n ${flat}\n %u = reshape(%v, %s)\n %c = const : f32[16,3] = random(2)\n %y = add(%u, %c) return %y }`,
      'the constant is not one number, nor one per channel that the reshape keeps or splits',
    ],
    [
      'channels that the reshape mixes',
      `(%x: f32[N,4,4,2]) { ${conv}\n %s = const : i32[2] = [-1, 48]\n %u = reshape(%v, %s)\n %c = const : f32[48] = random(2)\n %y = add(%u, %c) return %y }`,
      'the constant is not one number, nor one per channel that the reshape keeps or splits',
    ],
    [
      'a second reader',
      `(%x: f32[N,4,4,2]) { ${conv}\n ${flat}\n %u = reshape(%v, %s)\n %y = relu(%u) return %y, %u }`,
      'the reshaped value has other readers',
    ],
    [
      'a result with two unknown sizes',
      '(%x: f32[N,H,4]) { %z = mul(%x, %x)\n %s = shape(%x) : i32[3] dims[N,H,4]\n %u = reshape(%z, %s) : f32[N,H,4]\n %y = relu(%u) : f32[N,H,4] return %y }',
      'more than one size of the result is unknown',
    ],
  ])('keeps %s', (_, text, reason) => expectMiss(sinkReshape, text, reason))

  it('stays where nothing is won', () => {
    expectOther(sinkReshape, '(%x: f32[N,4]) { %s = const : i32[3] = [-1, 2, 2]\n %u = reshape(%x, %s)\n %y = relu(%u) return %y }')
  })
})

describe('sink-transpose-through-reduction', () => {
  it.each([
    ['which leaves dims in order', '[2] = [2, 3]', '', '[2] = [1, 2]', '%y = mean(%x, %a)'],
    [
      'which keeps its dims',
      '[2] = [2, -1]',
      ' {keepDims=true}',
      '[2] = [1, 2]',
      `%u = mean(%x, %a) {keepDims=true}\n ${nchw}\n %y = transpose(%u, %p)`,
    ],
    [
      'which leaves dims to transpose',
      '[1] = [2]',
      '',
      '[1] = [1]',
      '%u = mean(%x, %a)\n %p = const : i32[3] = [0, 2, 1]\n %y = transpose(%u, %p)',
    ],
  ])('moves a mean %s', (_, axes, attrs, before, lines) => {
    expectRewrite(
      sinkTransposeThroughReduction,
      `(%x: f32[N,4,5,2]) { ${nchw}\n %t = transpose(%x, %p)\n %a = const : i32${axes}\n %y = mean(%t, %a)${attrs} return %y }`,
      `(%x: f32[N,4,5,2]) { %a = const : i32${before}\n ${lines} return %y }`,
    )
  })

  it('keeps a value with other readers', () => {
    expectMiss(
      sinkTransposeThroughReduction,
      `(%x: f32[N,4,5,2]) { ${nchw}\n %t = transpose(%x, %p)\n %a = const : i32[1] = [1]\n %y = mean(%t, %a) return %y, %t }`,
      'the transposed value has other readers',
    )
  })
})

describe('absorb-transpose-into-matmul', () => {
  const swap = '%p = const : i32[3] = [0, 2, 1]'
  it('turns over adjY, adjX, or both', () => {
    expectRewrite(
      absorbTransposeIntoMatmul,
      `(%x: f32[N,4,5], %z: f32[N,3,5]) { ${swap}\n %t = transpose(%z, %p)\n %y = batch_matmul(%x, %t) return %y }`,
      '(%x: f32[N,4,5], %z: f32[N,3,5]) { %y = batch_matmul(%x, %z) {adjY=true} return %y }',
    )
    expectRewrite(
      absorbTransposeIntoMatmul,
      `(%x: f32[N,5,4], %z: f32[N,5,3]) { ${swap}\n %t = transpose(%x, %p)\n %v = transpose(%z, %p)\n %y = batch_matmul(%t, %v) {adjY=true} return %y }`,
      '(%x: f32[N,5,4], %z: f32[N,5,3]) { %y = batch_matmul(%x, %z) {adjX=true} return %y }',
    )
  })

  it('keeps other transposes', () => {
    expectOther(
      absorbTransposeIntoMatmul,
      '(%x: f32[4,2,5], %z: f32[2,5,3]) { %p = const : i32[3] = [1, 0, 2]\n %t = transpose(%x, %p)\n %y = batch_matmul(%t, %z) return %y }',
    )
    expectOther(absorbTransposeIntoMatmul, '(%x: f32[4,2,5], %z: f32[4,5,3]) { %y = batch_matmul(%x, %z) return %y }')
  })
})

describe('absorb-transpose-into-fc', () => {
  const text = ({
    x = 'f32[N,2,1,3]',
    perm = '[0, 3, 1, 2]',
    to = '[-1, 6]',
    w = '%w = const "w" : f32[2,6] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]',
    out = '%y',
  } = {}) =>
    `(%x: ${x}) { %p = const : i32[4] = ${perm}\n %t = transpose(%x, %p)\n %s = const : i32[2] = ${to}\n %f = reshape(%t, %s)\n ${w}
      %b = const : f32[2] = [1, 2]\n %y = fully_connected(%f, %w, %b) {fusedActivation=relu} return ${out} }`
  it('puts the columns of the weights in the order of what was before', () => {
    expectRewrite(
      absorbTransposeIntoFc,
      text(),
      `(%x: f32[N,2,1,3]) { %s = const : i32[2] = [-1, 6]\n %f = reshape(%x, %s)\n %w = const : f32[2,6] = [0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11]
        %b = const : f32[2] = [1, 2]\n %y = fully_connected(%f, %w, %b) {fusedActivation=relu} return %y }`,
    )
  })

  const wide = '%w = const "w" : f32[2,2] = random(1)'
  it.each([
    [
      'rows that move',
      text({ x: 'f32[2,2,1,3]', perm: '[1, 0, 3, 2]', to: '[2, 6]' }),
      'the reshape does not put all but the first dim together',
    ],
    ['other rows', text({ x: 'f32[3,2,1,2]', to: '[6, 2]', w: wide }), 'the reshape does not put all but the first dim together'],
    ['other readers of the transpose', text({ out: '%y, %t' }), 'the transposed value has other readers'],
    ['other readers of the reshape', text({ out: '%y, %f' }), 'the transposed value has other readers'],
    ['other readers of the weights', text({ out: '%y, %z' }).replace('%b =', '%z = relu(%w)\n %b ='), 'the weights have other readers'],
  ])('keeps %s', (_, before, reason) => expectMiss(absorbTransposeIntoFc, before, reason))

  it('keeps weights made at run time, and those of a file that must stay', () => {
    expectOther(absorbTransposeIntoFc, text({ x: 'f32[N,2,1,3], %w: f32[2,6]', w: '' }))
    const graph = ir(text())
    const fixed = { ...graph, values: new Map([...graph.values].map(([id, v]) => [id, v.name === 'w' ? { ...v, fixed: 'sparse' } : v])) }
    expect(applyRules(fixed, [absorbTransposeIntoFc]).report.nearMisses).toMatchObject([{ reason: 'the weights must stay as they are' }])
  })
})

describe('sink-reshape-through-matmul', () => {
  const graph = (x: string, back: string, out = '%y') =>
    `(%x: f32${x}, %z: f32[4,6]) { %f = const : i32[2] = [-1, 4]\n %u = reshape(%x, %f)\n %v = batch_matmul(%u, %z)\n %s = const : i32${back}\n %y = reshape(%v, %s) return ${out} }`
  it('multiplies as many rows as there are', () => {
    expectRewrite(
      [sinkReshapeThroughMatmul, mergeReshapes, removeNoOps],
      graph('[2,3,4]', '[3] = [2, 3, 6]'),
      '(%x: f32[2,3,4], %z: f32[4,6]) { %y = batch_matmul(%x, %z) return %y }',
      3,
    )
    expectRewrite(
      [sinkReshapeThroughMatmul, mergeReshapes],
      graph('[N,3,4]', '[4] = [-1, 3, 2, 3]'),
      '(%x: f32[N,3,4], %z: f32[4,6]) { %v = batch_matmul(%x, %z)\n %s = const : i32[4] = [-1, 3, 2, 3]\n %y = reshape(%v, %s) return %y }',
      2,
    )
  })

  it('keeps rows that the reshape makes, and a result that is read as it is', () => {
    expectMiss(sinkReshapeThroughMatmul, graph('[4]', '[1] = [6]'), 'the operand is a vector')
    expectMiss(sinkReshapeThroughMatmul, graph('[2,3,2,2]', '[3] = [2, 3, 6]'), 'the reshape changes the last dim')
    expectOther(sinkReshapeThroughMatmul, graph('[2,3,4]', '[3] = [2, 3, 6]', '%y, %v').replace('%y = reshape(%v, %s)', '%y = exp(%v)'))
  })

  it('cannot write two unknown sizes', () => {
    expectMiss(
      sinkReshapeThroughMatmul,
      '(%x: f32[N,3,4], %z: f32[4,M]) { %f = const : i32[2] = [-1, 4]\n %u = reshape(%x, %f)\n %v = batch_matmul(%u, %z)\n %s = const : i32[1] = [-1]\n %y = reshape(%v, %s) return %y }',
      'more than one size of the result is unknown',
    )
  })
})

describe('reuse-shape', () => {
  const sizes = (last: string) => `%s = shape(%x) : i32[2] dims[N,3]\n %b = const : i32[1] = [0]\n %e = const : i32[1] = [1]
    %n = strided_slice(%s, %b, %e, %e) {shrinkAxisMask=1} : i32[] dims[N]\n %c = const : i32[] = ${last}\n %t = pack(%n, %c) {valuesCount=2} : i32[2] dims[N,${last}]`
  it('takes the sizes from where they were read', () => {
    expectRewrite(
      reuseShape,
      `(%x: f32[N,3], %z: i32[2]) { ${sizes('3')}\n %y = add(%t, %z) return %y }`,
      '(%x: f32[N,3], %z: i32[2]) { %s = shape(%x) : i32[2] dims[N,3]\n %y = add(%s, %z) return %y }',
    )
  })

  it('keeps other sizes', () => expectOther(reuseShape, `(%x: f32[N,3], %z: i32[2]) { ${sizes('4')}\n %y = add(%t, %z) return %y }`))
})
