import { type Converted, convert, convertTflite, quantizeConverted } from '../../src/convert.ts'
import { DowncastError } from '../../src/core/diagnostics.ts'
import { writeTflite } from '../../src/export/write-tflite.ts'
import { namedRecipe, recipeNames } from '../../src/quantize/recipe/index.ts'
import { type QuantizeOptions, quantizeModes } from '../../src/quantize/types.ts'
import { diagnosticText } from '../failure.ts'
import { exportOptions, openModel, openTflite } from '../read-source.ts'
import { formatCount, textTable } from '../text.ts'
import type { Command } from '../verb.ts'
import type { recipesOptions } from '../verbs/recipes.ts'
import { readOptions } from './read-options.ts'
import { parseResultTypes } from './shapes.ts'

/** What one mode or recipe would make of a model. */
interface Prospect {
  /** As `--quantize` or `--recipe` takes it. */
  readonly option: '--quantize' | '--recipe'
  readonly name: string
  /** Of the file that would be written; undefined where the recipe cannot be followed. */
  readonly byteLength: number | undefined
  readonly constants: number
  readonly stored: number
  /** Types of what is stored smaller, with how many there are of each. */
  readonly types: Readonly<Record<string, number>>
  readonly ops: Readonly<Record<string, number>>
  /** Why constants stay as they are, with how many; of a recipe that cannot be followed, why. */
  readonly reasons: Readonly<Record<string, number>>
  readonly error: string | undefined
}

export const recipesCommand: Command<typeof recipesOptions> = async ({ args, options, terminal }) => {
  const path = args[0]!
  const tflite = openTflite(path)
  const source = tflite ?? (await openModel(path, readOptions(options)))
  const progress = terminal.progress('recipes')
  try {
    const resultTypes = parseResultTypes(options['result-type'])
    const how = { mode: 'none', keepGrids: true } as const
    const float =
      'tflite' in source
        ? convertTflite(source.tflite, how)
        : convert(source.model, { ...how, resultTypes, allowCustom: options['allow-custom'], allowFlex: options['allow-flex'] })
    for (const d of float.diagnostics) terminal.err(`${diagnosticText(d, terminal.errStyle)}\n`)
    const tried = [
      ...quantizeModes.filter((mode) => mode !== 'none').map((mode) => ({ option: '--quantize' as const, name: mode, how: { mode } })),
      ...recipeNames.map((name) => ({ option: '--recipe' as const, name, how: { recipe: namedRecipe(name) } })),
    ]
    const prospects = tried.map(({ option, name, how: options }): Prospect => ({ option, name, ...prospect(float, options) }))
    progress.finish()
    return {
      json: { path, byteLength: source.byteLength, recipes: prospects },
      text: () => recipesText(path, source.byteLength, prospects),
      isResult: true,
    }
  } finally {
    progress.finish()
    source.close()
  }
}

/** Everything is computed and nothing kept, so the size is exact. */
function prospect(float: Converted, how: QuantizeOptions): Omit<Prospect, 'option' | 'name'> {
  try {
    const { model, decisions, source } = quantizeConverted(float, how)
    const { byteLength } = writeTflite(model, { write: () => {} }, exportOptions(source.format, how.mode ?? 'none', how.recipe))
    const stored = decisions.filter((d) => d.from !== d.to)
    const kept = decisions.filter((d) => d.from === d.to)
    return {
      byteLength,
      constants: decisions.length,
      stored: stored.length,
      types: counts(stored.map((d) => (d.granularity === 'none' ? d.to : `${d.to} ${d.granularity}`))),
      ops: counts(stored.map((d) => d.op)),
      reasons: counts(kept.map((d) => d.reason ?? '')),
      error: undefined,
    }
  } catch (e) {
    if (!(e instanceof DowncastError)) throw e
    return { byteLength: undefined, constants: 0, stored: 0, types: {}, ops: {}, reasons: {}, error: e.message }
  }
}

/** How often each word occurs, the most frequent first. */
function counts(words: readonly string[]): Record<string, number> {
  const found = new Map<string, number>()
  for (const word of words) found.set(word, (found.get(word) ?? 0) + 1)
  return Object.fromEntries([...found].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)))
}

function recipesText(path: string, byteLength: number, prospects: readonly Prospect[]): string {
  const rows = prospects.map((p) => [
    `${p.option} ${p.name}`,
    p.byteLength === undefined ? '-' : formatCount(p.byteLength),
    p.byteLength === undefined ? '' : `${((100 * p.byteLength) / byteLength).toFixed(0)}%`,
    p.constants === 0 ? '' : `${p.stored} of ${p.constants}`,
    list(p.types),
    p.error ?? list(p.reasons, 1),
  ])
  return [
    `${path}: ${formatCount(byteLength)} bytes`,
    ...textTable([['', 'bytes', '', 'constants', 'stored as', 'what stays, and why'], ...rows], { right: [1, 2] }),
  ].join('\n')
}

function list(counted: Readonly<Record<string, number>>, shown = 3): string {
  const all = Object.entries(counted)
  const more = all.length > shown ? ` and ${all.length - shown} more` : ''
  return (
    all
      .slice(0, shown)
      .map(([word, n]) => `${n} ${word}`)
      .join(', ') + more
  )
}
