export { namedRecipe, recipeNames } from './named-recipes.ts'
export { parseRecipe } from './parse-recipe.ts'
export type { Action, Match, Recipe, Rule } from './recipe.ts'
