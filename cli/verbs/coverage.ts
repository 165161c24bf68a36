import { defineVerb } from '../verb.ts'
import { keepOptions, modelOptions } from './shared.ts'

export const coverageOptions = { ...modelOptions, ...keepOptions } as const

export const coverageVerb = defineVerb({
  name: 'coverage',
  summary: 'list the ops of a model, what they become and which stop a conversion, before any work',
  arguments: [{ name: 'MODEL', help: 'what convert takes' }],
  options: coverageOptions,
  examples: ['coverage saved/1', 'coverage model.keras --json'],
  load: async () => (await import('../commands/coverage.ts')).coverageCommand,
})
