import { readFileSync } from 'node:fs'
import { kindOfPath } from '../../src/platform/node.ts'
import type { Recipe } from '../../src/quantize/recipe/recipe.ts'

/**
 * The recipe of `--recipe`: a file, or a published one by its name; `FILE.json:PART` is one of several lists in a file.
 * Throws what `namedRecipe` and `parseRecipe` throw.
 */
export async function readRecipe(given: string): Promise<Recipe> {
  const { namedRecipe, parseRecipe } = await import('../../src/quantize/recipe/index.ts')
  const [, file, part] = /^(.*\.json):([^/\\]+)$/.exec(given) ?? [given, given, undefined]
  if (file !== undefined && kindOfPath(file) === 'file') return parseRecipe(file, readFileSync(file, 'utf8'), part)
  return namedRecipe(given)
}
