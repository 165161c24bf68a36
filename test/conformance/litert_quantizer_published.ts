/**
 * `tsx litert_quantizer_published.ts JOBS.json`: quantizes the model of each job with its recipe, from ranges by tensor name, and writes the
 * file that it names; what it refuses is printed by the number of the job, as one JSON object.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { convertTflite } from '../../src/convert.ts'
import { memorySource } from '../../src/core/bytes.ts'
import { DowncastError } from '../../src/core/diagnostics.ts'
import { tfliteBytes } from '../../src/export/write-tflite.ts'
import { readTfliteFile } from '../../src/import/tflite/read-file.ts'
import { namedRecipe, parseRecipe, type Recipe } from '../../src/quantize/recipe/index.ts'

interface Job {
  readonly model: string
  /** A published name, or the text of a file. */
  readonly recipe: { readonly name: string } | { readonly text: string }
  readonly ranges: Readonly<Record<string, readonly [number, number]>>
  readonly output: string
}

/** Rules that fit nothing are an error here and nothing there: what the others do is compared. */
function withoutIdle<T>(recipe: Recipe, work: (recipe: Recipe) => T): T {
  try {
    return work(recipe)
  } catch (e) {
    if (!(e instanceof DowncastError) || !e.message.includes('fits no op')) throw e
    const rules = recipe.rules.filter((r) => !e.message.includes(`Rule ${r.path} `))
    return work({ ...recipe, rules })
  }
}

const refusals: Record<number, string> = {}
const jobs = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Job[]
for (const [index, { model, recipe, ranges, output }] of jobs.entries()) {
  try {
    const source = memorySource(model, readFileSync(model))
    const of = (_: number, { name }: { readonly name: string }) => ranges[name]
    const known = Object.keys(ranges).length > 0
    const chosen = 'name' in recipe ? namedRecipe(recipe.name) : parseRecipe('recipe.json', recipe.text)
    const made = withoutIdle(chosen, (r) => convertTflite(readTfliteFile(source), { recipe: r, ...(known && { ranges: { of } }) }))
    writeFileSync(output, tfliteBytes(made.model))
  } catch (e) {
    refusals[index] = e instanceof DowncastError ? `${e.code}: ${e.message}` : `crash: ${e instanceof Error ? e.stack : String(e)}`
  }
}
process.stdout.write(JSON.stringify(refusals))
