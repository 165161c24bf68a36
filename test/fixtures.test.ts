import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../fixtures')
const manifest = JSON.parse(readFileSync(path.join(root, 'models.json'), 'utf8')) as {
  file: string
  sha256: string
  origin: string
  licence: string
}[]
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
  (f) => statSync(path.join(root, f)).isFile() && f !== 'models.json' && !/\.(py|md|cjs)$/.test(f),
)

it('every fixture has an origin and a licence, and is what it was', () => {
  expect(manifest.map((m) => m.file).sort()).toEqual(files.map((f) => f.replaceAll(path.sep, '/')).sort())
  for (const m of manifest) {
    expect([
      m.file,
      createHash('sha256')
        .update(readFileSync(path.join(root, m.file)))
        .digest('hex'),
    ]).toEqual([m.file, m.sha256])
    expect(m.origin.length, m.file).toBeGreaterThan(10)
    expect(m.licence, m.file).toMatch(/\S/)
  }
})

it('they stay below 30 MB', () => expect(files.reduce((n, f) => n + statSync(path.join(root, f)).size, 0)).toBeLessThan(30e6))
