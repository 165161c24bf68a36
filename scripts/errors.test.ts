import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { errorCatalogue, errorsPage } from './errors.ts'

const root = path.resolve(import.meta.dirname, '..')

test('docs/errors.md is up to date; tsx scripts/errors.ts writes it', () => {
  expect(readFileSync(path.join(root, 'docs/errors.md'), 'utf8').split('\n')).toEqual(errorsPage().split('\n'))
})

test('every code says when it comes', () => {
  expect(errorCatalogue().filter((e) => !/\w{2,}.*\.$/.test(e.meaning))).toEqual([])
})

test('every code is named in a test', () => {
  const tests = ['src', 'cli', 'test']
    .flatMap((folder) =>
      readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((f) => f.endsWith('.test.ts'))
        .map((f) => readFileSync(path.join(root, folder, f), 'utf8')),
    )
    .join('\n')
  expect(
    errorCatalogue()
      .map((e) => e.code)
      .filter((code) => !tests.includes(code)),
  ).toEqual([])
})
