import { createHash } from 'node:crypto'
import type { ByteSource } from '../../src/core/bytes.ts'
import { notTflite } from '../../src/import/tflite/diagnostics.ts'
import type { TfliteFile } from '../../src/import/tflite/read-file.ts'
import { readTfliteFile } from '../../src/import/tflite/read-file.ts'
import { kindOfPath, type OpenSource, openFile } from '../../src/platform/node.ts'
import { diagnosticText } from '../failure.ts'
import type { Terminal } from '../terminal.ts'

/** Opens `.tflite` files, tells their warnings, and closes them when `use` is done. */
export async function withModels<T>(
  paths: readonly string[],
  terminal: Terminal,
  use: (models: readonly { readonly file: TfliteFile; readonly source: OpenSource }[]) => T | Promise<T>,
): Promise<T> {
  const sources: OpenSource[] = []
  try {
    const models = paths.map((path) => {
      if (kindOfPath(path) === 'folder') throw notTflite(path, 'a folder', 'Convert a SavedModel first: downcast convert.')
      const source = openFile(path)
      sources.push(source)
      const file = readTfliteFile(source)
      for (const w of file.warnings) terminal.err(`${diagnosticText(w, terminal.errStyle)}\n`)
      return { file, source }
    })
    return await use(models)
  } finally {
    for (const source of sources) source.close()
  }
}

/** Of the size of a processor's cache, so that they are hashed before they leave it. */
const hashedBytes = 1 << 18

/** SHA-256 in hexadecimal, read piece by piece. */
export function sha256Of(source: ByteSource): string {
  const hash = createHash('sha256')
  const piece = new Uint8Array(hashedBytes)
  for (let at = 0; at < source.byteLength; at += hashedBytes)
    hash.update(source.read(at, Math.min(hashedBytes, source.byteLength - at), piece))
  return hash.digest('hex')
}
