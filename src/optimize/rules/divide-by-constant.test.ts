import { describe, it } from 'vitest'
import { expectMiss, expectOther, expectRewrite } from '../../../test/testkit/rewrite.ts'
import { divideByConstant } from './divide-by-constant.ts'

describe('divide-by-constant', () => {
  it('multiplies by the reciprocal', () => {
    expectRewrite(
      divideByConstant,
      '(%x: f32[N,3]) { %c = const : f32[3] = [2, -4, 3]\n %y = div(%x, %c) {fusedActivation=relu} return %y }',
      `(%x: f32[N,3]) { %c = const : f32[3] = [0.5, -0.25, ${Math.fround(1 / 3)}]\n %y = mul(%x, %c) {fusedActivation=relu} return %y }`,
    )
  })

  it.each([['0'], ['1e-45'], ['3e38'], ['inf']])('keeps a division by %s', (c) => {
    expectMiss(
      divideByConstant,
      `(%x: f32[N,3]) { %c = const : f32[] = ${c}\n %y = div(%x, %c) return %y }`,
      'a reciprocal leaves the range of f32',
    )
  })

  it('keeps what a step at whole numbers reads, but for powers of two', () => {
    const floored = (c: number) => `(%x: f32[N,3]) { %c = const : f32[] = ${c}\n %q = div(%x, %c)\n %y = floor(%q) return %y }`
    expectMiss(divideByConstant, floored(49), 'whole quotients must stay whole for what reads them')
    expectRewrite(
      divideByConstant,
      floored(4),
      '(%x: f32[N,3]) { %c = const : f32[] = 0.25\n %q = mul(%x, %c)\n %y = floor(%q) return %y }',
    )
  })

  it('leaves integers and divisions of constants', () => {
    expectOther(divideByConstant, '(%x: i32[3]) { %c = const : i32[] = 2\n %y = div(%x, %c) return %y }')
    expectOther(divideByConstant, '(%x: f32[3]) { %c = const : f32[] = 2\n %y = div(%c, %x) return %y }')
  })
})
