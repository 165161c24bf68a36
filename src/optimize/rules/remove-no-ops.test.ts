import { describe, it } from 'vitest'
import { expectOther, expectRewrite } from '../../../test/testkit/rewrite.ts'
import { removeNoOps } from './remove-no-ops.ts'

const graph = (lines: string, shape: string) => `(%x: f32${shape}) { ${lines}\n %z = relu(%y) return %z }`

describe('remove-no-ops', () => {
  it.each([
    ['reshape to the same shape', '[2,3]', '%s = const : i32[2] = [2, 3]  %y = reshape(%x, %s)'],
    ['reshape to the same symbolic shape', '[N,3]', '%s = const : i32[2] = [-1, 3]  %y = reshape(%x, %s)'],
    ['squeeze of nothing', '[2,3]', '%y = squeeze(%x)'],
    ['cast to the same type', '[N,3]', '%y = cast(%x) {to=f32}'],
    ['transpose in order', '[N,3]', '%p = const : i32[2] = [0, 1]  %y = transpose(%x, %p)'],
    ['concatenation of one', '[N,3]', '%y = concatenation(%x) {axis=1}'],
    ['pad by zero', '[N,3]', '%p = const : i32[2,2] = [0, 0, 0, 0]  %y = pad(%x, %p)'],
    ['pad by no ones', '[N,3]', '%p = const : i32[2,2] = [0, 0, 0, 0]  %v = const : f32[] = 1  %y = padv2(%x, %p, %v)'],
    ['mirror nothing', '[N,3]', '%p = const : i32[2,2] = [0, 0, 0, 0]  %y = mirror_pad(%x, %p)'],
    ['slice of everything', '[2,3]', '%b = const : i32[2] = [0, 0]  %s = const : i32[2] = [-1, 3]  %y = slice(%x, %b, %s)'],
    [
      'strided slice of everything',
      '[2,3]',
      '%b = const : i32[2] = [0, 0]  %s = const : i32[2] = [1, 1]  %y = strided_slice(%x, %b, %b, %s) {beginMask=3, endMask=3}',
    ],
  ])('drops %s', (_, shape, lines) => {
    expectRewrite(removeNoOps, graph(lines, shape), `(%x: f32${shape}) { %z = relu(%x) return %z }`)
  })

  it.each([
    ['another shape', '[2,3]', '%s = const : i32[2] = [3, 2]  %y = reshape(%x, %s)'],
    ['a transpose of a square', '[3,3]', '%p = const : i32[2] = [1, 0]  %y = transpose(%x, %p)'],
    ['a padding', '[N,3]', '%p = const : i32[2,2] = [0, 0, 0, 1]  %y = pad(%x, %p)'],
    ['a concatenation with an activation', '[2,3]', '%y = concatenation(%x) {axis=1, fusedActivation=relu}'],
    [
      'a reversal',
      '[2,3]',
      '%b = const : i32[2] = [0, 0]  %s = const : i32[2] = [1, -1]  %y = strided_slice(%x, %b, %b, %s) {beginMask=3, endMask=3}',
    ],
    ['a window', '[2,3]', '%b = const : i32[2] = [0, 1]  %s = const : i32[2] = [2, 2]  %y = slice(%x, %b, %s)'],
  ])('keeps %s', (_, shape, lines) => expectOther(removeNoOps, graph(lines, shape)))
})
