import * as path from 'node:path'
import { inspectModel } from '../../src/inspect/index.ts'
import { formatCount } from '../../src/inspect/notation.ts'
import { checkOutput } from '../../src/platform/node-output.ts'
import { renderDot, renderSvg } from '../../src/report/index.ts'
import { malformedValue } from '../diagnostics.ts'
import type { Command } from '../verb.ts'
import type { graphOptions } from '../verbs/graph.ts'
import { withModels } from './tflite.ts'
import { writeText } from './write-text.ts'

export const graphCommand: Command<typeof graphOptions> = ({ args, options, terminal }) => {
  const { output } = options
  const format = output === undefined ? 'dot' : formatOf(output)
  if (output !== undefined) checkOutput(output, args)
  return withModels(args, terminal, async ([model]) => {
    const inspection = inspectModel(model!.file, { contents: false })
    const text = format === 'svg' ? renderSvg(inspection) : renderDot(inspection)
    if (output === undefined) return { json: { model: args[0], format, text }, text: () => text, isResult: true }
    const sizeBytes = await writeText(output, text, args)
    const json = { model: args[0], format, output, sizeBytes }
    return { json, text: () => `wrote ${output}, ${formatCount(sizeBytes)} bytes`, isResult: false }
  })
}

/** The format that the name of the output asks for. */
function formatOf(output: string): 'dot' | 'svg' {
  const extension = path.extname(output).toLowerCase()
  if (extension === '.svg') return 'svg'
  if (extension === '.dot' || extension === '.gv') return 'dot'
  throw malformedValue('--output', output, 'a name that ends with .dot or .svg')
}
