import * as fs from 'node:fs'
import * as path from 'node:path'
import { type ByteSource, memorySource } from '../core/bytes.ts'
import { invariant } from '../core/diagnostics.ts'
import { type Folder, isInside } from '../import/folder.ts'
import { folderTooLarge, linkOutsideFolder, notFound, unreadable } from './diagnostics.ts'

/** Files up to this size are read at once, which is cheaper than many small reads. */
const smallFileBytes = 1 << 20
// A single read system call takes less than 2^31 bytes.
const maxReadBytes = 1 << 30
const maxFiles = 100_000
const maxDepth = 32

export type OpenSource = ByteSource & { close(): void }
export type OpenFolder = Folder & { close(): void }

/**
 * Opens a regular file for random access; large ones are read piece by piece, never whole. Close it when done.
 * Throws import/not-found, import/unreadable (no permission, a folder, a pipe or device).
 */
export function openFile(file: string): OpenSource {
  return asReadError(file, () => {
    // Looked at before it is opened: opening a pipe would wait for its writer.
    if (!fs.statSync(file).isFile()) throw unreadable(file, fs.statSync(file).isDirectory() ? 'it is a folder' : 'it is not a regular file')
    const descriptor = fs.openSync(file, 'r')
    try {
      const { size } = fs.fstatSync(descriptor)
      if (size > smallFileBytes) return largeSource(file, descriptor, size)
      const source = memorySource(file, readRange(file, descriptor, 0, size))
      fs.closeSync(descriptor)
      return { ...source, close: () => {} }
    } catch (e) {
      fs.closeSync(descriptor)
      throw e
    }
  })
}

function largeSource(file: string, descriptor: number, size: number): OpenSource {
  let isOpen = true
  return {
    name: file,
    byteLength: size,
    read(offset, length, into) {
      invariant(isOpen, `${file} was read after it was closed`)
      return asReadError(file, () => readRange(file, descriptor, offset, length, into))
    },
    close() {
      if (isOpen) fs.closeSync(descriptor)
      isOpen = false
    },
  }
}

function readRange(file: string, descriptor: number, offset: number, length: number, into?: Uint8Array): Uint8Array {
  const bytes = into && into.byteLength >= length ? into.subarray(0, length) : new Uint8Array(length)
  let done = 0
  while (done < length) {
    const n = fs.readSync(descriptor, bytes, done, Math.min(length - done, maxReadBytes), offset + done)
    if (n === 0) throw unreadable(file, `it became shorter while it was read, at byte ${offset + done}`)
    done += n
  }
  return bytes
}

/** What is at a path: a regular file, a folder, or undefined. Throws import/unreadable where looking is not permitted. */
export function kindOfPath(file: string): 'file' | 'folder' | undefined {
  const stat = asReadError(file, () => fs.statSync(file, { throwIfNoEntry: false }))
  return stat?.isDirectory() ? 'folder' : stat ? 'file' : undefined
}

/**
 * A folder on disk. Its files are opened as they are asked for and closed by `close`.
 * Throws import/not-found, import/unreadable; later import/link-outside-folder for a link that leads out, and
 * import/folder-too-large when listing finds more than 100,000 files or goes deeper than 32 folders.
 */
export function openFolder(folder: string): OpenFolder {
  const root = asReadError(folder, () => fs.realpathSync(folder))
  if (!asReadError(folder, () => fs.statSync(root)).isDirectory()) throw unreadable(folder, 'it is not a folder')
  const opened: OpenSource[] = []
  return {
    name: folder,
    list: () => listFiles(folder, root),
    open(relative) {
      invariant(isInside(relative), `the path ${relative} was not checked`)
      const file = path.join(folder, relative)
      const real = realPathOf(file, path.join(root, relative))
      if (real === undefined) return undefined
      if (!real.startsWith(root.endsWith(path.sep) ? root : root + path.sep)) throw linkOutsideFolder(file, folder)
      const source = { ...openFile(real), name: file }
      opened.push(source)
      return source
    },
    close() {
      for (const source of opened.splice(0)) source.close()
    },
  }
}

function realPathOf(name: string, file: string): string | undefined {
  return asReadError(name, () => {
    try {
      return fs.realpathSync(file)
    } catch (e) {
      if (isErrno(e, 'ENOENT', 'ENOTDIR')) return undefined
      throw e
    }
  })
}

/** Files and links below `root`, with `/`, sorted; links are not followed. */
function listFiles(name: string, root: string): string[] {
  const files: string[] = []
  const visit = (relative: string, depth: number): void => {
    if (depth > maxDepth) throw folderTooLarge(name, `${maxDepth} folders deep`)
    const entries = asReadError(path.join(name, relative), () => fs.readdirSync(path.join(root, relative), { withFileTypes: true }))
    for (const entry of entries) {
      const below = relative === '' ? entry.name : `${relative}/${entry.name}`
      if (entry.isDirectory()) visit(below, depth + 1)
      else if (entry.isFile() || entry.isSymbolicLink()) files.push(below)
      if (files.length > maxFiles) throw folderTooLarge(name, `${maxFiles} files`)
    }
  }
  visit('', 1)
  return files.sort()
}

function asReadError<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (e) {
    if (isErrno(e, 'ENOENT', 'ENOTDIR')) throw notFound(file)
    if (isErrno(e, 'EACCES', 'EPERM')) throw unreadable(file, 'permission denied', { cause: e })
    if (isErrno(e)) throw unreadable(file, `the system says ${e.code}`, { cause: e })
    throw e
  }
}

/** Whether `e` is a system error, of one of the codes when any are given. */
export function isErrno(e: unknown, ...codes: readonly string[]): e is NodeJS.ErrnoException & { code: string } {
  if (!(e instanceof Error) || typeof (e as NodeJS.ErrnoException).code !== 'string') return false
  if ((e as NodeJS.ErrnoException).errno === undefined) return false
  return codes.length === 0 || codes.includes((e as NodeJS.ErrnoException).code!)
}
