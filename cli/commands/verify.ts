import type { Command } from '../verb.ts'
import type { verifyOptions } from '../verbs/verify.ts'
import { withModels } from './tflite.ts'

/** Every file is read and its indices, sizes and offsets checked; the first that is damaged ends the command. */
export const verifyCommand: Command<typeof verifyOptions> = ({ args, terminal }) =>
  withModels(args, terminal, (models) => {
    const files = models.map(({ file: { name, byteLength, model, warnings, minRuntimeVersion } }) => ({
      file: name,
      byteLength,
      subgraphs: model.subgraphs.length,
      operators: model.subgraphs.reduce((n, g) => n + g.operators.length, 0),
      minRuntimeVersion,
      warnings,
    }))
    return {
      json: { files },
      text: () => files.map((f) => `${f.file}: sound, ${f.byteLength} bytes, ${f.operators} operators`).join('\n'),
      isResult: true,
    }
  })
