import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Script } from 'node:vm'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CodeCache, codeCacheFile } from './code-cache.ts'
import { loadChunks } from './load-chunks.ts'

let dir: string
let file: string
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'downcast-code-cache-'))
  file = path.join(dir, 'downcast/build/convert.bin')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const source = 'function twice(x) { return 2 * x }; twice(21)'
function save(to = file): Buffer {
  const cache = new CodeCache(to)
  const script = new Script(source)
  script.runInThisContext()
  cache.add('a.cjs', script)
  cache.save()
  return existsSync(to) ? readFileSync(to) : Buffer.alloc(0)
}

test('keeps code that V8 takes again, for this user alone', () => {
  save()
  const cachedData = new CodeCache(file).get('a.cjs')
  const script = new Script(source, { cachedData: cachedData! })
  expect(script.cachedDataRejected).toBe(false)
  expect(script.runInThisContext()).toBe(42)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(statSync(path.dirname(file)).mode & 0o777).toBe(0o700)
  expect(readdirSync(path.dirname(file))).toEqual(['convert.bin'])
})

test('writes again when a chunk is new or refused, keeps the others, and else leaves the file alone', () => {
  save()
  const before = statSync(file).ino
  const same = new CodeCache(file)
  same.add('a.cjs', new Script(source, { cachedData: same.get('a.cjs')! }))
  same.save()
  expect(statSync(file).ino).toBe(before)
  const more = new CodeCache(file)
  more.add('b.cjs', new Script('1'))
  more.save()
  expect(new CodeCache(file).get('a.cjs')).toEqual(same.get('a.cjs'))
  expect(new CodeCache(file).get('b.cjs')).toBeDefined()
  const refused = new CodeCache(file)
  const script = new Script('other', { cachedData: refused.get('a.cjs')! })
  expect(script.cachedDataRejected).toBe(true)
  refused.add('a.cjs', script)
  refused.save()
  expect(new CodeCache(file).get('a.cjs')).not.toEqual(same.get('a.cjs'))
})

test('damaged at any byte or cut, it counts as empty', () => {
  const whole = save()
  for (let at = 0; at < whole.length; at += 7) {
    const damaged = Buffer.from(whole)
    damaged[at]! ^= 0x41
    writeFileSync(file, damaged)
    expect(new CodeCache(file).get('a.cjs'), `byte ${at}`).toBeUndefined()
  }
  for (const length of [0, 3, 4, 8, whole.length - 1]) {
    writeFileSync(file, whole.subarray(0, length))
    expect(new CodeCache(file).get('a.cjs'), `${length} bytes`).toBeUndefined()
  }
})

test.skipIf(process.getuid === undefined)('what others can write does not count', () => {
  save()
  chmodSync(file, 0o666)
  expect(new CodeCache(file).get('a.cjs')).toBeUndefined()
  rmSync(file)
  chmodSync(path.dirname(file), 0o777)
  expect(save()).toHaveLength(0)
})

test('without a place, or where the place is a file, nothing is kept and nothing fails', () => {
  expect(() => save(path.join(dir, 'none/x.bin'))).not.toThrow()
  writeFileSync(path.join(dir, 'plain'), '')
  expect(save(path.join(dir, 'plain/x/y.bin'))).toHaveLength(0)
  const cache = new CodeCache(undefined)
  cache.add('a.cjs', new Script('1'))
  expect(() => cache.save()).not.toThrow()
})

test('code of builds that nobody used for a month is removed', async () => {
  const old = path.join(dir, 'downcast/old')
  const recent = path.join(dir, 'downcast/recent')
  await mkdir(old, { recursive: true })
  await mkdir(recent)
  const then = Date.now() / 1000 - 40 * 24 * 3600
  utimesSync(old, then, then)
  save()
  expect(readdirSync(path.join(dir, 'downcast')).sort()).toEqual(['build', 'recent'])
})

test('the place follows the system and its switches', () => {
  const host = { env: { XDG_CACHE_HOME: '/c' }, platform: 'linux', version: 'v20.1.0', arch: 'x64' }
  expect(codeCacheFile(host, 'id', 'convert')).toBe('/c/downcast/v20.1.0-x64-id/convert.bin')
  expect(codeCacheFile(host, 'id', '../x')).toBe('/c/downcast/v20.1.0-x64-id/other.bin')
  expect(codeCacheFile({ ...host, env: { XDG_CACHE_HOME: 'relative' } }, 'id', 'convert')).toBeUndefined()
  expect(codeCacheFile({ ...host, env: { ...host.env, NODE_DISABLE_COMPILE_CACHE: '1' } }, 'id', 'convert')).toBeUndefined()
  expect(codeCacheFile({ ...host, env: {}, platform: 'win32' }, 'id', 'convert')).toBeUndefined()
  expect(codeCacheFile({ ...host, env: {}, platform: 'darwin' }, 'id', 'convert')).toContain('Library/Caches/downcast')
})

test('chunks load each other, once, also in a ring, and the rest comes from Node', async () => {
  writeFileSync(
    path.join(dir, 'a.cjs'),
    "exports.b = require('./b.cjs'); exports.path = require('node:path').sep; exports.load = importModule",
  )
  writeFileSync(
    path.join(dir, 'b.cjs'),
    "globalThis.loads = (globalThis.loads ?? 0) + 1; exports.a = require('./a.cjs'); require('./a.cjs')",
  )
  for (const kept of [false, true]) {
    const cache = new CodeCache(file)
    expect(cache.get('b.cjs') !== undefined).toBe(kept)
    const a = loadChunks(dir, 'a.cjs', cache) as { b: { a: unknown }; path: string; load: (name: string) => Promise<typeof path> }
    expect(a.b.a).toBe(a)
    expect(a.path).toBe(path.sep)
    expect((await a.load('node:path')).sep).toBe(path.sep)
    cache.save()
  }
  expect((globalThis as { loads?: number }).loads).toBe(2)
})
