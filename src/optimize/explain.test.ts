import { expect, test } from 'vitest'
import { ir } from '../../test/testkit/rewrite.ts'
import { explain } from './explain.ts'
import { optimizeModel } from './index.ts'

test('a rule is explained by what it changed and by where it could not', () => {
  const text = `(%x: f32[2,4]) {
  %a = add(%x, %x) @"first"
  %b = relu(%a) @"act"
  %c = sub(%b, %x) @"second"
  %d = relu6(%c)
  %y = mul(%c, %d)
  return %y
}`
  const { model, report } = optimizeModel({ graphs: [ir(text)], signatures: [], description: '', metadata: new Map() })
  const { changed, nearMisses, rewrites } = explain('fuse-activation', model, report)
  expect({ rewrites, changed }).toEqual({ rewrites: 1, changed: [{ op: 'add', layers: ['first', 'act'] }] })
  expect(nearMisses).toEqual([{ op: 'sub', layer: 'second', reason: expect.any(String) }])
  expect(explain('fold-pad', model, report)).toEqual({ rule: 'fold-pad', rewrites: 0, changed: [], nearMisses: [] })
})
