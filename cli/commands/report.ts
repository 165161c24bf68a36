import { version } from '../../src/core/version.ts'
import { type Inspection, inspectModel } from '../../src/inspect/index.ts'
import { formatCount } from '../../src/inspect/notation.ts'
import { checkOutput } from '../../src/platform/node-output.ts'
import { renderReport } from '../../src/report/index.ts'
import type { Command } from '../verb.ts'
import type { reportOptions } from '../verbs/report.ts'
import { preprocessOf } from './preprocess.ts'
import { sha256Of, withModels } from './tflite.ts'
import { writeText } from './write-text.ts'

export const reportCommand: Command<typeof reportOptions> = ({ args, options, terminal }) => {
  const { output } = options
  const preprocess = preprocessOf(options.preprocess)
  checkOutput(output, args)
  return withModels(args, terminal, async (models) => {
    const inspections = models.map(({ file, source }) => inspectModel(file, { sha256: sha256Of(source), preprocess }))
    const page = renderReport(inspections as [Inspection] | [Inspection, Inspection], { footer: `Made by downcast ${version}.` })
    const sizeBytes = await writeText(output, page, args)
    const json = { output, sizeBytes, models: args }
    return { json, text: () => `wrote ${output}, ${formatCount(sizeBytes)} bytes`, isResult: false }
  })
}
