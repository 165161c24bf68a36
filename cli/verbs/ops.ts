import { defineVerb } from '../verb.ts'

export const opsOptions = {
  quantize: { kind: 'flag', help: 'list instead how LiteRT operators can be quantized' },
} as const

export const opsVerb = defineVerb({
  name: 'ops',
  summary: 'list the TensorFlow ops and Keras layers that are known, and what they become',
  arguments: [{ name: 'PATTERN', help: 'names to show, in part or with * for any text; default all', isOptional: true }],
  options: opsOptions,
  examples: ['ops', "ops 'Conv*'", 'ops --quantize CONV'],
  load: async () => (await import('../commands/ops.ts')).opsCommand,
})
