import { describe, it } from 'vitest'
import { expectMiss, expectOther, expectRewrite } from '../../../test/testkit/rewrite.ts'
import { mergeConstantOperands } from './merge-constant-operands.ts'

const graph = (op: string, a: string, b: string, attrs = '') =>
  `(%x: f32[N,3]) { %a = const : f32${a}\n %u = ${op}(%x, %a)${attrs}\n %b = const : f32${b}\n %y = ${op}(%u, %b) {fusedActivation=relu} return %y }`

describe('merge-constant-operands', () => {
  it.each([
    ['add', '[] = 2', '[3] = [1, 2, 3]', '[3] = [3, 4, 5]'],
    ['mul', '[3] = [1, 2, 3]', '[] = 2', '[3] = [2, 4, 6]'],
    ['mul', '[3] = [1, 2, 3]', '[1,3] = [1, 2, 3]', '[1,3] = [1, 4, 9]'],
  ])('%s of %s and %s', (op, a, b, merged) => {
    expectRewrite(
      mergeConstantOperands,
      graph(op, a, b),
      `(%x: f32[N,3]) { %a = const : f32${merged}\n %y = ${op}(%x, %a) {fusedActivation=relu} return %y }`,
    )
  })

  it('does so in any order', () => {
    expectRewrite(
      mergeConstantOperands,
      '(%x: f32[2]) { %a = const : f32[] = 2\n %u = mul(%a, %x)\n %y = mul(%a, %u) return %y }',
      '(%x: f32[2]) { %a = const : f32[] = 4\n %y = mul(%x, %a) return %y }',
    )
  })

  it.each([
    ['an activation in between', graph('add', '[] = 2', '[] = 3', ' {fusedActivation=relu}'), 'the first op applies an activation'],
    ['a second reader', graph('add', '[] = 2', '[] = 3').replace('return %y', 'return %y, %u'), 'the result in between has other readers'],
    [
      'an outer product',
      '(%x: f32[2,3]) { %a = const : f32[2,1] = [1, 2]\n %u = mul(%x, %a)\n %b = const : f32[3] = [1, 2, 3]\n %y = mul(%u, %b) return %y }',
      'the merged constant would be larger than both',
    ],
    [
      'integers',
      '(%x: i32[2]) { %a = const : i32[] = 2\n %u = mul(%x, %a)\n %y = mul(%u, %a) return %y }',
      'integers are left as they are',
    ],
  ])('keeps %s', (_, text, reason) => expectMiss(mergeConstantOperands, text, reason))

  it('keeps a product of a sum', () => {
    expectOther(mergeConstantOperands, '(%x: f32[2]) { %a = const : f32[] = 2\n %u = add(%x, %a)\n %y = mul(%u, %a) return %y }')
  })
})
