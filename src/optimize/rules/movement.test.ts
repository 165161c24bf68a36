import { describe, expect, it } from 'vitest'
import { applyRules, expectMiss, expectOther, expectRewrite, ir, shown } from '../../../test/testkit/rewrite.ts'
import { materializeShapeOperand } from './materialize-shape-operand.ts'
import { mergeReshapes } from './merge-reshapes.ts'
import { mergeTransposes } from './merge-transposes.ts'
import { reshapeFromMovement } from './reshape-from-movement.ts'
import { shapeOperand } from './shape-operand.ts'

describe('merge-reshapes', () => {
  it('keeps the last of two', () => {
    expectRewrite(
      mergeReshapes,
      '(%x: f32[N,28,28,1]) { %a = const : i32[2] = [-1, 784]  %u = reshape(%x, %a)  %b = const : i32[3] = [-1, 28, 28]  %y = reshape(%u, %b) return %y }',
      '(%x: f32[N,28,28,1]) { %b = const : i32[3] = [-1, 28, 28]  %y = reshape(%x, %b) return %y }',
    )
  })

  it('leaves the first for its other readers', () => {
    expectRewrite(
      mergeReshapes,
      '(%x: f32[6]) { %a = const : i32[2] = [2, 3]  %u = reshape(%x, %a)  %b = const : i32[2] = [3, 2]  %y = reshape(%u, %b) return %y, %u }',
      '(%x: f32[6]) { %a = const : i32[2] = [2, 3]  %u = reshape(%x, %a)  %b = const : i32[2] = [3, 2]  %y = reshape(%x, %b) return %y, %u }',
    )
  })
})

describe('merge-transposes', () => {
  it('composes two', () => {
    expectRewrite(
      mergeTransposes,
      '(%x: f32[N,2,3]) { %p = const : i32[3] = [2, 0, 1]  %u = transpose(%x, %p)  %q = const : i32[3] = [0, 2, 1]  %y = transpose(%u, %q) return %y }',
      '(%x: f32[N,2,3]) { %p = const : i32[3] = [2, 1, 0]  %y = transpose(%x, %p) return %y }',
    )
  })

  it('cancels two, whoever else reads the first', () => {
    expectRewrite(
      mergeTransposes,
      '(%x: f32[N,2]) { %p = const : i32[2] = [1, 0]  %u = transpose(%x, %p)  %y = transpose(%u, %p)  %z = relu(%y)  return %z, %u }',
      '(%x: f32[N,2]) { %p = const : i32[2] = [1, 0]  %u = transpose(%x, %p)  %z = relu(%x)  return %z, %u }',
    )
  })

  it('does not double the work for a shared first', () => {
    expectMiss(
      mergeTransposes,
      '(%x: f32[N,2,3]) { %p = const : i32[3] = [2, 0, 1]  %u = transpose(%x, %p)  %q = const : i32[3] = [0, 2, 1]  %y = transpose(%u, %q) return %y, %u }',
      'the first transpose has other readers',
    )
  })
})

describe('reshape-from-movement', () => {
  it.each([
    ['squeeze', '[N,1,3,1]', '%y = squeeze(%x) {squeezeDims=[1,-1]}', '[-1, 3]'],
    ['expand_dims', '[N,3]', '%a = const : i32[] = 1  %y = expand_dims(%x, %a)', '[-1, 1, 3]'],
    ['pack of one', '[2,3]', '%y = pack(%x) {valuesCount=1, axis=0}', '[1, 2, 3]'],
    ['a transpose of unit dims', '[N,1,3,1]', '%p = const : i32[4] = [0, 3, 2, 1]  %y = transpose(%x, %p)', '[-1, 1, 3, 1]'],
    ['a transpose past unit dims', '[1,5,1]', '%p = const : i32[3] = [1, 2, 0]  %y = transpose(%x, %p)', '[5, 1, 1]'],
  ])('makes a reshape of %s', (_, shape, lines, to) => {
    const rank = to.split(',').length
    expectRewrite(
      reshapeFromMovement,
      `(%x: f32${shape}) { ${lines} return %y }`,
      `(%x: f32${shape}) { %s = const : i32[${rank}] = ${to}  %y = reshape(%x, %s) return %y }`,
    )
  })

  it('cannot write two unknown sizes', () => {
    expectMiss(
      reshapeFromMovement,
      '(%x: f32[N,H,1]) { %y = squeeze(%x) {squeezeDims=[2]} return %y }',
      'more than one size of the result is unknown',
    )
  })

  it('leaves real transposes and packs', () => {
    expectOther(reshapeFromMovement, '(%x: f32[N,2]) { %p = const : i32[2] = [1, 0]  %y = transpose(%x, %p) return %y }')
    expectOther(reshapeFromMovement, '(%x: f32[N,2]) { %y = pack(%x, %x) {valuesCount=2} return %y }')
  })
})

describe('materialize-shape-operand', () => {
  const flatten = `%s = shape(%x)
    %b = const : i32[1] = [0]  %e = const : i32[1] = [1]
    %n = strided_slice(%s, %b, %e, %e) {shrinkAxisMask=1} : i32[] dims[N]
    %f = const : i32[] = 784
    %t = pack(%n, %f) {valuesCount=2} : i32[2] dims[N,784]
    %y = reshape(%x, %t) : f32[N,784]`

  it('writes the one unknown size as -1; the arithmetic dies', () => {
    expectRewrite(
      materializeShapeOperand,
      `(%x: f32[N,28,28]) { ${flatten} return %y }`,
      '(%x: f32[N,28,28]) { %s = const : i32[2] = [-1, 784]  %y = reshape(%x, %s) : f32[N,784] return %y }',
    )
  })

  it('uses the recorded result type when the elements are not known', () => {
    const { graph } = applyRules(ir('(%x: f32[6], %s: i32[2]) { %y = reshape(%x, %s) : f32[2,3] return %y }'), [materializeShapeOperand])
    expect(shown(graph)).toContain('const : i32[2] = [2, 3]')
  })

  it('needs all sizes but one', () => {
    expectMiss(
      materializeShapeOperand,
      '(%x: f32[N,H,6]) { %s = shape(%x) : i32[3] dims[N,H,6]  %y = reshape(%x, %s) : f32[N,H,6] return %y }',
      'more than one size of the result is unknown',
    )
  })

  it('leaves constants', () => {
    expectOther(materializeShapeOperand, '(%x: f32[N,6]) { %s = const : i32[2] = [6, -1]  %y = reshape(%x, %s) return %y }')
  })

  it('does not write -1 beside a size of 0', () => expect(shapeOperand(['N', 0])).toBeUndefined())
})
