import { defineVerb } from '../verb.ts'
import { preprocessOption } from './shared.ts'

export const inspectOptions = {
  preprocess: { ...preprocessOption, help: 'how inputs are fed; gives the range of their values, which files mostly leave open' },
  rows: { kind: 'number', value: 'N', min: 1, default: 40, help: 'rows of a table at most; --json has all' },
} as const

export const inspectVerb = defineVerb({
  name: 'inspect',
  summary: 'show signatures, inputs, outputs, operators, tensors and sizes of a model',
  arguments: [{ name: 'FILE', help: '.tflite file' }],
  options: inspectOptions,
  examples: ['inspect model.tflite', 'inspect model.tflite --json'],
  load: async () => (await import('../commands/inspect.ts')).inspectCommand,
})
