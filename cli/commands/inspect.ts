import { formatInspection, inspectModel, sha256Hex } from '../../src/inspect/index.ts'
import type { Command } from '../verb.ts'
import type { inspectOptions } from '../verbs/inspect.ts'
import { preprocessOf } from './preprocess.ts'
import { withModels } from './tflite.ts'

export const inspectCommand: Command<typeof inspectOptions> = ({ args, options, terminal }) =>
  withModels(args, terminal, async ([model]) => {
    const { file, source } = model!
    const sha256 = options.json ? await sha256Hex(source) : undefined
    const inspection = inspectModel(file, { sha256, preprocess: preprocessOf(options.preprocess) })
    return { json: inspection, text: () => formatInspection(inspection, { maxRows: options.rows }), isResult: true }
  })
