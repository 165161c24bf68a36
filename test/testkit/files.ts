import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll } from 'vitest'

export const root = path.resolve(import.meta.dirname, '../..')

/** The path of what is in `fixtures/`. */
export function fixture(name: string): string {
  return path.join(root, 'fixtures', name)
}

export function fixtureBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(fixture(name)))
}

/** A folder for the tests of a file or of a `describe`, which is gone after them. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'downcast-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
