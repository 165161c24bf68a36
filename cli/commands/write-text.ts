import { writeAtomically } from '../../src/platform/node-output.ts'
import { withCleanExit } from '../signals.ts'

/** Writes a text file whole or not at all; `inputs` are files it must not replace. Gives its size in bytes. */
export async function writeText(output: string, text: string, inputs: readonly string[]): Promise<number> {
  const bytes = new TextEncoder().encode(text)
  await withCleanExit(() => writeAtomically(output, (sink) => sink.write(bytes, 0), { inputs }))
  return bytes.byteLength
}
