import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { tensorflow } from '../src/lower/tf/index.ts'
import { opRows, opsPage, opTableSource } from './ops.ts'

const root = path.resolve(import.meta.dirname, '..')
const lines = (file: string) => readFileSync(path.join(root, file), 'utf8').split('\n')

test('docs/ops.md and src/lower/tf/op-table.ts are up to date; tsx scripts/ops.ts writes them', async () => {
  expect(lines('docs/ops.md')).toEqual((await opsPage()).split('\n'))
  expect(lines('src/lower/tf/op-table.ts')).toEqual((await opTableSource()).split('\n'))
}, 60_000)

test('the table tells what TensorFlow’s ops become', async () => {
  const rows = await opRows()
  const row = (op: string) => rows.find((r) => r.op === op)
  expect(row('Conv2D')).toMatchObject({
    priority: 'P0',
    becomes: expect.arrayContaining(['CONV_2D']),
    types: expect.arrayContaining(['f32']),
  })
  expect(row('AddV2')!.types).toEqual(expect.arrayContaining(['f32', 'i32']))
  expect(row('AddV2')!.types).not.toContain('string')
  expect(row('ParseExample')).toMatchObject({ becomes: [], types: [] })
  expect(Object.keys(tensorflow).filter((op) => !row(op))).toEqual([])
}, 60_000)
