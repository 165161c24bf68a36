import { expect, test } from 'vitest'
import { textRecords } from '../ops/text.ts'
import { printDot } from './dot.ts'
import { parseGraph } from './parse.ts'

const text = `graph "a\\"b&c"(%0 "x": f32[N,4]) {
  %1 = const "w" : f32[2,4] = [1, 0, 0, 1, 0, 1, 1, 0]
  %2 = fully_connected(%0, %1, none) : f32[N,2] @"dense"
  %3 = add(%2, %2) : f32[N,2]
  return %3, %0
}`

test('ops, constants, inputs and outputs, joined by what flows', async () => {
  const dot = printDot(parseGraph(text, { records: textRecords }))
  const { instance } = await import('@viz-js/viz')
  const drawn = (await instance()).renderJSON(dot) as { name: string; objects: { label: string }[]; edges: object[] }
  expect(drawn.objects.map((o) => o.label)).toEqual(['x', 'fully_connected\\ndense', 'add', 'w\\nf32[2,4]', expect.any(String), 'x'])
  expect(drawn.edges).toHaveLength(6)
  expect(dot).toContain('digraph "a\\"b&amp;c"')
})
