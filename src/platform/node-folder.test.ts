import * as fs from 'node:fs'
import * as path from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/testkit/files.ts'
import type { ByteSink } from '../core/bytes.ts'
import { writeFolder } from './node-folder.ts'

const dir = temporaryFolder()
const at = (name: string): string => path.join(dir, name)
const says = (text: string) => (sink: ByteSink) => sink.write(new TextEncoder().encode(text), 0)
const files = new Map([
  ['a/b.txt', says('b')],
  ['c.txt', says('c')],
])

test('a new or empty folder gets everything', () => {
  fs.mkdirSync(at('empty'))
  for (const name of ['new', 'empty']) {
    writeFolder(at(name), files)
    expect(fs.readFileSync(at(`${name}/a/b.txt`), 'utf8')).toBe('b')
    expect(fs.readFileSync(at(`${name}/c.txt`), 'utf8')).toBe('c')
  }
  expect(fs.readdirSync(dir).sort()).toEqual(['empty', 'new'])
})

test('a folder with files is refused, or keeps its other files', () => {
  fs.mkdirSync(at('full'))
  fs.writeFileSync(at('full/c.txt'), 'old')
  fs.writeFileSync(at('full/mine'), 'mine')
  expect(() => writeFolder(at('full'), files)).toThrow(expect.objectContaining({ code: 'export/folder-not-empty' }))
  expect(fs.readFileSync(at('full/c.txt'), 'utf8')).toBe('old')
  writeFolder(at('full'), files, { force: true })
  expect(fs.readFileSync(at('full/c.txt'), 'utf8')).toBe('c')
  expect(fs.readdirSync(at('full')).sort()).toEqual(['a', 'c.txt', 'mine'])
  fs.rmSync(at('full/c.txt'))
  fs.mkdirSync(at('full/c.txt'))
  expect(() => writeFolder(at('full'), files, { force: true })).toThrow(expect.objectContaining({ code: 'export/unwritable-output' }))
})

test('a failure leaves nothing behind', () => {
  const before = fs.readdirSync(dir).sort()
  const broken = new Map([
    ...files,
    [
      'd',
      () => {
        throw new Error('no more')
      },
    ],
  ])
  expect(() => writeFolder(at('broken'), broken)).toThrow('no more')
  fs.writeFileSync(at('file'), '')
  for (const target of ['file', 'file/below', 'missing/below']) {
    expect(() => writeFolder(at(target), files)).toThrow(expect.objectContaining({ code: 'export/unwritable-output' }))
  }
  fs.rmSync(at('file'))
  expect(fs.readdirSync(dir).sort()).toEqual(before)
})
