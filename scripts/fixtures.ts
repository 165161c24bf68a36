/** npm run fixtures: brings the sums in fixtures/models.json up to date and names files that have no entry. Origin and licence are written by hand. */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '../fixtures')
const file = path.join(root, 'models.json')
type Entry = { file: string; sha256: string; origin: string; licence: string; expected: string }
const entries = new Map((JSON.parse(readFileSync(file, 'utf8')) as Entry[]).map((e) => [e.file, e]))
const found = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '.'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((f) => f && f !== 'models.json' && !/\.(py|md|cjs)$/.test(f))
  .sort()
const [, , origin] = process.argv
const next = found.map((name): Entry => {
  const sha256 = createHash('sha256')
    .update(readFileSync(path.join(root, name)))
    .digest('hex')
  const known = entries.get(name)
  if (!known && !origin) process.stdout.write(`new: ${name} (give its origin as the argument)\n`)
  return {
    file: name,
    sha256,
    origin: known?.origin ?? origin ?? '',
    licence: known?.licence ?? 'Apache-2.0',
    expected: known?.expected ?? '',
  }
})
writeFileSync(file, `${JSON.stringify(next, null, 2)}\n`)
