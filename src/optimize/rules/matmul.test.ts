import { describe, it } from 'vitest'
import { expectMiss, expectOther, expectRewrite } from '../../../test/testkit/rewrite.ts'
import { addBiasFirst } from './add-bias-first.ts'
import { foldScaleOfMatmul } from './fold-scale-of-matmul.ts'
import { matmulByConstant } from './matmul-by-constant.ts'
import { mergeAffine } from './merge-affine.ts'
import { swapTransposedMatmul } from './swap-transposed-matmul.ts'

describe('matmul-by-constant', () => {
  const text = (lines: string) => `(%x: f32[N,4,3]) { ${lines} return %y }`
  it('becomes fully_connected', () => {
    expectRewrite(
      matmulByConstant,
      text('%w = const : f32[3,2] = [1, 2, 3, 4, 5, 6]\n %y = batch_matmul(%x, %w)'),
      text('%w = const : f32[2,3] = [1, 3, 5, 2, 4, 6]\n %y = fully_connected(%x, %w, none) {keepNumDims=true}'),
    )
    expectRewrite(
      matmulByConstant,
      text('%w = const : f32[1,2,3] = [1, 2, 3, 4, 5, 6]\n %y = batch_matmul(%x, %w) {adjY=true}'),
      text('%w = const : f32[2,3] = [1, 2, 3, 4, 5, 6]\n %y = fully_connected(%x, %w, none) {keepNumDims=true}'),
    )
  })

  it('keeps a matrix for each batch, and a transposed left side', () => {
    expectMiss(
      matmulByConstant,
      text('%w = const : f32[2,3,1] = [1, 2, 3, 4, 5, 6]\n %y = batch_matmul(%x, %w)').replace('[N,', '[2,'),
      'there is a matrix for each batch',
    )
    expectMiss(
      matmulByConstant,
      text('%w = const : f32[4,2] = splat(1)\n %y = batch_matmul(%x, %w) {adjX=true}'),
      'the left operand is transposed',
    )
    expectOther(matmulByConstant, '(%x: i32[4,3]) { %w = const : i32[3,1] = [1, 2, 3]\n %y = batch_matmul(%x, %w) return %y }')
  })
})

describe('swap-transposed-matmul', () => {
  const text = (perm: string, results = '%y') =>
    `(%x: f32[N,4,3], %z: f32[N,3,2]) { %m = batch_matmul(%x, %z)\n %p = const : i32[3] = ${perm}\n %y = transpose(%m, %p) return ${results} }`
  it('exchanges the operands', () => {
    expectRewrite(
      swapTransposedMatmul,
      text('[0, 2, 1]'),
      '(%x: f32[N,4,3], %z: f32[N,3,2]) { %y = batch_matmul(%z, %x) {adjX=true,adjY=true} return %y }',
    )
  })

  it('keeps other orders, and a product with other readers', () => {
    expectOther(swapTransposedMatmul, text('[1, 0, 2]'))
    expectMiss(swapTransposedMatmul, text('[0, 2, 1]', '%y, %m'), 'the product has other readers')
  })
})

describe('fold-scale-of-matmul', () => {
  const heads = (lines: string, results = '%y') => `(%x: f32[N,4,6], %k: f32[N,2,3,4]) {
    %w = const : f32[6,6] = splat(0.25)\n %q = fully_connected(%x, %w, none) {keepNumDims=true}
    %s = const : i32[4] = [-1, 4, 2, 3]\n %r = reshape(%q, %s)\n %p = const : i32[4] = [0, 2, 1, 3]\n %t = transpose(%r, %p)
    ${lines} return ${results} }`
  const scaled = (c: string) => `(%x: f32[N,4,6], %k: f32[N,2,3,4]) {
    %w = const : f32[6,6] = splat(0.25)\n %q = fully_connected(%x, %w, none) {keepNumDims=true}\n %c = const : f32[] = ${c}\n %m = mul(%q, %c)
    %s = const : i32[4] = [-1, 4, 2, 3]\n %r = reshape(%m, %s)\n %p = const : i32[4] = [0, 2, 1, 3]\n %t = transpose(%r, %p)
    %y = batch_matmul(%t, %k) return %y }`
  it('scales the op with weights, through what moves its result', () => {
    expectRewrite(foldScaleOfMatmul, heads('%m = batch_matmul(%t, %k)\n %c = const : f32[] = 0.5\n %y = mul(%c, %m)'), scaled('0.5'))
    expectRewrite(foldScaleOfMatmul, heads('%m = batch_matmul(%t, %k)\n %c = const : f32[] = 4\n %y = div(%m, %c)'), scaled('0.25'))
  })

  it('scales the right operand when the left has no weights', () => {
    const text = (lines: string) =>
      `(%x: f32[N,4,6], %k: f32[N,2,4]) { %w = const : f32[3,6] = splat(0.25)\n %c = const : f32[] = 0.5\n %q = fully_connected(%x, %w, none) {keepNumDims=true}\n ${lines} return %y }`
    expectRewrite(
      foldScaleOfMatmul,
      text('%m = batch_matmul(%k, %q)\n %y = mul(%m, %c)'),
      text('%u = mul(%q, %c)\n %y = batch_matmul(%k, %u)'),
    )
  })

  it('keeps what cannot be folded', () => {
    const product = '%m = batch_matmul(%t, %k)\n'
    expectMiss(
      foldScaleOfMatmul,
      heads(`${product} %c = const : f32[4] = [1, 2, 3, 4]\n %y = mul(%m, %c)`),
      'the product is not scaled by one number',
    )
    expectMiss(foldScaleOfMatmul, heads(`${product} %c = const : f32[] = 0\n %y = div(%m, %c)`), 'the scale is zero or not finite')
    expectMiss(foldScaleOfMatmul, heads(`${product} %c = const : f32[] = 2\n %y = mul(%m, %c)`, '%y, %m'), 'the product has other readers')
    const none = 'no weights are near that could take the scale'
    expectMiss(foldScaleOfMatmul, heads(`${product} %c = const : f32[] = 2\n %y = mul(%m, %c)`, '%y, %r'), none)
    expectMiss(foldScaleOfMatmul, heads('%v = exp(%t)\n %m = batch_matmul(%v, %k)\n %c = const : f32[] = 2\n %y = mul(%m, %c)'), none)
    expectMiss(foldScaleOfMatmul, heads('%m = batch_matmul(%t, %t) {adjY=true}\n %c = const : f32[] = 2\n %y = mul(%m, %c)'), none)
    expectMiss(
      foldScaleOfMatmul,
      heads(`${product} %c = const : f32[] = 2\n %y = mul(%m, %c)`).replace('keepNumDims=true', 'keepNumDims=true,fusedActivation=relu'),
      none,
    )
  })
})

