import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import * as path from 'node:path'
import type { ByteSink } from '../core/bytes.ts'
import { invariant } from '../core/diagnostics.ts'
import { isInside } from '../import/folder.ts'
import { folderNotEmpty, unwritableOutput } from './diagnostics.ts'
import { asWriteError, fileSink } from './node-output.ts'

/**
 * Writes a folder whole or not at all: its files are written into a temporary folder beside the target, which takes the target's
 * name at the end and is removed on any failure. A target that holds files is refused, or with `force` gets the files one
 * by one, its others staying. Paths of files are relative, with `/`.
 * Throws export/folder-not-empty, export/unwritable-output, export/disk-full, and what the writers throw.
 */
export function writeFolder(target: string, files: ReadonlyMap<string, (sink: ByteSink) => void>, options: { force?: boolean } = {}): void {
  const final = asWriteError(target, () => checkTarget(target, options.force ?? false))
  const staging = path.join(path.dirname(final), `.${path.basename(final).slice(0, 100)}.${randomBytes(6).toString('hex')}.tmp`)
  const remove = (): void => fs.rmSync(staging, { recursive: true, force: true })
  process.once('exit', remove)
  try {
    asWriteError(target, () => fs.mkdirSync(staging))
    for (const [relative, write] of files) {
      invariant(isInside(relative), `the path ${relative} leaves the folder`)
      writeFile(path.join(staging, relative), path.join(target, relative), write)
    }
    asWriteError(target, () => (isEmpty(final) ? replaceFolder(staging, final) : moveFiles(staging, final, [...files.keys()])))
  } finally {
    remove()
    process.off('exit', remove)
  }
}

function checkTarget(target: string, force: boolean): string {
  const stat = fs.statSync(target, { throwIfNoEntry: false })
  if (!stat) return path.resolve(target)
  if (!stat.isDirectory()) throw unwritableOutput(target, 'it is a file', { hint: 'Give the name of a folder.' })
  if (!force && fs.readdirSync(target).length > 0) throw folderNotEmpty(target)
  return fs.realpathSync(target)
}

function isEmpty(folder: string): boolean {
  return !fs.existsSync(folder) || fs.readdirSync(folder).length === 0
}

function writeFile(file: string, name: string, write: (sink: ByteSink) => void): void {
  const descriptor = asWriteError(name, () => {
    fs.mkdirSync(path.dirname(file), { recursive: true })
    return fs.openSync(file, 'wx')
  })
  try {
    write(fileSink(name, descriptor))
  } finally {
    fs.closeSync(descriptor)
  }
}

function replaceFolder(staging: string, final: string): void {
  if (fs.existsSync(final)) fs.rmdirSync(final)
  fs.renameSync(staging, final)
}

function moveFiles(staging: string, final: string, files: readonly string[]): void {
  for (const relative of files) {
    const stat = fs.statSync(path.join(final, relative), { throwIfNoEntry: false })
    if (stat && !stat.isFile()) throw unwritableOutput(path.join(final, relative), 'it is not a regular file')
  }
  for (const relative of files) {
    fs.mkdirSync(path.dirname(path.join(final, relative)), { recursive: true })
    fs.renameSync(path.join(staging, relative), path.join(final, relative))
  }
}
