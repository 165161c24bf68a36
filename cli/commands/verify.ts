import { readTfliteFile } from '../../src/import/tflite/read-file.ts'
import { openFile } from '../../src/platform/node.ts'
import { diagnosticText } from '../failure.ts'
import type { Command } from '../verb.ts'
import type { verifyOptions } from '../verbs/verify.ts'

/** Every file is read and its indices, sizes and offsets checked; the first that is damaged ends the command. */
export const verifyCommand: Command<typeof verifyOptions> = async ({ args, terminal }) => {
  const files = args.map((path) => {
    const source = openFile(path)
    try {
      const { byteLength, model, warnings, minRuntimeVersion } = readTfliteFile(source)
      for (const w of warnings) terminal.err(`${diagnosticText(w, terminal.errStyle)}\n`)
      const operators = model.subgraphs.reduce((n, g) => n + g.operators.length, 0)
      return { file: path, byteLength, subgraphs: model.subgraphs.length, operators, minRuntimeVersion, warnings }
    } finally {
      source.close()
    }
  })
  return {
    json: { files },
    text: () => files.map((f) => `${f.file}: sound, ${f.byteLength} bytes, ${f.operators} operators`).join('\n'),
    isResult: true,
  }
}