describe('add-bias-first', () => {
  const text = (lines: string, results = '%y') =>
    `(%x: f32[N,3], %z: f32[N,2]) { %w = const : f32[2,3] = splat(0.5)\n %c = const : f32[2] = [1, 2]\n %f = fully_connected(%x, %w, none)\n ${lines} return ${results} }`
  it('adds the constant to the op that has a bias', () => {
    expectRewrite(
      addBiasFirst,
      text('%s = add(%z, %f)\n %y = add(%s, %c) {fusedActivation=relu}'),
      text('%s = add(%f, %c)\n %y = add(%s, %z) {fusedActivation=relu}'),
    )
  })

  it('keeps constants of another shape, sums that broadcast, and other readers', () => {
    expectMiss(
      addBiasFirst,
      text('%d = const : f32[4,1] = [1, 2, 3, 4]\n %s = add(%z, %f)\n %y = add(%s, %d)').replaceAll('[N,', '[4,'),
      'the constant is not one number, nor one per channel',
    )
    expectMiss(
      addBiasFirst,
      text('%s = add(%z, %f)\n %y = add(%s, %c)').replace('%z: f32[N,2]', '%z: f32[5,1,2]'),
      'the sum broadcasts the result of the op with weights',
    )
    expectMiss(addBiasFirst, text('%s = add(%z, %f)\n %y = add(%s, %c)', '%y, %s'), 'a result in between has other readers')
    expectMiss(addBiasFirst, text('%s = add(%z, %f)\n %y = add(%s, %c)', '%y, %f'), 'a result in between has other readers')
  })
})

describe('merge-affine', () => {
  const constants = '%a = const : f32[3] = [2, 4, 8]\n %b = const : f32[] = 3\n %c = const : f32[] = 0.5\n'
  const text = (lines: string, results = '%y') => `(%x: f32[N,3]) { ${constants} ${lines} return ${results} }`
  const rewritten = (factor: string, offset: string, op = 'add', activation = '') =>
    `(%x: f32[N,3]) { %k = const : f32${factor}\n %u = mul(%x, %k)\n %o = const : f32${offset}\n %y = ${op}(%u, %o)${activation} return %y }`
  it.each([
    [
      '(x * a + b) * c',
      '%u = mul(%a, %x)\n %v = add(%b, %u)\n %y = mul(%v, %c) {fusedActivation=relu}',
      rewritten('[3] = [1, 2, 4]', '[] = 1.5', 'add', ' {fusedActivation=relu}'),
    ],
    ['(x * a - b) * c', '%u = mul(%x, %a)\n %v = sub(%u, %b)\n %y = mul(%c, %v)', rewritten('[3] = [1, 2, 4]', '[] = 1.5', 'sub')],
    ['(x + a) * b + c', '%u = add(%x, %a)\n %v = mul(%u, %b)\n %y = add(%c, %v)', rewritten('[] = 3', '[3] = [6.5, 12.5, 24.5]')],
    ['(x - a) * b - c', '%u = sub(%x, %a)\n %v = mul(%b, %u)\n %y = sub(%v, %c)', rewritten('[] = 3', '[3] = [-6.5, -12.5, -24.5]')],
  ])('merges %s', (_, before, expected) => {
    expectRewrite(mergeAffine, text(before), expected)
  })

  it('keeps activations in between, other readers, constants that grow, and integers', () => {
    expectMiss(
      mergeAffine,
      text('%u = mul(%x, %a)\n %v = add(%u, %b) {fusedActivation=relu}\n %y = mul(%v, %c)'),
      'an op in between applies an activation',
    )
    expectMiss(
      mergeAffine,
      text('%u = mul(%x, %a)\n %v = add(%u, %b)\n %y = mul(%v, %c)', '%y, %u'),
      'a result in between has other readers',
    )
    expectMiss(
      mergeAffine,
      text('%d = const : f32[2,1] = [1, 2]\n %u = mul(%x, %a)\n %v = add(%u, %d)\n %y = mul(%v, %c)').replace('[N,', '[2,'),
      'a merged constant would be larger than both',
    )
    expectOther(mergeAffine, '(%x: i32[3]) { %a = const : i32[] = 2\n %u = mul(%x, %a)\n %v = add(%u, %a)\n %y = mul(%v, %a) return %y }')
  })
})
