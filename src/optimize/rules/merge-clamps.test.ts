import { describe, it } from 'vitest'
import { expectOther, expectRewrite } from '../../../test/testkit/rewrite.ts'
import { mergeClamps } from './merge-clamps.ts'

const constants = (...numbers: number[]) => numbers.map((n) => `%c${String(n).replace('-', 'm')} = const : f32[] = ${n}`).join('\n')
const graph = (lines: string) => `(%x: f32[N,3]) { ${constants(-1, 0, 1, 6)}\n ${lines} return %y }`

describe('merge-clamps', () => {
  it.each([
    ['max(x, 0)', '%y = maximum(%x, %c0)', 'relu'],
    ['max(0, x)', '%y = maximum(%c0, %x)', 'relu'],
    ['min(relu(x), 6)', '%u = relu(%x)\n %y = minimum(%u, %c6)', 'relu6'],
    ['relu(min(x, 6))', '%u = minimum(%x, %c6)\n %y = relu(%u)', 'relu6'],
    ['min(max(x, -1), 1)', '%u = maximum(%x, %cm1)\n %y = minimum(%u, %c1)', 'relu_n1_to_1'],
    ['max(min(1, x), -1)', '%u = minimum(%c1, %x)\n %y = maximum(%u, %cm1)', 'relu_n1_to_1'],
    ['min(relu(x), 1)', '%u = relu(%x)\n %y = minimum(%u, %c1)', 'relu_0_to_1'],
    ['max(min(x, 1), 0)', '%u = minimum(%x, %c1)\n %y = maximum(%u, %c0)', 'relu_0_to_1'],
    ['relu6(relu(x))', '%u = relu(%x)\n %y = relu6(%u)', 'relu6'],
  ])('makes one op of %s', (_, lines, op) => {
    expectRewrite(mergeClamps, graph(lines), `(%x: f32[N,3]) { %y = ${op}(%x) return %y }`)
  })

  it('takes the two steps of min(max(x, 0), 6)', () => {
    expectRewrite(mergeClamps, graph('%u = maximum(%x, %c0)\n %y = minimum(%u, %c6)'), '(%x: f32[N,3]) { %y = relu6(%x) return %y }', 2)
  })

  it.each([
    ['relu(relu(x))', '%u = relu(%x)\n %y = relu(%u)', '%y = relu(%x)'],
    ['relu(relu6(x))', '%u = relu6(%x)\n %y = relu(%u)', '%y = relu6(%x)'],
    ['max(softmax(x), -1)', '%u = softmax(%x) {beta=1}\n %y = maximum(%u, %cm1)', '%y = softmax(%x) {beta=1}'],
    [
      'relu of a mean of squares, reshaped',
      '%s = const : i32[1] = [-1]\n %u = square(%x)\n %v = reshape(%u, %s)\n %y = relu(%v)',
      '%s = const : i32[1] = [-1]\n %u = square(%x)\n %y = reshape(%u, %s)',
    ],
  ])('drops what clamps nothing: %s', (_, lines, after) => {
    expectRewrite(mergeClamps, graph(lines), `(%x: f32[N,3]) { ${after} return %y }`)
  })

  it.each([
    ['max(max(x, 1), 6)', '%u = maximum(%x, %c1)\n %y = maximum(%u, %c6)', '%b = const : f32[] = 6\n %y = maximum(%x, %b)'],
    ['min(6, min(x, 1))', '%u = minimum(%x, %c1)\n %y = minimum(%c6, %u)', '%b = const : f32[] = 1\n %y = minimum(%x, %b)'],
  ])('takes the tighter bound of %s', (_, lines, after) => {
    expectRewrite(mergeClamps, graph(lines), `(%x: f32[N,3]) { ${after} return %y }`)
  })

  it('leaves the first for its other readers', () => {
    expectRewrite(
      mergeClamps,
      '(%x: f32[2]) { %u = relu(%x)\n %y = relu6(%u) return %y, %u }',
      '(%x: f32[2]) { %u = relu(%x)\n %y = relu6(%x) return %y, %u }',
    )
  })

  it.each([
    ['clip(x, -1, 6)', '%u = maximum(%x, %cm1)\n %y = minimum(%u, %c6)'],
    ['max(x, 1)', '%y = maximum(%x, %c1)'],
    ['the larger of two values', '%y = maximum(%x, %x)'],
    ['another bound for each channel', '%b = const : f32[3] = [0, 0, 1]\n %y = maximum(%x, %b)'],
  ])('keeps %s', (_, lines) => expectOther(mergeClamps, graph(lines)))

  it('keeps a clamp that broadcasts', () => {
    expectOther(mergeClamps, '(%x: f32[3]) { %c = const : f32[1,1] = [0]\n %y = maximum(%x, %c) return %y }')
    expectOther(mergeClamps, '(%x: f32[1]) { %c = const : f32[3] = [0, 0, 0]\n %y = maximum(%x, %c) return %y }')
  })

  it('leaves integers', () => expectOther(mergeClamps, '(%x: i32[3]) { %c = const : i32[] = 0\n %y = maximum(%x, %c) return %y }'))
})
