import { expect, test } from 'vitest'
import { memorySource } from '../../core/bytes.ts'
import { fuzz } from '../fuzz.testkit.ts'
import { decodeFlatbuffer } from './reader.ts'
import * as fb from './schema.ts'
import { encodeFlatbuffer } from './writer.ts'

const leaf = fb.table('Leaf', { a: fb.i64(0), text: fb.string(1), data: fb.data(2) })
const node = fb.table('Node', {
  leaves: fb.tables(leaf, 0),
  shape: fb.oneOf(fb.union('U', { Leaf: leaf }), 1),
  texts: fb.strings(3),
  floats: fb.vector('f32', 4),
  longs: fb.vector('i64', 5),
})
const root = fb.table('Root', { nodes: fb.tables(node, 0), kind: fb.named(fb.enumeration(['A', 'B']), 'i8', 1) })

test('damaged tables are read or refused', async () => {
  const record = { texts: ['a', 'bb'], floats: [1, 2], longs: [1n], shape: { type: 'Leaf', value: { a: 2n } } } as const
  const bytes = encodeFlatbuffer(root, {
    kind: 'B',
    nodes: [{ ...record, leaves: [{ a: 1n, text: 'x' }, {}, { text: 'y' }] }, record, {}],
  })
  const { ok, refused } = await fuzz([bytes], (b) => decodeFlatbuffer(root, memorySource('x', b)), { iterations: 20000 })
  expect(Math.min(ok, refused)).toBeGreaterThan(100)
})
