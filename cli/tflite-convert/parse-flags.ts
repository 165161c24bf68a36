import { ambiguousFlag, flagsExclude, flagValue, strayWord, unknownFlag } from './diagnostics.ts'
import { type FlagName, flagNames, flagOf, formerNames } from './flags.ts'

/** What is given: text as it is written, a choice in capitals, true or false. */
export type FlagValues = ReadonlyMap<FlagName, string | boolean>

export interface ParsedFlags {
  readonly flags: FlagValues
  /** What follows `--`. */
  readonly rest: readonly string[]
}

const models = ['graph_def_file', 'saved_model_dir', 'keras_model_file'] as const

/**
 * Flags as Python's argparse reads them: `--flag value` and `--flag=value`, the shortest beginning of a name that is no other's, the last of
 * several counts, a word that begins with a dash is a value only when it is a number or holds a space.
 * Throws cli/unknown-flag, cli/ambiguous-flag, cli/flag-value, cli/flags-exclude, cli/stray-word.
 * @see https://docs.python.org/3/library/argparse.html
 */
export function parseFlags(words: readonly string[]): ParsedFlags {
  const end = words.indexOf('--')
  const own = end < 0 ? words : words.slice(0, end)
  const flags = new Map<FlagName, string | boolean>()
  for (let i = 0; i < own.length; i++) {
    const word = own[i]!
    if (!/^-./.test(word) || isNumber(word)) throw strayWord(word)
    const [, written, inline] = /^(-+[^=]*)(?:=(.*))?$/s.exec(word) as unknown as [string, string, string | undefined]
    const given = named(written)
    const name = (flagOf(given).alias ?? given) as FlagName
    const next = own[i + 1]
    const takesNext = inline === undefined && next !== undefined && isValue(next)
    const { kind } = flagOf(name)
    if (kind === 'switch') {
      if (inline !== undefined) throw flagValue(`--${given}`, inline, 'no value')
      flags.set(name, true)
      continue
    }
    const text = inline ?? (takesNext ? next : undefined)
    if (takesNext) i++
    flags.set(name, parsedValue(name, text))
  }
  const given = models.filter((m) => flags.has(m))
  if (given.length > 1) throw flagsExclude(given.map((m) => `--${m}`))
  return { flags, rest: end < 0 ? [] : words.slice(end + 1) }
}

function named(written: string): FlagName {
  const word = written.replace(/^--/, '')
  const found = flagNames.find((n) => n === word)
  if (found) return found
  const all = written.startsWith('--') && word !== '' ? flagNames.filter((n) => n.startsWith(word)) : []
  // TensorFlow 2 reads the flags of its own converter first.
  const own = all.filter((n) => flagOf(n).of !== 'v1')
  const [only] = all.length === 1 ? all : own.length === 1 ? own : []
  if (only) return only
  const flagged = (names: readonly string[]) => names.map((n) => `--${n}`)
  if (all.length > 1) throw ambiguousFlag(written, flagged(all))
  const former = Object.hasOwn(formerNames, word) ? `--${formerNames[word]}` : undefined
  throw unknownFlag(written, former, flagged(flagNames))
}

function parsedValue(name: FlagName, text: string | undefined): string | boolean {
  const { kind, choices } = flagOf(name)
  const refuse = (expected: string) => flagValue(`--${name}`, text, expected)
  if (kind === 'boolean') {
    const word = text?.toLowerCase() ?? 'true'
    if (word !== 'true' && word !== 'false') throw refuse('true or false, or nothing')
    return word === 'true'
  }
  if (text === undefined) throw refuse('a value')
  if (kind === 'choice') {
    const word = text.toUpperCase()
    if (!choices!.includes(word)) throw refuse(`one of ${choices!.join(', ')}`)
    return word
  }
  if (kind === 'number' && !isNumber(text)) throw refuse('a number')
  return text
}

const isValue = (word: string): boolean => !/^-./.test(word) || isNumber(word) || word.includes(' ')

const isNumber = (word: string): boolean => /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(word)
