import { defineVerb } from '../verb.ts'
import { preprocessOption } from './shared.ts'

export const deployOptions = {
  output: { kind: 'text', short: 'o', value: 'DIR', required: true, help: 'folder to write; must be empty or new' },
  preprocess: preprocessOption,
  package: { kind: 'text', value: 'NAME', help: 'Java package of the sources; default com.example.classifier' },
  force: { kind: 'flag', help: 'write into a folder that is not empty, replacing files of the same names' },
} as const

export const deployVerb = defineVerb({
  name: 'deploy',
  summary: "write the device's side of models: sources filled from each model's own inputs and outputs",
  arguments: [
    { name: 'TARGET', help: 'android' },
    { name: 'MODEL', help: '.tflite files', isVariadic: true },
  ],
  options: deployOptions,
  examples: ['deploy android float.tflite small.tflite -o app --preprocess mean=0,std=255'],
  load: async () => (await import('../commands/deploy.ts')).deployCommand,
})
