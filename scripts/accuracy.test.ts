import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import measured from './accuracy/measured.json' with { type: 'json' }
import type { Table } from './accuracy/measured.ts'
import { downcastFiles, modelNames } from './accuracy/models.ts'
import { accuracyPage } from './accuracy/page.ts'
import { rows } from './accuracy/rows.ts'

const table: Table = measured

test('docs/accuracy.md is what was measured', () => {
  const page = readFileSync(new URL('../docs/accuracy.md', import.meta.url), 'utf8')
  expect(page.split('\n')).toEqual(accuracyPage(table).split('\n'))
  expect(Object.keys(table)).toEqual(modelNames)
})

test('rows have names of their own', () => expect(new Set(rows.map((r) => r.name)).size).toBe(rows.length))

test.each(['mnist_cnn_small', 'mobilenet', 'transformer'])('the sizes of %s are still those of the table', async (model) => {
  const seen = rows.filter((row) => table[model]![row.name])
  const sizes: Record<string, number | undefined> = {}
  for await (const [{ name }, file] of downcastFiles(model, seen)) sizes[name] = typeof file === 'string' ? undefined : file.byteLength
  const expected = seen.map(({ name }) => {
    const cell = table[model]![name]!.downcast
    return [name, cell && 'bytes' in cell ? cell.bytes : undefined]
  })
  expect(sizes).toEqual(Object.fromEntries(expected))
})
