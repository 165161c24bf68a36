import * as fs from 'node:fs'
import * as path from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/testkit/files.ts'
import { kindOfPath, openFile, openFolder } from './node.ts'

const dir = temporaryFolder()
const at = (name: string): string => path.join(dir, name)

test('small and large files are read at any offset', () => {
  for (const size of [0, 10, (1 << 20) + 7]) {
    const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 7) & 255)
    fs.writeFileSync(at('f'), bytes)
    const source = openFile(at('f'))
    expect(source.byteLength).toBe(size)
    expect(source.name).toBe(at('f'))
    const length = Math.min(5, size)
    expect(source.read(size - length, length)).toEqual(bytes.subarray(size - length))
    source.close()
    source.close()
  }
})

test('what cannot be read is named', () => {
  expect(() => openFile(at('nothing'))).toThrow(expect.objectContaining({ code: 'import/not-found' }))
  expect(() => openFile(dir)).toThrow(expect.objectContaining({ code: 'import/unreadable', message: expect.stringContaining('a folder') }))
  if (fs.existsSync('/dev/zero')) expect(() => openFile('/dev/zero')).toThrow(expect.objectContaining({ code: 'import/unreadable' }))
  fs.writeFileSync(at('plain'), 'x')
  expect(() => openFile(at('plain/below'))).toThrow(expect.objectContaining({ code: 'import/not-found' }))
  expect(() => openFolder(at('plain'))).toThrow(expect.objectContaining({ code: 'import/unreadable' }))
  expect(() => openFolder(at('nothing'))).toThrow(expect.objectContaining({ code: 'import/not-found' }))
  fs.symlinkSync(at('loop'), at('loop'))
  expect(() => openFile(at('loop'))).toThrow(
    expect.objectContaining({ code: 'import/unreadable', message: expect.stringContaining('ELOOP') }),
  )
})

test('a file that shrinks while it is read is an error, not zeros', () => {
  fs.writeFileSync(at('shrinks'), new Uint8Array(2 << 20))
  const source = openFile(at('shrinks'))
  fs.truncateSync(at('shrinks'), 100)
  expect(() => source.read(1 << 20, 16)).toThrow(expect.objectContaining({ code: 'import/unreadable' }))
  source.close()
})

test('the kind of a path', () => {
  expect(kindOfPath(dir)).toBe('folder')
  expect(kindOfPath(at('nowhere'))).toBeUndefined()
  fs.writeFileSync(at('k'), '')
  expect(kindOfPath(at('k'))).toBe('file')
})

test('a folder lists and opens what is in it and nothing else', () => {
  const root = at('model')
  fs.mkdirSync(path.join(root, 'variables'), { recursive: true })
  fs.writeFileSync(path.join(root, 'saved_model.pb'), 'pb')
  fs.writeFileSync(path.join(root, 'variables/variables.index'), 'index')
  fs.writeFileSync(at('secret'), 'secret')
  fs.symlinkSync(at('secret'), path.join(root, 'out'))
  fs.symlinkSync('saved_model.pb', path.join(root, 'in'))
  fs.symlinkSync(dir, path.join(root, 'up'))
  const folder = openFolder(root)
  expect(folder.list()).toEqual(['in', 'out', 'saved_model.pb', 'up', 'variables/variables.index'])
  expect(Buffer.from(folder.open('variables/variables.index')!.read(0, 5)).toString()).toBe('index')
  expect(Buffer.from(folder.open('in')!.read(0, 2)).toString()).toBe('pb')
  expect(folder.open('nothing')).toBeUndefined()
  expect(folder.open('saved_model.pb/x')).toBeUndefined()
  for (const outside of ['out', 'up/secret']) {
    expect(() => folder.open(outside)).toThrow(expect.objectContaining({ code: 'import/link-outside-folder' }))
  }
  expect(() => folder.open('../secret')).toThrow('was not checked')
  folder.close()
})

test('a folder that is far too deep is refused', () => {
  fs.mkdirSync(at(`deep/${'d/'.repeat(40)}`), { recursive: true })
  expect(() => openFolder(at('deep')).list()).toThrow(expect.objectContaining({ code: 'import/folder-too-large' }))
})
