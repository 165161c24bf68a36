import * as path from 'node:path'
import type { DataFolder, DataSpec } from '../run/data/sample.ts'
import { notFound } from './diagnostics.ts'
import { kindOfPath, openFile, openFolder } from './node.ts'
import { decodeImage } from './node-images.ts'

/** A folder of samples on disk; each file is closed by who opened it. Throws import/not-found, import/unreadable. */
function openDataFolder(folder: string): DataFolder {
  const files = openFolder(folder).list()
  const known = new Set(files)
  return { name: folder, list: () => files, open: (file) => (known.has(file) ? openFile(path.join(folder, file)) : undefined) }
}

/**
 * What `openDataSet` takes for a path: a folder of samples or one file of them, with the folder it lies in and the decoder
 * for pictures. `labels` is the path of a file. Throws import/not-found, import/unreadable.
 */
export function dataSpec(data: string, labels?: string): DataSpec {
  const kind = kindOfPath(data)
  if (kind === undefined) throw notFound(data)
  const stated = labels === undefined ? undefined : openFile(labels)
  if (kind === 'folder') return { data: openDataFolder(data), labels: stated, decodeImage }
  return { data: openFile(data), folder: siblingsOf(data), labels: stated, decodeImage }
}

/** The files beside one; their folder is listed when it is asked for. */
function siblingsOf(file: string): DataFolder {
  const folder = path.dirname(file)
  let opened: DataFolder | undefined
  const siblings = (): DataFolder => {
    opened ??= openDataFolder(folder)
    return opened
  }
  return { name: folder, list: () => siblings().list(), open: (name) => siblings().open(name) }
}
