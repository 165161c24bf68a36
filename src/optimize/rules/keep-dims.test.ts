import { describe, it } from 'vitest'
import { expectMiss, expectOther, expectRewrite } from '../../../test/testkit/rewrite.ts'
import { absorbReshapeIntoFc } from './absorb-reshape-into-fc.ts'
import { keepDimsOfFc } from './keep-dims-of-fc.ts'
import { keepDimsOfReduction } from './keep-dims-of-reduction.ts'
import { removeNoOps } from './remove-no-ops.ts'

const weights = '%w = const : f32[3,4] = random(1)'
const flat = '%f = const : i32[2] = [-1, 4]\n %u = reshape(%x, %f)'

describe('absorb-reshape-into-fc', () => {
  it('drops a reshape that only flattens the leading dims', () => {
    expectRewrite(
      absorbReshapeIntoFc,
      `(%x: f32[N,5,4]) { ${flat}\n ${weights}\n %y = fully_connected(%u, %w, none) return %y }`,
      `(%x: f32[N,5,4]) { ${weights}\n %y = fully_connected(%x, %w, none) return %y }`,
    )
  })

  it('keeps one that makes the rows', () => {
    expectMiss(
      absorbReshapeIntoFc,
      `(%x: f32[N,2,2]) { ${flat}\n ${weights}\n %y = fully_connected(%u, %w, none) return %y }`,
      'the reshape changes the last dim',
    )
  })

  it('keeps one whose dims the result has', () => {
    expectOther(
      absorbReshapeIntoFc,
      `(%x: f32[N,5,4]) { ${flat}\n ${weights}\n %y = fully_connected(%u, %w, none) {keepNumDims=true} return %y }`,
    )
  })
})

describe('keep-dims-of-fc', () => {
  const back = '%s = const : i32[3] = [-1, 5, 3]\n %y = reshape(%v, %s)'

  it('makes a layer on the last axis of reshape, fc, reshape', () => {
    expectRewrite(
      [absorbReshapeIntoFc, keepDimsOfFc],
      `(%x: f32[N,5,4]) { ${flat}\n ${weights}\n %v = fully_connected(%u, %w, none) {fusedActivation=relu}\n ${back} return %y }`,
      `(%x: f32[N,5,4]) { ${weights}\n %y = fully_connected(%x, %w, none) {fusedActivation=relu, keepNumDims=true} return %y }`,
      2,
    )
  })

  it.each([
    [
      'a reshape to other dims',
      `(%x: f32[N,5,4]) { ${weights}\n %v = fully_connected(%x, %w, none) {} : f32[5*N,3]\n %s = const : i32[3] = [5, -1, 3]\n %y = reshape(%v, %s) return %y }`,
      'the reshape does not restore the leading dims of the input',
    ],
    [
      'an input of other rows',
      `(%x: f32[N,5,2,2]) { ${weights}\n %v = fully_connected(%x, %w, none) {} : f32[5*N,3]\n ${back} return %y }`,
      'the reshape does not restore the leading dims of the input',
    ],
    [
      'a second reader',
      `(%x: f32[N,5,4]) { ${weights}\n %v = fully_connected(%x, %w, none) {} : f32[5*N,3]\n ${back} return %y, %v }`,
      'the flat result has other readers',
    ],
  ])('keeps %s', (_, text, reason) => expectMiss(keepDimsOfFc, text, reason))
})

describe('keep-dims-of-reduction', () => {
  it.each(['mean', 'sum', 'reduce_max', 'reduce_min'])('%s keeps dims that a reshape puts back', (op) => {
    expectRewrite(
      keepDimsOfReduction,
      `(%x: f32[N,4,5,3]) { %a = const : i32[2] = [1, -2]\n %u = ${op}(%x, %a)\n %s = const : i32[4] = [-1, 1, 1, 3]\n %y = reshape(%u, %s) return %y }`,
      `(%x: f32[N,4,5,3]) { %a = const : i32[2] = [1, -2]\n %y = ${op}(%x, %a) {keepDims=true} return %y }`,
    )
  })

  it('drops dims that a reshape drops', () => {
    expectRewrite(
      keepDimsOfReduction,
      '(%x: f32[N,4,5,3]) { %a = const : i32[2] = [1, 2]\n %u = mean(%x, %a) {keepDims=true}\n %s = const : i32[2] = [-1, 3]\n %y = reshape(%u, %s) return %y }',
      '(%x: f32[N,4,5,3]) { %a = const : i32[2] = [1, 2]\n %y = mean(%x, %a) return %y }',
    )
  })

  it('keeps other reshapes, and results with other readers', () => {
    const text = (to: string, out: string) =>
      `(%x: f32[N,4,6]) { %a = const : i32[1] = [1]\n %u = mean(%x, %a)\n %s = const : i32[3] = ${to}\n %y = reshape(%u, %s) return ${out} }`
    expectMiss(keepDimsOfReduction, text('[-1, 2, 3]', '%y'), 'the reshape does more than adding or dropping the reduced dims')
    expectMiss(keepDimsOfReduction, text('[-1, 1, 6]', '%y, %u'), 'the result of the reduction has other readers')
  })
})

describe('the rules together', () => {
  it('leave a flattening to the op where the sizes are static', () => {
    expectRewrite(
      [absorbReshapeIntoFc, keepDimsOfFc, removeNoOps],
      `(%x: f32[2,5,4]) { %f = const : i32[2] = [10, 4]\n %u = reshape(%x, %f)\n ${weights}\n %v = fully_connected(%u, %w, none)\n %s = const : i32[3] = [2, 5, 3]\n %y = reshape(%v, %s) return %y }`,
      `(%x: f32[2,5,4]) { ${weights}\n %y = fully_connected(%x, %w, none) {keepNumDims=true} return %y }`,
      2,
    )
  })
})
