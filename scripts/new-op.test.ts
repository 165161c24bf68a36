import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { allSpecs } from '../src/ops/index.ts'
import { builtinOperator } from '../src/schema/tflite/builtin-operator.ts'
import { scaffold } from './new-op.ts'

const read = (file: string) => readFileSync(path.resolve(import.meta.dirname, '..', file), 'utf8')

test('a new op gets a record with the attributes of its options table, a kernel, a test, and its place in both tables', () => {
  const [record, kernel, own, index, kernels] = scaffold('svdf', 'nn', read)
  expect(record!.path).toBe('src/ops/nn/svdf.ts')
  expect(record!.text).toContain("rank: attr.i32('rank')")
  expect(record!.text).toContain('fusedActivation: attr.activation()')
  expect(record!.text).toContain("options: 'SVDFOptions'")
  for (const f of [record!, kernel!, own!]) expect(f.text).toContain('TODO')
  expect(index!.text).toContain("import { svdf } from './nn/svdf.ts'")
  expect(index!.text).toMatch(/ {2}svdf,\n}\n\n\/\*\* Names/)
  expect(kernels!.text).toMatch(/ {2}svdf,\n} satisfies/)
})

test('names with several words keep their underscores in the table and lose them in code and files', () => {
  const [record, , , , kernels] = scaffold('hashtable_lookup', 'shape', read)
  expect(record!.path).toBe('src/ops/shape/hashtable-lookup.ts')
  expect(kernels!.text).toContain('hashtable_lookup: hashtableLookup,')
})

test('every builtin that has no record can be scaffolded, anything else is refused', () => {
  const known = new Set(allSpecs().map((s) => s.builtin))
  const rest = Object.keys(builtinOperator.codes).filter((b) => !known.has(b))
  expect(rest.length).toBeGreaterThan(10)
  for (const b of rest) expect(scaffold(b.toLowerCase(), 'shape', read)).toHaveLength(5)
  expect(() => scaffold('no_such_op', 'shape', read)).toThrow('no builtin op NO_SUCH_OP')
})
