import * as fs from 'node:fs'
import type { PartialStore } from '../calibrate/partial.ts'
import { kindOfPath, openFile } from './node.ts'
import { writeAtomically } from './node-output.ts'

/** More than the state of a calibration takes. */
const maxBytes = 1 << 30

/** A file that holds the state of a calibration that is not finished. Throws import/unreadable, export/unwritable-output, export/disk-full. */
export function nodePartial(file: string): PartialStore {
  return {
    name: file,
    read() {
      if (kindOfPath(file) !== 'file') return undefined
      const source = openFile(file)
      try {
        return source.byteLength > maxBytes ? '' : new TextDecoder().decode(source.read(0, source.byteLength))
      } finally {
        source.close()
      }
    },
    async write(text) {
      const bytes = new TextEncoder().encode(text)
      await writeAtomically(file, (sink) => sink.write(bytes, 0))
    },
    remove: () => fs.rmSync(file, { force: true }),
  }
}
