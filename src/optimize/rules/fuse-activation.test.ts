import { describe, expect, it } from 'vitest'
import { expectMiss, expectRewrite } from '../../../test/testkit/rewrite.ts'
import { fusableNames } from '../weighted.ts'
import { fuseActivation } from './fuse-activation.ts'

/** One node of each op that can take an activation, %x or %v to %y. */
const producers: Readonly<Record<string, string>> = {
  conv_2d: '%w = const : f32[3,2,2,2] = random(1)\n %y = conv_2d(%x, %w, none)',
  depthwise_conv_2d: '%w = const : f32[1,2,2,2] = random(1)\n %y = depthwise_conv_2d(%x, %w, none) {depthMultiplier=1}',
  fully_connected: '%w = const : f32[3,2] = random(1)\n %y = fully_connected(%x, %w, none)',
  average_pool_2d: '%y = average_pool_2d(%x) {filter=[2,2]}',
  max_pool_2d: '%y = max_pool_2d(%x) {filter=[2,2]}',
  add: '%c = const : f32[2] = random(1)\n %y = add(%x, %c)',
  sub: '%c = const : f32[2] = random(1)\n %y = sub(%x, %c)',
  mul: '%y = mul(%x, %x)',
  transpose_conv: '%w = const : f32[3,2,2,2] = random(1)\n %s = const : i32[4] = [2, 4, 4, 3]\n %y = transpose_conv(%s, %w, %x)',
  conv_3d: '%w = const : f32[2,2,2,2,3] = random(1)\n %y = conv_3d(%v, %w, none)',
  div: '%c = const : f32[2] = random(1)\n %y = div(%x, %c)',
}

describe('fuse-activation', () => {
  it.each(Object.entries(producers))('takes an activation into %s', (op, line) => {
    for (const act of ['relu', 'relu6', 'relu_n1_to_1']) {
      const fused = line.includes('{') ? line.replace('{', `{fusedActivation=${act}, `) : `${line} {fusedActivation=${act}}`
      expectRewrite(
        fuseActivation,
        `(%x: f32[2,4,4,2], %v: f32[2,4,4,4,2]) { ${line}\n %z = ${act}(%y) return %z }`,
        `(%x: f32[2,4,4,2], %v: f32[2,4,4,4,2]) { ${fused} return %y }`,
      )
    }
    expect(fusableNames).toContain(op)
  })

  it('covers every op that fuses', () => {
    expect(Object.keys(producers)).toEqual(expect.arrayContaining([...fusableNames]))
  })

  it('merges layers and names the rule', () => {
    const graph = expectRewrite(
      fuseActivation,
      '(%x: f32[2]) { %y = add(%x, %x) @"block/sum"  %z "out" = relu(%y) @"block/relu" return %z }',
      '(%x: f32[2]) { %y = add(%x, %x) {fusedActivation=relu} return %y }',
    )
    expect(graph.nodes[0]!.origin).toEqual({ source: ['block/sum', 'block/relu'], rules: ['fuse-activation'] })
    expect(graph.values.get(graph.outputs[0]!)!.name).toBe('out')
  })

  it('keeps a value that has other readers', () => {
    expectMiss(
      fuseActivation,
      '(%x: f32[2]) { %y = add(%x, %x)\n %z = relu(%y)\n return %z, %y }',
      'the result before the activation has other readers',
    )
  })

  it('applies one activation only', () => {
    expectMiss(
      fuseActivation,
      '(%x: f32[2]) { %y = add(%x, %x) {fusedActivation=relu6}\n %z = relu(%y)\n return %z }',
      'the op applies relu6 already',
    )
  })

  it('leaves integers alone', () => {
    expectMiss(fuseActivation, '(%x: i8[2]) { %y = add(%x, %x)\n %z = relu(%y)\n return %z }', 'the op computes integers')
  })
})
