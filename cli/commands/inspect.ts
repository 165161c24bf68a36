import { formatInspection, inspectModel } from '../../src/inspect/index.ts'
import type { Command } from '../verb.ts'
import type { inspectOptions } from '../verbs/inspect.ts'
import { preprocessOf } from './preprocess.ts'
import { sha256Of, withModels } from './tflite.ts'

export const inspectCommand: Command<typeof inspectOptions> = ({ args, options, terminal }) =>
  withModels(args, terminal, ([model]) => {
    const { file, source } = model!
    const inspection = inspectModel(file, { sha256: sha256Of(source), preprocess: preprocessOf(options.preprocess) })
    return { json: inspection, text: () => formatInspection(inspection, { maxRows: options.rows }), isResult: true }
  })
