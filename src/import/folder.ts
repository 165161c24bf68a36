import type { ByteSource } from '../core/bytes.ts'
import { memorySource } from '../core/bytes.ts'
import { pathOutsideFolder } from './diagnostics.ts'

/** A folder of files as a reader sees it: on disk, chosen in a browser, or in memory. Paths are relative, with `/`. */
export interface Folder {
  /** What errors call it. */
  readonly name: string
  /** Every file below the folder. */
  list(): readonly string[]
  /** The file, or undefined when there is none. The path has passed `isInside`. */
  open(path: string): ByteSource | undefined
}

/** Whether a relative path stays below its folder: not absolute, no `..`, no drive, no backslash, no NUL. */
export function isInside(path: string): boolean {
  if (path === '' || path.startsWith('/') || /[\\\0]|^[A-Za-z]:/.test(path)) return false
  return path.split('/').every((part) => part !== '..' && part !== '.' && part !== '')
}

/** Opens a path that a file of the model names. Throws `import/path-outside-folder`. */
export function openInside(folder: Folder, path: string): ByteSource | undefined {
  if (!isInside(path)) throw pathOutsideFolder(folder.name, path)
  return folder.open(path)
}

/** A folder over bytes in memory. */
export function memoryFolder(name: string, files: ReadonlyMap<string, Uint8Array>): Folder {
  return {
    name,
    list: () => [...files.keys()],
    open(path) {
      const bytes = files.get(path)
      return bytes && memorySource(`${name}/${path}`, bytes)
    },
  }
}
