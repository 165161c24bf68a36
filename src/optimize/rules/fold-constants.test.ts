import { describe, expect, it } from 'vitest'
import { applyRules, expectMiss, expectOther, expectRewrite, ir } from '../../../test/testkit/rewrite.ts'
import { foldConstants } from './fold-constants.ts'

describe('fold-constants', () => {
  it('computes small results at once', () => {
    expectRewrite(
      foldConstants,
      '(%x: f32[2]) { %a = const : f32[2] = [1, 2]  %b = const : f32[] = 3  %c = mul(%a, %b)  %d = add(%c, %b)  %y = add(%x, %d) return %y }',
      '(%x: f32[2]) { %d = const : f32[2] = [6, 9]  %y = add(%x, %d) return %y }',
      2,
    )
  })

  it('computes large results when they are read, and holds nothing', () => {
    const graph = expectRewrite(
      foldConstants,
      '(%x: f32[N,100]) { %w = const "w" : f32[100,80] = ...  %p = const : i32[2] = [1, 0]  %t = transpose(%w, %p)  %y = fully_connected(%x, %t, none) return %y }',
      '(%x: f32[N,100]) { %t = const "w" : f32[80,100] = ...  %y = fully_connected(%x, %t, none) return %y }',
    )
    const { data } = [...graph.values.values()].find((v) => v.data)!
    expect(data!.bytes()).not.toBe(data!.bytes())
    expect(data!.bytes()).toEqual(data!.bytes())
  })

  it('keeps what would blow up the file, and says so', () => {
    const text =
      '(%x: f32[512,512]) { %a = const : f32[512,1] = random(1)  %b = const : f32[1,512] = random(2)  %c = mul(%a, %b) @"outer"  %y = add(%x, %c) return %y }'
    expectMiss(foldConstants, text, 'its result is much larger than its operands')
    const { diagnostics } = applyRules(ir(text), [foldConstants])
    expect(diagnostics).toMatchObject([{ severity: 'info', code: 'optimize/folding-declined', node: 'outer', op: 'mul' }])
    expect(diagnostics[0]!.message).toBe('mul "outer" on constants is kept: its result f32[512,512] would add 1044480 bytes to the file.')
  })

  it('leaves ops on run-time values, and constants that nobody computes with', () => {
    expectOther(foldConstants, '(%x: f32[2]) { %y = relu(%x) return %y }')
  })

  it('leaves strings', () => {
    const text = '() { %s = const : string[1] = x"010000000800000008000000"  %y = equal(%s, %s) : bool[1] return %y }'
    expectMiss(foldConstants, text, 'it cannot be computed ahead')
  })
})
