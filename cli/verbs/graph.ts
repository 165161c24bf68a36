import { defineVerb } from '../verb.ts'

export const graphOptions = {
  output: { kind: 'text', short: 'o', value: 'FILE', help: 'file to write, .dot or .svg; default: DOT on stdout' },
} as const

export const graphVerb = defineVerb({
  name: 'graph',
  summary: 'draw the structure of a model as DOT or SVG',
  arguments: [{ name: 'FILE', help: '.tflite file' }],
  options: graphOptions,
  examples: ['graph model.tflite -o model.svg', 'graph model.tflite > model.dot'],
  load: async () => (await import('../commands/graph.ts')).graphCommand,
})
