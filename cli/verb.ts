import type { ArgumentSpec, commonOptions, OptionSchema, OptionValues } from './options.ts'
import type { Terminal } from './terminal.ts'

/** What a command gives back; printed as text or as JSON. */
export interface Outcome {
  /** Plain data: the document of `--json`. */
  readonly json: object
  /** For people; asked for only when it is shown. Ends without a newline. */
  text(): string
  /** Shown even under `--quiet`, because it is what was asked for (a table, a graph) and not a summary of what was done. */
  readonly isResult: boolean
  /** Where what was found is bad news though nothing went wrong. Default 0. */
  readonly exitCode?: number
}

export interface Invocation<S extends OptionSchema> {
  readonly args: readonly string[]
  readonly options: OptionValues<S> & OptionValues<typeof commonOptions>
  readonly terminal: Terminal
}

/** Runs a verb. Throws DowncastError; ones of stage `cli` are faults of usage. */
export type Command<S extends OptionSchema> = (invocation: Invocation<S>) => Promise<Outcome>

/** A verb of the command line, as data; its code is loaded when it is run. */
export interface Verb<S extends OptionSchema = OptionSchema> {
  readonly name: string
  /** One line, imperative, without a period. */
  readonly summary: string
  readonly arguments: readonly ArgumentSpec[]
  readonly options: S
  /** Command lines for the help, without the leading `downcast`. */
  readonly examples: readonly string[]
  /** Its words are those of another command: they come whole as arguments, but for the options that every verb has, and this is its help. */
  foreignHelp?(): Promise<string>
  load(): Promise<Command<S>>
}

/** Checks a verb against the types of its own options, then forgets them: what parses its words is what it is given. */
export function defineVerb<const S extends OptionSchema>(verb: Verb<S>): Verb {
  return verb as unknown as Verb
}
