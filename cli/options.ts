/*
 * Options as data. The parser, the help, the documentation and the types of what a command receives derive from these.
 */

interface Common {
  /** One line for the help, without a period. */
  readonly help: string
  /** Heading in the help; default `Options`. */
  readonly group?: string
  /** One letter. */
  readonly short?: string
}
export interface FlagSpec extends Common {
  readonly kind: 'flag'
}
export interface TextSpec extends Common {
  readonly kind: 'text'
  /** What stands for the value in the help: `FILE`. */
  readonly value: string
  readonly required?: boolean
}
/** May be given several times; each value is one element. */
export interface TextsSpec extends Common {
  readonly kind: 'texts'
  readonly value: string
}
/** Comma-separated words. */
export interface WordsSpec extends Common {
  readonly kind: 'words'
  readonly value: string
}
export interface NumberSpec extends Common {
  readonly kind: 'number'
  readonly value: string
  /** Inclusive; whole numbers only. */
  readonly min: number
  readonly default?: number
}
/** A number of bytes; K, M and G stand for powers of 1024. */
export interface BytesSpec extends Common {
  readonly kind: 'bytes'
  readonly value: string
}
export interface ChoiceSpec extends Common {
  readonly kind: 'choice'
  readonly choices: readonly string[]
  readonly default: string
}
export type OptionSpec = FlagSpec | TextSpec | TextsSpec | WordsSpec | NumberSpec | BytesSpec | ChoiceSpec
export type OptionSchema = Readonly<Record<string, OptionSpec>>

type ValueOf<S extends OptionSpec> = S extends FlagSpec
  ? boolean
  : S extends ChoiceSpec
    ? S['choices'][number]
    : S extends TextsSpec
      ? readonly string[]
      : S extends WordsSpec
        ? readonly string[] | undefined
        : S extends BytesSpec
          ? number | undefined
          : S extends NumberSpec
            ? S extends { readonly default: number }
              ? number
              : number | undefined
            : S extends { readonly required: true }
              ? string
              : string | undefined

/** What a command receives, by the option's own name (`keep-float`). */
export type OptionValues<S extends OptionSchema> = { readonly [K in keyof S]: ValueOf<S[K]> }

export interface ArgumentSpec {
  /** `MODEL` */
  readonly name: string
  readonly help: string
  readonly isOptional?: boolean
  /** Takes all that are left; at least one unless optional. Only the last may. */
  readonly isVariadic?: boolean
}

/** Options that every verb has. */
export const commonOptions = {
  json: { kind: 'flag', help: 'print one JSON document on stdout', group: 'Common' },
  quiet: { kind: 'flag', short: 'q', help: 'print errors only', group: 'Common' },
  debug: { kind: 'flag', help: 'show the stack of an error', group: 'Common' },
  help: { kind: 'flag', short: 'h', help: 'show this help', group: 'Common' },
} as const satisfies OptionSchema

export function takesValue(spec: OptionSpec): boolean {
  return spec.kind !== 'flag'
}

/** What stands for an option's value in the help. */
export function valueName(spec: OptionSpec): string | undefined {
  if (spec.kind === 'flag') return undefined
  if (spec.kind !== 'choice') return spec.value
  return isLong(spec) ? 'NAME' : spec.choices.join('|')
}

/** So many choices that the description lists them. */
export const isLong = ({ choices }: ChoiceSpec): boolean => choices.join('|').length > 80
