import { describe, it } from 'vitest'
import { expectMiss, expectOther, expectRewrite } from '../../../test/testkit/rewrite.ts'
import { absorbNegation } from './absorb-negation.ts'
import { squareOfDifference } from './square-of-difference.ts'

describe('square-of-difference', () => {
  it('makes one op of two', () => {
    expectRewrite(
      squareOfDifference,
      '(%x: f32[N,3], %z: f32[3]) { %d = sub(%x, %z)\n %y = square(%d) return %y }',
      '(%x: f32[N,3], %z: f32[3]) { %y = squared_difference(%x, %z) return %y }',
    )
  })

  it('keeps a difference with other readers, or an activation', () => {
    expectMiss(
      squareOfDifference,
      '(%x: f32[2], %z: f32[2]) { %d = sub(%x, %z)\n %y = square(%d) return %y, %d }',
      'the difference has other readers',
    )
    expectOther(squareOfDifference, '(%x: f32[2], %z: f32[2]) { %d = sub(%x, %z) {fusedActivation=relu}\n %y = square(%d) return %y }')
  })
})

describe('absorb-negation', () => {
  it.each([
    ['y + -x', 'add(%z, %n)', 'sub(%z, %x)'],
    ['-x + y', 'add(%n, %z)', 'sub(%z, %x)'],
    ['y - -x', 'sub(%z, %n)', 'add(%z, %x)'],
  ])('rewrites %s', (_, before, after) => {
    expectRewrite(
      absorbNegation,
      `(%x: f32[N,3], %z: f32[3]) { %n = neg(%x)\n %y = ${before} {fusedActivation=relu} return %y }`,
      `(%x: f32[N,3], %z: f32[3]) { %y = ${after} {fusedActivation=relu} return %y }`,
    )
  })

  it('keeps -x - y, and a negation with other readers', () => {
    expectOther(absorbNegation, '(%x: f32[2], %z: f32[2]) { %n = neg(%x)\n %y = sub(%n, %z) return %y }')
    expectMiss(
      absorbNegation,
      '(%x: f32[2], %z: f32[2]) { %n = neg(%x)\n %y = sub(%z, %n) return %y, %n }',
      'the negated value has other readers',
    )
  })
})
