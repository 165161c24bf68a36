import { defineVerb } from '../verb.ts'
import { preprocessOption } from './shared.ts'

export const reportOptions = {
  output: { kind: 'text', short: 'o', value: 'PAGE.html', required: true, help: 'page to write; an existing one is replaced' },
  preprocess: { ...preprocessOption, help: 'how inputs are fed; gives the range of their values, which files mostly leave open' },
} as const

export const reportVerb = defineVerb({
  name: 'report',
  summary: 'write one offline HTML page that shows all of a model and its structure',
  arguments: [
    { name: 'FILE', help: '.tflite file' },
    { name: 'OTHER', help: 'second .tflite file, shown beside the first', isOptional: true },
  ],
  options: reportOptions,
  examples: ['report model.tflite -o report.html', 'report float.tflite small.tflite -o report.html'],
  load: async () => (await import('../commands/report.ts')).reportCommand,
})
