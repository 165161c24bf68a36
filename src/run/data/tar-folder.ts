import { memorySource } from '../../core/bytes.ts'
import { gunzip, isGzip } from '../../wire/gzip.ts'
import { openTar } from '../../wire/tar.ts'
import type { DataFolder, DataSource } from './sample.ts'

/** A tar archive, gzipped or not, as a folder: its files stay ranges of it. Throws what the readers of tar and gzip throw. */
export function tarFolder(file: DataSource): DataFolder {
  const source = isGzip(file.read(0, Math.min(3, file.byteLength))) ? memorySource(file.name, gunzip(file)) : file
  const entries = new Map(Array.from(openTar(source).values(), (entry) => [plainPath(entry.name), entry]))
  return {
    name: file.name,
    list: () => [...entries.keys()].sort(),
    open(path) {
      const entry = entries.get(path)
      const read: DataSource['read'] = (offset, length, into) => source.read(entry!.offset + offset, length, into)
      return entry && { name: `${file.name}/${path}`, byteLength: entry.byteLength, read }
    },
  }
}

/** Without the `./` that tar puts before names. */
function plainPath(name: string): string {
  return name
    .split('/')
    .filter((part) => part !== '.' && part !== '')
    .join('/')
}
