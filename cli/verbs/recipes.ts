import { defineVerb } from '../verb.ts'
import { keepOptions, modelOptions } from './shared.ts'

export const recipesOptions = { ...modelOptions, ...keepOptions } as const

export const recipesVerb = defineVerb({
  name: 'recipes',
  summary: 'what each mode and each named recipe would do to a model: exact size, tensors, and what stays float',
  arguments: [{ name: 'MODEL', help: 'what convert takes' }],
  options: recipesOptions,
  examples: ['recipes saved/1', 'recipes model.tflite --json'],
  load: async () => (await import('../commands/recipes.ts')).recipesCommand,
})
