import { expect, test } from 'vitest'
import { isInside, memoryFolder, openInside } from './folder.ts'
import { importSavedModel } from './saved-model/read.ts'

const folder = memoryFolder('m', new Map([['a/b.bin', Uint8Array.of(1, 2)]]))

test('a folder in memory', () => {
  expect(folder.list()).toEqual(['a/b.bin'])
  expect(openInside(folder, 'a/b.bin')).toMatchObject({ name: 'm/a/b.bin', byteLength: 2 })
  expect(openInside(folder, 'a')).toBeUndefined()
})

test.each(['../x', 'a/../../x', 'a/..', '/etc/passwd', 'C:x', 'a\\..\\x', '', './a', 'a//b', 'a\0'])('%j leads out of a folder', (path) => {
  expect(isInside(path)).toBe(false)
  expect(() => openInside(folder, path)).toThrow(expect.objectContaining({ code: 'import/path-outside-folder' }))
})

test('a folder without saved_model.pb, and one with the text form', () => {
  expect(() => importSavedModel(folder)).toThrow(
    expect.objectContaining({ code: 'import/no-saved-model', hint: expect.stringContaining('version number') }),
  )
  const checkpoint = memoryFolder('m', new Map([['model.meta', new Uint8Array(0)]]))
  expect(() => importSavedModel(checkpoint)).toThrow(expect.objectContaining({ hint: expect.stringContaining('"model.meta"') }))
  const text = memoryFolder('m', new Map([['saved_model.pbtxt', new Uint8Array(0)]]))
  expect(() => importSavedModel(text)).toThrow(expect.objectContaining({ code: 'import/unknown-tags' }))
})
