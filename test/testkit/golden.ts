import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'vitest'

/**
 * Compares text with the golden `file`. A difference leaves `<name>-changed.<ext>` beside it to look at; to accept it, move it over the
 * golden. A golden that is missing is written, except in CI.
 */
export function expectGolden(file: string, text: string): void {
  const { dir, name, ext } = path.parse(file)
  const changed = path.join(dir, `${name}-changed${ext}`)
  if (!existsSync(file)) {
    expect(process.env.CI, `${file} is missing`).toBeUndefined()
    mkdirSync(dir, { recursive: true })
    writeFileSync(file, text)
  }
  const golden = readFileSync(file, 'utf8')
  if (golden === text) rmSync(changed, { force: true })
  else writeFileSync(changed, text)
  expect(text.split('\n'), `see ${changed}`).toEqual(golden.split('\n'))
}
