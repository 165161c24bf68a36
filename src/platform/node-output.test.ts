import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { checkOutput, fileSink, writeAtomically } from './node-output.ts'

let root: string
let dir: string
let tests = 0
beforeAll(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'downcast-'))
})
beforeEach(() => {
  dir = path.join(root, String(tests++))
  fs.mkdirSync(dir)
})
afterAll(() => fs.rmSync(root, { recursive: true }))
const at = (name: string): string => path.join(dir, name)
const text = (s: string): Uint8Array => new TextEncoder().encode(s)

test('what is written in any order appears at once under its name', async () => {
  const result = await writeAtomically(at('out'), async (sink) => {
    sink.write(text('world'), 6)
    await Promise.resolve()
    expect(fs.existsSync(at('out'))).toBe(false)
    sink.write(text('hello '), 0)
    return 11
  })
  expect(result).toBe(11)
  expect(fs.readFileSync(at('out'), 'utf8')).toBe('hello world')
  expect(fs.readdirSync(dir)).toEqual(['out'])
})

test('a failure leaves the old file and nothing else', async () => {
  fs.writeFileSync(at('out'), 'old')
  const failing = writeAtomically(at('out'), (sink) => {
    sink.write(text('new'), 0)
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect(fs.readdirSync(dir)).toEqual(['out'])
  expect(fs.readFileSync(at('out'), 'utf8')).toBe('old')
})

test('a check sees the finished file under another name, and keeps it from the target when it fails', async () => {
  fs.writeFileSync(at('out'), 'old')
  const write = (sink: { write(bytes: Uint8Array, position: number): void }) => {
    sink.write(text('new'), 0)
    return 3
  }
  const seen: unknown[] = []
  const refuse = async (file: string, result: number): Promise<void> => {
    seen.push([fs.readFileSync(file, 'utf8'), result, path.dirname(file) === dir])
    throw new Error('it is wrong')
  }
  await expect(writeAtomically(at('out'), write, { check: refuse })).rejects.toThrow('it is wrong')
  expect(seen).toEqual([['new', 3, true]])
  expect(fs.readdirSync(dir)).toEqual(['out'])
  expect(fs.readFileSync(at('out'), 'utf8')).toBe('old')
  await writeAtomically(at('out'), write, { check: async () => {} })
  expect(fs.readFileSync(at('out'), 'utf8')).toBe('new')
})

test('a link is written through and modes are kept', async () => {
  fs.writeFileSync(at('real'), 'old', { mode: 0o600 })
  fs.symlinkSync('real', at('link'))
  await writeAtomically(at('link'), (sink) => sink.write(text('new'), 0))
  expect(fs.readFileSync(at('real'), 'utf8')).toBe('new')
  expect(fs.statSync(at('real')).mode & 0o777).toBe(0o600)
  expect(fs.lstatSync(at('link')).isSymbolicLink()).toBe(true)
})

test('impossible outputs are refused before and while writing, each with its reason', async () => {
  fs.writeFileSync(at('plain'), 'x')
  fs.linkSync(at('plain'), at('same'))
  const cases: [string, string, string][] = [
    [dir, 'export/unwritable-output', 'it is a folder'],
    [`${at('new')}/`, 'export/unwritable-output', 'it names a folder'],
    [at('missing/out'), 'export/unwritable-output', 'there is no folder'],
    [at('plain/out'), 'export/unwritable-output', 'not a folder'],
    ['/dev/null', 'export/unwritable-output', 'not a regular file'],
    [at('same'), 'export/output-is-input', 'same file'],
  ]
  for (const [target, code, message] of cases) {
    const error = expect.objectContaining({ code, message: expect.stringContaining(message) })
    expect(() => checkOutput(target, [at('plain')])).toThrow(error)
    await expect(writeAtomically(target, () => {}, { inputs: [at('plain')] })).rejects.toThrow(error)
  }
  expect(() => checkOutput(at('fine'), [at('plain')])).not.toThrow()
  const long = at('n'.repeat(300))
  await expect(writeAtomically(long, () => {})).rejects.toMatchObject({ code: 'export/unwritable-output' })
  expect(fs.readdirSync(dir).sort()).toEqual(['plain', 'same'])
})

test.skipIf(!fs.existsSync('/dev/full'))('a full disk is called that', () => {
  const descriptor = fs.openSync('/dev/full', 'w')
  expect(() => fileSink('out', descriptor).write(text('x'), 0)).toThrow(expect.objectContaining({ code: 'export/disk-full' }))
  fs.closeSync(descriptor)
})
