import { describe, expect, it } from 'vitest'
import { applyRules, expectMiss, expectOther, expectRewrite, ir } from '../../../test/testkit/rewrite.ts'
import { constFromBytes } from '../../core/bytes.ts'
import { fuseBias } from './fuse-bias.ts'

const conv = (bias = 'none') => `%w = const : f32[3,2,2,2] = random(1)\n %u = conv_2d(%x, %w, ${bias})`
const input = '(%x: f32[N,4,4,2])'

describe('fuse-bias', () => {
  it.each([
    ['[C]', 'f32[3] = [1, 2, 3]', 'add(%u, %c)', '[1, 2, 3]'],
    ['[C] on the left', 'f32[3] = [1, 2, 3]', 'add(%c, %u)', '[1, 2, 3]'],
    ['[1,1,1,C]', 'f32[1,1,1,3] = [1, 2, 3]', 'add(%u, %c)', '[1, 2, 3]'],
    ['a scalar', 'f32[] = 2', 'add(%u, %c)', '[2, 2, 2]'],
    ['a subtracted [C]', 'f32[3] = [1, 2, 3]', 'sub(%u, %c)', '[-1, -2, -3]'],
  ])('adds %s to a convolution without bias', (_, constant, op, bias) => {
    expectRewrite(
      fuseBias,
      `${input} { ${conv()}\n %c = const : ${constant}\n %y = ${op} return %y }`,
      `${input} { %w = const : f32[3,2,2,2] = random(1)\n %b = const : f32[3] = ${bias}\n %y = conv_2d(%x, %w, %b) return %y }`,
    )
  })

  it('adds to the bias there is, rounding to f32, and carries the activation of the addition', () => {
    expectRewrite(
      fuseBias,
      `${input} { %b = const : f32[3] = [0.1, 0.2, 0.3]\n ${conv('%b')}\n %c = const : f32[3] = [1, 2, 3]\n %y = add(%u, %c) {fusedActivation=relu} return %y }`,
      `${input} { %b = const : f32[3] = [1.1, 2.2, 3.3]\n %w = const : f32[3,2,2,2] = random(1)\n %y = conv_2d(%x, %w, %b) {fusedActivation=relu} return %y }`,
    )
  })

  it('takes the handle of the constant itself where the bias is absent or zero', () => {
    const graph = ir(
      `${input} { %z = const : f32[3] = splat(0)\n ${conv('%z')}\n %c = const "beta" : f32[1,1,1,3] = [1, 2, 3]\n %y = add(%u, %c) return %y }`,
    )
    const data = constFromBytes(new Uint8Array(12))
    const values = new Map([...graph.values].map(([id, v]) => [id, v.name === 'beta' ? { ...v, data } : v]))
    const fused = applyRules({ ...graph, values }, fuseBias).graph
    const bias = fused.values.get(fused.nodes[0]!.inputs[2]!)!
    expect(bias.data).toBe(data)
    expect(bias.name).toBe('beta')
    expect(bias.type).toEqual({ dtype: 'f32', shape: [3] })
  })

  it.each([
    ['fully_connected', '(%x: f32[N,4])', '%w = const : f32[3,4] = random(1)\n', 'fully_connected(%x, %w'],
    ['depthwise_conv_2d', '(%x: f32[N,4,4,3])', '%w = const : f32[1,2,2,3] = random(1)\n', 'depthwise_conv_2d(%x, %w'],
  ])('fuses into %s', (op, inputs, weights, call) => {
    const attrs = op === 'depthwise_conv_2d' ? ' {depthMultiplier=1}' : ''
    expectRewrite(
      fuseBias,
      `${inputs} { ${weights} %u = ${call}, none)${attrs}\n %c = const : f32[3] = [1, 2, 3]\n %y = add(%u, %c) return %y }`,
      `${inputs} { ${weights} %c = const : f32[3] = [1, 2, 3]\n %y = ${call}, %c)${attrs} return %y }`,
    )
  })

  it('fuses into transpose_conv, whose bias comes last', () => {
    const graph = (bias: string) =>
      `(%x: f32[2,4,4,2]) { %s = const : i32[4] = [2, 4, 4, 3]\n %w = const : f32[3,2,2,2] = random(1)\n %y = transpose_conv(%s, %w, %x${bias}`
    expectRewrite(
      fuseBias,
      `${graph(')')}\n %c = const : f32[3] = [1, 2, 3]\n %z = add(%y, %c) return %z }`,
      `${graph(', %c)')} return %y }`.replace('%y =', '%c = const : f32[3] = [1, 2, 3]\n %y ='),
    )
  })

  it.each([
    [
      'an addition of rows',
      `${input} { ${conv()}\n %c = const : f32[4,3] = random(2)\n %y = add(%u, %c) return %y }`,
      'the constant is not one number, nor one per channel',
    ],
    [
      'an addition that broadcasts',
      '(%x: f32[1,4]) { %w = const : f32[3,4] = random(1)\n %u = fully_connected(%x, %w, none)\n %c = const : f32[2,3] = random(2)\n %y = add(%u, %c) return %y }',
      'the constant is not one number, nor one per channel',
    ],
    [
      'an activation in between',
      `${input} { ${conv()} {fusedActivation=relu}\n %c = const : f32[3] = [1, 2, 3]\n %y = add(%u, %c) return %y }`,
      'the op applies an activation before',
    ],
    [
      'a second reader',
      `${input} { ${conv()}\n %c = const : f32[3] = [1, 2, 3]\n %y = add(%u, %c) return %y, %u }`,
      'the result before the addition has other readers',
    ],
    [
      'a bias made at run time',
      `(%x: f32[N,4,4,2], %b: f32[3]) { ${conv('%b')}\n %c = const : f32[3] = [1, 2, 3]\n %y = add(%u, %c) return %y }`,
      'the bias is not constant',
    ],
    [
      'an unknown number of channels',
      '(%x: f32[N,4], %w: f32[M,4]) { %u = fully_connected(%x, %w, none)\n %c = const : f32[3] = [1, 2, 3]\n %y = add(%u, %c) : f32[N,3] return %y }',
      'the number of channels is unknown',
    ],
  ])('keeps %s', (_, text, reason) => expectMiss(fuseBias, text, reason))

  it('keeps c - conv', () => expectOther(fuseBias, `${input} { ${conv()}\n %c = const : f32[3] = [1, 2, 3]\n %y = sub(%c, %u) return %y }`))
})
