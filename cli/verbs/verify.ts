import { defineVerb } from '../verb.ts'

export const verifyOptions = {} as const

export const verifyVerb = defineVerb({
  name: 'verify',
  summary: 'check the integrity of .tflite files',
  arguments: [{ name: 'FILE', help: '.tflite files', isVariadic: true }],
  options: verifyOptions,
  examples: ['verify model.tflite'],
  load: async () => (await import('../commands/verify.ts')).verifyCommand,
})
