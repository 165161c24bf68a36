import { parseArgs } from 'node:util'
import {
  malformedValue,
  missingArgument,
  missingOption,
  missingValue,
  repeatedOption,
  unexpectedArgument,
  unexpectedValue,
  unknownOption,
  unknownValue,
} from './diagnostics.ts'
import { commonOptions, type OptionSchema, type OptionSpec, type OptionValues, takesValue } from './options.ts'
import type { Verb } from './verb.ts'

type Value = boolean | string | number | readonly string[] | undefined
export interface ParsedArguments<S extends OptionSchema> {
  readonly args: readonly string[]
  readonly options: OptionValues<S> & OptionValues<typeof commonOptions>
}

/**
 * The words after the verb, checked against its options and arguments. With `--help` nothing else is required.
 * Throws cli/unknown-option, cli/unknown-value, cli/malformed-value, cli/missing-value, cli/unexpected-value,
 * cli/repeated-option, cli/missing-option, cli/missing-argument, cli/unexpected-argument.
 */
export function parseArguments<S extends OptionSchema>(verb: Verb<S>, words: readonly string[]): ParsedArguments<S> {
  const specs = new Map<string, OptionSpec>(Object.entries({ ...verb.options, ...commonOptions }))
  const given = new Map<string, string[]>()
  const args: string[] = []
  for (const token of tokensOf(specs, words)) {
    if (token.kind === 'positional') args.push(token.value)
    if (token.kind !== 'option') continue
    const spec = specs.get(token.name)
    if (!spec)
      throw unknownOption(
        verb.name,
        token.rawName,
        [...specs.keys()].map((name) => `--${name}`),
      )
    if (takesValue(spec)) {
      // A word that begins with a dash is the next option, unless it is a number or is written --name=-word.
      const isOption = token.inlineValue === false && /^-[^\d.]/.test(token.value ?? '')
      if (token.value === undefined || isOption) throw missingValue(verb.name, token.rawName)
    } else if (token.value !== undefined) throw unexpectedValue(verb.name, token.rawName, token.value)
    const values = given.get(token.name) ?? []
    if (values.length > 0 && takesValue(spec) && spec.kind !== 'texts') throw repeatedOption(verb.name, token.rawName)
    given.set(token.name, [...values, token.value ?? ''])
  }
  const isHelp = given.has('help')
  const options: Record<string, Value> = Object.create(null) as Record<string, Value>
  for (const [name, spec] of specs) {
    const values = given.get(name)
    if (!values && spec.kind === 'text' && spec.required === true && !isHelp) {
      throw missingOption(verb.name, `${spec.short ? `-${spec.short}` : `--${name}`} ${spec.value}`)
    }
    options[name] = isHelp && spec.kind !== 'flag' ? undefined : optionValue(`--${name}`, spec, values)
  }
  if (!isHelp) checkCount(verb, args)
  return { args, options: options as ParsedArguments<S>['options'] }
}

/** The words of a command that parses its own, without the options that every verb has. Throws cli/missing-argument. */
export function passArguments(verb: Verb, words: readonly string[]): ParsedArguments<OptionSchema> {
  const end = words.indexOf('--')
  const common = new Map<string, string>()
  for (const [name, { short }] of Object.entries<OptionSpec>(commonOptions)) {
    common.set(`--${name}`, name)
    if (short) common.set(`-${short}`, name)
  }
  const isCommon = (word: string, i: number) => (end < 0 || i < end) && common.has(word)
  const given = new Set(words.filter(isCommon).map((w) => common.get(w)))
  const args = words.filter((word, i) => !isCommon(word, i))
  if (!given.has('help')) checkCount(verb, args)
  const options = Object.fromEntries(Object.keys(commonOptions).map((name) => [name, given.has(name)]))
  return { args, options: options as unknown as ParsedArguments<OptionSchema>['options'] }
}

function tokensOf(specs: ReadonlyMap<string, OptionSpec>, words: readonly string[]) {
  const options = Object.fromEntries(
    Array.from(specs, ([name, spec]) => [
      name,
      { type: takesValue(spec) ? ('string' as const) : ('boolean' as const), ...(spec.short && { short: spec.short }) },
    ]),
  )
  return parseArgs({ args: [...words], options, strict: false, allowPositionals: true, tokens: true }).tokens
}

function optionValue(option: string, spec: OptionSpec, values: readonly string[] | undefined): Value {
  const [text] = values ?? []
  switch (spec.kind) {
    case 'flag':
      return values !== undefined
    case 'text':
      return text
    case 'texts':
      return values ?? []
    case 'words':
      return text?.split(',').filter((w) => w !== '')
    case 'number': {
      if (text === undefined) return spec.default
      const n = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN
      if (!(n >= spec.min)) throw malformedValue(option, text, `a whole number from ${spec.min}`)
      return n
    }
    case 'bytes': {
      if (text === undefined) return undefined
      const [, digits, unit] = /^(\d{1,12})([KMG]?)$/i.exec(text) ?? []
      if (digits === undefined) throw malformedValue(option, text, 'a number of bytes such as 4096, 64K or 1M')
      return Number(digits) * 1024 ** ['', 'K', 'M', 'G'].indexOf(unit!.toUpperCase())
    }
    case 'choice':
      if (text === undefined) return spec.default
      if (spec.choices.includes(text)) return text
      throw unknownValue(option, text, spec.choices)
  }
}

function checkCount(verb: Pick<Verb, 'name' | 'arguments'>, args: readonly string[]): void {
  verb.arguments.forEach((spec, i) => {
    if (spec.isOptional !== true && args[i] === undefined) throw missingArgument(verb.name, spec.name)
  })
  const isOpen = verb.arguments.at(-1)?.isVariadic === true
  const surplus = args[verb.arguments.length]
  if (surplus !== undefined && !isOpen) throw unexpectedArgument(verb.name, surplus)
}
