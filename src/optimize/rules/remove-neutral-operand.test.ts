import { describe, it } from 'vitest'
import { expectMiss, expectOther, expectRewrite } from '../../../test/testkit/rewrite.ts'
import { removeNeutralOperand } from './remove-neutral-operand.ts'

const graph = (lines: string, shape = '[N,3]') => `(%x: f32${shape}) { ${lines}\n %z = relu(%y) return %z }`

describe('remove-neutral-operand', () => {
  it.each([
    ['x + 0', '%c = const : f32[] = 0  %y = add(%x, %c)'],
    ['0 + x', '%c = const : f32[3] = [0, -0, 0]  %y = add(%c, %x)'],
    ['x - 0', '%c = const : f32[1,1] = [0]  %y = sub(%x, %c)'],
    ['x * 1', '%c = const : f32[3] = [1, 1, 1]  %y = mul(%x, %c)'],
    ['1 * x', '%c = const : f32[] = 1  %y = mul(%c, %x)'],
    ['x / 1', '%c = const : f32[] = 1  %y = div(%x, %c)'],
    ['x ^ 1', '%c = const : f32[] = 1  %y = pow(%x, %c)'],
  ])('drops %s', (_, lines) => {
    expectRewrite(removeNeutralOperand, graph(lines), '(%x: f32[N,3]) { %z = relu(%x) return %z }')
  })

  it.each([
    ['x + 1', '%c = const : f32[] = 1  %y = add(%x, %c)'],
    ['0 - x', '%c = const : f32[] = 0  %y = sub(%c, %x)'],
    ['1 / x', '%c = const : f32[] = 1  %y = div(%c, %x)'],
    ['x * 0', '%c = const : f32[] = 0  %y = mul(%x, %c)'],
    ['x + (0, 1)', '%c = const : f32[3] = [0, 1, 0]  %y = add(%x, %c)'],
    ['x + x', '%y = add(%x, %x)'],
  ])('keeps %s', (_, lines) => expectOther(removeNeutralOperand, graph(lines)))

  it('keeps an activation', () => {
    expectMiss(
      removeNeutralOperand,
      graph('%c = const : f32[] = 0  %y = add(%x, %c) {fusedActivation=relu6}'),
      'the op also applies an activation',
    )
  })

  it('keeps a broadcast', () => {
    expectMiss(
      removeNeutralOperand,
      graph('%c = const : f32[4,3] = splat(1)  %y = mul(%x, %c)', '[1,3]'),
      'the constant broadcasts the other operand',
    )
  })

  it('gives a graph its input as output when nothing is left', () => {
    expectRewrite(removeNeutralOperand, '(%x: f32[2]) { %c = const : f32[] = 0  %y = add(%x, %c) return %y }', '(%x: f32[2]) { return %x }')
  })
})
